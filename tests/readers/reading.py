"""Read bytes with a reader as ingest does, and hold it to its books."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from riskkit.model import Context, Quarantined, Reader
from riskkit.tables import TABLES

SAMPLES = Path(__file__).parents[1] / "samples"
REAL_SAMPLES = Path(__file__).parents[3] / "shared" / "samples"
CHICAGO = ZoneInfo("America/Chicago")

REASONS = frozenset(
    {
        "xml_malformed", "xml_dtd", "xml_too_large", "xml_too_deep", "json_malformed", "yaml_malformed",
        "truncated", "bad_framing", "no_timestamp", "unknown_format", "encoding", "missing_required",
        "bad_value", "duplicate", "too_large",
    }
)  # fmt: skip


@dataclass(frozen=True)
class InMemory:
    """A member whose content is at hand."""

    name: str
    data: bytes

    @property
    def size(self) -> int:
        return len(self.data)

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        yield io.BytesIO(self.data)


@dataclass
class Reading:
    """Everything that a reader gave for one member."""

    rows: dict[str, pa.Table] = field(default_factory=dict)
    records: Counter[str] = field(default_factory=Counter)
    accepted: Counter[str] = field(default_factory=Counter)
    ignored: dict[str, Counter[str]] = field(default_factory=dict)
    quarantined: dict[str, list[Quarantined]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    collected_at: datetime | None = None

    def table(self, name: str) -> list[dict[str, Any]]:
        return self.rows[name].to_pylist() if name in self.rows else []

    def reasons(self, table: str) -> Counter[str]:
        return Counter(item.reason for item in self.quarantined.get(table, []))


def read_all(
    reader: Reader,
    data: bytes,
    name: str = "evidence/file",
    *,
    mapping: Mapping[str, object] | None = None,
    zone: ZoneInfo = CHICAGO,
) -> Reading:
    """Read `data`; every batch must reconcile, fit its table and use the agreed reasons."""
    reading = Reading()
    for batch in reader.read(InMemory(name, data), Context(zone, mapping)):
        assert batch.table in reader.tables
        assert batch.rows.schema == TABLES[batch.table].schema
        assert batch.records == batch.accepted + len(batch.quarantined) + sum(batch.ignored.values())
        assert {item.reason for item in batch.quarantined} <= REASONS
        places = set(zip(*(batch.rows[column].to_pylist() for column in ("offset", "n")), strict=True))
        assert len(places) == batch.rows.num_rows, "a row's key stands twice"
        assert len({offset for offset, _ in places}) == batch.accepted
        assert set(batch.rows["source"].to_pylist()) <= {name}
        known = reading.rows.get(batch.table)
        reading.rows[batch.table] = batch.rows if known is None else pa.concat_tables([known, batch.rows])
        reading.records[batch.table] += batch.records
        reading.accepted[batch.table] += batch.accepted
        reading.ignored.setdefault(batch.table, Counter()).update(batch.ignored)
        reading.quarantined.setdefault(batch.table, []).extend(batch.quarantined)
        reading.notes += [note for note in batch.notes if note not in reading.notes]
        reading.collected_at = max(filter(None, (reading.collected_at, batch.collected_at)), default=None)
    return reading


def real(pattern: str) -> list[Path]:
    """Real files of other people; skips the test, and says so, where they are not at hand."""
    found = sorted(REAL_SAMPLES.glob(pattern))
    if not found:
        pytest.skip(f"no real samples {pattern} beside the checkout")
    return found
