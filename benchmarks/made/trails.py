"""Audit trails of a hospital that does not exist: blocks of any size, the same for the same numbers.

Event `number` is worked out from its number alone, so that a trail can be made in pieces while it is read.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

START = datetime(2026, 10, 1)  # noqa: DTZ001 - written with the zone of its format
DCM_EVENTS = (
    ("110100", "E", "Application Activity"),
    ("110114", "E", "User Authentication"),
    ("110112", "E", "Query"),
    ("110103", "R", "DICOM Instances Accessed"),
    ("110104", "R", "DICOM Instances Transferred"),
    ("110102", "E", "Begin Transferring DICOM Instances"),
    ("110106", "R", "Export"),
    ("110110", "U", "Patient Record"),
)
SHAPES = 32
CLASSES = ("1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.5.1.4.1.1.1.1")
_PRIME = 2_654_435_761


def mixed(number: int, below: int) -> int:
    """A number below `below` that looks random, of the event's number."""
    return (number * _PRIME % 4_294_967_296 >> 7) % below


def when(number: int) -> datetime:
    """Some hundred events a minute, in order but for the milliseconds."""
    return START + timedelta(milliseconds=500 * number + mixed(number, 400))


def _coded(element: str, dialect: str, value: str, text: str) -> str:
    return f'<{element} {dialect}="{value}" codeSystemName="DCM" originalText="{text}"/>'


def dicom_message(number: int) -> str:
    """One audit message (PS3.15 A.5) in one of 32 shapes.

    Eight events that tell different things, two dialects, two senders that order attributes otherwise.
    """
    shape = mixed(number, SHAPES)
    code, action, text = DCM_EVENTS[shape % 8]
    dialect = "csd-code" if shape & 8 else "code"
    other_sender = bool(shape & 16)
    at = when(number).isoformat(timespec="milliseconds")
    kind = _coded("EventTypeCode", dialect, "110122", "Login") if code == "110114" else ""
    event = (
        f'<EventIdentification EventActionCode="{action}" EventDateTime="{at}-05:00" '
        f'EventOutcomeIndicator="{0 if mixed(number + 1, 40) else 4}">'
        f"{_coded('EventID', dialect, code, text)}{kind}</EventIdentification>"
    )
    user, place = mixed(number + 2, 2000), mixed(number + 3, 900)
    name = f"Radiologist {user}" if user % 19 else f"Renée Ünal {user}"
    who = (
        f'UserID="rad{user}" AlternativeUserID="{user + 4000}" UserName="{name}" UserIsRequestor="true"',
        f'NetworkAccessPointID="10.1.{place % 200}.{place // 200}" NetworkAccessPointTypeCode="2"',
    )
    media = f"<MediaIdentifier>{_coded('MediaType', dialect, '110032', 'CD')}</MediaIdentifier>"
    person = (
        f"<ActiveParticipant {' '.join(who[::-1] if other_sender else who)}>"
        f"{_coded('RoleIDCode', dialect, '110153', 'Source Role ID')}"
        f"{media if code == '110106' else ''}</ActiveParticipant>"
    )
    modality = mixed(number + 4, 40)
    archive = (
        f'<ActiveParticipant UserID="ARCHIVE" AlternativeUserID="AETITLES=ARCHIVE{modality % 3}" '
        f'UserName="archive" UserIsRequestor="false" '
        f'NetworkAccessPointID="pacs{modality % 3}.hospital.example" '
        f'NetworkAccessPointTypeCode="1">{_coded("RoleIDCode", dialect, "110152", "Destination Role ID")}'
        "</ActiveParticipant>"
    )
    process = (
        f'<ActiveParticipant UserID="{3000 + modality}" UserIsRequestor="false" '
        f'NetworkAccessPointID="ws{modality}" NetworkAccessPointTypeCode="1">'
        f"{_coded('RoleIDCode', dialect, '110150', 'Application')}</ActiveParticipant>"
    )
    source = (
        f'<AuditSourceIdentification AuditSourceID="VIEWER{modality % 4}" AuditEnterpriseSiteID="Main">'
        f'<AuditSourceTypeCode {dialect}="4" codeSystemName="DCM" originalText="Application server"/>'
        "</AuditSourceIdentification>"
    )
    body = event + person
    if code != "110100":
        body += archive + (process if other_sender else "")
    body += source
    if code == "110112":
        query = base64.b64encode(b"(0010,0020) LO [P%07d] (0008,0060) CS [CT] (0020,000D)" % number).decode()
        asked = f"<ParticipantObjectQuery>{query}</ParticipantObjectQuery>"
        body += _object(dialect, "110181", CLASSES[0], "2", "3", asked)
    elif code == "110110":
        text = base64.b64encode(b"MSH|^~\\&|RIS|HOSP|PACS|HOSP|%d||ADT^A08" % number).decode()
        detail = f'<ParticipantObjectDetail type="HL7v2 Message" value="{text}"/>'
        body += _patient(number, dialect, detail)
    elif code not in ("110100", "110114"):
        body += _study(number, dialect, code, other_sender) + _patient(number, dialect)
    return f"<AuditMessage>{body}</AuditMessage>"


