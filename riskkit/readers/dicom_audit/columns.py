"""From what was taken from many messages to columns of `audit_events`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from riskkit.readers import audit_codes as codes
from riskkit.readers.dicom_audit.meaning import known
from riskkit.readers.dicom_audit.plans import FIELDS, Plan
from riskkit.readers.events import TABLE
from riskkit.readers.time_columns import read_times, zoned_times

Taken = tuple[Any, ...]
"""Number of the message and of its plan, all values joined, those of FIELDS, time of the syslog header,
SHA-256, agents and entities as JSON; address and host, AE titles of source and destination, patient and
issuer, SOP classes and instances, type of the user."""

REFERENCES = ("&lt;", "<"), ("&gt;", ">"), ("&apos;", "'"), ("&amp;", "&")
"""The references of XML that are read, `&amp;` last."""

_TAKEN = pa.schema(
    [
        ("number", pa.int64()),
        ("plan", pa.int64()),
        *((f"written_{name}", pa.string()) for name in FIELDS),
        ("written_received", pa.string()),
        *((name, TABLE.schema.field(name).type) for name in (
            "event_id", "agents", "entities", "source_ip", "source_host", "source_aet", "dest_aet",
            "patient_id", "patient_id_issuer", "sop_class_uids", "instance_count", "user_type",
        )),
    ]
)  # fmt: skip
_ODD = re.compile(rb"[\x00-\x1f<]|xsi:")
_FIRST_PRINTABLE = 0x20
_VALUES = 2
_PLACE = ("source", "offset", "event_seq")
_PLACEHOLDERS = pa.array(sorted(codes.PLACEHOLDERS))


def gather(found: list[Taken]) -> pa.Table:
    """Turn round what was taken; messages with a control character, `<` or prefix in a value are left out.

    Few messages at a time: their values are then still near to the processor.
    """
    found = _without_odd(found)
    if not found:
        return _TAKEN.empty_table()
    (numbers, plans, _, fields, received, event_ids, agents, entities, addresses, sources, destinations,
     patients, classes, types) = zip(*found, strict=True)  # fmt: skip
    columns = (
        numbers, plans, *zip(*fields, strict=True), received, event_ids, agents, entities,
        *zip(*addresses, strict=True), sources, destinations, *zip(*patients, strict=True),
        *zip(*classes, strict=True), types,
    )  # fmt: skip
    return pa.Table.from_arrays(
        [pa.array(values, kind) for values, kind in zip(columns, _TAKEN.types, strict=True)], schema=_TAKEN
    )


def rows_of(taken: pa.Table, plans: Sequence[Plan], zone: ZoneInfo) -> pa.Table:
    """The rows of messages, in the order in which they were taken; columns of their place are null."""
    count = len(taken)
    if not count:
        return TABLE.schema.empty_table()
    columns = {name: taken[name].chunk(0) for name in taken.column_names}
    written = columns["written_event_time"]
    instants, quality = read_times(written, zone)
    columns |= {
        "event_time_us": instants,
        "event_time_raw": written,
        "time_quality": quality,
        "event_received_us": zoned_times(columns["written_received"]),
        "n": pa.repeat(0, count),
    }
    columns.update((name, pa.nulls(count, TABLE.schema.field(name).type)) for name in _PLACE)
    different, which = np.unique(columns["plan"].to_numpy(), return_inverse=True)
    which = pa.array(which)
    for column in TABLE.schema:
        if column.name in columns:
            continue
        same = pa.array([plans[number].row[column.name] for number in different], column.type)
        constant = same.take(which) if len(same.unique()) > 1 else pa.repeat(same[0], count)
        if column.name in FIELDS:
            read = _as_written if column.name == "event_reason" else _known
            constant = pc.coalesce(read(columns[f"written_{column.name}"]), constant)
        columns[column.name] = constant
    return pa.Table.from_arrays([columns[name] for name in TABLE.schema.names], schema=TABLE.schema)


def _without_odd(found: list[Taken]) -> list[Taken]:
    """Those whose values hold no control character, no `<` and no undeclared prefix."""
    together = b'"'.join([one[_VALUES] for one in found])
    printable = not together or np.frombuffer(together, np.uint8).min() >= _FIRST_PRINTABLE
    if printable and b"<" not in together and b"xsi:" not in together:
        return found
    return [one for one in found if not _ODD.search(one[_VALUES])]


def as_text(value: bytes) -> str:
    """A value as it stands in the message, decoded, its references resolved."""
    text = value.decode()
    if "&" in text:
        for reference, character in REFERENCES:
            text = text.replace(reference, character)
    return text


def _resolved(written: pa.StringArray) -> pa.StringArray:
    if not pc.any(pc.match_substring(written, "&")).as_py():
        return written
    for reference, character in REFERENCES:
        written = pc.replace_substring(written, reference, character)
    return written


def _known(written: pa.StringArray) -> pa.StringArray:
    """What `meaning.known` makes of each."""
    written = _resolved(written)
    if not pc.all(pc.string_is_ascii(written)).as_py():
        return pa.array(map(known, written.to_pylist()), pa.string())
    bare = pc.ascii_trim(written, " ")
    unknown = pc.is_in(pc.ascii_lower(bare), _PLACEHOLDERS)
    return pc.if_else(unknown, pa.scalar(None, pa.string()), bare)


def _as_written(written: pa.StringArray) -> pa.StringArray:
    """Without surrounding blanks; null where nothing is left."""
    return pa.array((text.strip() or None for text in _resolved(written).to_pylist()), pa.string())
