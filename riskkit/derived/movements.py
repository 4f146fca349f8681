"""What became of each device and medium, in order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from riskkit.model import Moment
from riskkit.tables import records

GONE = frozenset({"lost", "stolen"})
"""Events after which nobody knows where a medium is."""


def movements(media: Any, at: Moment) -> Mapping[str, list[Any]]:
    """The rows of each medium up to the end of the period, first movement first, by its first spelling.

    Of one day a loss is the last, since the day does not tell what came after it.
    """
    found: dict[str, list[Any]] = {}
    for row in records(media):
        if row.occurred_on <= at.today:
            found.setdefault(row.media_id.strip().casefold(), []).append(row)
    ordered = [
        sorted(rows, key=lambda row: (row.occurred_on, row.event in GONE, row.source, row.offset or 0))
        for rows in found.values()
    ]
    return {rows[0].media_id: rows for rows in sorted(ordered, key=lambda rows: rows[0].media_id)}


def holds_ephi(rows: list[Any]) -> bool | None:
    """Whether a medium ever held ePHI as recorded; None where no row says."""
    said = {row.holds_ephi for row in rows}
    return True if True in said else None if None in said else False


def encrypted(rows: list[Any]) -> bool | None:
    """Whether what a medium holds is encrypted, as the last row that tells says; None where no row does."""
    return next((row.encrypted for row in reversed(rows) if row.encrypted is not None), None)
