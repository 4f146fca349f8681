"""Reads messages that are written alike by their `Plan`, many at a time, and leaves the others.

What is read here is what parsing each message would give; a message is left to the parser unless that
is certain. Beside its markup, which is that of a parsed message, every value must be UTF-8 without `<`,
control characters and references other than the predefined ones: then it can neither end the value that
it stands in nor be refused. Some messages are read both ways in every run; should the two ever differ,
the plan is given up and its messages are parsed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from riskkit.readers.dicom_audit.columns import REFERENCES, Taken, gather, rows_of
from riskkit.readers.dicom_audit.framing import Frame
from riskkit.readers.dicom_audit.meaning import Row
from riskkit.readers.dicom_audit.parsing import UTF8, VALUE_LIMIT
from riskkit.readers.dicom_audit.plans import BETWEEN, Plan, plan_of
from riskkit.readers.dicom_audit.shapes import NO_TEXT, Shape, shape_of, without_texts

FEW = 8
"""So many messages of a shape in a batch are worth a plan."""
SHAPES = 256
SAMPLE = 512
"""One message in so many is read both ways, and the first of each plan."""
GATHERED = 512

_DECIDING_LIMIT = 4096

_REFERENCE = re.compile(rb"&(?!(?:amp|lt|gt|apos);)")
_REFERENCES = tuple((one.encode(), other.encode()) for one, other in REFERENCES if one != "&amp;")
_NON_CHARACTERS = re.compile(rb"\xef\xbf[\xbe\xbf]")  # U+FFFE and U+FFFF, which XML excludes
_BETWEEN = BETWEEN.encode()
_NOT_SEEN: Any = object()

Careful = Callable[[Frame], list[Row]]


class _Similar:
    """Shapes with as many pieces of markup, and which of these hold texts."""

    def __init__(self) -> None:
        self.shapes: list[tuple[bytes, Shape]] = []
        self.texts: set[int] = set()

    def add(self, markup: bytes, shape: Shape) -> None:
        self.shapes.append((markup, shape))
        self.texts.update(at for at, one in enumerate(markup.split(b'"')) if NO_TEXT in one)


class Alike:
    """Knows the shapes and plans of one file; not to be shared between threads.

    `careful` reads one frame by parsing it and gives its rows, none when it is not readable.
    """

    def __init__(self, zone: ZoneInfo, careful: Careful, few: int = FEW) -> None:
        self._zone, self._careful, self._few = zone, careful, few
        self._shapes: dict[bytes, Shape | None] = {}
        self._similar: dict[int, _Similar] = {}
        self._plans: list[Plan] = []

    def read(self, frames: Sequence[Frame]) -> tuple[list[int], pa.Table]:
        """The numbers of the frames that could be read, in any order, and their rows, one for each.

        The columns of a record's place (`source`, `offset`, `event_seq`) are null, `n` is 0.
        """
        taken = self._take_all(frames)
        rows = rows_of(taken, self._plans, self._zone)
        if rows["event_time_us"].null_count:
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
            or (frame.encoding and frame.encoding.lower() not in UTF8)
        ):
            return
        pieces = body.split(b'"')
        shape = self._shape(number, pieces, waiting)
        if shape is None or (b"xsi:" in body and not shape.declares_xsi):
            return
        pieces.append(b"")
        plan = self._plan(shape, pieces)
        if plan is not None and plan.works:
            self._take(number, frame, pieces, plan, shape.width, found)

    def _shape(self, number: int, pieces: list[bytes], waiting: dict[bytes, list[int]]) -> Shape | None:
        """The shape of a message; made once `few` messages of it were seen, which are read afterwards."""
        written = pieces[::2]
        similar = self._similar.get(len(written))
        if similar:
            for at in similar.texts:
                written[at] = without_texts(written[at])
            bare = b'"'.join(written)
            for markup, shape in similar.shapes:
                if markup == bare:
                    return shape
        bare = b'"'.join(map(without_texts, written))
        if bare not in self._shapes:
            numbers = waiting.setdefault(bare, [])
            if len(numbers) + 1 < self._few or len(self._shapes) >= SHAPES:
                numbers.append(number)
                return None
            self._shapes[bare] = made = shape_of(pieces, NO_TEXT in bare)
            if made:
                self._similar.setdefault(len(written), _Similar()).add(bare, made)
        return self._shapes[bare]

    def _plan(self, shape: Shape, pieces: list[bytes]) -> Plan | None:
        taken, deciding = shape.taken(pieces), shape.decides(pieces)
        filled = all(taken)
        usual: tuple[object, Plan | None] = shape.usual
        if filled and deciding == usual[0]:
            return usual[1]
        key: object = deciding if filled else (deciding, tuple(map(bool, taken)))
        plan: Plan | None = shape.plans.get(key, _NOT_SEEN)
        if plan is not _NOT_SEEN:
            if filled:
                shape.usual = deciding, plan
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
        references = values.count(b"&")
        only_ampersands = references == values.count(b"&amp;")
        if not only_ampersands and _REFERENCE.search(values):
            return
        for work_out, at in plan.extras:
            extra = work_out(pieces[at])
            if extra is None:
                return
            pieces.append(extra)
        fields = plan.fields(pieces)
        classes = _BETWEEN.join(plan.classes(pieces))
        if b"\\" in values:
            pieces = pieces.copy()
            for at in plan.in_json:
                pieces[at] = pieces[at].replace(b"\\", b"\\\\")
        agents = plan.agents and plan.agents % plan.in_agents(pieces)
        entities = plan.entities and plan.entities % plan.in_entities(pieces)
        if references:  # none of these characters is escaped in JSON
            agents, entities = _resolved(agents, only_ampersands), _resolved(entities, only_ampersands)
        found.append(
            (
                number,
                plan.number,
                values,
                fields,
                classes,
                frame.received,
                hashlib.sha256(frame.body).digest(),
                agents,
                entities,
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


def _resolved(text: bytes | None, only_ampersands: bool) -> bytes | None:
    if not text:
        return text
    if not only_ampersands:
        for reference, character in _REFERENCES:
            text = text.replace(reference, character)
    return text.replace(b"&amp;", b"&")
