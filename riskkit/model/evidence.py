"""Evidence: files, what was read from them, and what was not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Literal, Protocol
from zoneinfo import ZoneInfo

import pyarrow as pa

from riskkit.tables import Table


class Member(Protocol):
    """One readable piece of evidence: a file, or a member of an archive or workbook."""

    @property
    def name(self) -> str:
        """Path in the pack, with `!member` inside a container; the `source` column."""

    @property
    def size(self) -> int:
        """Bytes after decompression, as far as known."""

    def open(self) -> AbstractContextManager[IO[bytes]]:
        """Open the decompressed bytes from the start."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a reader may know besides the bytes: the site's zone and a mapping file's content."""

    zone: ZoneInfo
    mapping: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A record that could not be trusted: where it is and why, never what it says."""

    offset: int
    reason: str
    detail: str = ""
    length: int = 0


@dataclass(frozen=True, slots=True)
class Batch:
    """What a reader made of some records for one table.

    `records` counts the input independently of the output, so that
    records = distinct records of `rows` + quarantined + ignored can be asserted.
    `rows_of_records` is the number of those records that became rows (one record may give several).
    """

    table: str
    rows: pa.Table
    records: int
    accepted: int
    quarantined: tuple[Quarantined, ...] = ()
    ignored: Mapping[str, int] = field(default_factory=dict)
    collected_at: datetime | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reader:
    """Knows one format: recognizes it by content and turns it into rows of its tables.

    `offset_unit` says what the `offset` column counts in this format; `mapped` that a mapping file
    beside the evidence is read too. `evidence` is false for a format that is known and proves nothing:
    all its records are ignored, each with its reason.
    """

    id: str
    title: str
    version: int
    tables: tuple[str, ...]
    recognize: Callable[[bytes, str], bool]
    read: Callable[[Member, Context], Iterator[Batch]]
    offset_unit: Literal["byte", "line", "row", "item"]
    mapped: bool = False
    evidence: bool = True


@dataclass(frozen=True, slots=True)
class Counts:
    """How the records of one source ended, for one table.

    Of its rows, `set_aside` happened after the moment of judging, and `superseded` are said anew by a
    later export of the same list.
    """

    records: int = 0
    accepted: int = 0
    rows: int = 0
    quarantined: int = 0
    ignored: Mapping[str, int] = field(default_factory=dict)
    set_aside: int = 0
    superseded: int = 0


NOT_RECOGNIZED = "is not recognized"
DOCUMENTATION = "is documentation, not evidence"
"""The problem of a source that no reader knows."""

SAME_CONTENT = "has the same content as"
"""How the problem of a second copy of a trail begins."""

UNREAD_DO = (
    "`riskkit inspect PACK --propose` proposes a mapping file for a table that no reader knows; else export "
    "it in another format, or take it out of the pack if it is no evidence"
)
"""What to do about a file of which nothing was read."""


@dataclass(frozen=True, slots=True)
class Source:
    """One evidence file or member, and what became of it.

    `collected_at` is None when nothing says when the evidence was collected: such evidence can be
    read, but cannot demonstrate a control. `obtained_later` when it was collected, or exported as
    evidence.csv says, after the moment of judging; of a trail the earlier part counts all the same.
    """

    name: str
    sha256: str
    size: int
    reader: str | None
    reader_version: int
    counts: Mapping[str, Counts]
    collected_at: datetime | None
    first: datetime | None = None
    last: datetime | None = None
    zone: str = ""
    mapping: str | None = None
    problem: str = ""
    set_aside: bool = False
    quarantine: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    key: str = ""
    obtained_later: bool = False

    @property
    def unread(self) -> int:
        """Records that were quarantined, over all tables."""
        return sum(count.quarantined for count in self.counts.values())

    @property
    def passed_over(self) -> bool:
        """Whether nothing of it was read although it may be evidence: no documentation, no second copy."""
        return self.reader is None and not self.problem.startswith((DOCUMENTATION, SAME_CONTENT))


@dataclass(frozen=True, slots=True)
class TableState:
    """Whether a table can be judged: missing, empty, unreadable, set_aside or present."""

    table: str
    state: Literal["missing", "empty", "unreadable", "set_aside", "present"]
    reason: str
    rows: int = 0
    quarantined: int = 0
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that was read of one pack, as of one instant.

    `files` maps a table to the stored Parquet files whose rows count. `since_last` tells which files
    changed or vanished since an earlier run; it depends on the work folder, so nothing may rest on it.
    """

    pack: Path
    sources: tuple[Source, ...]
    states: Mapping[str, TableState]
    files: Mapping[str, tuple[Path, ...]]
    tables: Mapping[str, Table]
    since_last: tuple[str, ...] = ()

    def source(self, name: str) -> Source:
        """The source of that name; raises KeyError."""
        return next(iter(source for source in self.sources if source.name == name))
