"""Gathers audit events of one file: rows, what became of every record, and when the last one happened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import repeat
from operator import itemgetter
from typing import IO, TypeVar
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from riskkit.errors import EvidenceError
from riskkit.model import Batch, Context, Member, Quarantined
from riskkit.readers.digests import Digests
from riskkit.readers.origin import Origin, read_origin
from riskkit.readers.text_log import Line, log_lines
from riskkit.tables import TABLES

TABLE = TABLES["audit_events"]
BATCH_ROWS = 10_000

Row = Mapping[str, object]
"""Columns of `audit_events`; one that a row lacks is null."""

_NAMES = tuple(TABLE.schema.names)
_IN_ORDER = itemgetter(*_NAMES)
_NULLS: Mapping[str, object] = dict.fromkeys(_NAMES)

_DAY_US = 86_400_000_000
_FIRST_DAY, _LAST_DAY = 7_305, 84_000  # 1990, before which there was no DICOM, to 2199
_LONELY_DAYS, _LONELY_SHARE = 31, 1000

Item = TypeVar("Item")


class Events:
    """Counts the records of one file and gathers their rows until a batch is due."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._sequence = 0
        self._days: Counter[int] = Counter()
        self._latest: dict[int, int] = {}
        self._clear()

    def _clear(self) -> None:
        self.records = 0
        self._accepted = 0
        self._rows: list[tuple[object, ...]] = []
        self._tables: list[pa.Table] = []
        self._quarantined: list[Quarantined] = []
        self._ignored: Counter[str] = Counter()

    @property
    def full(self) -> bool:
        """Whether it is time to take a batch."""
        return max(self.records, len(self._rows)) >= BATCH_ROWS

    def add(self, offset: int, rows: Iterable[Row]) -> None:
        """Take the rows of one record, at least one; `event_seq` counts the records before it.

        Ignored records do not count: the highest number tells how long an export is.
        """
        place = {"source": self._source, "offset": offset, "event_seq": self._sequence}
        for number, row in enumerate(rows):
            self._rows.append(_IN_ORDER({**_NULLS, **row, **place, "n": number}))
            if number == 0:
                self._see(row.get("event_time_us"))
        self.records += 1
        self._accepted += 1
        self._sequence += 1

    def reserve(self) -> int:
        """Count one record whose row comes with `add_rows`; returns its `event_seq`."""
        self.records += 1
        self._accepted += 1
        self._sequence += 1
        return self._sequence - 1

    def add_rows(self, rows: pa.Table, sequence: Sequence[int], offsets: Sequence[int]) -> None:
        """Take rows of as many reserved records, in any order; their columns of place are filled in."""
        place = {
            "source": pa.repeat(self._source, len(rows)),
            "offset": pa.array(offsets, pa.int64()),
            "event_seq": pa.array(sequence, pa.int64()),
        }
        columns = [place.get(name, column) for name, column in zip(_NAMES, rows.columns, strict=True)]
        self._tables.append(pa.Table.from_arrays(columns, schema=TABLE.schema))
        self._see_all(rows["event_time_us"])

    def quarantine(self, offset: int, reason: str, detail: str = "", length: int = 0) -> None:
        """Count one record that cannot be trusted; `detail` names no value."""
        self._quarantined.append(Quarantined(offset, reason, detail, length))
        self.records += 1
        self._sequence += 1

    def ignore(self, reason: str, count: int = 1) -> None:
        """Count records that are no events."""
        self._ignored[reason] += count
        self.records += count

    def batch(self, *, last: bool = False, notes: tuple[str, ...] = ()) -> Batch:
        """What was gathered since the last batch; the last one says when the trail was collected."""
        batch = Batch(
            TABLE.name,
            self._gathered(),
            self.records,
            self._accepted,
            tuple(self._quarantined),
            dict(self._ignored),
            self._last_plausible() if last else None,
            notes,
        )
        self._clear()
        return batch

    def _gathered(self) -> pa.Table:
        columns = [
            pa.array(values, kind)
            for values, kind in zip(
                zip(*self._rows, strict=True) if self._rows else repeat(()), TABLE.schema.types, strict=False
            )
        ]
        rows = pa.Table.from_arrays(columns, schema=TABLE.schema)
        if not self._tables:
            return rows
        rows = pa.concat_tables([*self._tables, *([rows] if len(rows) else [])]).combine_chunks()
        order = np.lexsort((rows["n"].to_numpy(), rows["event_seq"].to_numpy()))
        in_order = bool((order[1:] > order[:-1]).all())
        return rows if in_order else rows.take(pa.array(order))

    def _see_all(self, instants: pa.ChunkedArray) -> None:
        times = instants.drop_null().to_numpy()
        days, where, counts = np.unique(times // _DAY_US, return_inverse=True, return_counts=True)
        latest = np.full(len(days), np.iinfo(np.int64).min)
        np.maximum.at(latest, where, times)
        for day, count, last in zip(days.tolist(), counts.tolist(), latest.tolist(), strict=True):
            if _FIRST_DAY <= day <= _LAST_DAY:
                self._days[day] += count
                self._latest[day] = max(self._latest.get(day, last), last)

    def _see(self, instant: object) -> None:
        if isinstance(instant, int):
            day = instant // _DAY_US
            if _FIRST_DAY <= day <= _LAST_DAY:
                self._days[day] += 1
                self._latest[day] = max(self._latest.get(day, instant), instant)

    def _last_plausible(self) -> datetime | None:
        """The last event, leaving out a few far ahead of all others: clocks that ran wrong.

        Far is more than 31 days, few is less than one in a thousand events: our own choice.
        """
        days = sorted(self._days)
        if not days:
            return None
        events, after = self._days.total(), 0
        while len(days) > 1:
            after += self._days[days[-1]]
            if days[-1] - days[-2] <= _LONELY_DAYS or after * _LONELY_SHARE >= events:
                break
            days.pop()
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=self._latest[days[-1]])


