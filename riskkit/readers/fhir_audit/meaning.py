"""From an AuditEvent to rows of `audit_events`: who, what, whose, when, from where."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from riskkit.readers import audit_codes as codes
from riskkit.readers.fhir_audit.remembered import remembered
from riskkit.readers.fhir_audit.shapes import (
    Agent,
    Name,
    agent_of,
    codes_of,
    contained_of,
    name_of,
    outcome_of,
    purposes_of,
)
from riskkit.readers.json_events import Json, text_of
from riskkit.readers.text_log import ENCODE, ip_of
from riskkit.readers.times import read_time

Row = dict[str, object]

REST: Mapping[str, str] = {
    "read": "read", "vread": "read",
    "search": "query", "search-type": "query", "search-system": "query", "search-compartment": "query",
    "history": "query", "history-instance": "query", "history-type": "query", "history-system": "query",
    "create": "create", "create-conditional": "create",
    "update": "update", "update-conditional": "update", "patch": "update", "patch-conditional": "update",
    "delete": "delete", "delete-conditional-single": "delete", "delete-conditional-multiple": "delete",
    "delete-history": "delete", "delete-history-version": "delete", "capabilities": "application",
}  # fmt: skip
"""Codes of http://hl7.org/fhir/restful-interaction; `operation`, `batch` and `transaction` go by action."""

LIFECYCLE: Mapping[str, str] = {
    "access": "read", "disclose": "export", "extract": "export", "transmit": "transfer", "receive": "import",
    "originate": "create", "amend": "update", "destroy": "delete",
}  # fmt: skip
"""Codes of ISO 21089, http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle."""

OUTCOMES: Mapping[str, tuple[str, int]] = {
    **codes.OUTCOMES,
    "success": ("success", 0), "information": ("success", 0), "warning": ("success", 0),
    "error": ("failure", 8), "fatal": ("failure", 12),
}  # fmt: skip
"""Codes of RFC 3881, and of http://hl7.org/fhir/issue-severity that R5 writes: a warning is no failure."""

USER_ROLES = frozenset({"IRCP", "UserSamlAgent", "UserOauthAgent", "humanuser", "AUT", "INF"})
"""Types of an agent that is a user, where nobody is called the requestor (IHE BALP)."""

PEOPLE = frozenset({"Practitioner", "PractitionerRole", "Patient", "RelatedPerson", "Person"})

_POLICY_TAIL = 32  # IHE BALP: the last characters of a token tell it apart, and do not open anything
_XREQUEST = "XrequestId"
_AE_TITLES = re.compile(r"AETITLES?=\s*([^;]{1,64})", re.IGNORECASE)
_UID = re.compile(r"(?:urn:oid:)?([0-9][0-9.]{0,63})", re.ASCII)
_OF_THE_WHOLE = {"agents": None, "entities": None}

_address = lru_cache(maxsize=65536)(ip_of)


def read_event(event: Json, body: bytes, zone: ZoneInfo) -> list[Row]:
    """The rows of one event: one for each patient, at least one.

    Raises KeyError when it says neither what happened nor when, AttributeError, TypeError or ValueError
    when an element is none that FHIR knows.
    """
    contained = contained_of(event)
    told: Json = event.get("event") or event  # DSTU2 has what happened in an element of its own
    agents = event.get("agent") or event.get("participant") or ()
    purpose = event.get("purposeOfEvent") or event.get("authorization")  # R4; R5
    what, notes = _what(
        told.get("type") or event.get("category"),
        told.get("subtype") or event.get("code"),
        told.get("action"),
        told.get("outcome"),
        told.get("outcomeDesc"),
        contained,
    )
    over_rest = what["event_code"] == "rest" and what["event_category"] == "read"
    who, about_who = _who(agents, purpose, over_rest, contained)
    source, about_source = _recorded_by(event.get("source"), contained)
    row: Row = {**what, **who, **source}
    notes = [*notes, *about_who, *about_source]
    written = told.get("recorded") or told.get("dateTime") or event.get("occurredDateTime")
    _when(row, text_of(written) or "", zone, notes)
    patients = _things(row, event.get("entity") or event.get("object") or (), contained, notes)
    if not patients and "patient" in event:
        patients = {_patient(name_of(event["patient"], contained)): True}
    if row.pop("override"):
        row["break_glass"] = True
    row["event_id"] = text_of(event.get("id")) or hashlib.sha256(body).hexdigest()
    row["source_format"] = _release(event, agents)
    if len(patients) > 1:
        notes.append(f"{len(patients)} patients, one row each")
        row["study_uid"] = row["accession"] = None
    lacking = row["event_time_us"] is None or not row["event_code"] or row["event_outcome"] == "unknown"
    row["parse_status"] = "partial" if lacking else "ok"
    row["parse_notes"] = "; ".join(notes) or None
    if not patients:
        return [row]
    return [
        {**row, **(_OF_THE_WHOLE if number else {}), "patient_id": patient, "patient_id_issuer": issuer}
        for number, (patient, issuer) in enumerate(patients)
    ]


