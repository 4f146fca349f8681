"""audit/: DICOM audit messages (PS3.15 A.5), in the dialect and wrapping that each source has.

Most sources write syslog lines (RFC 5424), one message a line; the RIS still speaks RFC 3881; the MR
scanner keeps bare XML documents of its last days.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import IO
from xml.sax.saxutils import escape, quoteattr

from riskkit.simulator.events import MINOR, OK, Actor, Event, Kind
from riskkit.simulator.hospital import SYSTEMS, System
from riskkit.simulator.writers.pack import Custody, Pack

SITE = "LAKESIDE"
PATIENT_AUTHORITY = "LAKESIDE&1.3.6.1.4.1.99999.1&ISO"
LAST_DAYS_OF_BARE = 5
CUT_AT = 400  # bytes of a message that a datagram still held
AUDIT_FACILITY = 10
SEVERITIES = {OK: 5, MINOR: 4}  # syslog notice, warning; anything worse is err
ERR = 3
STUDY_FIND = "1.2.840.10008.5.1.4.1.2.2.1"  # Study Root Query/Retrieve, FIND
WORKLIST_FIND = "1.2.840.10008.5.1.4.31"  # Modality Worklist, FIND


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a source writes: RFC 3881 or current codes, UTC or local offsets, MSGID, byte order mark."""

    old: bool = False
    utc: bool = False
    msgid: str = "IHE+DICOM"
    mark: bool = False
    bare: bool = False


DIALECTS: Mapping[str, Dialect] = {
    "pacs1": Dialect(msgid="DICOM+RFC3881", mark=True),
    "vna": Dialect(utc=True),
    "viewer1": Dialect(msgid="IHE+RFC-3881"),
    "ris1": Dialect(old=True, msgid="IHE+RFC-3881"),
    "router1": Dialect(msgid="DICOM+RFC3881", utc=True),
    "ct1": Dialect(old=True, msgid="IHE+RFC3881"),
    "mr1": Dialect(bare=True),
}

# EventID, its meaning, EventTypeCode or nothing, its meaning, EventActionCode.
CODES: Mapping[Kind, tuple[str, str, str, str, str]] = {
    "start": ("110100", "Application Activity", "110120", "Application Start", "E"),
    "stop": ("110100", "Application Activity", "110121", "Application Stop", "E"),
    "login": ("110114", "User Authentication", "110122", "Login", "E"),
    "logout": ("110114", "User Authentication", "110123", "Logout", "E"),
    "query": ("110112", "Query", "", "", "E"),
    "begin": ("110102", "Begin Transferring DICOM Instances", "", "", "E"),
    "transfer": ("110104", "DICOM Instances Transferred", "", "", "R"),
    "read": ("110103", "DICOM Instances Accessed", "", "", "R"),
    "export": ("110106", "Export", "", "", "R"),
    "delete": ("110105", "DICOM Study Deleted", "", "", "D"),
    "patient_record": ("110110", "Patient Record", "", "", "R"),
    # A merge: the record that stays is updated, the other one is deleted.
    "merge": ("110110", "Patient Record", "", "", "U"),
    "vanish": ("110110", "Patient Record", "", "", "D"),
    "order": ("110109", "Order Record", "", "", "C"),
    "procedure": ("110111", "Procedure Record", "", "", "U"),
    "emergency": ("110113", "Security Alert", "110127", "Emergency Override Started", "E"),
    "audit_log": ("110101", "Audit Log Used", "", "", "R"),
}
MEDIA_NAMES = {"110030": "USB Disk Emulation", "110032": "CD", "110033": "DVD", "110037": "URI"}


