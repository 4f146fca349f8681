"""Access logs of nginx and Apache in front of an archive: DICOMweb, WADO-URI and Orthanc requests.

Every line is a record. A request that asks the archive for something is an event of what it asks for; a
file of the viewer's own pages (script, style, picture) is ignored with a reason unless access was
refused; every other request is an event of category `other`. A refused password is an event of category
`authentication`, since a web server writes no other trace of it.

Who asked is what the client claimed: a web server writes the name of a Basic header even when the
password is wrong, and when none is asked for. So `user_authenticated` is false on 401 and 403 and unknown
otherwise. Addresses that a client says it was forwarded for stand in `agents` and never in `source_ip`.
Queries may name patients: of them only ids are kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from riskkit.declare import reader
from riskkit.model import Batch, Context, Member
from riskkit.readers.access_log.hits import Hit, NoHitError, is_access_json, read_json, read_line
from riskkit.readers.action_words import CODES
from riskkit.readers.dicomweb_uri import decode, outcome
from riskkit.readers.events import Book, Row, read_lines
from riskkit.readers.origin import Origin
from riskkit.readers.text_log import Line, as_json, harmless, ip_of

_REFUSED = (401, 403)
_CLIENT_LEFT = 499  # nginx: the client closed the connection; how much it had got is not told
_LOOKED_AT = 10

_REQUEST = re.compile(r"([A-Za-z]{1,20}) (\S.*?)(?: (HTTP/\d(?:\.\d)?))?", re.DOTALL)
_STATIC = re.compile(
    r"[^?#]*\.(?:js|mjs|css|map|png|gif|jpe?g|svg|ico|webp|woff2?|ttf|wasm|webmanifest)(?:[?#].*)?",
    re.IGNORECASE | re.DOTALL,
)


def _recognize(head: bytes, _name: str) -> bool:
    lines = head.decode(errors="backslashreplace").split("\n")
    if len(lines) > 1:
        lines.pop()  # may be cut
    return any(_fits(line.rstrip("\r")) for line in [one for one in lines if one.strip()][:_LOOKED_AT])


def _fits(line: str) -> bool:
    if line.startswith("{"):
        return is_access_json(line)
    try:
        read_line(line)
    except NoHitError:
        return False
    return True


@reader(
    id="access_log",
    title="Access logs of nginx and Apache, common, combined or JSON",
    version=2,
    tables=("audit_events",),
    recognize=_recognize,
    offset_unit="byte",
    mapped=True,
)
def read(member: Member, context: Context) -> Iterator[Batch]:
    """One record per line. A mapping file may name `source_system` and `timezone`.

    Raises EvidenceError when the mapping file is wrong.
    """
    return read_lines(member, context, _take, _notes)


def _take(book: Book, line: Line, text: str) -> None:
    try:
        hit = read_json(text, book.zone) if text.startswith("{") else read_line(text)
    except NoHitError as error:
        book.events.quarantine(line.offset, error.reason, error.detail, line.length)
        return
    row = _row(hit, line.utf8, book.origin)
    if row is None:
        book.events.ignore("static_file")
        return
    book.add(line.offset, row, text)
    book.seen["rows"] += 1
    book.seen["named"] += row["user_id"] is not None
    book.seen["zoneless"] += hit.time_quality != "zoned"


def _notes(book: Book) -> Iterator[str]:
    if book.seen["rows"] and not book.seen["named"]:
        yield "no request names a user: the log of the log-in service tells who asked"
    yield book.zoneless


def _row(hit: Hit, utf8: bool, origin: Origin) -> Row | None:
    """The row of a request; None when it is one for a file of the viewer's own."""
    parts = _REQUEST.fullmatch(hit.request)
    method, target = (parts[1].upper(), parts[2]) if parts else ("", "")
    asked = decode(method, target) if parts else None
    refused = hit.status in _REFUSED
    user = harmless(hit.user if hit.user not in ("-", "") else None)
    if asked is None and not refused and method in ("GET", "HEAD") and _STATIC.fullmatch(target):
        return None
    category, action = (asked.category, asked.action) if asked else ("other", "E")
    if user and hit.status == _REFUSED[0]:
        category, action = "authentication", "E"
    result, severity = ("unknown", None) if hit.status == _CLIENT_LEFT else outcome(hit.status, category)
    ip = ip_of(hit.address)
    repaired = hit.repaired if utf8 else ""  # a byte that is no text looks like such an escape
    notes = [
        *([] if utf8 else ["bytes that are not UTF-8"]),
        *([] if parts else ["no HTTP request line"]),
        *([f"mended: {repaired}"] if repaired else []),
    ]
    return {
        "event_time_us": hit.time_us,
        "event_time_raw": harmless(hit.time_raw),
        "time_quality": hit.time_quality,
        "event_id": harmless(hit.request_id),
        "event_code": CODES.get(category),
        "event_category": category,
        "event_action": action,
        "event_outcome": result,
        "event_severity": severity,
        "event_reason": f"HTTP {hit.status}",
        "user_id": user,
        "user_type": "unknown",
        "user_authenticated": False if user and refused else None,
        "source_ip": ip,
        "source_host": None if ip or hit.address == "-" else harmless(hit.address),
        "source_system": origin.source_system or harmless(hit.server),
        "patient_id": harmless(asked.patient_id) if asked else None,
        "study_uid": asked.study_uid if asked else None,
        "accession": harmless(asked.accession) if asked else None,
        "break_glass": False,
        "correlation_id": harmless(hit.request_id),
        "agents": _agents(hit.forwarded, hit.agent),
        "entities": as_json(
            {
                "method": method,
                "path": harmless(target.partition("?")[0]),
                "series_uid": asked.series_uid if asked else None,
                "instance_uid": asked.instance_uid if asked else None,
                "query_length": len(target.partition("?")[2]),
                "bytes": hit.sent,
            }
        ),
        "source_format": f"access_log/{hit.form}",
        "parse_status": "repaired" if repaired else "ok" if parts and utf8 else "partial",
        "parse_notes": "; ".join(notes) or None,
    }


@lru_cache(maxsize=4096)
def _agents(forwarded: str, agent: str) -> str | None:
    """What a client says of itself, the same with each of its requests."""
    return as_json({"forwarded_for": harmless(forwarded), "user_agent": harmless(agent)})