def _object(dialect: str, code: str, value: str, kind: str, role: str, inside: str) -> str:
    return (
        f'<ParticipantObjectIdentification ParticipantObjectID="{value}" ParticipantObjectTypeCode="{kind}" '
        f'ParticipantObjectTypeCodeRole="{role}">'
        f"{_coded('ParticipantObjectIDTypeCode', dialect, code, 'Object of type ' + code)}{inside}"
        "</ParticipantObjectIdentification>"
    )


def _study(number: int, dialect: str, code: str, with_instances: bool) -> str:
    study = number // 5
    uid = f"1.2.826.0.1.3680043.8.498.{study}.{study * 7919}"
    instances = f'<Instance UID="{uid}.1.1"/><Instance UID="{uid}.1.2"/>' if with_instances else ""
    accession = f'<Accession Number="A{study:07}"/>' if code != "110102" else ""
    mpps = f'<MPPS UID="{uid}.9"/>' if code == "110104" else ""
    described = (
        f"<ParticipantObjectDescription>{accession}"
        f'<SOPClass UID="{CLASSES[study % 3]}" NumberOfInstances="{mixed(number + 5, 600) + 1}">{instances}'
        f"</SOPClass>{mpps}</ParticipantObjectDescription>"
    )
    return _object(dialect, "110180", uid, "2", "3", described)


def _patient(number: int, dialect: str, detail: str = "") -> str:
    patient = number // 11
    name = f"<ParticipantObjectName>Family{patient}^Given</ParticipantObjectName>"
    return _object(dialect, "2", f"P{patient:07}^^^HOSP&amp;1.2.826.1&amp;ISO", "1", "1", name + detail)


def syslog_line(number: int) -> bytes:
    """An audit message as RFC 5424 syslog carries it; one in 200 was cut off on its way."""
    at = (when(number) + timedelta(milliseconds=30)).isoformat(timespec="milliseconds")
    text = (
        f"<85>1 {at}-05:00 pacs{mixed(number + 6, 3)} viewer {3000 + mixed(number + 7, 50)} IHE+RFC-3881 - "
        f'\ufeff<?xml version="1.0" encoding="UTF-8"?>{dicom_message(number)}\n'
    )
    line = text.encode()
    return line if number % 200 else line[:700] + b"\n"


