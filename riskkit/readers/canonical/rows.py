"""From records to rows: cells become typed columns, or their record is put aside with a reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b

import pyarrow as pa

from riskkit.errors import EvidenceError
from riskkit.model import Batch, Context, Quarantined
from riskkit.readers.canonical.header import Fit
from riskkit.readers.canonical.lines import Record
from riskkit.readers.canonical.mapping import FileMapping
from riskkit.readers.values import NULLS, BadValueError, Convert, Remarks, converter

_UNKNOWN_CHARACTER = "\ufffd"
_SHOWN_HEADERS = 20


@dataclass(frozen=True, slots=True)
class _Filled:
    """A column that the file fills: from which cells, by which replacements, with which type."""

    name: str
    required: bool
    places: tuple[int, ...]
    replace: Mapping[str, str]
    convert: Convert


class Rows:
    """Gathers the rows of one file, and what became of every record.

    Raises EvidenceError when a constant of the mapping is of another type than its column.
    """

    def __init__(self, source: str, fit: Fit, mapping: FileMapping, context: Context) -> None:
        self._source, self._fit = source, fit
        self._remarks = Remarks()
        self._constants = _constants(mapping, fit, context, source)
        self._filled = [
            _Filled(
                column.name,
                column.required,
                fit.places[column.name],
                mapping.values.get(column.name, {}),
                converter(
                    column,
                    context.zone,
                    self._remarks,
                    date_format=mapping.date_format,
                    micros=column.name not in fit.plain,
                ),
            )
            for column in fit.table.columns
            if column.name in fit.places
        ]
        self._seen: set[bytes] = set()
        self._clear()

    def _clear(self) -> None:
        self.records = 0
        self._offsets: list[int] = []
        self._columns: list[list[object]] = [[] for _ in self._filled]
        self._quarantined: list[Quarantined] = []
        self._ignored: Counter[str] = Counter()

    def ignore(self, reason: str, count: int) -> None:
        """Count records that are none."""
        self.records += count
        self._ignored[reason] += count

    def add(self, record: Record) -> None:
        """Turn one record into a row, or say why not."""
        cells = [cell.strip() for cell in record.cells]
        if record.fault:
            self._refuse(record, record.fault, record.detail)
        elif not any(cells):
            self.ignore("blank_line", 1)
        elif any(_UNKNOWN_CHARACTER in cell for cell in cells):
            self._refuse(record, "encoding", "a character that the file's encoding does not know")
        elif any(cells[self._fit.width :]):
            self._refuse(record, "bad_framing", "more cells than the header has")
        else:
            self._add_cells(record, cells)

    def _add_cells(self, record: Record, cells: list[str]) -> None:
        values: list[object] = []
        wrong, missing = [], []
        for column in self._filled:
            texts = {_cell(cells, place, column.replace) for place in column.places}
            text = texts.pop()
            value = None
            if texts:  # the column stands twice and its cells differ
                wrong.append(column.name)
            elif text not in NULLS:
                try:
                    value = column.convert(text)
                except BadValueError:
                    wrong.append(column.name)
            elif column.required:
                missing.append(column.name)
            values.append(value)
        if wrong:
            self._refuse(record, "bad_value", f"column {', '.join(wrong)}")
        elif missing:
            self._refuse(record, "missing_required", f"column {', '.join(missing)}")
        elif self._repeats(values):
            self._refuse(record, "duplicate", f"{', '.join(self._fit.table.key)} as in a row before")
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
        named = {column.name: value for column, value in zip(self._filled, values, strict=True)}
        text = "\x1f".join(str(named.get(name, "")) for name in key)
        digest = blake2b(text.encode("utf-8", "replace"), digest_size=8).digest()
        seen = digest in self._seen
        self._seen.add(digest)
        return seen

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
            **{name: [value] * count for name, value in self._constants.items()},
            **{column.name: values for column, values in zip(self._filled, self._columns, strict=True)},
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
        notes = list(self._remarks.notes())
        if self._fit.unknown:
            shown = ", ".join(self._fit.unknown[:_SHOWN_HEADERS])
            notes.append(f"columns that {self._fit.table.name} does not have: {shown}")
        doubled = sorted(column.name for column in self._filled if len(column.places) > 1)
        if doubled:
            notes.append(f"columns that stand twice: {', '.join(doubled)}")
        return tuple(notes)


def _constants(mapping: FileMapping, fit: Fit, context: Context, source: str) -> dict[str, object]:
    constants = {}
    for name, text in mapping.constants.items():
        try:
            constants[name] = converter(fit.table.by_name[name], context.zone, Remarks())(text)
        except (BadValueError, IndexError):
            raise EvidenceError(
                f"its mapping file gives {name} a value of another type", file=source
            ) from None
    return constants


def _cell(cells: list[str], place: int, replace: Mapping[str, str]) -> str:
    text = cells[place] if place < len(cells) else ""
    return replace.get(text.casefold(), text) if replace else text
