"""Reads messages that are written alike by their `Plan`, many at a time, and leaves the others.

What is read here is what parsing each message would give; a message is left to the parser unless that
is certain. Beside its markup, which is that of a parsed message, every value must be UTF-8 without `<`,
control characters and references other than the predefined ones: then it can neither end the value that
it stands in nor be refused. Some messages are read both ways in every run; should the two ever differ,
the plan is given up and its messages are parsed.
"""

from __future__ import annotations

import gc
import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from riskkit.readers.dicom_audit.columns import REFERENCES, Taken, as_text, gather, rows_of
from riskkit.readers.dicom_audit.framing import Frame
from riskkit.readers.dicom_audit.meaning import (
    Row,
    address,
    ae_title,
    patient_of,
    sum_up,
    user_type,
)
from riskkit.readers.dicom_audit.parsing import UTF8, VALUE_LIMIT, Participant
from riskkit.readers.dicom_audit.plans import FIELDS, Plan, plan_of
from riskkit.readers.dicom_audit.shapes import Shape, markup, shape_of, without_texts

FEW = 8
"""So many messages of a shape in a batch are worth a plan."""
SHAPES = 256
SAMPLE = 512
"""One message in so many is read both ways, and the first of each plan."""
GATHERED = 512

_DECIDING_LIMIT = 4096
_REMEMBERED, _REMEMBERED_LENGTH = 1 << 15, 256

_REFERENCE = re.compile(rb"&(?!(?:amp|lt|gt|apos);)")
_REFERENCES = tuple((one.encode(), other.encode()) for one, other in REFERENCES if one != "&amp;")
_NON_CHARACTERS = re.compile(rb"\xef\xbf[\xbe\xbf]")  # U+FFFE and U+FFFF, which XML excludes
_ADDRESS, _SOURCE_AET, _DEST_AET, _PATIENT, _USER_ID, _USER_NAME = map(
    FIELDS.index, ("address", "source_aet", "dest_aet", "patient", "user_id", "user_name")
)

_NEITHER = None, None
_NOT_SEEN: Any = object()

Careful = Callable[[Frame], list[Row]]


@contextmanager
def no_collection() -> Iterator[None]:
    """Spare the cycle collector many small objects, none of which is part of a cycle."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class _Remembered(dict[Any, Any]):
    """What a function said of values that come again and again; a bounded number of short ones."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        super().__init__()
        self._function = function

    def __missing__(self, key: Any) -> Any:
        said = self._function(key)
        if len(self) < _REMEMBERED and sum(map(len, key)) <= _REMEMBERED_LENGTH:
            self[key] = said
        return said


