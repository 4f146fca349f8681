"""What a table is: columns with types, units and a privacy mark, and how rows are made to fit."""

from __future__ import annotations

import re
from collections import namedtuple
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc

from riskkit.errors import EvidenceError
from riskkit.tables.citations import cited

Dtype = Literal["string", "integer", "number", "boolean", "date", "instant", "instant_us"]

ARROW: Mapping[Dtype, pa.DataType] = {
    "string": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "instant": pa.timestamp("us", tz="UTC"),
    # Big tables keep time as a plain integer: timestamps differ between engines, integers do not.
    "instant_us": pa.int64(),
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: name, type, and whether it identifies a person (`phi`).

    `required` means that no row is complete without it. `values` closes the vocabulary. What stands in a
    column of `proof` shows by itself that something was done or agreed, so a word that only keeps the
    place (none, tbd, pending) is no value there. Log-in names are `folded`: kept in lower case, since
    directories, and with them every comparison and fingerprint, know no other case. A column that `cites`
    names specifications of the rule, kept as the catalogue writes them however a list spells them.
    """

    name: str
    dtype: Dtype = "string"
    doc: str = ""
    required: bool = False
    phi: bool = False
    unit: str = ""
    values: tuple[str, ...] = ()
    proof: bool = False
    folded: bool = False
    cites: bool = False

    def keeps_place(self, text: str) -> bool:
        """Whether a text only says that there is nothing, or nothing yet."""
        return self.proof and " ".join(_LETTERS.findall(text.casefold())) in _PLACEHOLDERS


_LETTERS = re.compile(r"[^\W_]+")
# Not null and na, which are family names.
_PLACEHOLDERS = frozenset(
    {"", "nil", "no", "no one", "nobody", "none", "not applicable", "not available", "not known", "not yet",
     "open", "outstanding", "pending", "tba", "tbc", "tbd", "to be confirmed", "to be decided",
     "to be determined", "to be done", "to do", "todo", "unknown"}
)  # fmt: skip


PROVENANCE = (
    Column("source", doc="evidence file, with `!member` inside an archive or workbook"),
    Column("offset", "integer", doc="where the record starts: byte, line or row, as the reader says"),
    Column("n", "integer", doc="number of the row among those of one record, from 0"),
)


@dataclass(frozen=True)
class Table:
    """The contract between readers, which fill it, and checks, which read it.

    `place` is where the canonical file of this table lies in a pack; `event_time` names the column
    that says when a row happened, so that rows after the end of the period can be set aside. A table
    that is `alone` has columns so common that a file with any other column is not taken for it.
    `apart` names two columns that must not hold the same person: a row in which they do is refused.
    """

    name: str
    doc: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    place: str
    lazy: bool = False
    canonical: bool = False
    alone: bool = False
    event_time: str | None = None
    ask: str = ""
    apart: tuple[str, str] | tuple[()] = ()

    def __post_init__(self) -> None:
        names = [column.name for column in self.columns]
        named = (*self.key, *self.apart, *filter(None, [self.event_time]))
        if missing := [name for name in named if name not in names]:
            raise ValueError(f"table {self.name}: {missing} is not among its columns")
        if len(set(names)) != len(names):
            raise ValueError(f"table {self.name}: a column stands twice")

    @cached_property
    def by_name(self) -> Mapping[str, Column]:
        """Columns by name, provenance included."""
        return {column.name: column for column in (*self.columns, *PROVENANCE)}

    @cached_property
    def required(self) -> frozenset[str]:
        """Names of the columns without which a row is quarantined."""
        return frozenset(column.name for column in self.columns if column.required)

    @cached_property
    def phi(self) -> frozenset[str]:
        """Names of the columns that identify a person."""
        return frozenset(column.name for column in self.columns if column.phi)

    @cached_property
    def schema(self) -> pa.Schema:
        """The Arrow schema of every batch of this table."""
        return pa.schema([(name, ARROW[column.dtype]) for name, column in self.by_name.items()])

    def beside(self, name: str) -> bool:
        """Whether a file of the pack lies in the folder in which this table's evidence is expected."""
        folder = PurePosixPath(self.place.partition("*")[0] + "_").parent
        return folder != PurePosixPath() and PurePosixPath(name).is_relative_to(folder)

    def empty(self) -> pa.Table:
        """No rows, every column."""
        return self.schema.empty_table()

    def mixed(self, row: Mapping[str, object]) -> str:
        """Why a row is refused whose `apart` columns hold the same person; empty when they do not."""
        same = bool(self.apart) and same_person(*(row.get(name) for name in self.apart))
        return f"columns {' and '.join(self.apart)} hold the same person" if same else ""

    def rows(self, records: Iterable[Mapping[str, object]]) -> pa.Table:
        """Make an Arrow table of typed records; a column that a record lacks is null.

        Raises EvidenceError when a record has an unknown column or a value of another type: that is
        a defect of the reader, not of the evidence.
        """
        found = list(records)
        if unknown := {name for record in found for name in record} - self.by_name.keys():
            raise EvidenceError(f"table {self.name} has no column {sorted(unknown)}")
        try:
            return pa.Table.from_pylist([dict(record) for record in found], schema=self.schema)
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            raise EvidenceError(f"table {self.name}: a reader made a value of another type") from error

    def conform(self, rows: pa.Table) -> pa.Table:
        """Give Arrow rows exactly this table's columns, order, types and case; raises EvidenceError."""
        if unknown := set(rows.column_names) - self.by_name.keys():
            raise EvidenceError(f"table {self.name} has no column {sorted(unknown)}")
        columns = [
            rows[name].cast(kind) if name in rows.column_names else pa.nulls(rows.num_rows, kind)
            for name, kind in zip(self.schema.names, self.schema.types, strict=True)
        ]
        columns = [
            pc.utf8_lower(values) if column.folded else _cited(values) if column.cites else values
            for column, values in zip(self.by_name.values(), columns, strict=True)
        ]
        return pa.Table.from_arrays(columns, schema=self.schema)


def _cited(values: pa.ChunkedArray) -> pa.ChunkedArray:
    return pa.chunked_array([[text and cited(text) for text in values.to_pylist()]], pa.string())


def records(frame: Any, columns: Sequence[str] = ()) -> Iterator[Any]:
    """Walk a pandas, Arrow or narwhals frame row by row as named tuples, null as None.

    For tables that fit a person's screen or were aggregated before; events stay in the engine.
    """
    table = to_arrow(frame)
    if columns:
        table = table.select(list(columns))
    row = namedtuple("Row", table.column_names)  # type: ignore[misc]
    for batch in table.to_batches():
        lists = [column.to_pylist() for column in batch.columns]
        yield from (row(*values) for values in zip(*lists, strict=True))


def to_arrow(frame: Any) -> pa.Table:
    """Bring a pandas, Arrow or narwhals frame (lazy or not) into memory as an Arrow table."""
    if isinstance(frame, pa.Table):
        return frame
    if hasattr(frame, "collect"):
        frame = frame.collect("pyarrow")
    if hasattr(frame, "to_arrow"):
        return frame.to_arrow()
    return pa.Table.from_pandas(frame, preserve_index=False)


def same_person(one: object, other: object) -> bool:
    """Whether two cells name the same person; case and blanks hide nothing, and nobody is nobody."""
    names = ["".join(str(name or "").casefold().split()) for name in (one, other)]
    return names[0] == names[1] != ""
