"""AWS CloudTrail, AWS HealthImaging among the services: log files, event history, and data lake exports.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from riskkit.declare import reader
from riskkit.model import Batch, Context, Member
from riskkit.readers import dicomweb_uri
from riskkit.readers.events import Events, batches
from riskkit.readers.json_events import Json, take_record, text_of
from riskkit.readers.json_stream import Found, Item, json_values
from riskkit.readers.text_log import as_json, ip_of
from riskkit.readers.times import read_time

_KEYS = (b'"eventSource"', b'"eventName"', b'"eventTime"', b'"userIdentity"')

IMAGING = "medical-imaging.amazonaws.com"

# Actions of AWS HealthImaging; of other names the verb decides.
_IMAGING: Mapping[str, str] = {
    "GetDatastore": "other", "GetDICOMImportJob": "other", "ListDatastores": "other",
    "ListDICOMImportJobs": "other", "ListTagsForResource": "other",
    "CreateDatastore": "config", "DeleteDatastore": "delete", "TagResource": "config",
    "UntagResource": "config",
    "StartDICOMImportJob": "import", "CopyImageSet": "create",
}  # fmt: skip
_VERBS = (
    ("Get", "read"), ("Search", "query"), ("List", "query"), ("Store", "import"), ("Update", "update"),
    ("Delete", "delete"), ("Create", "create"), ("Copy", "create"),
)  # fmt: skip

# Actions of other services that matter to a trail; PS3.16 has codes for the recording itself.
_OTHERS: Mapping[str, tuple[str, str | None]] = {
    "ConsoleLogin": ("authentication", "110122"), "GetSigninToken": ("authentication", None),
    "AssumeRole": ("authentication", None), "AssumeRoleWithSAML": ("authentication", None),
    "AssumeRoleWithWebIdentity": ("authentication", None), "GetSessionToken": ("authentication", None),
    "StopLogging": ("config", "110133"), "DeleteTrail": ("config", "110133"),
    "StartLogging": ("config", "110134"),
    "LookupEvents": ("audit_log_used", None), "GetQueryResults": ("audit_log_used", None),
}  # fmt: skip

_REFUSED = re.compile(
    r"(?i)denied|unauthori[sz]ed|client|notfound|validation|throttl|invalid|conflict|expired"
)
_PEOPLE = frozenset({"IAMUser", "Root", "SAMLUser", "FederatedUser", "WebIdentityUser", "IdentityCenterUser"})
_KIND = re.compile(r"[A-Za-z]{1,32}")
_UID = re.compile(r"[0-9][0-9.]{0,63}", re.ASCII)


def _recognize(head: bytes, _name: str) -> bool:
    return all(key in head for key in _KEYS)


@reader(
    id="cloudtrail_json",
    title="AWS CloudTrail, AWS HealthImaging included",
    version=2,
    tables=("audit_events",),
    recognize=_recognize,
    offset_unit="byte",
)
def read(member: Member, context: Context) -> Iterator[Batch]:
    """One record per event; `source_system` is the service that recorded it."""
    events = Events(member.name)

    def add(event: Json, found: Found) -> None:
        events.add(found.offset, [_row(event, context)])

    def take(item: Item) -> None:
        take_record(events, item, add)

    with member.open() as stream:
        values = json_values(stream, arrays=frozenset({"Records"}), expected=_expected)
        yield from batches(events, values, take)


def _expected(value: Any) -> bool:
    return isinstance(value, dict) and "eventName" in value and "eventTime" in value


def _row(event: Json, context: Context) -> dict[str, object]:
    name, service = text_of(event["eventName"]), text_of(event.get("eventSource"))
    written = text_of(event["eventTime"]) or ""
    instant, quality = read_time(written, context.zone)
    category, subcode = _category(service, name or "", event)
    outcome, severity = _outcome(event)
    asked = event.get("requestParameters") or {}
    address = text_of(event.get("sourceIPAddress"))
    notes = [] if instant is not None else ["eventTime is no time"]
    row: dict[str, object] = {
        "event_time_us": instant,
        "event_time_raw": written or None,
        "time_quality": quality,
        "event_id": text_of(event.get("eventID")),
        "event_code": name,
        "event_subcode": subcode or text_of(event.get("eventType")),
        "event_category": category,
        "event_action": dicomweb_uri.ACTIONS.get(category, "E"),
        "event_outcome": outcome,
        "event_severity": severity,
        "event_reason": text_of(event.get("errorCode")),
        "source_ip": ip_of(address),
        "source_host": None if ip_of(address) else address,
        "source_system": service,
        "source_site": text_of(event.get("awsRegion")),
        "correlation_id": text_of(event.get("sharedEventID")) or text_of(event.get("requestID")),
        "break_glass": False,
        "entities": as_json({key: text_of(asked.get(key)) for key in _THINGS}),
        "source_format": f"cloudtrail_json/{_log(event, name or '')}",
        "parse_status": "partial" if instant is None or not name else "ok",
        "parse_notes": "; ".join(notes) or None,
        **_who(event.get("userIdentity") or {}, event),
        **_whose(asked),
    }
    if category == "authentication":
        row["user_authenticated"] = outcome == "success"
    return row


# Recorded as data events by AWS HealthImaging: GetImageFrame and all of DICOMweb.
_DATA = re.compile(r"ImageFrame|^(?:Get|Search|Store)DICOM(?!Import)")


def _log(event: Json, name: str) -> str:
    """The kind of events among which it stands, such as `data`; by its name where the event does not say."""
    said = text_of(event.get("eventCategory"))
    if said and _KIND.fullmatch(said):
        return said.lower()
    managed = event.get("managementEvent")
    if managed is None:
        managed = not _DATA.search(name)
    return "management" if managed not in (False, "false") else "data"


_THINGS = ("datastoreId", "imageSetId", "jobId", "bucketName")


def _category(service: str | None, name: str, event: Json) -> tuple[str, str | None]:
    if service == IMAGING:
        verb = next((category for verb, category in _VERBS if name.startswith(verb)), "other")
        return _IMAGING.get(name, verb), None
    if name in _OTHERS:
        return _OTHERS[name]
    changes = event.get("readOnly") in (False, "false") and event.get("managementEvent") is not False
    return ("config" if changes else "other"), None


def _outcome(event: Json) -> tuple[str, int]:
    """An error is a failure, minor when the caller was refused or wrong; a console log-in says it aside."""
    error = text_of(event.get("errorCode"))
    if error:
        return "failure", 4 if _REFUSED.search(error) else 8
    answer = event.get("responseElements")
    if isinstance(answer, dict) and answer.get("ConsoleLogin") == "Failure":
        return "failure", 4
    return "success", 0


def _who(identity: Json, event: Json) -> dict[str, object]:
    """The user's name; of an assumed role that of its session, which single sign-on sets to the person."""
    kind, arn = text_of(identity.get("type")) or "", text_of(identity.get("arn")) or ""
    session = identity.get("sessionContext") or {}
    issuer = session.get("sessionIssuer") or {}
    name = text_of(identity.get("userName"))
    principal = text_of(identity.get("principalId")) or ""
    service = text_of(identity.get("invokedBy"))
    user = name or arn.rpartition("/")[2] or principal.rpartition(":")[2] or service
    if kind == "Root":
        user = "root"
    if kind in _PEOPLE or (kind == "AssumedRole" and user and "@" in user):
        user_type = "person"
    else:
        user_type = "application" if kind == "AWSService" or service else "unknown"
    mfa = (session.get("attributes") or {}).get("mfaAuthenticated")
    extra = event.get("additionalEventData")
    if mfa is None and isinstance(extra, dict):
        mfa = extra.get("MFAUsed")
    return {
        "user_id": user or None,
        "user_name": name,
        "user_type": user_type,
        "user_role": text_of(issuer.get("userName")),
        "agents": as_json(
            {
                "id": arn or principal,
                "type": kind,
                "account": text_of(identity.get("accountId")),
                "role": text_of(issuer.get("arn")),
                "mfa": text_of(mfa),
                "application": text_of(event.get("userAgent")),
            }
        ),
    }


def _whose(asked: Json) -> dict[str, object]:
    """Study and patient, where the request names them: by UID, by criterion, or in a DICOMweb path."""
    plain = {key.lower(): text_of(value) for key, value in asked.items()}
    study, patient = plain.get("studyinstanceuid"), plain.get("patientid")
    for value in plain.values():
        if value and "studies" in value and (request := dicomweb_uri.decode("GET", value)):
            study, patient = study or request.study_uid, patient or request.patient_id
    criteria = asked.get("searchCriteria")
    for one in (criteria.get("filters") or ()) if isinstance(criteria, dict) else ():
        for value in one.get("values") or ():
            study = study or text_of(value.get("DICOMStudyInstanceUID"))
            patient = patient or text_of(value.get("DICOMPatientId"))
    hidden = patient is None or set(patient) <= {"*"} or patient.startswith("HIDDEN")
    return {
        "study_uid": study if study and _UID.fullmatch(study) else None,
        "patient_id": None if hidden else patient,
    }
