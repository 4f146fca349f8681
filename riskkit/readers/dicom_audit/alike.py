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

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from riskkit.readers import audit_codes as codes
from riskkit.readers.dicom_audit.framing import Frame
from riskkit.readers.dicom_audit.meaning import (
    Row,
    address,
    ae_title,
    known,
    patient_of,
    read_objects,
    user_type,
)
from riskkit.readers.dicom_audit.parsing import UTF8, VALUE_LIMIT, Participant, Thing
from riskkit.readers.dicom_audit.shapes import FIELDS, Plan, Shape, markup, plan_of, shape_of, without_texts
from riskkit.readers.events import TABLE
from riskkit.readers.time_columns import read_times, zoned_times

FEW = 8
"""So many messages of a shape in a batch are worth a plan."""
SHAPES = 256
SAMPLE = 512
"""One message in so many is read both ways, and the first of each plan."""

_DECIDING_LIMIT = 4096
_REMEMBERED, _REMEMBERED_LENGTH = 1 << 15, 256

_REFERENCE = re.compile(rb"&(?!(?:amp|lt|gt|apos);)")
_REFERENCES = ("&lt;", "<"), ("&gt;", ">"), ("&apos;", "'"), ("&amp;", "&")
_ODD = re.compile(rb"[\x00-\x1f<]|xsi:")
_NON_CHARACTERS = re.compile(rb"\xef\xbf[\xbe\xbf]")  # U+FFFE and U+FFFF, which XML excludes
_FIRST_PRINTABLE = 0x20
_ADDRESS, _SOURCE_AET, _DEST_AET, _PATIENT, _USER_ID, _USER_NAME = map(
    FIELDS.index, ("address", "source_aet", "dest_aet", "patient", "user_id", "user_name")
)
_PLACEHOLDERS = pa.array(sorted(codes.PLACEHOLDERS))

Careful = Callable[[Frame], list[Row]]


_Found = tuple[Any, ...]
"""What is taken from one message, as `_take` puts it together."""
_NUMBER, _PLAN, _VALUES, _FIELDS = range(4)


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
        with _no_collection():
            found = self._found(frames)
        found = _with_time(_without_odd(found), self._zone)
        rows = self._rows(found)
        while differing := self._differing(frames, found, rows):
            for plan in differing:
                plan.works = False
            found = [one for one in found if one[_PLAN].works]
            rows = self._rows(found)
        return [one[_NUMBER] for one in found], rows

    def _found(self, frames: Sequence[Frame]) -> list[_Found]:
        found: list[_Found] = []
        waiting: dict[bytes, list[int]] = {}
        for number, frame in enumerate(frames):
            self._follow(number, frame, found, waiting)
        for bare, numbers in waiting.items():
            if self._shapes.get(bare):
                for number in numbers:
                    self._follow(number, frames[number], found, {})
        return found

    def _follow(
        self, number: int, frame: Frame, found: list[_Found], waiting: dict[bytes, list[int]]
    ) -> None:
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
        try:
            return shape.plans[key]
        except KeyError:
            pass
        if shape.full or sum(map(len, deciding)) > _DECIDING_LIMIT:
            return None
        plan = plan_of(shape, pieces, len(self._plans), self._zone)
        if plan is not None:
            self._plans.append(plan)
        shape.plans[key] = plan
        return plan

    def _take(
        self, number: int, frame: Frame, pieces: list[bytes], plan: Plan, width: int, found: list[_Found]
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
                plan,
                values,
                fields,
                frame.received,
                hashlib.sha256(frame.body).hexdigest(),
                agents,
                entities,
                self._address[fields[_ADDRESS], plan.address_type],
                self._ae_title[fields[_SOURCE_AET], plan.source_type],
                self._ae_title[fields[_DEST_AET], plan.dest_type],
                patient_of(_text(fields[_PATIENT])),
                self._classes[classes] if classes else (None, None),
                self._user_type[fields[_USER_ID], fields[_USER_NAME], *plan.who] if plan.who else None,
            )
        )

    def _rows(self, found: list[_Found]) -> pa.Table:
        if not found:
            return TABLE.schema.empty_table()
        # The order of what `_take` appends.
        (_, plans, _, parts, received, event_ids, agents, entities, addresses, sources, destinations,
         patients, classes, types) = zip(*found, strict=True)  # fmt: skip
        fields = dict(zip(FIELDS, zip(*parts, strict=True), strict=True))
        written = pa.array(fields["event_time"], pa.string())
        instants, quality = read_times(written, self._zone)
        ips, hosts = zip(*addresses, strict=True)
        ids, issuers = zip(*patients, strict=True)
        uids, instances = zip(*classes, strict=True)
        rows: dict[str, Any] = {
            "event_time_us": instants,
            "event_time_raw": written,
            "time_quality": quality,
            "event_received_us": zoned_times(pa.array(received, pa.string())),
            "event_id": event_ids,
            "user_type": types,
            "source_ip": ips,
            "source_host": hosts,
            "source_aet": sources,
            "dest_aet": destinations,
            "patient_id": ids,
            "patient_id_issuer": issuers,
            "sop_class_uids": uids,
            "instance_count": instances,
            "agents": agents,
            "entities": entities,
            "source": pa.nulls(len(found), pa.string()),
            "offset": pa.nulls(len(found), pa.int64()),
            "event_seq": pa.nulls(len(found), pa.int64()),
            "n": pa.repeat(0, len(found)),
        }
        different, which = np.unique([plan.number for plan in plans], return_inverse=True)
        which = pa.array(which)
        for column in TABLE.schema:
            if column.name in rows:
                continue
            same = pa.array([self._plans[number].row[column.name] for number in different], column.type)
            constant = same.take(which) if len(same.unique()) > 1 else pa.repeat(same[0], len(found))
            if column.name in fields:
                read = _as_written if column.name == "event_reason" else _known
                constant = pc.coalesce(read(fields[column.name]), constant)
            rows[column.name] = constant
        return pa.Table.from_arrays(
            [
                rows[column.name]
                if isinstance(rows[column.name], pa.Array)
                else pa.array(rows[column.name], column.type)
                for column in TABLE.schema
            ],
            schema=TABLE.schema,
        )

    def _differing(self, frames: Sequence[Frame], found: list[_Found], rows: pa.Table) -> list[Plan]:
        """Plans that gave another row than the parser, as far as tried."""
        sample = []
        for place, one in enumerate(found):
            plan = one[_PLAN]
            if not plan.tried or place % SAMPLE == 0:
                plan.tried = True
                sample.append(place)
        differing = []
        for place, row in zip(sample, rows.take(pa.array(sample, pa.int64())).to_pylist(), strict=True):
            careful = self._careful(frames[found[place][_NUMBER]])
            if len(careful) != 1 or any(row[name] != value for name, value in careful[0].items()):
                differing.append(found[place][_PLAN])
        return differing