class AuditWriter:
    """Writes events, which come in order of time, into one file per source and month."""

    def __init__(self, pack: Pack) -> None:
        self.pack = pack
        self._open: dict[str, tuple[str, IO[bytes], ExitStack]] = {}
        self._numbers: dict[str, int] = {}

    def __enter__(self) -> AuditWriter:
        return self

    def __exit__(self, *error: object) -> None:
        for _, _, closing in self._open.values():
            closing.close()

    def write(self, event: Event) -> None:
        """Append one event to the file of its source."""
        dialect = DIALECTS[event.system]
        if dialect.bare and event.at < self.pack.span.at(self.pack.span.back(LAST_DAYS_OF_BARE - 1)):
            return
        message = _message(event, dialect, self._written(event, dialect)).encode()
        for _ in range(2 if event.flaw == "doubled" else 1):
            line = message if dialect.bare else self._syslog(event, dialect, message)
            self._file(event, dialect).write(line + b"\n")

    def _file(self, event: Event, dialect: Dialect) -> IO[bytes]:
        local = self.pack.span.local(event.at)
        name = f"audit/{event.system}-{local:%Y-%m}" + (".xml" if dialect.bare else ".log.gz")
        known = self._open.get(event.system)
        if known and known[0] == name:
            return known[1]
        if known:
            known[2].close()
        closing = ExitStack()
        file = closing.enter_context(self.pack.open(name, self._custody(event.system, local.date())))
        self._open[event.system] = (name, file, closing)
        return file

    def _custody(self, system: str, day: date) -> Custody:
        next_month = day.replace(day=1) + timedelta(days=32)
        return Custody(
            by="audit repository",
            at=self.pack.span.at(next_month.replace(day=1)) - timedelta(seconds=1),
            system=SYSTEMS[system].host,
            command=f"export --source {SYSTEMS[system].source} --month {day:%Y-%m}",
            filters=f"last {LAST_DAYS_OF_BARE} days that the device keeps" if DIALECTS[system].bare else "",
            approved_by="Privacy Officer",
        )

    def _written(self, event: Event, dialect: Dialect) -> str:
        at = event.at - event.slow
        if event.flaw == "zoneless":
            return self.pack.span.local(at).replace(tzinfo=None).isoformat(timespec="milliseconds")
        if dialect.utc:
            return _utc(at)
        return self.pack.span.local(at).isoformat(timespec="milliseconds")

    def _syslog(self, event: Event, dialect: Dialect, message: bytes) -> bytes:
        system = SYSTEMS[event.system]
        number = self._numbers[event.system] = self._numbers.get(event.system, 0) + 1
        priority = 8 * AUDIT_FACILITY + SEVERITIES.get(event.outcome, ERR)
        # Delivery takes a moment; the same one in every run.
        received = event.at + timedelta(milliseconds=12 + 37 * number % 900)
        sender = f"{system.host} {system.source} {2000 + number // 5000}"
        head = f"<{priority}>1 {_utc(received)} {sender} {dialect.msgid} - "
        if event.flaw == "truncated":
            message = message[:CUT_AT]
        return head.encode() + (b"\xef\xbb\xbf" if dialect.mark else b"") + message


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def _message(event: Event, dialect: Dialect, written: str) -> str:
    code, meaning, subcode, submeaning, action = CODES[event.kind]
    system = SYSTEMS[event.system]
    subtype = _coded("EventTypeCode", subcode, submeaning, dialect) if subcode else ""
    reason = "" if dialect.old or not event.reason else _text("EventOutcomeDescription", event.reason)
    purpose = _coded("PurposeOfUse", event.purpose, "", dialect, "ActReason") if event.purpose else ""
    identification = _element(
        "EventIdentification",
        {
            "EventActionCode": action,
            "EventDateTime": written,
            "EventOutcomeIndicator": str(event.outcome),
        },
        _coded("EventID", code, meaning, dialect) + subtype + reason + purpose,
    )
    body = (
        identification + _participants(event, dialect) + _source(system, dialect) + _objects(event, dialect)
    )
    return '<?xml version="1.0" encoding="UTF-8"?>' + _element("AuditMessage", {}, body)


def _participants(event: Event, dialect: Dialect) -> str:
    system, actor = SYSTEMS[event.system], event.actor
    node = Actor.system(event.system)
    if event.kind in {"start", "stop"}:
        return _participant(node, dialect, False, "110150", "Application") + _participant(
            actor, dialect, True, "110151", "Application Launcher"
        )
    if event.kind in {"transfer", "begin", "query"}:
        to = Actor.system(event.to or event.system)
        return _participant(actor, dialect, True, "110153", "Source Role ID") + _participant(
            to, dialect, False, "110152", "Destination Role ID"
        )
    if event.kind == "export":
        media = Actor(
            "media" if event.media != "110037" else "https://share.lakeside-memorial.example", "", "", ""
        )
        return _participant(actor, dialect, True, "110153", "Source Role ID") + _participant(
            media, dialect, False, "110154", "Destination Media", event.media
        )
    if system.aet and event.kind in {"read", "delete"}:
        return _participant(actor, dialect, True) + _participant(node, dialect, False)
    return _participant(actor, dialect, True)


