"""The run record: what was run, when, for how long, and how it ended. Written also when it ended badly."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from riskkit import __version__
from riskkit.errors import RiskkitError
from riskkit.report.folder import canonical, replace

SCHEMA = 1


class Record:
    """The record of one run; real times, so it lies beside the report, not in it.

    It names no machine, path, person or value.
    """

    def __init__(self, path: Path, clock: Callable[[], datetime]) -> None:
        self._path, self._clock, self._begun = path, clock, clock()
        self._content: dict[str, Any] = {
            "schema": SCHEMA,
            "riskkit": __version__,
            "python": platform.python_version(),
            "outcome": "not ended",
            "reason": "",
            "begun": _written(self._begun),
            "ended": None,
            "seconds": None,
            "manifest": None,
            "notebooks": [],
        }

    def note(self, **facts: Any) -> None:
        """Add facts to the record."""
        self._content.update(facts)

    def notebook(self, name: str, status: str, reason: str, seconds: float) -> None:
        """Add what became of a notebook."""
        entry = {"name": name, "status": status, "reason": reason, "seconds": round(seconds, 3)}
        self._content["notebooks"].append(entry)

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Write the record now, as not ended, and again when the block ends, however it does.

        A run that is killed leaves the first.
        """
        self._write()
        try:
            yield
        except BaseException as error:
            reason = error.what if isinstance(error, RiskkitError) else ""
            self.note(
                outcome="no report",
                reason=": ".join(filter(None, (type(error).__name__, reason))),
                manifest=None,
            )
            raise
        finally:
            ended = self._clock()
            self.note(ended=_written(ended), seconds=round((ended - self._begun).total_seconds(), 3))
            self._write()

    def _write(self) -> None:
        replace(self._path, canonical(self._content))


def _written(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="seconds")
