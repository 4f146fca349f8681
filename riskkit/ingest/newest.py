"""Of several exports of one list the newest counts: rows that a newer one says anew are superseded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

import pyarrow as pa

from riskkit.model import Source
from riskkit.tables import Table

OBSERVED = "observed_at"
"""A column of tables that keep every observation; their derived tables join them by time."""


def newest(table: Table, rows: pa.Table, sources: Sequence[Source]) -> pa.Table:
    """The rows of a small table without those that are superseded, in the same order.

    A row is superseded when a source of the same reader that was collected later holds the same key.
    Other readers look at other things, so theirs never replace it; nor does a source without a date, which
    is not replaced either. Of equally old sources all rows stay, and the worst of them counts.
    """
    if not replaces(table):
        return rows
    made = {s.name: (s.reader, s.collected_at) for s in sources if table.name in s.counts and not s.set_aside}
    if not _has_two_dates(made):
        return rows
    kept: list[bool] = []
    told = [made.get(name, (None, None)) for name in rows["source"].to_pylist()]
    keys = list(zip(*(rows[column].to_pylist() for column in table.key), strict=True))
    latest: dict[tuple[object, ...], datetime] = {}
    for (reader, at), key in zip(told, keys, strict=True):
        if at is not None:
            latest[reader, *key] = max(at, latest.get((reader, *key), at))
    for (reader, at), key in zip(told, keys, strict=True):
        kept.append(at is None or at == latest[reader, *key])
    return rows if all(kept) else rows.filter(pa.array(kept, pa.bool_()))


def replaces(table: Table) -> bool:
    """Whether a newer export of this table replaces what an older one says of the same key."""
    return bool(table.key) and not table.lazy and OBSERVED not in table.by_name


def lost(before: pa.Table, after: pa.Table) -> Mapping[str, int]:
    """By source, how many rows are in one and not in the other."""
    counts = Counter(before["source"].to_pylist())
    counts.subtract(after["source"].to_pylist())
    return {name: number for name, number in counts.items() if number}


def _has_two_dates(made: Mapping[str, tuple[str | None, datetime | None]]) -> bool:
    dated = {(reader, at) for reader, at in made.values() if at is not None}
    readers = [reader for reader, _ in dated]
    return len(set(readers)) < len(readers)