def batches(
    events: Events,
    items: Iterable[Item],
    take: Callable[[Item], None],
    notes: Callable[[], tuple[str, ...]] = tuple,
) -> Iterator[Batch]:
    """Give each item to `take`, which tells `events` of it, and yield batches as they fill.

    When the compression breaks, what came before counts; EvidenceError is raised after it.
    """
    failure: EvidenceError | None = None
    try:
        for item in items:
            take(item)
            if events.full:
                yield events.batch()
    except EvidenceError as error:
        failure = error
    yield events.batch(last=True, notes=notes())
    if failure:
        raise failure


@dataclass(slots=True)
class Book:
    """What is kept while one log is read: its events, its mapping file, and how often something was seen.

    `zone` is that of times that name none.
    """

    events: Events
    origin: Origin
    zone: ZoneInfo
    seen: Counter[str] = field(default_factory=Counter)
    digests: Digests = field(default_factory=Digests)

    def add(self, offset: int, row: Row, written: str) -> None:
        """Take the row of one record; without an identifier it gets the digest of what is written."""
        if not row.get("event_id"):
            row = {**row, "event_id": self.digests.of(written, str(row.get("event_time_raw") or ""))}
        self.events.add(offset, (row,))

    @property
    def zoneless(self) -> str:
        """The note on times without zone; empty when there was none."""
        count = self.seen["zoneless"]
        return f"times without zone were read in {self.zone.key} ({count} of them)" if count else ""


def read_log(
    member: Member,
    context: Context,
    split: Callable[[IO[bytes]], Iterable[Item]],
    take: Callable[[Book, Item], None],
    notes: Callable[[Book], Iterable[str]] = lambda _book: (),
) -> Iterator[Batch]:
    """Batches of a log: each piece that `split` finds is given to `take`, which tells the book of it.

    Empty notes are left out. Raises EvidenceError when the mapping file is wrong or the compression breaks.
    """
    origin = read_origin(context.mapping, member.name)
    book = Book(Events(member.name), origin, origin.zone(context.zone))
    with member.open() as stream:
        yield from batches(
            book.events, split(stream), partial(take, book), lambda: tuple(filter(None, notes(book)))
        )


def read_lines(
    member: Member,
    context: Context,
    take: Callable[[Book, Line, str], None],
    notes: Callable[[Book], Iterable[str]] = lambda _book: (),
) -> Iterator[Batch]:
    """Batches of a log of which every line is a record; what is too long or blank is dealt with here.

    `take` is given each other line, and its text. Raises EvidenceError as `read_log`.
    """

    def take_line(book: Book, line: Line) -> None:
        if line.text is None:
            book.events.quarantine(line.offset, "too_large", "a line longer than any request", line.length)
        elif not line.text or line.text.isspace():
            book.events.ignore("blank_line")
        else:
            take(book, line, line.text)

    return read_log(member, context, log_lines, take_line, notes)
