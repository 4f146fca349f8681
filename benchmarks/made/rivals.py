"""What one would write without riskkit: a naive reader of each format, and a careful walk.

The naive ones read the fields that come to mind into dicts and a pandas frame; `walk` reads messages with
lxml into the whole schema, in one pass over the elements of each, and gives the rows that riskkit gives.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import re
from contextlib import suppress
from datetime import datetime
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from riskkit.readers import audit_codes as codes
from riskkit.tables import TABLES

try:
    from lxml import etree
except ImportError:
    etree = None

SCHEMA = TABLES["audit_events"].schema
_BATCH = 10_000
_LINE = re.compile(r'(\S+) \S+ (\S+) \[([^\]]+)\] "(\S+) (\S+)[^"]*" (\d+) (\d+)')


def naive_dicom(path: Path) -> int:
    """Each message with lxml, each field by XPath, into dicts, into pandas."""
    rows = []
    for line in path.read_bytes().splitlines():
        try:
            root = etree.fromstring(line[line.index(b"<AuditMessage") :])
        except (etree.XMLSyntaxError, ValueError):
            continue

        def first(query: str, root: Any = root) -> str | None:
            return next(iter(root.xpath(query)), None)

        rows.append(
            {
                "time": first("EventIdentification/@EventDateTime"),
                "code": first("EventIdentification/EventID/@csd-code | EventIdentification/EventID/@code"),
                "type": first(
                    "EventIdentification/EventTypeCode/@csd-code | EventIdentification/EventTypeCode/@code"
                ),
                "action": first("EventIdentification/@EventActionCode"),
                "outcome": first("EventIdentification/@EventOutcomeIndicator"),
                "user": first("ActiveParticipant[@UserIsRequestor='true']/@UserID"),
                "name": first("ActiveParticipant[@UserIsRequestor='true']/@UserName"),
                "address": first("ActiveParticipant[@UserIsRequestor='true']/@NetworkAccessPointID"),
                "source": first("AuditSourceIdentification/@AuditSourceID"),
                "patient": first(
                    "ParticipantObjectIdentification[@ParticipantObjectTypeCode='1']/@ParticipantObjectID"
                ),
                "study": first(
                    "ParticipantObjectIdentification[ParticipantObjectIDTypeCode/@*='110180']/@ParticipantObjectID"
                ),
                "accession": first("//Accession/@Number"),
                "agents": [dict(one.attrib) for one in root.xpath("ActiveParticipant")],
            }
        )
    frame = pd.DataFrame(rows)
    frame["time"] = pd.to_datetime(frame["time"], utc=True, format="ISO8601")
    return len(frame)


def naive_fhir(path: Path) -> int:
    """Each line with json.loads, into dicts, into pandas."""
    rows = []
    for line in path.read_bytes().splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            continue
        user = next((one for one in event["agent"] if one.get("requestor")), {})
        rows.append(
            {
                "time": event["recorded"],
                "code": event["type"]["code"],
                "action": event.get("action"),
                "outcome": event.get("outcome"),
                "user": user.get("who", {}).get("identifier", {}).get("value"),
                "address": user.get("network", {}).get("address"),
                "entities": event.get("entity"),
            }
        )
    frame = pd.DataFrame(rows)
    frame["time"] = pd.to_datetime(frame["time"], utc=True, format="ISO8601")
    return len(frame)


def naive_access(path: Path) -> int:
    """Each line with a regular expression and strptime, into dicts, into pandas."""
    rows = []
    for line in path.read_text().splitlines():
        found = _LINE.match(line)
        if found:
            host, user, time, method, uri, status, size = found.groups()
            rows.append(
                {
                    "time": datetime.strptime(time, "%d/%b/%Y:%H:%M:%S %z"),
                    "host": host,
                    "user": user,
                    "method": method,
                    "uri": uri,
                    "status": int(status),
                    "size": int(size),
                }
            )
    return len(pd.DataFrame(rows))


def naive_csv(path: Path) -> int:
    """Each row with csv.DictReader, into pandas."""
    with path.open(newline="") as file:
        frame = pd.DataFrame(list(csv.DictReader(file)))
    frame["Event Date"] = pd.to_datetime(frame["Event Date"], errors="coerce")
    return len(frame)


NAIVE = {
    "dicom_audit": naive_dicom,
    "fhir_audit": naive_fhir,
    "access_log": naive_access,
    "audit_csv": naive_csv,
}


# ---------------------------------------------------------------- the walk

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_us = 1_000_000


def walk(path: Path) -> pa.Table:
    """All messages of a file, one on each line, walked with lxml into the schema of `audit_events`."""
    tables, rows = [], []
    data = path.read_bytes()
    start = 0
    sequence = 0
    while (begin := data.find(b"<AuditMessage", start)) >= 0:
        end = data.find(b"\n", begin)
        header = data[start:begin].split(b" ", 2)
        start = end + 1
        body = data[begin:end]
        with suppress(etree.XMLSyntaxError):
            rows.append(_walked(body, header[1].decode(), begin, sequence, path.name))
        sequence += 1
        if len(rows) == _BATCH:
            tables.append(_table(rows))
            rows = []
    return pa.concat_tables([*tables, _table(rows)])


def _table(rows: list[tuple[Any, ...]]) -> pa.Table:
    columns = zip(*rows, strict=True) if rows else [()] * len(SCHEMA)
    return pa.Table.from_arrays(
        [pa.array(values, kind) for values, kind in zip(columns, SCHEMA.types, strict=True)], schema=SCHEMA
    )


# One loop and its branches, as fast as lxml allows: splitting it would slow the rival down.
def _walked(  # noqa: PLR0912, PLR0915
    body: bytes, received: str, offset: int, sequence: int, source: str
) -> tuple[Any, ...]:
    event: Any = {}
    event_code = outcome_text = None
    dialect = "rfc3881"
    types: list[str] = []
    purposes: list[str] = []
    participants: list[list[Any]] = []
    system: Any = {}
    objects: list[list[Any]] = []
    for element in etree.fromstring(body).iter():
        tag, get = element.tag, element.get
        if tag == "EventIdentification":
            event = element.attrib
        elif tag == "EventID":
            event_code = get("csd-code") or get("code")
            dialect = "dicom" if get("csd-code") is not None else "rfc3881"
        elif tag == "EventTypeCode":
            types.append(get("csd-code") or get("code"))
        elif tag == "PurposeOfUse":
            purposes.append(get("csd-code") or get("code"))
        elif tag == "EventOutcomeDescription":
            outcome_text = element.text
        elif tag == "ActiveParticipant":
            participants.append([element.attrib, [], None])
        elif tag == "RoleIDCode":
            participants[-1][1].append(get("csd-code") or get("code"))
        elif tag == "MediaType":
            participants[-1][2] = get("csd-code") or get("code")
        elif tag == "AuditSourceIdentification":
            system = element.attrib
        elif tag == "ParticipantObjectIdentification":
            objects.append([element.attrib, "", None, [], [], 0, 0, []])
        elif tag == "ParticipantObjectIDTypeCode":
            objects[-1][1] = get("csd-code") or get("code")
        elif tag == "ParticipantObjectQuery":
            objects[-1][2] = element.text or ""
        elif tag == "Accession":
            objects[-1][3].append(get("Number"))
        elif tag == "SOPClass":
            objects[-1][4].append([get("UID"), get("NumberOfInstances")])
        elif tag == "ParticipantObjectDetail":
            objects[-1][6] += 1
        elif tag == "MPPS":
            objects[-1][7].append(get("UID"))
        elif tag == "Instance":
            objects[-1][5] += 1
    action = event.get("EventActionCode")
    outcome, severity = codes.OUTCOMES[event.get("EventOutcomeIndicator")]
    user = next((one for one in participants if one[0].get("UserIsRequestor") == "true"), None)
    from_ = next((one for one in participants if codes.SOURCE in one[1]), None)
    to = next((one for one in participants if codes.DESTINATION in one[1]), None)
    attributes = user[0] if user else {}
    ip, host = _address((user or from_ or ({},))[0].get("NetworkAccessPointID"))
    patient = issuer = study = accession = instances = None
    classes = []
    for one in objects:
        if one[0].get("ParticipantObjectTypeCode") == "1":
            parts = one[0]["ParticipantObjectID"].split("^")
            patient, issuer = parts[0], parts[3] if len(parts) > 3 else None  # noqa: PLR2004
        elif one[1] == codes.STUDY_INSTANCE_UID:
            study = one[0]["ParticipantObjectID"]
        accession = accession or next(iter(one[3]), None)
        for uid, number in one[4]:
            classes.append(uid)
            instances = (instances or 0) + int(number)
    category = codes.category(event_code, action)
    values = {
        "event_time_us": _instant(event["EventDateTime"]),
        "event_seq": sequence,
        "event_time_raw": event["EventDateTime"],
        "time_quality": "zoned",
        "event_received_us": _instant(received),
        "event_id": hashlib.sha256(body).hexdigest(),
        "event_code": event_code,
        "event_subcode": "|".join(types) or None,
        "event_category": category,
        "event_action": action,
        "event_outcome": outcome,
        "event_severity": severity,
        "event_reason": outcome_text,
        "user_id": attributes.get("UserID"),
        "user_name": attributes.get("UserName"),
        "user_type": "person" if attributes.get("UserName") else None,
        "user_authenticated": outcome == "success" if category == "authentication" else None,
        "user_role": "|".join(user[1]) if user else None,
        "purpose_of_use": "|".join(purposes) or None,
        "source_ip": ip,
        "source_host": host,
        "source_aet": _title(from_),
        "dest_aet": _title(to),
        "dest_id": to and to[0].get("UserID"),
        "dest_host": to and to[0].get("NetworkAccessPointID"),
        "media_type": next((one[2] for one in participants if one[2]), None),
        "source_system": system.get("AuditSourceID"),
        "source_site": system.get("AuditEnterpriseSiteID"),
        "patient_id": patient,
        "patient_id_issuer": issuer,
        "study_uid": study,
        "accession": accession,
        "sop_class_uids": "|".join(classes) or None,
        "instance_count": instances,
        "query_text": next((_query(one[2]) for one in objects if one[2]), None),
        "break_glass": codes.EMERGENCY_OVERRIDE_STARTED in types or "ETREAT" in purposes,
        "agents": _encode([_agent(one) for one in participants]),
        "entities": _encode([_entity(one) for one in objects]) if objects else None,
        "source_format": f"dicom_audit/{dialect}",
        "parse_status": "ok",
        "source": source,
        "offset": offset,
        "n": 0,
    }
    return tuple(map(values.get, SCHEMA.names))


def _instant(text: str) -> int:
    at = datetime.fromisoformat(text)
    return int(at.timestamp()) * _us + at.microsecond


@lru_cache(maxsize=65536)
def _address(point: str | None) -> tuple[str | None, str | None]:
    try:
        return str(ip_address(point or "")), None
    except ValueError:
        return None, point


def _query(written: str) -> str | None:
    text = base64.b64decode(written).decode()
    return text if text.isprintable() else None


def _title(participant: Any) -> str | None:
    alternative = participant[0].get("AlternativeUserID", "") if participant else ""
    return alternative[9:] if alternative.startswith("AETITLES=") else None


def _agent(participant: Any) -> dict[str, Any]:
    attributes, roles, media = participant
    agent = {
        "id": attributes.get("UserID"),
        "alternative_id": attributes.get("AlternativeUserID"),
        "name": attributes.get("UserName"),
        "requestor": attributes.get("UserIsRequestor"),
        "roles": roles,
        "address": attributes.get("NetworkAccessPointID"),
        "address_type": attributes.get("NetworkAccessPointTypeCode"),
        "media": media,
    }
    return {key: value for key, value in agent.items() if value}


def _entity(thing: list[Any]) -> dict[str, Any]:
    attributes, kind, query, accessions, classes, instances, details, steps = thing
    entity = {
        "id": attributes.get("ParticipantObjectID"),
        "id_type": kind,
        "type": attributes.get("ParticipantObjectTypeCode"),
        "role": attributes.get("ParticipantObjectTypeCodeRole"),
        "query_length": len(query or ""),
        "details_withheld": details,
        "Accession": accessions,
        "SOPClass": classes,
        "Instances": [instances] if instances else None,
        "MPPS": steps,
    }
    return {key: value for key, value in entity.items() if value}
