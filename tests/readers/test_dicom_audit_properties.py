"""Whatever is done to a file of audit messages: nothing raises, nothing is lost, in any order."""

from __future__ import annotations

import io
from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from riskkit.readers.dicom_audit import read
from riskkit.readers.dicom_audit.framing import Frame, scan
from tests.readers.messages import TRANSPORTS, in_syslog, messages
from tests.readers.reading import Reading, read_all

TABLE = "audit_events"
PLACE = ("source", "offset", "event_seq", "event_received_us", "parse_status", "parse_notes")

wrapped = st.lists(st.tuples(messages(), st.sampled_from(TRANSPORTS)), min_size=1, max_size=6)


class Drip(io.BytesIO):
    """A stream that gives few bytes at a time, as a decompressor may."""

    def __init__(self, data: bytes, most: int) -> None:
        super().__init__(data)
        self.most = most

    def read(self, size: int | None = -1) -> bytes:
        return super().read(self.most if size is None or size < 0 else min(size, self.most))


def contents(reading: Reading) -> Counter[tuple[Any, ...]]:
    """The rows without what tells of their place and transport."""
    return Counter(
        tuple((key, value) for key, value in row.items() if key not in PLACE) for row in reading.table(TABLE)
    )


@given(wrapped)
def test_every_transport_carries_every_message(pieces: list[tuple[str, str]]) -> None:
    """Messages concatenated over mixed transports are all read, and read as if each came alone."""
    reading = read_all(read, b"".join(in_syslog(message, how) for message, how in pieces))
    assert reading.accepted[TABLE] == reading.records[TABLE] == len(pieces)
    alone: Counter[tuple[Any, ...]] = Counter()
    for message, _ in pieces:
        alone.update(contents(read_all(read, message.encode())))
    assert contents(reading) == alone


@given(wrapped, st.randoms(use_true_random=False))
def test_order_does_not_matter(pieces: list[tuple[str, str]], random: Any) -> None:
    """Shuffled messages give the same rows, but for their place."""
    shuffled = random.sample(pieces, len(pieces))
    first, second = (
        read_all(read, b"".join(in_syslog(*one) for one in order)) for order in (pieces, shuffled)
    )
    assert contents(first) == contents(second)


@given(wrapped, st.data())
def test_a_file_cut_off_anywhere_keeps_what_was_whole(pieces: list[tuple[str, str]], data: Any) -> None:
    """Up to the cut every message is read; one that the cut hit is quarantined, not dropped."""
    parts = [in_syslog(*one) for one in pieces]
    whole = b"".join(parts)
    cut = data.draw(st.integers(0, len(whole)))
    reading = read_all(read, whole[:cut])
    ends = [len(b"".join(parts[: number + 1]).rstrip()) for number in range(len(parts))]
    complete = sum(end <= cut for end in ends)
    assert reading.accepted[TABLE] == complete
    begun = whole[:cut].count(b"<AuditMessage>")
    assert reading.reasons(TABLE)["truncated"] == begun - complete


@settings(max_examples=300)
@given(wrapped, st.lists(st.tuples(st.floats(0, 1), st.integers(0, 3), st.binary(max_size=4)), max_size=8))
def test_damage_is_counted(pieces: list[tuple[str, str]], damage: list[tuple[float, int, bytes]]) -> None:
    """Bytes removed, changed or put in anywhere raise nothing, and the books still balance."""
    data = b"".join(in_syslog(*one) for one in pieces)
    for where, removed, put_in in damage:
        at = int(where * len(data))
        data = data[:at] + put_in + data[at + removed :]
    reading = read_all(read, data)
    frames = sum(isinstance(item, Frame) for item in scan(io.BytesIO(data)))
    assert reading.records[TABLE] >= frames >= reading.accepted[TABLE]


@settings(max_examples=200)
@given(wrapped, st.data())
def test_no_byte_vanishes(pieces: list[tuple[str, str]], data: Any) -> None:
    """Garbage put between messages lies in a quarantined or ignored piece, wherever it was put."""
    garbage = data.draw(
        st.sampled_from((b"ZQ", b"ZQ\n", b"\nZQ\n", b"<ZQ>", b"<!-- ZQ -->", b"\x00ZQ\xff", b"ZQ" * 900))
    )
    parts = [in_syslog(*one) for one in pieces]
    parts.insert(data.draw(st.integers(0, len(parts))), garbage)
    whole = b"".join(parts)
    at = whole.index(b"ZQ")
    assert any(item.offset <= at < item.offset + item.length for item in scan(io.BytesIO(whole)))


@given(wrapped, st.integers(1, 97))
def test_how_bytes_arrive_does_not_matter(pieces: list[tuple[str, str]], most: int) -> None:
    """A stream that gives a few bytes at a time yields the same messages at the same offsets."""
    data = b"<?xml version='1.0'?>\nstray\n".join(in_syslog(*one) for one in pieces)
    assert list(scan(Drip(data, most))) == list(scan(io.BytesIO(data)))


@given(st.binary(max_size=400))
def test_garbage_after_a_start_tag(garbage: bytes) -> None:
    """Any bytes at all in a message end in quarantine or in a row, never in an exception."""
    reading = read_all(read, b"<AuditMessage>" + garbage + b"</AuditMessage>")
    assert reading.records[TABLE] >= 1