def _release(event: Json, agents: Any) -> str:
    if "event" in event:
        return "fhir_audit/dstu2"
    if "category" in event or "code" in event or event.get("outcome").__class__ is dict:
        return "fhir_audit/r5"
    first = agents[0] if agents else {}
    return "fhir_audit/stu3" if "userId" in first or "reference" in first else "fhir_audit/r4"


@remembered
def _what(
    kind: Any, subkind: Any, action: Any, outcome: Any, description: Any, contained: Json
) -> tuple[Row, list[str]]:
    every = codes_of(kind) + codes_of(subkind)
    action = text_of(action) or ""
    code, reason = outcome_of(outcome, description, contained)
    ended, severity = OUTCOMES.get(code or "", ("unknown", None))
    notes = ["no outcome"] if ended == "unknown" else []
    if not every:
        notes.append("no type")
    category = _category(every, action)
    row: Row = {
        "event_code": every[0] if every else None,
        "event_subcode": "|".join(every[1:]) or None,
        "event_category": category,
        "event_action": action if action in codes.ACTIONS else None,
        "event_outcome": ended,
        "event_severity": severity,
        "event_reason": reason,
        "override": codes.EMERGENCY_OVERRIDE_STARTED in every,
    }
    if category == "authentication" and ended != "unknown":
        row["user_authenticated"] = ended == "success"
    return row, notes


def _category(every: list[str], action: str) -> str:
    """By DICOM's code, else by the interaction, else by what ISO 21089 calls it, else by the action."""
    for code in every:
        if code in codes.CATEGORIES:
            return codes.category(code, action)
    for table in (REST, LIFECYCLE):
        for code in every:
            if code in table:
                return table[code]
    return codes.ACCESS_BY_ACTION.get(action, "other")


def _when(row: Row, written: str, zone: ZoneInfo, notes: list[str]) -> None:
    if not written and not row["event_code"]:
        raise KeyError("neither type nor recorded")
    row["event_time_us"], row["time_quality"] = read_time(written, zone)
    row["event_time_raw"] = written or None
    if row["event_time_us"] is None:
        notes.append("recorded is no instant" if written else "no recorded")


@remembered
def _recorded_by(source: Json | None, contained: Json) -> tuple[Row, list[str]]:
    if not source:
        return {}, ["no source"]
    observer = source.get("observer")
    if observer is None and source.get("identifier"):
        observer = {"identifier": source["identifier"]}
    site = source.get("site")
    named = site if site is None or site.__class__ is str else name_of(site, contained).id
    return {"source_system": name_of(observer, contained).id, "source_site": text_of(named)}, []


# ------------------------------------------------------------------ who