class Alike:
    """Knows the shapes and plans of one file; not to be shared between threads.

    `careful` reads one frame by parsing it and gives its rows, none when it is not readable.
    """

    def __init__(self, zone: ZoneInfo, careful: Careful, few: int = FEW) -> None:
        self._zone, self._careful, self._few = zone, careful, few
        self._shapes: dict[bytes, Shape | None] = {}
        self._plans: list[Plan] = []
        self._address = _Remembered(_address)
        self._ae_title = _Remembered(_ae_title)
        self._classes = _Remembered(_classes)
        self._user_type = _Remembered(_user_type)

    def read(self, frames: Sequence[Frame]) -> tuple[list[int], pa.Table]:
        """The numbers of the frames that could be read, in any order, and their rows, one for each.

        The columns of a record's place (`source`, `offset`, `event_seq`) are null, `n` is 0.
        """
        with no_collection():
            taken = self._take_all(frames)
        rows = rows_of(taken, self._plans, self._zone)
        # A time that cannot be read is told in the notes, which no plan knows.
        timed = pc.is_valid(rows["event_time_us"])
        taken, rows = taken.filter(timed), rows.filter(timed)
        while differing := self._differing(frames, taken, rows):
            for number in differing:
                self._plans[number].works = False
            agreed = pc.invert(pc.is_in(taken["plan"], pa.array(differing, pa.int64())))
            taken, rows = taken.filter(agreed), rows.filter(agreed)
        return taken["number"].to_pylist(), rows

    def _take_all(self, frames: Sequence[Frame]) -> pa.Table:
        waiting: dict[bytes, list[int]] = {}
        gathered = []
        for first in range(0, len(frames), GATHERED):
            found: list[Taken] = []
            for number in range(first, min(first + GATHERED, len(frames))):
                self._follow(number, frames[number], found, waiting)
            gathered.append(gather(found))
        found = []
        for bare, numbers in waiting.items():
            if self._shapes.get(bare):
                for number in numbers:
                    self._follow(number, frames[number], found, {})
        return pa.concat_tables([*gathered, gather(found)]).combine_chunks()

    def _follow(self, number: int, frame: Frame, found: list[Taken], waiting: dict[bytes, list[int]]) -> None:
        body = frame.body
        if (
            frame.fault
            or frame.repaired
            or frame.note
            or len(body) > VALUE_LIMIT
            or not (body.isascii() or _is_xml_text(body))
            or frame.encoding.lower() not in UTF8
        ):
            return
        pieces = body.split(b'"')
        written = markup(pieces)
        shape = self._shapes.get(written)
        if shape is None:
            bare = without_texts(written)
            shape = self._shapes.get(bare) if bare != written else None
            if shape is None:
                self._wait(number, pieces, bare, bare != written, waiting)
                shape = self._shapes.get(bare)
                if shape is None:
                    return
            elif b"xsi:" in written and not shape.declares_xsi:
                return
        pieces.append(b"")
        plan = self._plan(shape, pieces)
        if plan is not None and plan.works:
            self._take(number, frame, pieces, plan, shape.width, found)

    def _wait(
        self,
        number: int,
        pieces: list[bytes],
        bare: bytes,
        texts_left_out: bool,
        waiting: dict[bytes, list[int]],
    ) -> None:
        """Make a shape once enough messages of it were seen; what was seen before is read afterwards."""
        if bare in self._shapes:
            return
        numbers = waiting.setdefault(bare, [])
        if len(numbers) + 1 < self._few or len(self._shapes) >= SHAPES:
            numbers.append(number)
        else:
            self._shapes[bare] = shape_of(pieces, texts_left_out)

    def _plan(self, shape: Shape, pieces: list[bytes]) -> Plan | None:
        taken, deciding = shape.taken(pieces), shape.decides(pieces)
        key: object = deciding if all(taken) else (deciding, tuple(map(bool, taken)))
        plan: Plan | None = shape.plans.get(key, _NOT_SEEN)
        if plan is not _NOT_SEEN:
            return plan
        if shape.full or sum(map(len, deciding)) > _DECIDING_LIMIT:
            return None
        plan = plan_of(shape, pieces, len(self._plans), self._zone)
        if plan is not None:
            self._plans.append(plan)
        shape.plans[key] = plan
        return plan

    def _take(
        self, number: int, frame: Frame, pieces: list[bytes], plan: Plan, width: int, found: list[Taken]
    ) -> None:
        values = b'"'.join(pieces[1:width:2])
        references = b"&" in values
        if references and _REFERENCE.search(values):
            return
        for work_out, at in plan.extras:
            extra = work_out(pieces[at])
            if extra is None:
                return
            pieces.append(extra)
        fields = plan.fields(pieces)
        classes = plan.classes(pieces)
        if b"\\" in values:
            pieces = pieces.copy()
            for at in plan.in_json:
                pieces[at] = pieces[at].replace(b"\\", b"\\\\")
        agents = plan.agents and plan.agents % plan.in_agents(pieces)
        entities = plan.entities and plan.entities % plan.in_entities(pieces)
        if references:  # none of these characters is escaped in JSON
            agents, entities = _resolved(agents), _resolved(entities)
        found.append(
            (
                number,
                plan.number,
                values,
                fields,
                frame.received,
                hashlib.sha256(frame.body).hexdigest(),
                agents,
                entities,
                self._address[fields[_ADDRESS], plan.address_type],
                self._ae_title[fields[_SOURCE_AET], plan.source_type] if fields[_SOURCE_AET] else None,
                self._ae_title[fields[_DEST_AET], plan.dest_type] if fields[_DEST_AET] else None,
                patient_of(as_text(fields[_PATIENT])) if fields[_PATIENT] else _NEITHER,
                self._classes[classes] if classes else _NEITHER,
                self._user_type[fields[_USER_ID], fields[_USER_NAME], *plan.who] if plan.who else None,
            )
        )

    def _differing(self, frames: Sequence[Frame], taken: pa.Table, rows: pa.Table) -> list[int]:
        """Numbers of plans that gave another row than the parser, as far as tried."""
        sample = []
        plans = taken["plan"].to_pylist()
        for place, number in enumerate(plans):
            plan = self._plans[number]
            if not plan.tried or place % SAMPLE == 0:
                plan.tried = True
                sample.append(place)
        places = pa.array(sample, pa.int64())
        numbers = taken["number"].take(places).to_pylist()
        differing = []
        for place, number, row in zip(sample, numbers, rows.take(places).to_pylist(), strict=True):
            careful = self._careful(frames[number])
            if len(careful) != 1 or any(row[name] != value for name, value in careful[0].items()):
                differing.append(plans[place])
        return differing


def _is_xml_text(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return not _NON_CHARACTERS.search(body)


def _resolved(text: bytes | None) -> bytes | None:
    if not text or not (references := text.count(b"&")):
        return text
    if references != text.count(b"&amp;"):
        for reference, character in _REFERENCES:
            text = text.replace(reference, character)
    return text.replace(b"&amp;", b"&")


# The functions of `meaning`, for values as they stand in a message.


def _address(key: tuple[bytes, str]) -> tuple[str | None, str | None]:
    point, kind = key
    return address(Participant({"NetworkAccessPointID": as_text(point), "NetworkAccessPointTypeCode": kind}))


def _ae_title(key: tuple[bytes, str]) -> str | None:
    """`ae_title` looks at one of the two ids, as the type of the first one says."""
    written, kind = as_text(key[0]), key[1]
    return ae_title(Participant({"UserID": written, "AlternativeUserID": written}, id_type=kind))


def _classes(written: tuple[bytes, ...]) -> tuple[str | None, int | None]:
    """UIDs and numbers of instances in turn."""
    texts = [as_text(one) for one in written]
    return sum_up(list(zip(texts[::2], texts[1::2], strict=True)))


def _user_type(key: tuple[bytes, bytes, str, str, tuple[str, ...]]) -> str:
    name, written, kind, id_type, roles = key
    attributes = {"UserID": as_text(name), "UserName": as_text(written), "UserTypeCode": kind}
    return user_type(Participant(attributes, list(roles), id_type))
