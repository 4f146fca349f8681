"""From a message to rows of `audit_events`: who, what, whose, when, from where."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from zoneinfo import ZoneInfo

from riskkit.readers import audit_codes as codes
from riskkit.readers.audit_codes import known
from riskkit.readers.dicom_audit.codes import code
from riskkit.readers.dicom_audit.parsing import Message, Participant, Thing
from riskkit.readers.times import read_time

_AE_TITLES = re.compile(r"AETITLES?=\s*([^;]{1,64})", re.IGNORECASE)
_TRACE = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
_TEXT_LIMIT = 256
_QUERY_LIMIT = 4096
_LINE_ENDS = str.maketrans("\r\n\t", "   ")
_ISSUER = 3  # CX.4 assigning authority

_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

_OF_THE_WHOLE = {"instance_count": None, "agents": None, "entities": None}

Row = dict[str, object]


def read_event(message: Message, note: str, zone: ZoneInfo) -> Iterator[Row]:
    """The rows of one message, all columns but those of its place: one for each patient, at least one.

    An access to several patients must be seen for each of them. What tells of the whole message
    (`instance_count`, `agents`, `entities`) stands in the first row only, and a study where there is
    one patient.
    Raises KeyError when EventIdentification is missing.
    """
    event = message.event
    if event is None:
        raise KeyError("EventIdentification")
    notes = [note] if note else []
    row = _what(message, event, notes)
    row.update(_when(event, zone, notes))
    row.update(_who(message, notes))
    if row["event_category"] == "authentication" and row["event_outcome"] != "unknown":
        row["user_authenticated"] = row["event_outcome"] == "success"
    row.update(read_objects(message.objects, notes))
    patients = find_patients(message.objects)
    if not message.sources:
        notes.append("no AuditSourceIdentification")
    if len(patients) > 1:
        notes.append(f"{len(patients)} patients, one row each")
        row["study_uid"] = row["accession"] = None
    row["parse_status"] = "repaired" if message.repairs else "partial" if _lacks_essentials(row) else "ok"
    row["parse_notes"] = "; ".join([*message.repairs, *notes]) or None
    for number, (patient, issuer) in enumerate(patients or [(None, None)]):
        whole = _OF_THE_WHOLE if number else {}
        yield {**row, **whole, "patient_id": patient, "patient_id_issuer": issuer, "n": number}


def _lacks_essentials(row: Mapping[str, object]) -> bool:
    return row["event_time_us"] is None or not row["event_code"] or row["event_outcome"] == "unknown"


def _what(message: Message, event: Mapping[str, str], notes: list[str]) -> Row:
    event_code = code(message.event_id)
    subcodes, purposes = message.type_codes, message.purposes
    action = event.get("EventActionCode", "").strip()
    outcome, severity = codes.OUTCOMES.get(event.get("EventOutcomeIndicator", "").strip(), ("unknown", None))
    if outcome == "unknown":
        notes.append("no EventOutcomeIndicator")
    if not event_code:
        notes.append("no EventID")
    return {
        "event_code": event_code or None,
        "event_subcode": "|".join(subcodes) or None,
        "event_category": codes.category(event_code, action),
        "event_action": action if action in codes.ACTIONS else None,
        "event_outcome": outcome,
        "event_severity": severity,
        "event_reason": message.outcome_description or None,
        "purpose_of_use": "|".join(purposes) or None,
        "break_glass": codes.EMERGENCY_OVERRIDE_STARTED in (event_code, *subcodes)
        or not codes.BREAK_GLASS_PURPOSES.isdisjoint(purposes),
        "source_format": "dicom_audit/dicom" if "csd-code" in message.event_id else "dicom_audit/rfc3881",
        **_recorded_by(message.sources, notes),
    }


def _recorded_by(sources: list[dict[str, str]], notes: list[str]) -> Row:
    if not sources:
        return {"source_system": None, "source_site": None}
    if len(sources) > 1:
        notes.append(f"{len(sources)} audit sources, the first is given")
    return {
        "source_system": known(sources[0].get("AuditSourceID")),
        "source_site": known(sources[0].get("AuditEnterpriseSiteID")),
    }


def _when(event: Mapping[str, str], zone: ZoneInfo, notes: list[str]) -> Row:
    written = event.get("EventDateTime", "")
    instant, quality = read_time(written, zone)
    if instant is None:
        notes.append("EventDateTime is no time" if written else "no EventDateTime")
    return {"event_time_us": instant, "event_time_raw": written or None, "time_quality": quality}


def _who(message: Message, notes: list[str]) -> Row:
    participants = message.participants
    user = requestor(participants)
    source = next((one for one in participants if codes.SOURCE in one.roles), None)
    destination = next((one for one in participants if codes.DESTINATION in one.roles), None)
    media = next((one.media for one in participants if one.media), None)
    if user is None:
        notes.append("no requestor")
    ip, host = address(user or source)
    row: Row = {
        "user_id": None,
        "user_name": None,
        "user_type": None,
        "user_role": None,
        "user_authenticated": None,
        "source_ip": ip,
        "source_host": host,
        "source_aet": ae_title(source),
        "dest_aet": ae_title(destination),
        "dest_id": destination and known(destination.attributes.get("UserID")),
        "dest_host": destination and known(destination.attributes.get("NetworkAccessPointID")),
        "media_type": media,
        "agents": _ENCODE([_agent(one) for one in participants]) if participants else None,
    }
    if user is not None:
        row["user_id"] = known(user.attributes.get("UserID"))
        row["user_name"] = known(user.attributes.get("UserName"))
        row["user_type"] = user_type(user)
        row["user_role"] = "|".join(user.roles) or None
    return row


def requestor(participants: list[Participant]) -> Participant | None:
    """A requestor that is a person, else any requestor, else nobody.

    UserIsRequestor is true when it is left out (RFC 3881 section 5.2.4).
    """
    asking = [
        one
        for one in participants
        if one.attributes.get("UserIsRequestor", "true").strip().lower() in ("true", "1")
    ]
    for one in asking:
        named = known(one.attributes.get("UserName"))
        if named or one.id_type == codes.PERSON_ID or one.attributes.get("UserTypeCode") == "1":
            return one
    return asking[0] if asking else None


def user_type(user: Participant) -> str:
    """What a requestor is: as the sender states, else as its id, roles and name tell."""
    stated = codes.USER_TYPES.get(user.attributes.get("UserTypeCode", ""))
    stated = stated or codes.ID_TYPES.get(user.id_type)
    if stated:
        return stated
    roles, name = user.roles, known(user.attributes.get("UserID")) or ""
    if "://" in name or codes.APPLICATION in roles:
        return "application"
    if _ip(name):
        return "node"
    return "person" if known(user.attributes.get("UserName")) else "unknown"


def ae_title(participant: Participant | None) -> str | None:
    """The AE title of a participant: typed as one, or the first that AlternativeUserID lists.

    DICOM PS3.15 A.5.2: AlternativeUserID of a DICOM application is `AETITLES=` and its titles.
    """
    if participant is None:
        return None
    if participant.id_type == codes.STATION_AE_TITLE:
        return known(participant.attributes.get("UserID"))
    listed = _AE_TITLES.match(participant.attributes.get("AlternativeUserID", ""))
    return known(listed[1]) if listed else None


def address(participant: Participant | None) -> tuple[str | None, str | None]:
    """Address and host name; by the value, since the type code is wrong at times."""
    if participant is None:
        return None, None
    point = known(participant.attributes.get("NetworkAccessPointID"))
    if point is None:
        return None, None
    ip = _ip(point)
    if ip:
        return ip, None
    return None, point if participant.attributes.get("NetworkAccessPointTypeCode") not in ("3", "4") else None


@lru_cache(maxsize=65536)
def _ip(text: str) -> str | None:
    """An IP address in its usual form, `::ffff:` taken off; else None."""
    text = text.strip("[]")
    if ":" not in text and not text.replace(".", "").isdecimal():
        return None  # most names are told apart without the cost of an exception
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return str(address)


def _agent(participant: Participant) -> dict[str, object]:
    attributes = participant.attributes
    agent: dict[str, object] = {
        "id": attributes.get("UserID"),
        "alternative_id": attributes.get("AlternativeUserID"),
        "name": attributes.get("UserName"),
        "requestor": attributes.get("UserIsRequestor"),
        "type": attributes.get("UserTypeCode"),
        "id_type": participant.id_type,
        "roles": participant.roles,
        "address": attributes.get("NetworkAccessPointID"),
        "address_type": attributes.get("NetworkAccessPointTypeCode"),
        "media": participant.media,
    }
    return {key: value for key, value in agent.items() if value}


def read_objects(objects: list[Thing], notes: list[str]) -> Row:
    """What the objects of a message tell together; patients apart (`find_patients`)."""
    studies, accessions, classes = [], [], []
    lifecycle = sensitivity = trace = None
    for thing in objects:
        attributes, kind = thing.attributes, thing.id_type
        name = known(attributes.get("ParticipantObjectID"))
        lifecycle = lifecycle or known(attributes.get("ParticipantObjectDataLifeCycle"))
        sensitivity = sensitivity or known(attributes.get("ParticipantObjectSensitivity"))
        if name and kind == codes.STUDY_INSTANCE_UID:
            studies.append(name)
        elif name and kind == "traceparent":
            traced = _TRACE.fullmatch(name)
            trace = traced[1] if traced else name
        for part, values in thing.parts:
            if part == "Accession" and known(values.get("Number")):
                accessions.append(values["Number"].strip())
            elif part == "SOPClass":
                classes.append((values.get("UID", ""), values.get("NumberOfInstances", "")))
    if len(set(studies)) > 1:
        notes.append(f"{len(set(studies))} studies, the first is given")
    uids, instances = sum_up(classes)
    return {
        "study_uid": studies[0] if studies else None,
        "accession": accessions[0] if accessions else None,
        "sop_class_uids": uids,
        "instance_count": instances,
        "object_lifecycle": lifecycle,
        "object_sensitivity": sensitivity,
        "query_text": next((query_text(thing.query) for thing in objects if thing.query), None),
        "correlation_id": trace,
        "entities": _ENCODE([_entity(thing) for thing in objects]) if objects else None,
    }


def sum_up(classes: Sequence[tuple[str, str]]) -> tuple[str | None, int | None]:
    """Distinct SOP classes, joined by |, and the sum of their instances, of UIDs and numbers as written."""
    instances: int | None = None
    for _, number in classes:
        if number.isdecimal() and len(number) < 10:  # noqa: PLR2004 - fits an integer column
            instances = (instances or 0) + int(number)
    return "|".join(dict.fromkeys([uid for uid, _ in classes if uid])) or None, instances


def find_patients(objects: list[Thing]) -> list[tuple[str, str | None]]:
    """Distinct patients: objects of type 1 (person) and role 1 (patient), ids in HL7 CX form.

    A repeated id (`~`) names the same patient again; its first one stands.
    """
    found = {}
    for thing in objects:
        if is_patient(thing):
            patient, issuer = patient_of(thing.attributes.get("ParticipantObjectID", ""))
            if patient:
                found[patient, issuer] = True
    return list(found)


def patient_of(written: str) -> tuple[str | None, str | None]:
    """The patient's id of an HL7 CX value and who issued it, None when it names nobody."""
    components = written.split("~", 1)[0].split("^")
    patient = known(components[0])
    if patient is None or len(components) <= _ISSUER:
        return patient, None
    return patient, components[_ISSUER].replace("&amp;", "&").strip("& ") or None


