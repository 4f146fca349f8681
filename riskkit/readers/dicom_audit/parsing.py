"""From a frame to a message: one expat parse, guarded against hostile XML.

The structure that comes out is that of the schema of DICOM PS3.15 A.5.1, elements by their local
names, attributes as written. What it means is decided elsewhere (`meaning`).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

# The same handlers as defusedxml sets, and its exception; its own parsers build trees in Python.
from xml.parsers import expat

from defusedxml import DTDForbidden

from riskkit.readers.dicom_audit.codes import code
from riskkit.readers.dicom_audit.framing import Frame

DEPTH_LIMIT = 32
ATTRIBUTE_LIMIT = 64
VALUE_LIMIT = 64 << 10
PART_LIMIT = 10_000
"""Our own caps: depth, attributes per element, characters per value, participants or objects."""

Attributes = dict[str, str]


class UnreadableError(Exception):
    """A frame that is no message; `reason` is a quarantine reason, `detail` names no value."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason)
        self.reason, self.detail = reason, detail


@dataclass(slots=True)
class Participant:
    """ActiveParticipant: its attributes, and the codes of its roles, kind of id and medium."""

    attributes: Attributes
    roles: list[str] = field(default_factory=list)
    id_type: str = ""
    media: str = ""


@dataclass(slots=True)
class Thing:
    """ParticipantObjectIdentification: its attributes, kind of id, details and described parts.

    `query` is its query as written, `query_length` counts the characters of that.
    """

    attributes: Attributes
    id_type: str = ""
    details: list[Attributes] = field(default_factory=list)
    parts: list[tuple[str, Attributes]] = field(default_factory=list)
    query: str = ""
    query_length: int | None = None


@dataclass(slots=True)
class Message:
    """One audit message, uninterpreted. `event` is None when EventIdentification is missing."""

    event: Attributes | None = None
    event_id: Attributes = field(default_factory=dict)
    type_codes: list[str] = field(default_factory=list)
    purposes: list[str] = field(default_factory=list)
    outcome_description: str = ""
    participants: list[Participant] = field(default_factory=list)
    sources: list[Attributes] = field(default_factory=list)
    objects: list[Thing] = field(default_factory=list)
    repairs: list[str] = field(default_factory=list)


_AMPERSAND = re.compile(rb"&(?!(?:#\d{1,7}|#x[0-9A-Fa-f]{1,6}|amp|lt|gt|quot|apos);)")
_OCTAL = re.compile(rb"#(0[0-3][0-7]|[2-3][0-7][0-7])")
_CODEC = re.compile(r"(?i)(?:us-)?ascii|latin-?1|iso-?8859-\d{1,2}|(?:windows-|cp)125\d")
UTF8 = frozenset({"", "utf-8", "utf8"})


def _unescape_json(body: bytes) -> bytes:
    try:
        text = json.loads(b'"' + body + b'"')
    except ValueError:
        return body
    return text.encode("utf-8", "replace") if isinstance(text, str) else body


def _unescape_octal(body: bytes) -> bytes:
    """Undo `#012` and its like, which rsyslog writes for control and eight-bit characters."""
    return _OCTAL.sub(lambda found: bytes((int(found[1], 8),)), body)


def _escape_ampersands(body: bytes) -> bytes:
    return _AMPERSAND.sub(b"&amp;", body)


_REPAIRS = (
    ("JSON escapes undone", _unescape_json),
    ("syslog escapes undone", _unescape_octal),
    ("bare ampersands escaped", _escape_ampersands),
)


def _transcoded(body: bytes, encoding: str) -> bytes:
    if not _CODEC.fullmatch(encoding):
        raise UnreadableError("encoding", "the XML declaration names an encoding that is not read")
    try:
        return body.decode(encoding).encode()
    except (LookupError, UnicodeDecodeError) as error:
        raise UnreadableError("encoding", "the message is not in the encoding that it names") from error