@remembered
def _who(listed: Any, purpose: Any, over_rest: bool, contained: Json) -> tuple[Row, list[str]]:
    agents = [agent_of(agent, contained) for agent in listed]
    purposes = purposes_of(purpose, listed)
    user = _requestor(agents)
    source = next((one for one in agents if codes.SOURCE in one.types), None)
    destination = next((one for one in agents if codes.DESTINATION in one.types), None)
    notes = []
    row: Row = {
        "purpose_of_use": "|".join(purposes) or None,
        "break_glass": not codes.BREAK_GLASS_PURPOSES.isdisjoint(purposes),
        "source_aet": _ae_title(source),
        "media_type": next((one.media for one in agents if one.media), None),
        "agents": ENCODE([_agent(one) for one in agents]) if agents else None,
    }
    if user is None:
        notes.append("no requestor")
    else:
        row["user_id"] = codes.known(user.id)
        row["user_name"] = codes.known(user.name) or codes.known(user.display)
        row["user_type"] = _user_type(user)
        row["user_role"] = "|".join(user.roles) or None
        if user.told_by != "identifier":
            notes.append(f"user known by {user.told_by}" if user.told_by else "user without a name")
    row["source_ip"], row["source_host"] = _place(user)
    if row["source_ip"] is None and row["source_host"] is None:
        client = _client(agents, destination if over_rest else source)
        row["source_ip"], row["source_host"] = _place(client)
    if destination is not None:
        row["dest_aet"], row["dest_id"] = _ae_title(destination), destination.id
        ip, host = _place(destination)
        row["dest_host"] = ip or host
    return row, notes


def _requestor(agents: list[Agent]) -> Agent | None:
    """A requestor that is a person, else any requestor, else one whose type is that of a user."""
    asking = [one for one in agents if one.requestor]
    if not asking:
        asking = [one for one in agents if one.requestor is None and not USER_ROLES.isdisjoint(one.types)]
    return next((one for one in asking if _is_person(one)), asking[0] if asking else None)


def _is_person(one: Agent) -> bool:
    return one.kind in PEOPLE or bool(one.name) or not USER_ROLES.isdisjoint(one.types)


def _user_type(user: Agent) -> str:
    if user.kind in PEOPLE:
        return "person"
    if user.kind == "Device" or codes.APPLICATION in user.types or "://" in (user.id or ""):
        return "application"
    if user.id and _address(user.id):
        return "node"
    return "person" if _is_person(user) else "unknown"


def _client(agents: list[Agent], usual: Agent | None) -> Agent | None:
    """The agent at whose address the user sits (IHE BALP 1.1.5).

    Who reads over REST is the destination of the data, who creates, updates and searches their source;
    an application with an address is named as such.
    """
    return next((one for one in agents if codes.APPLICATION in one.types and one.address), usual)


def _place(agent: Agent | None) -> tuple[str | None, str | None]:
    """Address and host name; by the value, since the type code is wrong at times."""
    if agent is None or not agent.address or agent.address_type in ("3", "4"):
        return None, None
    ip = _address(agent.address)
    if ip:
        return ip, None
    host = agent.address.partition("://")[2].partition("/")[0] if "://" in agent.address else agent.address
    return None, host or None


def _ae_title(agent: Agent | None) -> str | None:
    listed = _AE_TITLES.match(agent.alternative_id) if agent and agent.alternative_id else None
    return listed[1].strip() or None if listed else None


def _agent(agent: Agent) -> dict[str, object]:
    """In the words of `dicom_audit`; of tokens the end only."""
    parts = {
        "id": agent.id,
        "id_type": agent.told_by,
        "kind": agent.kind,
        "alternative_id": agent.alternative_id,
        "name": agent.name or agent.display,
        "requestor": None if agent.requestor is None else str(agent.requestor).lower(),
        "roles": agent.types + agent.roles,
        "address": agent.address,
        "address_type": agent.address_type,
        "media": agent.media,
        "policy": [one[-_POLICY_TAIL:] for one in agent.policy],
    }
    return {key: value for key, value in parts.items() if value}


# ------------------------------------------------------------------ what and whose

Whose = tuple[str | None, str | None]


class Thing(NamedTuple):
    """What one entity tells."""

    patient: Whose | None
    correlation_id: str | None
    study_uid: str | None
    accession: str | None
    lifecycle: str | None
    sensitivity: str | None
    encoded: str


