"""From what was taken from many messages to columns of `audit_events`."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from riskkit.readers import audit_codes as codes
from riskkit.readers.audit_codes import known
from riskkit.readers.dicom_audit.meaning import (
    address,
    ae_title,
    patient_of,
    query_text,
    sum_up,
    user_type,
)
from riskkit.readers.dicom_audit.parsing import Participant
from riskkit.readers.dicom_audit.plans import BETWEEN, FIELDS, Plan
from riskkit.readers.events import TABLE
from riskkit.readers.time_columns import read_times, zoned_times

Taken = tuple[Any, ...]
"""Number of the message and of its plan, all values joined, those of FIELDS, those of SOP classes joined,
time of the syslog header, SHA-256, agents and entities as JSON."""

REFERENCES = ("&lt;", "<"), ("&gt;", ">"), ("&apos;", "'"), ("&amp;", "&")
"""The references of XML that are read, `&amp;` last."""

_TAKEN = pa.schema(
    [
        ("number", pa.int64()),
        ("plan", pa.int64()),
        *((f"written_{name}", pa.string()) for name in (*FIELDS, "classes", "received")),
        ("event_id", pa.string()),
        ("agents", pa.string()),
        ("entities", pa.string()),
    ]
)
_ODD = re.compile(rb"[\x00-\x1f<]")
_FIRST_PRINTABLE = 0x20
_VALUES = 2
_REMEMBERED = 8192  # of batches before; a hospital has not many more people and hosts
_PLACE = ("source", "offset", "event_seq")
_PLACEHOLDERS = pa.array(sorted(codes.PLACEHOLDERS))
_DIGEST_CHARACTERS = 64


def gather(found: list[Taken]) -> pa.Table:
    """Turn round what was taken; messages with a control character or `<` in a value are left out.

    Few messages at a time: their values are then still near to the processor.
    """
    found = _without_odd(found)
    if not found:
        return _TAKEN.empty_table()
    numbers, plans, _, fields, classes, received, digests, agents, entities = zip(*found, strict=True)
    columns = [
        pa.array(values, kind)
        for values, kind in zip(
            (numbers, plans, *zip(*fields, strict=True), classes, received), _TAKEN.types, strict=False
        )
    ]
    columns += [_hexadecimal(digests), pa.array(agents, pa.string()), pa.array(entities, pa.string())]
    return pa.Table.from_arrays(columns, schema=_TAKEN)


def rows_of(taken: pa.Table, plans: Sequence[Plan], zone: ZoneInfo) -> pa.Table:
    """The rows of messages, in the order in which they were taken; columns of their place are null."""
    count = len(taken)
    if not count:
        return TABLE.schema.empty_table()
    columns = {name: taken[name].chunk(0) for name in taken.column_names}
    written = {name: _resolved(columns[f"written_{name}"]) for name in (*FIELDS, "classes")}
    used = _Used(plans, columns["plan"])
    instants, quality = read_times(written["event_time"], zone)
    columns |= {
        "event_time_us": instants,
        "event_time_raw": written["event_time"],
        "time_quality": quality,
        "event_received_us": zoned_times(columns["written_received"]),
        "n": pa.repeat(0, count),
        **_worked_out(_address, ("source_ip", "source_host"), used.text("address_type"), written["address"]),
        **_worked_out(_ae_title, ("source_aet",), used.text("source_type"), written["source_aet"]),
        **_worked_out(_ae_title, ("dest_aet",), used.text("dest_type"), written["dest_aet"]),
        **_worked_out(patient_of, ("patient_id", "patient_id_issuer"), written["patient"]),
        **_worked_out(query_text, ("query_text",), written["query"]),
        **_worked_out(_classes, ("sop_class_uids", "instance_count"), written["classes"]),
        **_worked_out(_user_type, ("user_type",), written["user_id"], written["user_name"], used.text("who")),
    }
    columns.update((name, pa.nulls(count, TABLE.schema.field(name).type)) for name in _PLACE)
    for column in TABLE.schema:
        if column.name in columns:
            continue
        values = used.column([plan.row[column.name] for plan in used.plans], column.type)
        if column.name in written:
            values = pc.coalesce(_copied(written[column.name], column.name), values)
        columns[column.name] = values
    return pa.Table.from_arrays([columns[name] for name in TABLE.schema.names], schema=TABLE.schema)


class _Used:
    """The plans of some messages; gives a column for the messages of what is known of their plans."""

    def __init__(self, plans: Sequence[Plan], numbers: pa.Int64Array) -> None:
        different, which = np.unique(numbers.to_numpy(), return_inverse=True)
        self.plans = [plans[number] for number in different]
        self._which = pa.array(which)

    def column(self, values: list[Any], kind: pa.DataType) -> pa.Array:
        same = pa.array(values, kind)
        return same.take(self._which) if len(same.unique()) > 1 else pa.repeat(same[0], len(self._which))

    def text(self, name: str) -> pa.StringArray:
        return self.column([getattr(plan, name) for plan in self.plans], pa.string())


def _copied(written: pa.StringArray, name: str) -> pa.StringArray:
    """Without surrounding blanks, null where `known` makes nothing of it; reasons as they are."""
    different = written.dictionary_encode()
    texts = different.dictionary
    if name == "event_reason":
        read = [_as_written(text) for text in texts.to_pylist()]
    elif not pc.all(pc.string_is_ascii(texts)).as_py():
        read = [known(text) for text in texts.to_pylist()]
    else:
        bare = pc.ascii_trim(texts, " ")
        core = pc.ascii_trim(texts, codes.AROUND)
        unknown = pc.is_in(pc.ascii_lower(core), _PLACEHOLDERS)
        read = pc.if_else(unknown, pa.scalar(None, pa.string()), bare)
    return pa.array(read, pa.string()).take(different.indices)


def _worked_out(
    function: Callable[..., Any], names: tuple[str, ...], *written: pa.StringArray
) -> dict[str, pa.Array]:
    """Columns that a function works out from texts, once for each that differs."""
    joined = written[0] if len(written) == 1 else pc.binary_join_element_wise(*written, BETWEEN)
    different = joined.dictionary_encode()
    texts = different.dictionary.to_pylist()
    said = [function(*(text.split(BETWEEN) if len(written) > 1 else (text,))) for text in texts]
    of_each = [said] if len(names) == 1 else zip(*said, strict=True)
    return {
        name: pa.array(values, TABLE.schema.field(name).type).take(different.indices)
        for name, values in zip(names, of_each, strict=True)
    }


def _hexadecimal(digests: Sequence[bytes]) -> pa.StringArray:
    written = pa.py_buffer(b"".join(digests).hex().encode())
    ends = np.arange(0, len(written) + 1, _DIGEST_CHARACTERS, dtype=np.int32)
    return pa.StringArray.from_buffers(len(digests), pa.py_buffer(ends), written)


def _without_odd(found: list[Taken]) -> list[Taken]:
    """Those whose values hold no control character and no `<`."""
    together = b'"'.join([one[_VALUES] for one in found])
    printable = not together or np.frombuffer(together, np.uint8).min() >= _FIRST_PRINTABLE
    if printable and b"<" not in together:
        return found
    return [one for one in found if not _ODD.search(one[_VALUES])]


def _resolved(written: pa.StringArray) -> pa.StringArray:
    if not pc.any(pc.match_substring(written, "&")).as_py():
        return written
    for reference, character in REFERENCES:
        written = pc.replace_substring(written, reference, character)
    return written


# The functions of `meaning`, for values of which the references are resolved.


@lru_cache(maxsize=_REMEMBERED)
def _address(kind: str, point: str) -> tuple[str | None, str | None]:
    return address(Participant({"NetworkAccessPointID": point, "NetworkAccessPointTypeCode": kind}))


def _ae_title(kind: str, written: str) -> str | None:
    """`ae_title` looks at one of the two ids, as the type of the first one says."""
    return ae_title(Participant({"UserID": written, "AlternativeUserID": written}, id_type=kind))


def _classes(written: str) -> tuple[str | None, int | None]:
    """UIDs and numbers of instances in turn."""
    texts = written.split(BETWEEN) if written else []
    return sum_up(list(zip(texts[::2], texts[1::2], strict=True)))


@lru_cache(maxsize=_REMEMBERED)
def _user_type(name: str, written: str, *who: str) -> str | None:
    if len(who) == 1:
        return None
    kind, id_type, *roles = who
    attributes = {"UserID": name, "UserName": written, "UserTypeCode": kind}
    return user_type(Participant(attributes, roles, id_type))


def _as_written(text: str) -> str | None:
    return text.strip() or None
