"""When and by whom a file was exported, for questions that rest on where the evidence came from."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

from riskkit.tables import records


def custody_rows(custody: Any | None) -> Callable[[str], list[Any]]:
    """A function from a row's `source` to the rows of evidence.csv that tell of that file.

    Exact names go before patterns, as when a pack is read.
    """
    rows = [] if custody is None else list(records(custody))

    def of(source: str) -> list[Any]:
        file = source.partition("!")[0]
        exact = [row for row in rows if row.file == file]
        return exact or [row for row in rows if fnmatchcase(file, row.file)]

    return of


def exported(custody: Any | None) -> Callable[[str], datetime | None]:
    """A function from a row's `source` to when evidence.csv says that file was exported, if it does."""
    rows = custody_rows(custody)

    def when(source: str) -> datetime | None:
        return max((row.exported_at for row in rows(source)), default=None)

    return when