def _things(row: Row, things: Any, contained: Json, notes: list[str]) -> dict[Whose, bool]:
    """Fill in what the entities tell; returns the patients among them."""
    patients: dict[Whose, bool] = {}
    studies, encoded = [], []
    for thing in things:
        patient, correlation_id, study, accession, lifecycle, sensitivity, text = _thing(thing, contained)
        encoded.append(text)
        if patient:
            patients[patient] = True
        if correlation_id:
            row["correlation_id"] = correlation_id
        if study:
            studies.append(study)
        if accession:
            row.setdefault("accession", accession)
        if lifecycle:
            row.setdefault("object_lifecycle", lifecycle)
        if sensitivity:
            row.setdefault("object_sensitivity", sensitivity)
    if studies:
        row["study_uid"] = studies[0]
        if len(set(studies)) > 1:
            notes.append(f"{len(set(studies))} studies, the first is given")
    if encoded:
        row["entities"] = f"[{','.join(encoded)}]"
    return patients


@remembered
def _thing(thing: Json, contained: Json) -> Thing:
    get = thing.get
    what = get("what")
    if what is None:  # DSTU2 and STU3
        what = {"identifier": get("identifier"), **(get("reference") or {})}
    name = name_of(what, contained)
    types, roles = codes_of(get("type")), codes_of(get("role"))
    kind, role = types[0] if types else "", roles[0] if roles else ""
    query, details = get("query") or "", get("detail") or ()
    patient = correlation_id = study = accession = None
    if name.kind == "Patient" or (role == "1" and kind in ("", "1", "Patient")):
        patient = _patient(name)
    elif kind == _XREQUEST:
        correlation_id = name.id
    else:
        study, accession = _study(kind, what.get("identifier"), details)
    return Thing(
        patient if patient and patient[0] else None,
        correlation_id,
        study,
        accession,
        "|".join(codes_of(get("lifecycle"))) or None,
        "|".join(codes_of(get("securityLabel") or get("sensitivity"))) or None,
        _entity(name, kind, role, len(query), len(details)),
    )


def _entity(name: Name, kind: str, role: str, query_length: int, details_withheld: int) -> str:
    """As JSON: no names, no free text, no query, no details."""
    parts = {
        "id": name.id if name.told_by != "display" else None,
        "id_type": name.told_by,
        "kind": name.kind,
        "type": kind,
        "role": role,
        "query_length": query_length,
        "details_withheld": details_withheld,
    }
    return ENCODE({key: value for key, value in parts.items() if value})


def _patient(name: Name) -> Whose:
    """Id and issuer; an identifier may be in HL7 CX form, a reference is told by its id alone."""
    if name.id is None or name.told_by == "display":
        return None, None
    if name.told_by == "reference":
        return codes.known(name.id.rpartition("/")[2]), name.issuer
    components = name.id.partition("~")[0].split("^")
    issuer = components[3].strip("& ") if len(components) > 3 else ""  # noqa: PLR2004 - CX.4
    return codes.known(components[0]), issuer or (name.issuer or "").removeprefix("urn:oid:") or None


def _study(kind: str, identifier: Any, details: Any) -> tuple[str | None, str | None]:
    """StudyInstanceUID and AccessionNumber, from an identifier or a detail that is typed as one."""
    found: dict[str, str] = {}
    for one in details:
        told, label = text_of(one.get("valueString")) or text_of(one.get("value")), one.get("type")
        labels = [text_of(label)] if label.__class__ is str else codes_of(label)
        if told and labels and labels[0]:
            found[labels[0]] = told
    for one in identifier if identifier.__class__ is list else (identifier,) if identifier else ():
        value, typed = text_of(one.get("value")), codes_of(one.get("type"))
        if value and (one.get("system") == "urn:dicom:uid" or codes.STUDY_INSTANCE_UID in (kind, *typed)):
            found.setdefault("StudyInstanceUID", value)
        elif value and "ACSN" in typed:
            found.setdefault("AccessionNumber", value)
    uid = _UID.fullmatch(found.get("StudyInstanceUID") or found.get(codes.STUDY_INSTANCE_UID) or "")
    return uid[1] if uid else None, found.get("AccessionNumber")
