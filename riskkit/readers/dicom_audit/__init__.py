"""DICOM audit messages (PS3.15 A.5) and their forerunner, RFC 3881: XML, bare or in syslog.

Four steps, apart from each other: `framing` finds messages in bytes, `parsing` turns a frame into a
message, `meaning` turns a message into rows, and `read` here keeps the books.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from riskkit.declare import reader
from riskkit.model import Batch, Context, Member
from riskkit.readers.dicom_audit.envelope import Remainder
from riskkit.readers.dicom_audit.framing import START_TAG, Frame, scan, wide_encoding
from riskkit.readers.dicom_audit.meaning import read_event
from riskkit.readers.dicom_audit.parsing import Parser, UnreadableError
from riskkit.readers.events import Events, batches


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
    events = Events(member.name)
    parser = Parser()

    def take(item: Frame | Remainder) -> None:
        if isinstance(item, Frame):
            _add_frame(events, item, parser, context)
        elif item.ignored:
            events.ignore(item.reason)
        else:
            events.quarantine(item.offset, item.reason, item.detail, item.length)

    with member.open() as stream:
        yield from batches(events, scan(stream), take)


def _add_frame(events: Events, frame: Frame, parser: Parser, context: Context) -> None:
    try:
        message = parser.parse(frame)
        rows = list(read_event(message, frame.note, context.zone))
    except UnreadableError as error:
        events.quarantine(frame.offset, error.reason, error.detail, frame.length)
        return
    except KeyError as error:
        events.quarantine(frame.offset, "missing_required", str(error.args[0]), frame.length)
        return
    event_id = hashlib.sha256(frame.body).hexdigest()
    for row in rows:
        row["event_id"], row["event_received_us"] = event_id, frame.received_us
    events.add(frame.offset, rows)