class Parser:
    """Parses one frame after another; not to be shared between threads."""

    def __init__(self) -> None:
        self._start = self._started
        self._end = self._ended
        self._message = Message()
        self._expat: Any = None
        self._depth = 0
        self._large = False
        self._text: list[str] | None = None

    def parse(self, frame: Frame) -> Message:
        """Parse a frame, repairing what senders and transports are known to break.

        `Message.repairs` tells what was repaired. Raises UnreadableError.
        """
        if frame.fault:
            raise UnreadableError(frame.fault, frame.detail)
        body, repairs = frame.body, [frame.repaired] if frame.repaired else []
        if frame.encoding.lower() not in UTF8:
            body = _transcoded(body, frame.encoding)
        try:
            message = self.parse_body(body)
        except UnreadableError as first:
            if first.reason != "xml_malformed":
                raise
            message = self._parse_repaired(body, repairs, first)
        if b"xsi:" in body and b"xmlns:xsi" not in body:
            repairs.append("the prefix xsi is not declared")
        message.repairs = repairs
        return message

    def _parse_repaired(self, body: bytes, repairs: list[str], first: UnreadableError) -> Message:
        """Undo escapes of the transport, then escape bare ampersands: only what failed without."""
        for what, repair in _REPAIRS:
            repaired = repair(body)
            if repaired == body:
                continue
            body = repaired
            repairs.append(what)
            try:
                return self.parse_body(body)
            except UnreadableError as error:
                if error.reason != "xml_malformed":
                    raise
        try:
            body.decode()
        except UnicodeDecodeError:
            raise UnreadableError(
                "encoding", "the message is not UTF-8 and names no other encoding"
            ) from first
        raise first

    def parse_body(self, body: bytes) -> Message:
        """Parse UTF-8 as it is, repairing nothing. Raises UnreadableError."""
        parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.StartDoctypeDeclHandler = _forbid_dtd
        parser.EntityDeclHandler = _forbid_entity
        self._expat = parser
        self._message, self._depth, self._text = Message(), 0, None
        self._large = len(body) > VALUE_LIMIT
        try:
            parser.Parse(body, True)
        except expat.ExpatError as error:
            where = f"line {error.lineno} column {error.offset}"
            raise UnreadableError("xml_malformed", f"{where}: {expat.ErrorString(error.code)}") from None
        except DTDForbidden:
            raise UnreadableError("xml_dtd", "a document type or entity declaration") from None
        return self._message

    def _started(self, name: str, attributes: Attributes) -> None:
        self._depth += 1
        if self._depth > DEPTH_LIMIT:
            raise UnreadableError("xml_too_deep", f"elements nest deeper than {DEPTH_LIMIT}")
        if len(attributes) > ATTRIBUTE_LIMIT:
            raise UnreadableError("xml_too_large", f"an element has more than {ATTRIBUTE_LIMIT} attributes")
        if self._large and any(len(value) > VALUE_LIMIT for value in attributes.values()):
            raise UnreadableError("xml_too_large", f"an attribute has more than {VALUE_LIMIT} characters")
        if ":" in name:
            name = name.rpartition(":")[2]
        starter = STARTERS.get(name)
        if starter:
            starter(self._message, attributes, name)
        if name in TEXTS:
            self._text = []
            self._expat.CharacterDataHandler = self._text.append

    def _ended(self, name: str) -> None:
        self._depth -= 1
        if self._text is not None:
            self._expat.CharacterDataHandler = None
            text = TEXTS.get(name.rpartition(":")[2])
            if text:
                text(self._message, "".join(self._text).strip())
            self._text = None


def _forbid_dtd(name: str, system: str | None, public: str | None, _internal: bool) -> None:
    raise DTDForbidden(name, system, public)


def _forbid_entity(name: str, *_rest: object) -> None:
    raise DTDForbidden(name, None, None)


def _add_event(message: Message, attributes: Attributes, _name: str) -> None:
    message.event = attributes


def _add_event_id(message: Message, attributes: Attributes, _name: str) -> None:
    message.event_id = attributes