def is_patient(thing: Thing) -> bool:
    """Whether an object is a person (type 1) in the role of patient (1)."""
    attributes = thing.attributes
    return (
        attributes.get("ParticipantObjectTypeCode", "").strip() == "1"
        and attributes.get("ParticipantObjectTypeCodeRole", "").strip() == "1"
    )


def _entity(thing: Thing) -> dict[str, object]:
    """An object as JSON: no names, no free text, and of its details only what is known to be harmless."""
    attributes = thing.attributes
    parts: dict[str, list[object]] = {}
    for part, values in thing.parts:
        value = values.get("UID") or values.get("Number") or next(iter(values.values()), None)
        if part == "SOPClass":
            parts.setdefault("SOPClass", []).append([value, values.get("NumberOfInstances")])
        elif part == "Instance":
            parts["Instances"] = [int(str(parts.get("Instances", [0])[0])) + 1]
        else:
            parts.setdefault(part, []).append(value)
    details = {kind: text for kind, text in map(open_detail, thing.details) if text is not None}
    entity: dict[str, object] = {
        "id": attributes.get("ParticipantObjectID"),
        "id_type": thing.id_type,
        "type": attributes.get("ParticipantObjectTypeCode"),
        "role": attributes.get("ParticipantObjectTypeCodeRole"),
        "lifecycle": attributes.get("ParticipantObjectDataLifeCycle"),
        "sensitivity": attributes.get("ParticipantObjectSensitivity"),
        "query_length": thing.query_length,
        "details": details,
        "details_withheld": len(thing.details) - len(details),
        **parts,
    }
    return {key: value for key, value in entity.items() if value}


def open_detail(detail: Mapping[str, str]) -> tuple[str, str | None]:
    """The type of a detail and its decoded text; None for text that is withheld."""
    kind = detail.get("type", "")
    if kind not in codes.OPEN_DETAILS:
        return kind, None
    try:
        text = base64.b64decode(detail.get("value", ""), validate=True).decode()
    except (binascii.Error, ValueError):
        return kind, None
    return kind, text if text.isprintable() and len(text) <= _TEXT_LIMIT else None


def query_text(written: str) -> str | None:
    """The text of a query in base64, line ends as blanks; None where it is no text.

    What is asked may be HL7, XML or a URL; a DICOM identifier is binary.
    """
    try:
        text = base64.b64decode("".join(written.split()), validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    text = text.translate(_LINE_ENDS).strip()
    return text if text and text.isprintable() and len(text) <= _QUERY_LIMIT else None