def _participant(
    actor: Actor, dialect: Dialect, requestor: bool, role: str = "", meaning: str = "", media: str = ""
) -> str:
    attributes = {"UserID": actor.id, "UserIsRequestor": "true" if requestor else "false"}
    if actor.name and not actor.machine:
        attributes["UserName"] = actor.name
    if actor.ip:
        attributes |= {"NetworkAccessPointID": actor.ip, "NetworkAccessPointTypeCode": "2"}
    inner = _coded("RoleIDCode", role, meaning, dialect) if role else ""
    titled = actor.machine and actor.id.isupper()
    if dialect.old and titled:
        attributes["AlternativeUserID"] = f"AETITLES={actor.id}"
    if not dialect.old and actor.ip:
        attributes["UserTypeCode"] = "2" if actor.machine else "1"
        if titled:
            inner += _coded("UserIDTypeCode", "110119", "Station AE Title", dialect)
        elif not actor.machine:
            inner += _coded("UserIDTypeCode", "113871", "Person ID", dialect)
    if media:
        code = _coded("MediaType", media, MEDIA_NAMES[media], dialect)
        inner += _element("MediaIdentifier", {}, code)
    return _element("ActiveParticipant", attributes, inner)


def _source(system: System, dialect: Dialect) -> str:
    names = {"AuditEnterpriseSiteID": SITE, "AuditSourceID": system.source}
    kind = "1" if system.kind == "modality" else "4"  # data acquisition device, application server
    code = "code" if dialect.old else "csd-code"
    return _element("AuditSourceIdentification", names, _element("AuditSourceTypeCode", {code: kind}))


def _objects(event: Event, dialect: Dialect) -> str:
    found = ""
    if event.study:
        study = event.study
        found += _object(
            study.uid, "2", "3", "110180", "Study Instance UID", "DCM", dialect,
            _element(
                "ParticipantObjectDescription", {},
                _element("Accession", {"Number": study.accession})
                + _element(
                    "SOPClass", {"UID": study.sop_class, "NumberOfInstances": str(study.instances)}
                ),
            ),
        )  # fmt: skip
    if event.patient:
        patient = event.patient
        identifier = f"{patient.patient_id}^^^{PATIENT_AUTHORITY}"
        name = _text("ParticipantObjectName", f"{patient.family_name}^{patient.given_name}")
        found += _object(identifier, "1", "1", "2", "Patient Number", "RFC-3881", dialect, name)
    if event.query:
        encoded = base64.b64encode(event.query.encode()).decode()
        found += _object(
            WORKLIST_FIND if event.to == "ris1" else STUDY_FIND,
            "2", "3", "110181", "SOP Class UID", "DCM", dialect,
            _text("ParticipantObjectQuery", encoded),
        )  # fmt: skip
    if event.kind == "audit_log":
        log = f"https://arr.lakeside-memorial.example/{sha256(event.actor.id.encode()).hexdigest()[:8]}"
        found += _object(
            log,
            "2",
            "13",
            "12",
            "URI",
            "RFC-3881",
            dialect,
            _text("ParticipantObjectName", "Security Audit Log"),
        )
    return found


def _object(
    identifier: str, kind: str, role: str, code: str, meaning: str, scheme: str, dialect: Dialect, inner: str
) -> str:
    attributes = {
        "ParticipantObjectID": identifier,
        "ParticipantObjectTypeCode": kind,
        "ParticipantObjectTypeCodeRole": role,
    }
    typed = _coded("ParticipantObjectIDTypeCode", code, meaning, dialect, scheme)
    return _element("ParticipantObjectIdentification", attributes, typed + inner)


def _coded(name: str, code: str, meaning: str, dialect: Dialect, scheme: str = "DCM") -> str:
    coded, told = ("code", "displayName") if dialect.old else ("csd-code", "originalText")
    attributes = {coded: code, "codeSystemName": scheme}
    return _element(name, attributes | ({told: meaning} if meaning else {}))


def _text(name: str, content: str) -> str:
    return f"<{name}>{escape(content)}</{name}>"


def _element(name: str, attributes: Mapping[str, str], inner: str = "") -> str:
    opened = name + "".join(f" {key}={quoteattr(value)}" for key, value in attributes.items())
    return f"<{opened}>{inner}</{name}>" if inner else f"<{opened}/>"


def in_order(events: Iterable[Event]) -> list[Event]:
    """Events by time, equal times always in the same order."""
    return sorted(events, key=lambda event: event.order)
