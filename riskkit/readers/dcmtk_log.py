"""Logs of DCMTK's programs (storescp, dcmqrscp, findscu ...) and of others that write like them.

As they come, the lines have no time and name no peer: requests in them are counted and quarantined as
`no_timestamp`. With a log4cplus pattern that begins with date and time (`--log-config`) they are events,
of which still nobody is named.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from riskkit.declare import reader
from riskkit.model import Batch, Context, Member
from riskkit.readers.events import Book, Row, read_lines
from riskkit.readers.text_log import Line, harmless
from riskkit.readers.times import read_time

_TIME = r"(\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d{1,6})?(?:Z|[+-]\d\d:?\d\d)?)"
_LEVEL = r"(?:FATAL|ERROR|WARN|INFO|DEBUG|TRACE|[FEWIDT])"
_LINE = re.compile(rf"(?:{_TIME}\s{{1,9}}(?:\S{{1,40}}\s{{1,9}})?)?{_LEVEL}: ?(.*)")
_HEAD = re.compile(
    rf"(?:{_TIME}\s{{1,9}}(?:\S{{1,40}}\s{{1,9}})?)?{_LEVEL}: ?"
    r"(?:Association (?:Received|Acknowledged|Accepted|Rejected|Release|Request)|Requesting Association|"
    r"(?:Received|Sending) (?:Echo|Store|Find|Move|Get) )"
)
_LOOKED_AT = 50
_REQUEST = re.compile(r"(Received|Sending) (Store|Find|Move|Get) (?:SCP|SCU|RQ|Request)\b.*")
_REJECTED = re.compile(r"(?:Association Rejected|Refusing Association)\b:?\s*(.*)")

_KINDS = {
    ("Received", "Store"): ("import", "C", "110104"),
    ("Received", "Find"): ("query", "E", "110112"),
    ("Received", "Move"): ("transfer", "R", "110104"),
    ("Received", "Get"): ("transfer", "R", "110104"),
    ("Sending", "Store"): ("transfer", "R", "110104"),
    ("Sending", "Find"): ("query", "E", "110112"),
    ("Sending", "Move"): ("import", "C", "110104"),
    ("Sending", "Get"): ("import", "C", "110104"),
}


def _recognize(head: bytes, _name: str) -> bool:
    lines = head.decode(errors="backslashreplace").split("\n")[:_LOOKED_AT]
    return any(_HEAD.match(line) for line in lines)


@reader(
    id="dcmtk_log",
    title="Logs of DCMTK's programs",
    version=2,
    tables=("audit_events",),
    recognize=_recognize,
    offset_unit="byte",
    mapped=True,
)
def read(member: Member, context: Context) -> Iterator[Batch]:
    """One record per line; lines that tell of no request are ignored.

    Raises EvidenceError when the mapping file is wrong.
    """
    return read_lines(member, context, _take, _notes)


def _take(book: Book, line: Line, text: str) -> None:
    found = _LINE.fullmatch(text)
    what = _event(found[2]) if found else None
    if not found or not what:
        book.events.ignore("other_log_line")
        return
    instant, quality = read_time(found[1] or "", book.zone)
    if instant is None:
        book.seen["timeless"] += 1
        book.events.quarantine(line.offset, "no_timestamp", "the line has no time", line.length)
        return
    row = {
        **what,
        "event_time_us": instant,
        "event_time_raw": found[1],
        "time_quality": quality,
        "user_type": "application",
        "source_system": book.origin.source_system,
        "break_glass": False,
        "source_format": "dcmtk_log",
        "parse_status": "ok",
    }
    book.add(line.offset, row, text)


def _notes(book: Book) -> Iterator[str]:
    if book.seen["timeless"]:
        yield "DCMTK logs time only with a pattern of its own (--log-config)"


def _event(message: str) -> Row | None:
    found = _REQUEST.fullmatch(message)
    if found:
        category, action, code = _KINDS[found[1], found[2]]
        return {
            "event_code": code,
            "event_category": category,
            "event_action": action,
            "event_outcome": "unknown",
        }
    rejected = _REJECTED.fullmatch(message)
    if rejected:
        return {
            "event_code": "110113",
            "event_subcode": "110126",
            "event_category": "security_alert",
            "event_action": "E",
            "event_outcome": "failure",
            "event_severity": 4,
            "event_reason": harmless(f"association rejected {rejected[1]}".strip()),
            "user_authenticated": False,
        }
    return None