def fhir_line(number: int) -> bytes:
    """An AuditEvent (FHIR R4) on a line."""
    code, action, text = DCM_EVENTS[mixed(number, 8)]
    user, patient, study = mixed(number + 2, 2000), number // 11, number // 5
    dcm = "http://dicom.nema.org/resources/ontology/DCM"
    coding = "http://terminology.hl7.org/CodeSystem/"
    event = {
        "resourceType": "AuditEvent",
        "id": f"event-{number}",
        "type": {"system": dcm, "code": code, "display": text},
        "subtype": [{"system": "http://hl7.org/fhir/restful-interaction", "code": "read"}],
        "action": action,
        "recorded": when(number).isoformat(timespec="milliseconds") + "-05:00",
        "outcome": "0" if mixed(number + 1, 40) else "4",
        "agent": [
            {
                "type": {"coding": [{"system": coding + "v3-ParticipationType", "code": "IRCP"}]},
                "who": {
                    "identifier": {"system": "urn:users", "value": f"rad{user}"},
                    "display": f"Rad {user}",
                },
                "requestor": True,
                "network": {"address": f"10.1.{user % 200}.{user // 200}", "type": "2"},
            },
            {
                "type": {"coding": [{"system": dcm, "code": "110152"}]},
                "who": {"reference": f"Device/pacs{user % 3}"},
                "requestor": False,
            },
        ],
        "source": {"observer": {"display": f"VIEWER{user % 4}"}},
        "entity": [
            {
                "what": {"reference": f"Patient/P{patient:07}"},
                "type": {"system": coding + "audit-entity-type", "code": "1"},
                "role": {"system": coding + "object-role", "code": "1"},
            },
            {
                "what": {
                    "identifier": {"system": "urn:dicom:uid", "value": f"urn:oid:1.2.826.0.1.{study}.7"}
                },
                "type": {"system": coding + "audit-entity-type", "code": "2"},
                "role": {"system": coding + "object-role", "code": "3"},
            },
        ],
    }
    line = json.dumps(event, separators=(",", ":")).encode() + b"\n"
    return line if number % 200 else line[:300] + b"\n"


def access_line(number: int) -> bytes:
    """A request to a DICOMweb server in the combined format of nginx and Apache."""
    user, study = mixed(number + 2, 2000), number // 5
    path = (
        f"/dicom-web/studies/1.2.826.0.1.{study}.7/metadata",
        f"/dicom-web/studies/1.2.826.0.1.{study}.7/series/1.2.826.0.1.{study}.7.1/instances/1.2.{number}/frames/1",
        f"/dicom-web/studies?PatientID=P{number // 11:07}&limit=25",
        "/ohif/app.bundle.js",
    )[mixed(number, 4)]
    line = (
        f"10.1.{user % 200}.{user // 200} - rad{user} [{when(number):%d/%b/%Y:%H:%M:%S} -0500] "
        f'"GET {path} HTTP/1.1" {200 if mixed(number + 1, 40) else 401} {mixed(number, 90_000)} "-" '
        '"Mozilla/5.0 (Windows NT 10.0; Win64; x64) Gecko/20100101 Firefox/140.0"\n'
    ).encode()
    return line if number % 200 else line[:60] + b"\n"


CSV_HEADER = (
    b"Event Date,Event Date Local,Time Difference,Type,Level,Action,User ID,Patient ID,Study UID,"
    b"Accession No.,Logging Server,Peer Device\n"
)


def csv_line(number: int) -> bytes:
    """A row of a PACS vendor's export."""
    if number == 0:
        return CSV_HEADER
    at, study = when(number), number // 5
    action = ("Open", "Send", "Receive", "Delete", "Print")[mixed(number, 5)]
    line = (
        f"{at:%Y-%m-%d %H:%M:%S},{at:%Y-%m-%d %H:%M:%S},0,INFO,STUDY,{action},rad{mixed(number + 2, 2000)},"
        f"P{number // 11:07},1.2.826.0.1.{study}.7,A{study:07},pacs{number % 3},WS-{mixed(number + 3, 900)}\n"
    ).encode()
    return line if number % 200 else line[:12] + b"\n"


LINES: dict[str, Callable[[int], bytes]] = {
    "dicom_audit": syslog_line,
    "fhir_audit": fhir_line,
    "access_log": access_line,
    "audit_csv": csv_line,
}
"""How each format writes event `number`, by the id of its reader."""


def blocks(reader: str, count: int, size: int = 2000) -> Iterator[bytes]:
    """A trail of `count` events in pieces."""
    line = LINES[reader]
    for first in range(0, count, size):
        yield b"".join(line(number) for number in range(first, min(first + size, count)))
