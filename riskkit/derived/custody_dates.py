"""When a file was exported, for questions that compare what it says with a later event."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

from riskkit.tables import records


def exported(custody: Any | None) -> Callable[[str], datetime | None]:
    """A function from a row's `source` to when evidence.csv says that file was exported, if it does.

    Exact names go before patterns, as when a pack is read.
    """
    rows = [] if custody is None else [(row.file, row.exported_at) for row in records(custody)]

    def when(source: str) -> datetime | None:
        file = source.partition("!")[0]
        exact = [at for pattern, at in rows if pattern == file]
        return max(exact or [at for pattern, at in rows if fnmatchcase(file, pattern)], default=None)

    return when
