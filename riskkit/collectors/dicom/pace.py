"""Walking gently: so many files and bytes a second, at some hours only; and how far a walk has come."""

from __future__ import annotations

import time as clock
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time

from riskkit.errors import CollectError

GENTLE_FILES_S, GENTLE_MB_S = 500.0, 20.0
"""Our own choice: what an archive's disks give beside their work; 0 is no limit."""
NAP_S = 30.0
MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Limits:
    """Files and megabytes (10^6 bytes) that are read a second, 0 for no limit, and the hours for it."""

    files_s: float = GENTLE_FILES_S
    mb_s: float = GENTLE_MB_S
    between: tuple[time, time] | None = None


def within(between: tuple[time, time], moment: time) -> bool:
    """Whether a time of day lies in the hours, which may span midnight."""
    start, end = between
    return start <= moment < end if start < end else moment >= start or moment < end


def hours(words: str) -> tuple[time, time]:
    """`20:00-06:00` as two times; raises CollectError."""
    try:
        start, end = (time.fromisoformat(part.rjust(5, "0")) for part in words.strip().split("-"))
    except ValueError as error:
        raise CollectError("the hours are not of the form 20:00-06:00", do="Name start and end") from error
    if start == end:
        raise CollectError("the hours begin when they end", do="Leave them out to walk at any time")
    return start, end


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a walk has come: files seen, of them read, bytes read; rates are of what was read."""

    files: int
    total: int | None
    read: int
    bytes_read: int
    seconds: float
    waiting: bool = False

    @property
    def files_s(self) -> float:
        """Files seen a second."""
        return self.files / self.seconds if self.seconds else 0.0

    @property
    def mb_s(self) -> float:
        """Megabytes read a second."""
        return self.bytes_read / MB / self.seconds if self.seconds else 0.0

    @property
    def left_s(self) -> float | None:
        """Seconds left at this rate; None when the number of files is not known."""
        if self.total is None or not self.files_s:
            return None
        return max(0, self.total - self.files) / self.files_s

    def __str__(self) -> str:
        of = "" if self.total is None else f" of {max(self.total, self.files):,}"
        left = "" if self.left_s is None else f", {_span(self.left_s)} left"
        waiting = ", waiting for its hours" if self.waiting else ""
        return f"{self.files:,}{of} files, {self.files_s:,.0f} files/s, {self.mb_s:.1f} MB/s{left}{waiting}"


def _span(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 1:
        return "under a minute"
    return f"{minutes // 60} h {minutes % 60:02d} min" if minutes >= 60 else f"{minutes} min"  # noqa: PLR2004


class Pace:
    """Keeps to the limits by sleeping. `now` tells the hour, with a zone; `monotonic` measures."""

    def __init__(
        self,
        limits: Limits,
        now: Callable[[], datetime],
        *,
        monotonic: Callable[[], float] = clock.monotonic,
        sleep: Callable[[float], None] = clock.sleep,
    ) -> None:
        self._limits, self._now, self._monotonic, self._sleep = limits, now, monotonic, sleep
        self._due = monotonic()

    @property
    def at_once(self) -> int:
        """How many files may be read in one go: those of a second."""
        return max(1, int(self._limits.files_s)) if self._limits.files_s else 1 << 30

    @property
    def bytes_at_once(self) -> int:
        """How many bytes may be read in one go, as far as files are small enough."""
        return max(1, int(self._limits.mb_s * MB)) if self._limits.mb_s else 1 << 62

    def wait(self, waiting: Callable[[], None] | None = None) -> None:
        """Return when reading may go on."""
        between = self._limits.between
        while between and not within(between, self._now().astimezone().time()):
            if waiting:
                waiting()
            self._sleep(NAP_S)
        ahead = self._due - self._monotonic()
        if ahead > 0:
            self._sleep(ahead)

    def spent(self, files: int, bytes_read: int = 0) -> None:
        """Note that so much was read, or is about to be."""
        limits = self._limits
        cost = max(
            files / limits.files_s if limits.files_s else 0.0,
            bytes_read / MB / limits.mb_s if limits.mb_s else 0.0,
        )
        # What was not used while the walk rested is not made up for.
        self._due = max(self._due, self._monotonic()) + cost
