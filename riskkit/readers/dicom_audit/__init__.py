"""DICOM audit messages (PS3.15 A.5) and their forerunner, RFC 3881: XML, bare or in syslog.

Four steps, apart from each other: `framing` finds messages in bytes, `parsing` turns a frame into a
message, `meaning` turns a message into rows, and `read` here keeps the books.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import repeat
from operator import itemgetter

import pyarrow as pa

from riskkit.declare import reader
from riskkit.errors import EvidenceError
from riskkit.model import Batch, Context, Member, Quarantined
from riskkit.readers.dicom_audit.envelope import Remainder
from riskkit.readers.dicom_audit.framing import START_TAG, Frame, scan, wide_encoding
from riskkit.readers.dicom_audit.meaning import read_event
from riskkit.readers.dicom_audit.parsing import Parser, UnreadableError
from riskkit.tables import TABLES

TABLE = TABLES["audit_events"]
BATCH_ROWS = 10_000

_IN_ORDER = itemgetter(*TABLE.schema.names)

_DAY_US = 86_400_000_000
_FIRST_DAY, _LAST_DAY = 7_305, 84_000  # 1990, before which there was no DICOM, to 2199
_LONELY_DAYS, _LONELY_SHARE = 31, 1000


def _recognize(head: bytes, _name: str) -> bool:
    codec = wide_encoding(head)
    if codec:
        head = head.decode(codec, "replace").encode()
    return START_TAG.search(head) is not None


@reader(
    id="dicom_audit",
    title="DICOM audit messages (PS3.15 A.5, RFC 3881), bare or in syslog",
    version=1,
    tables=("audit_events",),
    recognize=_recognize,
    offset_unit="byte",
)
def read(member: Member, context: Context) -> Iterator[Batch]:
    """One record per message, and per piece of the file that is none.

    `collected_at` stands in the last batch: the time of the last plausible event.
    """
    books = _Books(member.name)
    parser = Parser()
    failure: EvidenceError | None = None
    with member.open() as stream:
        try:
            for item in scan(stream):
                if isinstance(item, Frame):
                    books.add_frame(item, parser, context)
                else:
                    books.add_remainder(item)
                if books.full:
                    yield books.batch()
        except EvidenceError as error:  # the compression broke: what came before it counts
            failure = error
    yield books.batch(last=True)
    if failure:
        raise failure


class _Books:
    """Counts records and gathers rows until a batch is due."""

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
        self._quarantined: list[Quarantined] = []
        self._ignored: Counter[str] = Counter()

    @property
    def full(self) -> bool:
        return max(self.records, len(self._rows)) >= BATCH_ROWS

    def add_frame(self, frame: Frame, parser: Parser, context: Context) -> None:
        self.records += 1
        sequence = self._sequence
        self._sequence += 1
        try:
            message = parser.parse(frame)
            rows = list(read_event(message, frame.note, context.zone))
        except UnreadableError as error:
            self._quarantined.append(Quarantined(frame.offset, error.reason, error.detail, frame.length))
            return
        except KeyError as error:
            self._quarantined.append(
                Quarantined(frame.offset, "missing_required", str(error.args[0]), frame.length)
            )
            return
        self._accepted += 1
        event_id = hashlib.sha256(frame.body).hexdigest()
        for row in rows:
            row["event_id"], row["event_seq"] = event_id, sequence
            row["event_received_us"] = frame.received_us
            row["source"], row["offset"] = self._source, frame.offset
            self._rows.append(_IN_ORDER(row))
        self._see(rows[0]["event_time_us"])

    def add_remainder(self, remainder: Remainder) -> None:
        self.records += 1
        if remainder.ignored:
            self._ignored[remainder.reason] += 1
        else:
            self._quarantined.append(
                Quarantined(remainder.offset, remainder.reason, remainder.detail, remainder.length)
            )

    def batch(self, *, last: bool = False) -> Batch:
        columns = [
            pa.array(values, kind)
            for values, kind in zip(
                zip(*self._rows, strict=True) if self._rows else repeat(()), TABLE.schema.types, strict=False
            )
        ]
        batch = Batch(
            TABLE.name,
            pa.Table.from_arrays(columns, schema=TABLE.schema),
            self.records,
            self._accepted,
            tuple(self._quarantined),
            dict(self._ignored),
            self._last_plausible() if last else None,
        )
        self._clear()
        return batch

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
