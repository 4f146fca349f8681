"""Plans: how messages of one shape that agree in the values that decide are read.

A plan is made by the real parser and the real reading of meaning, from a message whose values were
replaced by marks. Where a mark comes out is where the value belongs; where anything comes out that is
not understood, there is no plan and such messages are read one by one.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from riskkit.readers import audit_codes as codes
from riskkit.readers.dicom_audit.meaning import Row, is_patient, open_detail, read_event, requestor
from riskkit.readers.dicom_audit.parsing import Message, Participant, UnreadableError
from riskkit.readers.dicom_audit.shapes import (
    MARK,
    OPEN,
    PARTS,
    TEXT,
    NoPlanError,
    Pick,
    Shape,
    Watcher,
    mark,
    may_be_marked,
    picker,
)

FIELDS = (
    "event_time", "user_id", "user_name", "address", "source_aet", "dest_aet", "dest_id", "dest_host",
    "source_system", "source_site", "patient", "study_uid", "accession", "event_reason",
    "query",
)  # fmt: skip
"""What a plan finds in each message."""

BETWEEN = "\x1f"
"""Stands between values that are joined, as no value that is taken holds a control character."""

_COPIED = (
    "user_id", "user_name", "dest_id", "dest_host", "source_system", "source_site", "study_uid",
    "accession", "event_reason",
)  # fmt: skip
_WORKED_OUT = frozenset(
    {
        "event_time_us", "event_time_raw", "time_quality", "user_type", "source_ip", "source_host",
        "source_aet", "dest_aet", "patient_id", "patient_id_issuer", "sop_class_uids", "instance_count",
        "query_text", "agents", "entities",
    }
)  # fmt: skip


@dataclass(slots=True, eq=False)
class Plan:
    """How to read messages that agree in their shape and in the values that decide.

    `row` holds the columns that are the same for all, null where a field has its place; `fields` finds
    those of FIELDS. `extras` are put behind the pieces first: each is worked out from one piece, or is
    None when the message does not follow the plan. `agents` and `entities` are JSON with a place for
    each value of `in_agents` and `in_entities`. `who` is what `user_type` must know besides id and name,
    joined by BETWEEN, empty when there is no user.
    """

    number: int
    row: Row
    fields: Pick
    extras: tuple[tuple[Callable[[bytes], bytes | None], int], ...]
    agents: bytes | None
    in_agents: Pick
    entities: bytes | None
    in_entities: Pick
    classes: Pick
    who: str
    address_type: str
    source_type: str
    dest_type: str
    in_json: tuple[int, ...]
    works: bool = True
    tried: bool = False


def plan_of(shape: Shape, pieces: Sequence[bytes], number: int, zone: ZoneInfo) -> Plan | None:
    """The plan for messages that decide as this one does; None when they are read one by one."""
    if not may_be_marked(shape.decides(pieces)):
        return None
    try:
        return _Planner(shape, pieces[: shape.width]).plan(number, zone)
    except (NoPlanError, UnreadableError, KeyError):
        return None


class _Planner:
    """Makes one plan. `_extras` gives out places behind the pieces, the first of which is empty."""

    def __init__(self, shape: Shape, pieces: Sequence[bytes]) -> None:
        self._shape = shape
        self._absent = shape.width
        self._extras: list[tuple[Callable[[bytes], bytes | None], int]] = []
        self._marked = list(pieces)
        self._mark_values(pieces)
        if shape.texts_left_out:
            self._mark_texts()

    def plan(self, number: int, zone: ZoneInfo) -> Plan:
        message = Watcher().parse_body(b'"'.join(self._marked))
        for thing in message.objects:
            if OPEN in thing.query:
                # Stands for a number; `_template` takes the quotes off again.
                thing.query_length = self._length_of(thing.query)  # type: ignore[assignment]
        rows = list(read_event(message, "", zone))
        if len(rows) != 1:
            raise NoPlanError
        (row,) = rows
        self._refuse_what_depends(message)
        fields = dict.fromkeys(FIELDS, self._absent)
        for column in _COPIED:
            if OPEN in str(row[column]):
                fields[column], row[column] = self._place(row[column]), None
        fields["event_time"] = self._time_at()
        user, source, destination = _roles(message)
        fields["address"], address_type = self._attribute(user or source, "NetworkAccessPointID")
        fields["source_aet"], source_type = self._ae_title(source)
        fields["dest_aet"], dest_type = self._ae_title(destination)
        for thing in message.objects:
            if is_patient(thing):
                fields["patient"] = self._place(thing.attributes.get("ParticipantObjectID"))
            fields["query"] = self._place(thing.query) if thing.query else fields["query"]
        agents, in_agents = self._template(row["agents"])
        entities, in_entities = self._template(row["entities"])
        classes = tuple(self._classes(message))
        if any(OPEN in str(value) for column, value in row.items() if column not in (*_COPIED, *_WORKED_OUT)):
            raise NoPlanError
        return Plan(
            number,
            row,
            picker(tuple(fields.values())),
            tuple(self._extras),
            agents,
            picker(in_agents),
            entities,
            picker(in_entities),
            picker(classes),
            "" if user is None else _who(user),
            address_type,
            source_type,
            dest_type,
            tuple(sorted({at for at in (*in_agents, *in_entities) if at < self._absent})),
        )

    def _mark_values(self, pieces: Sequence[bytes]) -> None:
        kinds = {
            place[0]: pieces[at].decode() for at, place in self._placed() if place[2] == "type"
        }  # of the element that a detail is
        for at in self._shape.taken_at:
            element, name, attribute = self._shape.places[at // 2]
            if attribute == "EventDateTime":
                self._marked[at] = b"2000-01-01T00:00:00Z"  # read for each message anew
                continue
            if not pieces[at]:
                continue
            if attribute == "value" and name not in PARTS and kinds.get(element) in codes.OPEN_DETAILS:
                extra = self._extra(_opened, at)
                self._marked[at] = base64.b64encode(mark(extra))
            else:
                self._marked[at] = mark(at)

    def _mark_texts(self) -> None:
        for at in range(0, self._shape.width, 2):
            piece = self._marked[at]
            # Only the piece is looked at, as its neighbours are values: a text lies within one piece.
            found = list(TEXT.finditer(piece))
            if len(found) == 1:
                start, behind = found[0].start(1), len(piece) - found[0].end(1)
                extra = self._extra(_Text(start, behind), at)
                self._marked[at] = piece[:start] + mark(extra) + piece[len(piece) - behind :]
            elif found:
                self._marked[at] = TEXT.sub(f">{OPEN}<".encode(), piece)

    def _length_of(self, query: str) -> str:
        """The mark of the length of a text that a mark stands for."""
        work_out, at = self._extras[self._place(query) - self._absent - 1]
        if not isinstance(work_out, _Text):
            raise NoPlanError
        return mark(self._extra(_Length(work_out), at)).decode()

    def _placed(self) -> Iterator[tuple[int, tuple[int, str, str]]]:
        return ((2 * number + 1, place) for number, place in enumerate(self._shape.places))

    def _time_at(self) -> int:
        found = [at for at, place in self._placed() if place[1:] == ("EventIdentification", "EventDateTime")]
        if len(found) != 1:
            raise NoPlanError
        return found[0]

    def _extra(self, work_out: Callable[[bytes], bytes | None], at: int) -> int:
        self._extras.append((work_out, at))
        return self._absent + len(self._extras)

    def _place(self, value: object) -> int:
        """Where the value stands of which a mark came out; nowhere when it is missing or empty."""
        if not value:
            return self._absent
        found = MARK.fullmatch(str(value))
        if not found:
            raise NoPlanError
        return int(found[1])

    def _attribute(self, participant: Participant | None, name: str) -> tuple[int, str]:
        if participant is None:
            return self._absent, ""
        kind = participant.attributes.get("NetworkAccessPointTypeCode", "")
        return self._place(participant.attributes.get(name)), kind

    def _ae_title(self, participant: Participant | None) -> tuple[int, str]:
        if participant is None:
            return self._absent, ""
        typed = participant.id_type == codes.STATION_AE_TITLE
        return self._attribute(participant, "UserID" if typed else "AlternativeUserID")[
            0
        ], participant.id_type

    def _classes(self, message: Message) -> Iterator[int]:
        for thing in message.objects:
            for part, values in thing.parts:
                if part == "SOPClass":
                    yield self._place(values.get("UID"))
                    yield self._place(values.get("NumberOfInstances"))

    def _template(self, text: object) -> tuple[bytes | None, tuple[int, ...]]:
        """JSON with a place (`%b`) for each mark, and where their values stand."""
        if text is None:
            return None, ()
        numbers = re.sub(f'("query_length":)"({MARK.pattern})"', r"\1\2", str(text))
        parts = MARK.split(numbers)
        places = tuple(int(part) for part in parts[1::2])
        if any(OPEN in part or "&" in part for part in parts) or any(map(self._is_text, places)):
            raise NoPlanError
        return "%b".join(part.replace("%", "%%") for part in parts[::2]).encode(), places

    def _is_text(self, at: int) -> bool:
        """Whether there is the text of an element, which is not written as JSON needs it."""
        return at > self._absent and isinstance(self._extras[at - self._absent - 1][0], _Text)

    @staticmethod
    def _refuse_what_depends(message: Message) -> None:
        """Refuse messages in which a value that is copied would also decide over others."""
        asking = [
            one
            for one in message.participants
            if one.attributes.get("UserIsRequestor", "true").strip().lower() in ("true", "1")
        ]
        first = asking[:1]
        sure = all(
            one.id_type == codes.PERSON_ID or one.attributes.get("UserTypeCode") == "1" for one in first
        )
        patients = sum(map(is_patient, message.objects))
        studies = sum(thing.id_type == codes.STUDY_INSTANCE_UID for thing in message.objects)
        traces = sum(thing.id_type == "traceparent" for thing in message.objects)
        accessions = sum(part == "Accession" for thing in message.objects for part, _ in thing.parts)
        queries = sum(bool(thing.query) for thing in message.objects)
        if (len(asking) > 1 and not sure) or max(patients, studies, accessions, queries) > 1 or traces:
            raise NoPlanError


def _roles(message: Message) -> tuple[Participant | None, Participant | None, Participant | None]:
    source, destination = (
        next((one for one in message.participants if role in one.roles), None)
        for role in (codes.SOURCE, codes.DESTINATION)
    )
    return requestor(message.participants), source, destination


def _who(user: Participant) -> str:
    return BETWEEN.join((user.attributes.get("UserTypeCode", ""), user.id_type, *user.roles))


class _Text:
    """The text of an element within a piece of markup."""

    def __init__(self, start: int, behind: int) -> None:
        self._start, self._behind = start, behind

    def __call__(self, piece: bytes) -> bytes:
        return piece[self._start : len(piece) - self._behind]


class _Length:
    """How many characters a text has; None when there is nothing to count."""

    def __init__(self, text: _Text) -> None:
        self._text = text

    def __call__(self, piece: bytes) -> bytes | None:
        characters = len(self._text(piece).decode().strip())
        return b"%d" % characters if characters else None


def _opened(value: bytes) -> bytes | None:
    """The text of a detail that may be shown, escaped for JSON."""
    _, text = open_detail({"type": "StudyDate", "value": value.decode()})
    return None if text is None else json.dumps(text, ensure_ascii=False)[1:-1].encode()
