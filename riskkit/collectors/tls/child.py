"""Child processes that can be killed: what a peer may hold for ever runs in one."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from typing import IO

from riskkit.collectors.tls.switch import POLL_S


def run(
    command: list[str], budget_s: float, stopped: threading.Event, output: IO[bytes] | None = None
) -> int | None:
    """The exit code, or None when the child had to be killed; `output` takes what it prints."""
    deadline = time.monotonic() + budget_s
    child = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=output or subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        while time.monotonic() < deadline and not stopped.is_set():
            with contextlib.suppress(subprocess.TimeoutExpired):
                return child.wait(POLL_S)
        return None
    finally:
        _kill(child)


def _kill(child: subprocess.Popen[bytes]) -> None:
    """Kill the child with whatever it started, and wait for its end."""
    if child.poll() is None:
        if hasattr(os, "killpg"):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
        else:
            child.kill()
    child.wait()
