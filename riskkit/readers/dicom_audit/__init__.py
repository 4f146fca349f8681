"""DICOM audit messages (PS3.15 A.5) and their forerunner, RFC 3881: XML, bare or in syslog.

Four steps, apart from each other: `framing` finds messages in bytes, `parsing` turns a frame into a
message, `meaning` turns a message into rows, and `read` here keeps the books. Most messages of a file
are written alike and take a shorter way with the same end (`alike`).
"""

from __future__ import annotations

import gc
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import chain
from zoneinfo import ZoneInfo

from riskkit.declare import reader
from riskkit.errors import EvidenceError
from riskkit.model import Batch, Context, Member
from riskkit.readers.dicom_audit.alike import FEW, Alike, Careful
from riskkit.readers.dicom_audit.envelope import Remainder
from riskkit.readers.dicom_audit.framing import START_TAG, Frame, is_json_escaped, scan, wide_encoding
from riskkit.readers.dicom_audit.meaning import Row, read_event
from riskkit.readers.dicom_audit.parsing import Parser, UnreadableError
from riskkit.readers.events import BATCH_ROWS, Events, batches
from riskkit.readers.times import zoned_us

BLOCK_BYTES = 16 << 20

Item = Frame | Remainder


def _recognize(head: bytes, _name: str) -> bool:
    codec = wide_encoding(head)
    if codec:
        head = head.decode(codec, "replace").encode()
    return START_TAG.search(head) is not None or is_json_escaped(head)


@reader(
    id="dicom_audit",
    title="DICOM audit messages (PS3.15 A.5, RFC 3881), bare or in syslog",
    version=3,
    tables=("audit_events",),
    recognize=_recognize,
    offset_unit="byte",
)
def read(member: Member, context: Context) -> Iterator[Batch]:
    """One record per message, and per piece of the file that is none.

    `collected_at` stands in the last batch: the time of the last plausible event.
    """
    yield from read_messages(member, context)


def read_messages(member: Member, context: Context, few: int | None = FEW) -> Iterator[Batch]:
    """As `read`; `few` messages of a shape are worth a plan (`alike`), None parses each message."""
    events = Events(member.name)
    careful = partial(_parsed, Parser(), context.zone)
    alike = None if few is None else Alike(context.zone, partial(_rows_or_none, careful), few)
    with member.open() as stream:
        items = scan(stream)
        yield from batches(events, items, partial(_add_block, events, careful, alike, items))


def _add_block(
    events: Events, careful: Careful, alike: Alike | None, items: Iterator[Item], first: Item
) -> None:
    """Read some thousand items or some megabytes at a time, `first` and those that follow it.

    Raises EvidenceError when the compression breaks; what came before it counts.
    """
    failures: list[EvidenceError] = []
    with _no_collection():  # the block is gone when the collector looks again
        _add_items(events, careful, alike, list(_block(chain([first], items), failures)))
    if failures:
        raise failures[0]


def _block(items: Iterator[Item], failures: list[EvidenceError]) -> Iterator[Item]:
    size = 0
    try:
        for count, item in enumerate(items, 1):
            yield item
            size += item.length
            if count >= BATCH_ROWS or size >= BLOCK_BYTES:
                return
    except EvidenceError as error:
        failures.append(error)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Spare the cycle collector many small objects, none of which is part of a cycle."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _add_items(events: Events, careful: Careful, alike: Alike | None, block: list[Item]) -> None:
    frames = [item for item in block if isinstance(item, Frame)]
    numbers, rows = alike.read(frames) if alike else ([], None)
    read = set(numbers)
    sequence: dict[int, int] = {}
    number = -1
    for item in block:
        if isinstance(item, Remainder):
            if item.ignored:
                events.ignore(item.reason)
            else:
                events.quarantine(item.offset, item.reason, item.detail, item.length)
            continue
        number += 1
        if number in read:
            sequence[number] = events.reserve()
        else:
            _add_frame(events, item, careful)
    if numbers:
        events.add_rows(rows, [sequence[one] for one in numbers], [frames[one].offset for one in numbers])


def _add_frame(events: Events, frame: Frame, careful: Careful) -> None:
    try:
        rows = careful(frame)
    except UnreadableError as error:
        events.quarantine(frame.offset, error.reason, error.detail, frame.length)
    except KeyError as error:
        events.quarantine(frame.offset, "missing_required", str(error.args[0]), frame.length)
    else:
        events.add(frame.offset, rows)


def _parsed(parser: Parser, zone: ZoneInfo, frame: Frame) -> list[Row]:
    """The rows of one message, which is parsed. Raises UnreadableError and KeyError."""
    message = parser.parse(frame)
    rows = list(read_event(message, frame.note, zone))
    event_id, received = hashlib.sha256(frame.body).hexdigest(), zoned_us(frame.received)
    for row in rows:
        row["event_id"], row["event_received_us"] = event_id, received
    return rows


def _rows_or_none(careful: Careful, frame: Frame) -> list[Row]:
    try:
        return careful(frame)
    except (UnreadableError, KeyError):
        return []
