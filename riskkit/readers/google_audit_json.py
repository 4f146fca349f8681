"""Google Cloud audit logs, those of the Cloud Healthcare API first: arrays or lines of LogEntry.

https://cloud.google.com/logging/docs/reference/audit/auditlog/rest/Shared.Types/AuditLog
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from riskkit.declare import reader
from riskkit.model import Batch, Context, Member
from riskkit.readers import dicomweb_uri
from riskkit.readers.events import Events, batches
from riskkit.readers.json_events import Json, Operations, take_record, text_of, with_end
from riskkit.readers.json_stream import Found, Item, json_values
from riskkit.readers.text_log import as_json, ip_of
from riskkit.readers.times import read_time

HEALTHCARE = "healthcare.googleapis.com"

_VERBS = (
    ("Retrieve", "read"), ("Read", "read"), ("Get", "read"), ("Search", "query"), ("List", "query"),
    ("Store", "import"), ("Import", "import"), ("Ingest", "import"), ("Export", "export"),
    ("Deidentify", "create"), ("Create", "create"), ("Update", "update"), ("Patch", "update"),
    ("Delete", "delete"), ("Rollback", "update"),
)  # fmt: skip
_ADMINISTERED = re.compile(
    r"(?:Store|Stores|Dataset|Datasets|IamPolicy|IamPermissions|Operation|Operations)$"
)
_REFUSED = frozenset({3, 5, 6, 7, 8, 9, 11, 16})  # of google.rpc.Code: what the caller did wrong
_UNAUTHENTICATED = "16"
_LOG = re.compile(r"cloudaudit\.googleapis\.com(?:%2F|/)([a-z_]{1,32})$", re.IGNORECASE)
_PATH = re.compile(r"dicomWeb/(.+)")


def _recognize(head: bytes, _name: str) -> bool:
    return b'"protoPayload"' in head and (b"google.cloud.audit.AuditLog" in head or b'"methodName"' in head)


@reader(
    id="google_audit_json",
    title="Google Cloud audit logs (Cloud Healthcare API)",
    version=2,
    tables=("audit_events",),
    recognize=_recognize,
    offset_unit="byte",
)
def read(member: Member, context: Context) -> Iterator[Batch]:
    """One record per log entry; the two entries of a long-running operation are one event."""
    events = Events(member.name)
    operations = Operations(events)

    def add(entry: Json, found: Found) -> str | None:
        if "protoPayload" not in entry:
            return "other_log_entry"
        row = _row(entry, context)
        operation = entry.get("operation") or {}
        key, first, last = operation.get("id"), operation.get("first"), operation.get("last")
        if isinstance(key, str) and (first is True) != (last is True):
            return operations.take(key, found.offset, row, ended=last is True)
        events.add(found.offset, [row])
        return None

    def take(item: Item | None) -> None:
        if item is None:
            operations.close()
        else:
            take_record(events, item, add)

    with member.open() as stream:
        values = json_values(stream, arrays=frozenset({"entries"}), expected=_expected)
        yield from batches(events, with_end(values), take)


def _expected(value: Any) -> bool:
    return isinstance(value, dict) and ("protoPayload" in value or "insertId" in value)


def _row(entry: Json, context: Context) -> dict[str, object]:
    payload = entry["protoPayload"]
    method = text_of(payload["methodName"]) or ""
    service = text_of(payload.get("serviceName"))
    written = text_of(entry.get("timestamp")) or ""
    instant, quality = read_time(written, context.zone)
    granted = payload.get("authorizationInfo") or ()
    category = _category(service, method, granted)
    outcome, severity, code = _outcome(payload.get("status") or {}, granted)
    caller = payload.get("requestMetadata") or {}
    address = text_of(caller.get("callerIp"))
    resource, operation = text_of(payload.get("resourceName")) or "", entry.get("operation") or {}
    labels = (entry.get("resource") or {}).get("labels") or {}
    return {
        "event_time_us": instant,
        "event_time_raw": written or None,
        "time_quality": quality,
        "event_id": text_of(entry.get("insertId")),
        "event_code": method.rpartition(".")[2] or None,
        "event_subcode": method or None,
        "event_category": category,
        "event_action": dicomweb_uri.ACTIONS.get(category, "E"),
        "event_outcome": outcome,
        "event_severity": severity,
        "event_reason": code,
        "source_ip": ip_of(address),
        "source_host": None if ip_of(address) else address,
        "source_system": service,
        "source_site": text_of(labels.get("project_id")),
        "correlation_id": text_of(operation.get("id")) or text_of(entry.get("trace")),
        "break_glass": False,
        "entities": as_json({"id": resource.partition("/dicomWeb")[0], "log": text_of(entry.get("logName"))}),
        "source_format": f"google_audit_json/{_log(text_of(entry.get('logName')), granted)}",
        "parse_status": "partial" if instant is None or not method else "ok",
        "parse_notes": None if instant is not None else "timestamp is no time",
        **_who(
            payload.get("authenticationInfo") or {},
            caller,
            code == _UNAUTHENTICATED,
        ),
        **_whose(resource, payload.get("request")),
    }


def _log(name: str | None, granted: Any) -> str:
    """The log that holds the entry, such as `activity` or `data_access`."""
    if name and (found := _LOG.search(name)):
        return found[1]
    data = any((text_of(one.get("permissionType")) or "").startswith("DATA_") for one in granted)
    return "data_access" if data else "activity"


def _category(service: str | None, method: str, granted: Any) -> str:
    name = method.rpartition(".")[2]
    if service != HEALTHCARE:
        writes = any(one.get("permissionType") == "ADMIN_WRITE" for one in granted)
        return "config" if writes or name.startswith(("Set", "Create", "Update", "Delete")) else "other"
    verb = next((category for verb, category in _VERBS if name.startswith(verb)), "other")
    if _ADMINISTERED.search(name) and not name.startswith(("Import", "Export", "Deidentify", "Rollback")):
        if name.startswith("Delete") and not name.endswith("Operation"):
            return "delete"
        return "other" if verb in ("read", "query") or name.startswith("Test") else "config"
    return verb


def _outcome(status: Json, granted: Any) -> tuple[str, int, str | None]:
    code = status.get("code") or 0
    if code:
        return "failure", 4 if code in _REFUSED else 8, str(code)[:16]
    if any(one.get("granted") is False for one in granted):
        return "failure", 4, "not granted"
    return "success", 0, None


def _who(identity: Json, caller: Json, unauthenticated: bool) -> dict[str, object]:
    user = text_of(identity.get("principalEmail")) or text_of(identity.get("principalSubject"))
    kind = "unknown"
    if user:
        kind = "application" if user.endswith("gserviceaccount.com") or ":" in user else "person"
    return {
        "user_id": user,
        "user_type": kind,
        "user_authenticated": False if unauthenticated else None,
        "agents": as_json(
            {
                "id": user,
                "key": text_of(identity.get("serviceAccountKeyName")),
                "application": text_of(caller.get("callerSuppliedUserAgent")),
            }
        ),
    }


def _whose(resource: str, request: Any) -> Mapping[str, object]:
    """Study and patient of a DICOMweb path, in the resource's name or in the request."""
    path = _PATH.search(resource)
    paths = [path[1]] if path else []
    if isinstance(request, dict):
        paths += filter(None, (text_of(request.get("dicomWebPath")), text_of(request.get("dicom_web_path"))))
    found = list(filter(None, (dicomweb_uri.decode("GET", one) for one in paths)))
    return {
        "study_uid": next((one.study_uid for one in found if one.study_uid), None),
        "patient_id": next((one.patient_id for one in found if one.patient_id), None),
        "accession": next((one.accession for one in found if one.accession), None),
    }
