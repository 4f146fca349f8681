"""Read one member with one reader into the store, and check that no record was lost."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from riskkit.errors import EvidenceError, RiskkitError
from riskkit.ingest.unpack import Unpacked
from riskkit.model import Context, Quarantined, Reader
from riskkit.store import Entry, Store
from riskkit.tables import TABLES

QUARANTINE = "quarantine"
QUARANTINE_SCHEMA = pa.schema(
    [
        ("source", pa.string()),
        ("table", pa.string()),
        ("offset", pa.int64()),
        ("length", pa.int64()),
        ("reason", pa.string()),
        ("detail", pa.string()),
    ]
)


def read_into(
    store: Store, key: str, member: Unpacked, reader: Reader, context: Context
) -> Mapping[str, Any]:
    """Read a member unless the store holds its entry already; returns the receipt."""
    known = store.receipt(key)
    if known is not None:
        return known
    with store.write(key) as entry:
        _read(entry, member, reader, context)
    return entry.receipt


def _read(entry: Entry, member: Unpacked, reader: Reader, context: Context) -> None:
    tally = _Tally(reader.tables)
    problem = ""
    try:
        for batch in reader.read(member, context):
            table = TABLES[batch.table]
            rows = table.conform(batch.rows)
            quarantined = sum(1 for _ in batch.quarantined)
            if batch.records != batch.accepted + quarantined + sum(batch.ignored.values()):
                raise EvidenceError(f"reader {reader.id} lost count of its records", file=member.name)
            entry.append(batch.table, rows, by_month=table.event_time if table.lazy else None)
            entry.append(QUARANTINE, _quarantine_rows(member.name, batch.table, batch.quarantined))
            tally.add(batch, rows, table.event_time)
    except RiskkitError as error:
        problem = error.what
    # A reader that fails is a defect, but what it would have read must not vanish with the run.
    except Exception as error:  # noqa: BLE001
        problem = f"reader {reader.id} failed with {type(error).__name__}"
    entry.receipt = tally.receipt(problem)


class _Tally:
    def __init__(self, tables: tuple[str, ...]) -> None:
        self.counts = {name: {"records": 0, "accepted": 0, "rows": 0} for name in tables}
        self.fed = set(tables) if len(tables) == 1 else set()
        self.ignored: dict[str, Counter[str]] = {name: Counter() for name in tables}
        self.quarantined: dict[str, Counter[str]] = {name: Counter() for name in tables}
        self.notes: list[str] = []
        self.collected_at: datetime | None = None
        self.times: list[int] = []

    def add(self, batch: Any, rows: pa.Table, event_time: str | None) -> None:
        self.fed.add(batch.table)
        count = self.counts[batch.table]
        count["records"] += batch.records
        count["accepted"] += batch.accepted
        count["rows"] += rows.num_rows
        self.ignored[batch.table].update(batch.ignored)
        self.quarantined[batch.table].update(item.reason for item in batch.quarantined)
        self.notes += [note for note in batch.notes if note not in self.notes]
        if batch.collected_at is not None:
            self.collected_at = max(filter(None, (self.collected_at, batch.collected_at)))
        if event_time is not None:
            extremes = pc.min_max(rows[event_time].cast(pa.int64()))
            self.times += [value for value in extremes.as_py().values() if value is not None]

    def receipt(self, problem: str) -> dict[str, Any]:
        return {
            "problem": problem,
            "notes": self.notes,
            "collected_at": self.collected_at.isoformat() if self.collected_at else None,
            "first_us": min(self.times, default=None),
            "last_us": max(self.times, default=None),
            "tables": {
                name: {
                    **count,
                    "ignored": dict(sorted(self.ignored[name].items())),
                    "quarantined": dict(sorted(self.quarantined[name].items())),
                }
                for name, count in self.counts.items()
                if name in self.fed
            },
        }


def _quarantine_rows(source: str, table: str, items: tuple[Quarantined, ...]) -> pa.Table:
    return pa.Table.from_pylist(
        [
            {
                "source": source,
                "table": table,
                "offset": item.offset,
                "length": item.length,
                "reason": item.reason,
                "detail": item.detail,
            }
            for item in items
        ],
        schema=QUARANTINE_SCHEMA,
    )


def instant(microseconds: int | None) -> datetime | None:
    """A datetime from microseconds since 1970 UTC; None where the calendar ends."""
    if microseconds is not None:
        with contextlib.suppress(OverflowError, OSError, ValueError):
            return datetime.fromtimestamp(microseconds / 1_000_000, UTC)
    return None
