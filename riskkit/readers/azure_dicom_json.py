"""Audit logs of the Azure DICOM service, in both of its schemas: as streamed, and of Log Analytics.

https://learn.microsoft.com/azure/healthcare-apis/dicom/enable-diagnostic-logging and
https://learn.microsoft.com/azure/azure-monitor/reference/tables/AHDSDicomAuditLogs
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from riskkit.declare import reader
from riskkit.model import Batch, Context, Member
from riskkit.readers import dicomweb_uri
from riskkit.readers.documents import DECODER, DocumentError
from riskkit.readers.events import Events, batches
from riskkit.readers.json_events import Json, Operations, take_record, text_of, with_end
from riskkit.readers.json_stream import Found, Item, json_values
from riskkit.readers.text_log import as_json, ip_of
from riskkit.readers.times import read_time

_KEYS = re.compile(
    rb'(?i)"correlationid".*?"(?:operationname|resulttype|uri)"|"operationname".*?"correlationid"', re.DOTALL
)
_METHOD = re.compile(r"(?:^|/)(GET|HEAD|POST|PUT|PATCH|DELETE)$", re.IGNORECASE)
_WORDS = (
    ("workitem", "procedure"), ("extendedquerytag", "config"), ("export", "export"), ("delete", "delete"),
    ("store", "import"), ("retrieve", "read"), ("query", "query"), ("search", "query"),
    ("changefeed", "query"), ("update", "update"),
)  # fmt: skip
_ACCEPTED = 202


def _recognize(head: bytes, _name: str) -> bool:
    return b"AuditLogs" in head and b"dicom" in head.lower() and _KEYS.search(head) is not None


@reader(
    id="azure_dicom_json",
    title="Azure DICOM service: audit logs, streamed or from Log Analytics",
    version=1,
    tables=("audit_events",),
    recognize=_recognize,
    offset_unit="byte",
)
def read(member: Member, context: Context) -> Iterator[Batch]:
    """One record per log entry; Started and its Succeeded or Failed are one event.

    A Started alone is an event of unknown outcome.
    """
    events = Events(member.name)
    operations = Operations(events)

    def add(entry: Json, found: Found) -> str | None:
        told = {key.lower().lstrip("_"): value for key, value in entry.items()}
        properties = told.get("properties")
        if isinstance(properties, dict):
            told = {**{key.lower(): value for key, value in properties.items()}, **told}
        if told.get("category", "AuditLogs") != "AuditLogs":
            return "other_category"
        row = _row(told, found, context)
        if row["correlation_id"] is None:
            events.add(found.offset, [row])
            return None
        key = (row["correlation_id"], row["event_code"])
        ended = (text_of(told.get("resulttype")) or "").casefold() != "started"
        return operations.take(key, found.offset, row, ended=ended)

    def take(item: Item | None) -> None:
        if item is None:
            operations.close()
        else:
            take_record(events, item, add)

    with member.open() as stream:
        values = json_values(stream, arrays=frozenset({"records", "value"}), expected=_expected)
        yield from batches(events, with_end(values), take)


def _expected(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    keys = {key.lower() for key in value}
    return "operationname" in keys and not keys.isdisjoint({"time", "timegenerated"})


def _row(told: Json, found: Found, context: Context) -> dict[str, object]:
    operation = text_of(told["operationname"]) or ""
    written = text_of(told.get("time")) or text_of(told.get("timegenerated")) or ""
    instant, quality = read_time(written, context.zone)
    uri = text_of(told.get("uri")) or text_of(told.get("requesturi")) or ""
    request = _request(operation, uri)
    status = _status(told.get("resultsignature", told.get("statuscode")))
    outcome, severity = _outcome((text_of(told.get("resulttype")) or "").casefold(), status)
    address = text_of(told.get("calleripaddress"))
    resource = text_of(told.get("resourceid"))
    notes = [] if instant is not None else ["time is no time"]
    return {
        "event_time_us": instant,
        "event_time_raw": written or None,
        "time_quality": quality,
        "event_id": hashlib.sha256(found.body).hexdigest(),
        "event_code": operation or None,
        "event_category": request.category,
        "event_action": request.action,
        "event_outcome": outcome,
        "event_severity": severity,
        "event_reason": f"HTTP {status}" if status and outcome != "success" else None,
        "source_ip": ip_of(address),
        "source_host": None if ip_of(address) else address,
        "source_system": (resource or "").rstrip("/").rpartition("/")[2] or "Azure DICOM service",
        "source_site": text_of(told.get("location")),
        "patient_id": request.patient_id,
        "study_uid": request.study_uid,
        "accession": request.accession,
        "correlation_id": text_of(told.get("correlationid")),
        "break_glass": False,
        "entities": as_json({"id": resource, "series": request.series_uid, "instance": request.instance_uid}),
        "source_format": "azure_dicom_json/" + ("streamed" if "time" in told else "log_analytics"),
        "parse_status": "partial" if instant is None or outcome == "unknown" else "ok",
        "parse_notes": "; ".join(notes) or None,
        **_who(told.get("identity"), status),
    }


def _request(operation: str, uri: str) -> dicomweb_uri.Request:
    """What was asked, by the URI, else by the name of the operation."""
    method = _METHOD.search(operation)
    words = operation.replace("-", "").replace(" ", "").casefold()
    named = next((category for word, category in _WORDS if word in words), None)
    verb = method[1].upper() if method else _VERB.get(named or "", "GET")
    found = dicomweb_uri.decode(verb, uri)
    if found:
        return found
    category = named or "other"
    return dicomweb_uri.Request(category, dicomweb_uri.ACTIONS.get(category, "E"))


_VERB: Mapping[str, str] = {"import": "POST", "export": "POST", "delete": "DELETE", "update": "POST"}


def _status(value: object) -> int | None:
    """An HTTP status, as a number or in text."""
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return int(text) if re.fullmatch(r"[1-5]\d\d", text, re.ASCII) else None


def _outcome(result: str, status: int | None) -> tuple[str, int | None]:
    """By the result; 202 means that a part failed (PS3.18), and this service means what it answers."""
    if result == "failed":
        return "failure", dicomweb_uri.outcome(status or 500, "")[1] or 8
    if result != "succeeded":
        return "unknown", None
    if status is None:
        return "success", 0
    return ("unknown", None) if status == _ACCEPTED else dicomweb_uri.outcome(status, "")


def _who(identity: Any, status: int | None) -> dict[str, object]:
    """Who, by the claims of the token; Log Analytics writes them as text."""
    if isinstance(identity, str):
        try:
            identity = DECODER.decode(identity)
        except (json.JSONDecodeError, DocumentError, RecursionError):
            identity = {"claims": {"oid": identity}} if identity.strip() else {}
    claims = (identity or {}).get("claims", identity) or {}
    claims = {key.rpartition("/")[2].lower(): text_of(value) for key, value in claims.items()}
    name = claims.get("upn") or claims.get("preferred_username") or claims.get("email")
    user = (
        claims.get("oid")
        or claims.get("objectidentifier")
        or name
        or claims.get("sub")
        or claims.get("appid")
    )
    kind = "unknown"
    if claims.get("idtyp") == "app" or (claims.get("appid") and not (name or claims.get("scp"))):
        kind = "application"
    elif name or claims.get("idtyp") == "user" or claims.get("scp"):
        kind = "person"
    return {
        "user_id": user,
        "user_name": claims.get("name") or name,
        "user_type": kind,
        "user_role": claims.get("roles"),
        "user_authenticated": False if status == 401 else None,  # noqa: PLR2004 - RFC 9110 section 15.5.2
        "agents": as_json({"id": user, "issuer": claims.get("iss"), "application": claims.get("appid")}),
    }
