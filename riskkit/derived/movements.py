"""What became of each device and medium, in order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from riskkit.model import Moment
from riskkit.tables import records


def movements(media: Any, at: Moment) -> Mapping[str, list[Any]]:
    """The rows of each medium up to the end of the period, first movement first."""
    found: dict[str, list[Any]] = {}
    for row in records(media):
        if row.occurred_on <= at.today:
            found.setdefault(row.media_id, []).append(row)
    return {
        name: sorted(rows, key=lambda row: (row.occurred_on, row.source, row.offset or 0))
        for name, rows in sorted(found.items())
    }


def holds_ephi(rows: list[Any]) -> bool | None:
    """Whether a medium ever held ePHI as recorded; None where no row says."""
    said = {row.holds_ephi for row in rows}
    return True if True in said else None if None in said else False