@contextmanager
def _no_collection() -> Iterator[None]:
    """Spare the cycle collector many small objects, none of which is part of a cycle."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _with_time(found: list[_Found], zone: ZoneInfo) -> list[_Found]:
    """Those with a time that can be read; others say so in their notes, which no plan knows."""
    written = pa.array([one[_FIELDS][0] for one in found], pa.string())
    instants, _ = read_times(written, zone)
    if not instants.null_count:
        return found
    return [one for one, instant in zip(found, instants.to_pylist(), strict=True) if instant is not None]


def _without_odd(found: list[_Found]) -> list[_Found]:
    """Those whose values hold no control character, no `<` and no undeclared prefix."""
    together = b'"'.join([one[_VALUES] for one in found])
    few_controls = not together or np.frombuffer(together, np.uint8).min() >= _FIRST_PRINTABLE
    if few_controls and b"<" not in together and b"xsi:" not in together:
        return found
    return [one for one in found if not _ODD.search(one[_VALUES])]


def _is_xml_text(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return not _NON_CHARACTERS.search(body)


def _resolved(text: bytes | None) -> bytes | None:
    if text and b"&" in text:
        for reference, character in _REFERENCES:
            text = text.replace(reference.encode(), character.encode())
    return text


def _text(value: bytes) -> str:
    """A value as it stands in the message, decoded, its references resolved."""
    text = value.decode()
    if "&" in text:
        for reference, character in _REFERENCES:
            text = text.replace(reference, character)
    return text


def _resolved_column(written: pa.StringArray) -> pa.StringArray:
    if not pc.any(pc.match_substring(written, "&")).as_py():
        return written
    for reference, character in _REFERENCES:
        written = pc.replace_substring(written, reference, character)
    return written


def _known(values: Sequence[bytes]) -> pa.StringArray:
    """What `meaning.known` makes of each."""
    written = _resolved_column(pa.array(values, pa.string()))
    if not pc.all(pc.string_is_ascii(written)).as_py():
        return pa.array(map(known, written.to_pylist()), pa.string())
    bare = pc.ascii_trim(written, " ")
    unknown = pc.is_in(pc.ascii_lower(bare), _PLACEHOLDERS)
    return pc.if_else(unknown, pa.scalar(None, pa.string()), bare)


def _as_written(values: Sequence[bytes]) -> pa.StringArray:
    """Without surrounding blanks; None where nothing is left."""
    return pa.array([_text(value).strip() or None for value in values], pa.string())


# The functions of `meaning`, for values as they stand in a message.


def _address(key: tuple[bytes, str]) -> tuple[str | None, str | None]:
    point, kind = key
    return address(Participant({"NetworkAccessPointID": _text(point), "NetworkAccessPointTypeCode": kind}))


def _ae_title(key: tuple[bytes, str]) -> str | None:
    """`ae_title` looks at one of the two ids, as the type of the first one says."""
    written, kind = _text(key[0]), key[1]
    return ae_title(Participant({"UserID": written, "AlternativeUserID": written}, id_type=kind))


def _classes(key: tuple[bytes, ...]) -> tuple[Any, Any]:
    """UIDs and numbers of instances in turn."""
    parts = [
        ("SOPClass", {"UID": _text(uid), "NumberOfInstances": _text(number)})
        for uid, number in zip(key[::2], key[1::2], strict=True)
    ]
    row = read_objects([Thing({}, parts=parts)], [])
    return row["sop_class_uids"], row["instance_count"]


def _user_type(key: tuple[bytes, bytes, str, str, tuple[str, ...]]) -> str:
    name, written, kind, id_type, roles = key
    attributes = {"UserID": _text(name), "UserName": _text(written), "UserTypeCode": kind}
    return user_type(Participant(attributes, list(roles), id_type))
