"""A small SMTP server on loopback that keeps what it is handed, and misbehaves when asked to."""

from __future__ import annotations

import base64
import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path


@dataclass
class Postbox:
    """What it offers, and what it got; `tls` tells of each mail whether it came encrypted."""

    certificate: Path | None = None
    implicit: bool = False
    login: tuple[str, str] | None = None
    refuse: tuple[str, ...] = ()
    silent: bool = False
    hang_up_after: str = ""
    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    tls: list[bool] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    seen: bytearray = field(default_factory=bytearray)
    """Every byte that came in without TLS."""

    def context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        assert self.certificate is not None
        context.load_cert_chain(self.certificate)
        return context

    def serve(self, connection: socket.socket) -> None:
        """One conversation, from greeting to good-bye; closes the connection."""
        with contextlib.ExitStack() as stack:
            stack.enter_context(connection)
            if self.silent:
                connection.recv(1)  # until the other side gives up
                return
            if self.implicit:
                connection = stack.enter_context(self.context().wrap_socket(connection, server_side=True))
            self._talk(connection, stack)

    def _talk(  # noqa: PLR0912 - a branch for each verb of SMTP
        self, connection: socket.socket, stack: contextlib.ExitStack
    ) -> None:
        encrypted = self.implicit
        known = self.login is None
        recipients: list[str] = []

        def say(text: str) -> None:
            connection.sendall(f"{text}\r\n".encode())

        def hear() -> str:
            line = bytearray()
            while not line.endswith(b"\n"):
                byte = connection.recv(1)
                if not byte:
                    raise ConnectionError
                line += byte
            if not encrypted:
                self.seen.extend(line)
            return line.decode().strip()

        say("220 postbox.example")
        while True:
            line = hear()
            verb = line.split(" ", 1)[0].upper()
            if verb == self.hang_up_after:
                break
            if verb == "EHLO":
                offers = ["postbox.example"]
                offers += ["STARTTLS"] if self.certificate and not encrypted else []
                offers += ["AUTH PLAIN"] if self.login and encrypted else []
                for number, offer in enumerate(offers, 1):
                    say(f"250{' ' if number == len(offers) else '-'}{offer}")
            elif verb == "STARTTLS":
                say("220 go on")
                connection = stack.enter_context(self.context().wrap_socket(connection, server_side=True))
                encrypted = True
            elif verb == "AUTH":
                _, user, password = base64.b64decode(line.split()[2]).decode().split("\0")
                known = (user, password) == self.login
                # A server that repeats what it got: no word of it may reach a log.
                say("235 welcome" if known else f"535 no: {line} {password}")
            elif verb == "MAIL":
                say("250 ok" if known else "530 who are you")
            elif verb == "RCPT":
                address = line.partition("<")[2].partition(">")[0]
                if address in self.refuse:
                    say("550 nobody of that name")
                else:
                    recipients.append(address)
                    say("250 ok")
            elif verb == "DATA":
                say("354 go on")
                lines = []
                while (text := hear()) != ".":
                    lines.append(text.removeprefix(".") if text.startswith("..") else text)
                mail = message_from_bytes("\r\n".join(lines).encode(), policy=policy.default)
                assert isinstance(mail, EmailMessage)
                self.mails.append(mail)
                self.tls.append(encrypted)
                self.recipients += recipients
                say("250 kept")
            elif verb == "QUIT":
                say("221 bye")
                break
            else:
                say("250 ok")


@contextmanager
def open_postbox(box: Postbox) -> Iterator[Postbox]:
    """Let it listen on a free port of 127.0.0.1 until the block ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.1)
    box.port = listener.getsockname()[1]
    ended = threading.Event()

    def listen() -> None:
        while not ended.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            connection.settimeout(20)
            with contextlib.suppress(OSError):
                box.serve(connection)

    thread = threading.Thread(target=listen)
    thread.start()
    try:
        yield box
    finally:
        ended.set()
        thread.join()
        listener.close()
