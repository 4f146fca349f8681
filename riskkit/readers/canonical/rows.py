"""From records to batches: rows of one table, and what became of every record."""

from __future__ import annotations

from collections import Counter
from hashlib import blake2b

import pyarrow as pa

from riskkit.model import Batch, Context, Quarantined
from riskkit.readers.canonical.cells import BLANK, Cells, RefusedError
from riskkit.readers.canonical.header import Fit
from riskkit.readers.canonical.lines import EXAMPLE, EXAMPLE_ROW, Record
from riskkit.readers.canonical.mapping import FileMapping


class Rows:
    """Gathers the rows of one file, and what became of every record.

    Raises EvidenceError when a constant of the mapping is of another type than its column.
    """

    def __init__(self, source: str, fit: Fit, mapping: FileMapping, context: Context) -> None:
        self._source, self._fit = source, fit
        self._cells = Cells(source, fit, mapping, context)
        self._seen: set[bytes] = set()
        self._clear()

    def _clear(self) -> None:
        self.records = 0
        self._offsets: list[int] = []
        self._columns: list[list[object]] = [[] for _ in self._cells.names]
        self._quarantined: list[Quarantined] = []
        self._ignored: Counter[str] = Counter()

    def ignore(self, reason: str, count: int) -> None:
        """Count records that are none."""
        self.records += count
        self._ignored[reason] += count

    def add(self, record: Record) -> None:
        """Turn one record into a row, or say why not."""
        if record.cells and record.cells[0].lstrip().startswith(EXAMPLE):
            self.ignore(EXAMPLE_ROW, 1)
            return
        try:
            values = self._cells.read(record)
        except RefusedError as error:
            self._refuse(record, error.reason, error.detail)
            return
        if values is None:
            self.ignore(BLANK, 1)
        elif self._repeats(values):
            self._refuse(record, "duplicate", f"{', '.join(self._fit.table.key)} as in a row before")
        elif self._fit.table.apart and (mixed := self._fit.table.mixed(self._named(values))):
            self._refuse(record, "bad_value", mixed)
        else:
            self.records += 1
            self._offsets.append(record.line)
            for gathered, value in zip(self._columns, values, strict=True):
                gathered.append(value)

    def _repeats(self, values: list[object]) -> bool:
        """Whether the key of this row was seen before; a digest of 8 bytes stands for it."""
        key = self._fit.table.key
        if not key:
            return False
        named = self._named(values)
        text = "\x1f".join(str(named.get(name, "")) for name in key)
        digest = blake2b(text.encode("utf-8", "replace"), digest_size=8).digest()
        seen = digest in self._seen
        self._seen.add(digest)
        return seen

    def _named(self, values: list[object]) -> dict[str, object]:
        return dict(zip(self._cells.names, values, strict=True))

    def _refuse(self, record: Record, reason: str, detail: str) -> None:
        self.records += 1
        self._quarantined.append(Quarantined(record.line, reason, detail))

    def batch(self) -> Batch:
        """What was gathered since the last batch."""
        count = len(self._offsets)
        given: dict[str, list[object]] = {
            "source": [self._source] * count,
            "offset": list(self._offsets),
            "n": [0] * count,
            **{name: [value] * count for name, value in self._cells.constants.items()},
            **dict(zip(self._cells.names, self._columns, strict=True)),
        }
        schema = self._fit.table.schema
        arrays = [
            pa.array(given.get(name, [None] * count), kind)
            for name, kind in zip(schema.names, schema.types, strict=True)
        ]
        batch = Batch(
            self._fit.table.name,
            pa.Table.from_arrays(arrays, schema=schema),
            self.records,
            count,
            tuple(self._quarantined),
            dict(self._ignored),
        )
        self._clear()
        return batch

    def notes(self) -> tuple[str, ...]:
        """What was assumed, and which columns were not used."""
        return self._cells.notes()