def _add_type(message: Message, attributes: Attributes, _name: str) -> None:
    _add_code(message.type_codes, attributes)


def _add_purpose(message: Message, attributes: Attributes, _name: str) -> None:
    _add_code(message.purposes, attributes)


def _add_participant(message: Message, attributes: Attributes, _name: str) -> None:
    _limit(message.participants)
    message.participants.append(Participant(attributes))


def _add_role(message: Message, attributes: Attributes, _name: str) -> None:
    if message.participants:
        _add_code(message.participants[-1].roles, attributes)


def _add_user_id_type(message: Message, attributes: Attributes, _name: str) -> None:
    if message.participants:
        message.participants[-1].id_type = code(attributes)


def _add_media(message: Message, attributes: Attributes, _name: str) -> None:
    if message.participants:
        message.participants[-1].media = code(attributes)


def _add_source(message: Message, attributes: Attributes, _name: str) -> None:
    message.sources.append(attributes)


def _add_object(message: Message, attributes: Attributes, _name: str) -> None:
    _limit(message.objects)
    message.objects.append(Thing(attributes))
    _add_description(message, attributes, "")


def _add_id_type(message: Message, attributes: Attributes, _name: str) -> None:
    if message.objects:
        message.objects[-1].id_type = code(attributes)


def _add_detail(message: Message, attributes: Attributes, _name: str) -> None:
    if message.objects:
        message.objects[-1].details.append(attributes)


def _add_part(message: Message, attributes: Attributes, name: str) -> None:
    if message.objects:
        message.objects[-1].parts.append((name, attributes))


def _add_description(message: Message, attributes: Attributes, _name: str) -> None:
    """Encrypted and Anonymized as attributes, which dcm4che writes where others have elements."""
    if message.objects:
        parts = [(name, {name: attributes[name]}) for name in DESCRIBED if name in attributes]
        message.objects[-1].parts += parts


def _add_code(codes: list[str], attributes: Attributes) -> None:
    value = code(attributes)
    if value:
        codes.append(value)


def _limit(parts: list[Any]) -> None:
    if len(parts) >= PART_LIMIT:
        raise UnreadableError("xml_too_large", f"more than {PART_LIMIT} participants or objects")


def _end_description(message: Message, text: str) -> None:
    message.outcome_description = text


def _end_query(message: Message, text: str) -> None:
    if message.objects:
        message.objects[-1].query = text
        message.objects[-1].query_length = len(text)


def _end_part(message: Message, text: str) -> None:
    """Encrypted and Anonymized as elements, whose text says so."""
    if message.objects and message.objects[-1].parts:
        name, values = message.objects[-1].parts[-1]
        message.objects[-1].parts[-1] = name, values or {name: text}


DESCRIBED = ("Encrypted", "Anonymized")
STARTERS = {
    "EventIdentification": _add_event,
    "EventID": _add_event_id,
    "EventTypeCode": _add_type,
    "PurposeOfUse": _add_purpose,
    "ActiveParticipant": _add_participant,
    "RoleIDCode": _add_role,
    "UserIDTypeCode": _add_user_id_type,
    "MediaType": _add_media,
    "AuditSourceIdentification": _add_source,
    "ParticipantObjectIdentification": _add_object,
    "ParticipantObjectIDTypeCode": _add_id_type,
    "ParticipantObjectDetail": _add_detail,
    "ParticipantObjecntObjectDetail": _add_detail,  # a misspelling that dcm4chee sends
    "ParticipantObjectDescription": _add_description,
    "ParticipantObjectDescriptionType": _add_description,
    "MPPS": _add_part,
    "Accession": _add_part,
    "SOPClass": _add_part,
    "Instance": _add_part,
    "StudyIDs": _add_part,
    "Encrypted": _add_part,
    "Anonymized": _add_part,
}
TEXTS = {
    "EventOutcomeDescription": _end_description,
    "ParticipantObjectQuery": _end_query,
    **dict.fromkeys(DESCRIBED, _end_part),
}
