"""A TCP connection that ends at a deadline, and at once when the run is stopped."""

from __future__ import annotations

import contextlib
import errno
import os
import select
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv6Address, ip_address
from typing import Literal

from riskkit.collectors.tls.switch import POLL_S

End = Literal["open", "closed", "reset"]
_UNDER_WAY = {0, errno.EINPROGRESS, errno.EWOULDBLOCK}


class Line:
    """One connection; every wait shares the deadline `seconds` from now, or from `again`."""

    def __init__(self, ip: str, seconds: float, stopped: threading.Event | None) -> None:
        self._stopped = stopped
        family = socket.AF_INET6 if isinstance(ip_address(ip), IPv6Address) else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.setblocking(False)
        self.again(seconds)

    def connect(self, ip: str, port: int) -> None:
        """Connect; raises OSError, TimeoutError and ConnectionRefusedError among them."""
        code = self.socket.connect_ex((ip, port))
        if code in _UNDER_WAY:
            self._wait(write=True)
            code = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code == errno.ECONNREFUSED:
            raise ConnectionRefusedError(code, os.strerror(code))
        if code:
            raise OSError(code, os.strerror(code))

    def again(self, seconds: float) -> None:
        """Set the deadline anew."""
        self._deadline = time.monotonic() + seconds

    @property
    def source_ip(self) -> str:
        """The address that the listener sees."""
        return str(self.socket.getsockname()[0])

    def ask(self, sent: bytes, enough: int) -> tuple[bytes, End]:
        """Send, and read until `enough` bytes have come, the deadline or the end of the connection."""
        answer = b""
        try:
            while sent:
                self._wait(write=True)
                sent = sent[self.socket.send(sent) :]
            while len(answer) < enough:
                self._wait()
                piece = self.socket.recv(enough - len(answer))
                if not piece:
                    return answer, "closed"
                answer += piece
        except TimeoutError:
            pass
        except OSError:
            # The bytes that came before the reset may still wait.
            with contextlib.suppress(OSError):
                answer += self.socket.recv(enough - len(answer))
            return answer, "reset"
        return answer, "open"

    def _wait(self, *, write: bool = False) -> None:
        """Wait until the socket is ready; raises TimeoutError at the deadline and when stopped."""
        waiting = [self.socket]
        while (left := self._deadline - time.monotonic()) > 0:
            if self._stopped is not None and self._stopped.is_set():
                break
            # Where a connection that fails is not writable, it is in the third list.
            ready = select.select(
                [] if write else waiting, waiting if write else [], waiting, min(left, POLL_S)
            )
            if any(ready):
                return
        raise TimeoutError


@contextmanager
def line(ip: str, port: int, seconds: float, stopped: threading.Event | None = None) -> Iterator[Line]:
    """Connect within `seconds`, and close at the end; raises as `Line.connect` does."""
    made = Line(ip, seconds, stopped)
    try:
        made.connect(ip, port)
        yield made
    finally:
        made.socket.close()
