"""Audit logs of Orthanc's authorization plugin, as its REST API gives them (`/auth/audit-logs`).

An array of objects with Timestamp, UserId, ResourceId, ResourceType and Action; newer versions add
SourcePlugin, and JsonLogData or Base64LogData, which are not kept. Names and shape are those of the
plugin's source (orthanc-databases a88a2776fea4, 7c0157bf749c, ca3d1f3a9412); its own documents call the
feature experimental. Actions have no closed vocabulary: their words decide. A resource is named by
Orthanc's own id, which is no StudyInstanceUID and no PatientID. How an action ended is not told.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import IO, Any
from zoneinfo import ZoneInfo

from riskkit.declare import reader
from riskkit.model import Batch, Context, Member
from riskkit.readers.action_words import ACTIONS, category_of
from riskkit.readers.events import Book, Row, read_log
from riskkit.readers.json_stream import Broken, Item, json_values
from riskkit.readers.text_log import as_json, harmless
from riskkit.readers.texts import has_keys
from riskkit.readers.times import read_time
from riskkit.words import count

_KEYS = ("Timestamp", "UserId", "ResourceId", "ResourceType", "Action")
# Orthanc writes its own times as 20261124T012433, without zone.
_COMPACT = re.compile(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(.*)", re.ASCII)
_UID = re.compile(r"[0-9](?:[0-9.]{0,62}[0-9])?", re.ASCII)


def _recognize(head: bytes, _name: str) -> bool:
    return head.lstrip().startswith(b"[") and has_keys(head, *_KEYS)


@reader(
    id="orthanc_audit_json",
    title="Audit logs of Orthanc's authorization plugin, JSON",
    version=2,
    tables=("audit_events",),
    recognize=_recognize,
    offset_unit="byte",
    mapped=True,
)
def read(member: Member, context: Context) -> Iterator[Batch]:
    """One record per object. A mapping file may name `source_system` and `timezone`.

    Raises EvidenceError when the mapping file is wrong.
    """
    return read_log(member, context, _values, _take, _notes)


def _values(stream: IO[bytes]) -> Iterator[Item]:
    return json_values(stream, arrays=frozenset(), expected=lambda value: isinstance(value, dict))


def _take(book: Book, item: Item) -> None:
    events = book.events
    if isinstance(item, Broken):
        events.quarantine(item.offset, item.reason, item.detail, item.length)
        return
    entry = item.value
    if not isinstance(entry, dict) or not all(name in entry for name in _KEYS):
        events.quarantine(item.offset, "missing_required", ", ".join(_KEYS), len(item.body))
        return
    row = _row(entry, book.zone)
    if row is None:
        events.quarantine(item.offset, "no_timestamp", "Timestamp is no time", len(item.body))
        return
    written = item.body.decode("utf-8", "replace")
    book.add(item.offset, {**row, "source_system": book.origin.source_system}, written)
    book.seen["unknown"] += row["event_category"] == "other"
    book.seen["zoneless"] += row["time_quality"] != "zoned"


def _notes(book: Book) -> Iterator[str]:
    if book.seen["unknown"]:
        yield f"{count(book.seen['unknown'], 'event')} whose action has no word that is known"
    yield book.zoneless


def _row(entry: Mapping[str, Any], zone: ZoneInfo) -> Row | None:
    written = _text(entry["Timestamp"]) or ""
    compact = _COMPACT.fullmatch(written)
    dashed = "{}-{}-{}T{}:{}:{}{}".format(*compact.groups()) if compact else written
    instant, quality = read_time(dashed, zone)
    if instant is None:
        return None
    action = _text(entry["Action"]) or ""
    category = category_of(action) or "other"
    level, resource = _text(entry["ResourceType"]), _text(entry["ResourceId"])
    uid = resource if resource and level in ("Study", "study") and _UID.fullmatch(resource) else None
    return {
        "event_time_us": instant,
        "event_time_raw": written,
        "time_quality": quality,
        "event_category": category,
        "event_action": ACTIONS.get(category, "E"),
        "event_outcome": "unknown",
        "event_reason": harmless(action),
        "user_id": _text(entry["UserId"]),
        "user_type": "unknown",
        "study_uid": uid,
        "break_glass": False,
        "entities": as_json({"level": level, "id": resource, "plugin": _text(entry.get("SourcePlugin"))}),
        "source_format": "orthanc_audit_json",
        "parse_status": "ok",
    }


def _text(value: object) -> str | None:
    return harmless(str(value).strip()) if isinstance(value, str | int) else None
