"""The kill switch of a run: anything may pull it, everything that waits looks at it."""

from __future__ import annotations

import threading
from pathlib import Path

POLL_S = 0.1
"""Seconds between two looks at the switch while something is waited for."""

STOP_FILE = "STOP"
"""A file of this name beside endpoints.yaml stops a run, whoever made it."""


class Switch:
    """Pulled once, by a signal, the stop file or a closed window; `reason` says by what."""

    def __init__(self, file: Path | None = None) -> None:
        self.file = file
        self.event = threading.Event()
        self.reason = ""

    def pull(self, reason: str) -> None:
        """Stop the run; the first reason stays. Safe in a signal handler."""
        self.reason = self.reason or reason
        self.event.set()

    @property
    def pulled(self) -> bool:
        """Whether the run must end, the stop file looked at."""
        if not self.event.is_set() and self.file is not None and self.file.exists():
            self.pull(f"the file {self.file.name} was found")
        return self.event.is_set()
