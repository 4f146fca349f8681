"""JSON values of a file, one by one: whatever wraps them, whatever is broken, however they arrive."""

from __future__ import annotations

import io
import json
import tracemalloc
from collections.abc import Iterator
from itertools import repeat
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskkit.readers.json_stream import CHUNK_BYTES, RECORD_LIMIT, Broken, Found, Item, json_values


class Drip(io.BytesIO):
    """A stream that gives few bytes at a time, as a decompressor may."""

    def __init__(self, data: bytes, most: int) -> None:
        super().__init__(data)
        self.most = most

    def read(self, size: int | None = -1) -> bytes:
        return super().read(self.most if size is None or size < 0 else min(size, self.most))


class Endless(io.RawIOBase):
    """The same piece over and over."""

    def __init__(self, piece: bytes, times: int) -> None:
        self.pieces: Iterator[bytes] = repeat(piece, times)

    def read(self, _size: int = -1) -> bytes:
        return next(self.pieces, b"")


def expected(value: Any) -> bool:
    return isinstance(value, dict) and "t" in value


def items(data: bytes, most: int = 1 << 30) -> list[Item]:
    return list(json_values(Drip(data, most), arrays=frozenset({"Records", "entry"}), expected=expected))


def found(data: bytes) -> list[Any]:
    return [item.value for item in items(data) if isinstance(item, Found)]


def broken(data: bytes) -> list[tuple[str, int, int]]:
    return [(item.reason, item.offset, item.length) for item in items(data) if isinstance(item, Broken)]


STYLES = {
    "lines": "\n".join,
    "windows": lambda texts: "\ufeff" + "\r\n".join(texts) + "\r\n",
    "sequence": lambda texts: "".join(f"\x1e{text}\n" for text in texts),
    "joined": "".join,
    "array": lambda texts: f"[{','.join(texts)}]",
    "array_of_lines": lambda texts: "[\n" + ",\n".join(texts) + "\n]\n",
    "wrapped": lambda texts: f'{{"total": 3, "Records": [{",".join(texts)}], "more": {{"x": []}}}}',
    "wrapped_lines": lambda texts: '{\n "entry": [\n' + "\n,".join(texts) + "\n]}",
    "wrapped_each": lambda texts: "\n".join(f'{{"Records":[{text}]}}' for text in texts),
    "wrapped_joined": lambda texts: "".join(f'{{"Records":[{text}]}}' for text in texts),
    "pages": lambda texts: "[" + ",".join(f'{{"entry":[{text}]}}' for text in texts) + "]",
}
each_style = pytest.mark.parametrize("style", STYLES)
few = settings(max_examples=30, deadline=None)  # of each style

leaf = st.none() | st.booleans() | st.integers(-99, 99) | st.text(max_size=5)
value = st.recursive(
    leaf,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=3),
)
record = st.fixed_dictionaries({"t": value}, optional={"a": value, "é": value})


@st.composite
def texts(draw: Any) -> str:
    """A record as its producer may write it."""
    return json.dumps(draw(record), ensure_ascii=draw(st.booleans()), indent=draw(st.sampled_from((None, 1))))


one_line = record.map(lambda one: json.dumps(one, ensure_ascii=False))


@each_style
@few
@given(st.lists(one_line, min_size=1, max_size=6))
def test_every_wrapping_carries_every_record(style: str, written: list[str]) -> None:
    """The records come out in their order, each with the bytes at its offset."""
    data = STYLES[style](written).encode()
    got = items(data)
    assert [item.value for item in got if isinstance(item, Found)] == [json.loads(one) for one in written]
    for item in got:
        assert isinstance(item, Found)
        assert data[item.offset :].startswith(item.body)
        assert json.loads(item.body) == item.value


@pytest.mark.parametrize("style", ["joined", "array", "wrapped", "wrapped_lines", "pages"])
@few
@given(st.lists(texts(), min_size=1, max_size=4))
def test_records_over_many_lines(style: str, written: list[str]) -> None:
    """Indented records are found as well, but for a file of one record a line."""
    assert found(STYLES[style](written).encode()) == [json.loads(one) for one in written]


@each_style
@few
@given(st.lists(one_line, min_size=1, max_size=4), st.integers(1, 60))
def test_how_bytes_arrive_does_not_matter(style: str, written: list[str], most: int) -> None:
    """A stream that gives a few bytes at a time yields the same."""
    data = STYLES[style](written).encode() + b'{"t": 1, oops'
    assert items(data, most) == items(data)


BROKEN = (
    '{"t": 1 "a": 2}', '{"t": }', '{"t": 1, "t": 2}', "{'t': 1}", '{"t": [1, 2}', '{"t": "\\x"}', '{"t" 5}',
    '{"t": 01}', '{"t": "a\tb"}', '{"t": undefined}',
)  # fmt: skip


@each_style
@few
@given(st.lists(st.tuples(one_line, st.booleans()), min_size=1, max_size=6), st.sampled_from(BROKEN))
def test_a_broken_record_costs_itself(style: str, written: list[tuple[str, bool]], bad: str) -> None:
    """All that are whole are found; every broken one lies in a piece that is reported."""
    data = STYLES[style]([bad if spoilt else one for one, spoilt in written]).encode()
    assert found(data) == [json.loads(one) for one, spoilt in written if not spoilt]
    pieces = broken(data)
    at = -1
    for _, spoilt in written:
        if spoilt:
            at = data.index(bad.encode(), at + 1)
            assert any(offset <= at < offset + length for _, offset, length in pieces)


@pytest.mark.parametrize("style", ["lines", "array", "wrapped", "array_of_lines"])
def test_bytes_that_are_no_text(style: str) -> None:
    """A record that is not UTF-8 is told as such, and those beside it are read."""
    data = STYLES[style](['{"t":1}', '{"t":"QQ"}', '{"t":3}']).encode().replace(b"QQ", b"\xff\xc3")
    assert found(data) == [{"t": 1}, {"t": 3}]
    assert broken(data) == [("encoding", data.index(b'{"t":"\xff'), 10)]


@each_style
def test_a_record_that_nests_too_deep(style: str) -> None:
    """It is refused, also when a half character would have it walked, and its neighbours are read."""
    for depth, text in ((20_000, "1"), (600, '"\\ud800"')):
        data = STYLES[style](['{"t":1}', f'{{"t":{"[" * depth}{text}{"]" * depth}}}', '{"t":3}']).encode()
        got = [item.value["t"] for item in items(data) if isinstance(item, Found)]
        assert (got[0], got[-1]) == (1, 3)
        assert len(items(data)) == 3


@pytest.mark.parametrize("style", ["array", "wrapped", "joined"])
def test_a_quote_that_is_missing(style: str) -> None:
    """What looks like text up to the next quote does not swallow the records behind it."""
    data = STYLES[style](['{"t":1}', '{"t":"x}', '{"t":"y","a":{"b":[{"c":1}]}}', '{"t":3}']).encode()
    assert found(data) == [{"t": 1}, {"t": "y", "a": {"b": [{"c": 1}]}}, {"t": 3}]
    assert [reason for reason, *_ in broken(data)] == ["json_malformed"]


@each_style
@few
@given(st.lists(one_line, min_size=1, max_size=5), st.data())
def test_a_file_cut_off_anywhere(style: str, written: list[str], draw: Any) -> None:
    """Every record before the cut is found, and a cut within a record or array is told."""
    data = STYLES[style](written).encode()
    cut = draw.draw(st.integers(0, len(data) - 1))
    whole = [item for item in items(data) if isinstance(item, Found)]
    before = [item.value for item in whole if item.offset + len(item.body) <= cut]
    assert found(data[:cut]) == before
    if any(item.offset < cut < item.offset + len(item.body) for item in whole):
        assert {"truncated", "encoding"} & {reason for reason, *_ in broken(data[:cut])}


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(sorted(STYLES)),
    st.lists(one_line, max_size=5),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 4), st.binary(max_size=4)), max_size=6),
)
def test_damage(style: str, written: list[str], damage: list[tuple[float, int, bytes]]) -> None:
    """Bytes removed, changed or put in anywhere raise nothing; pieces do not overlap, and stay in order."""
    data = STYLES[style](written).encode()
    for where, removed, put_in in damage:
        at = int(where * len(data))
        data = data[:at] + put_in + data[at + removed :]
    end = 0
    for item in items(data):
        assert end <= item.offset
        end = item.offset + (len(item.body) if isinstance(item, Found) else item.length)
        assert end <= len(data)


@given(st.binary(max_size=200))
def test_garbage(data: bytes) -> None:
    """Any bytes give values or broken pieces, and something is said of them unless they are blank."""
    got = items(data)
    assert got or not data.strip(
        b" \t\r\n\x00\x1e\x0b\x0c\xef\xbb\xbf\xc2\x85\xa0\xe2\x80\x1c\x1d\x1f,[]\xe3\xe1\x9a"
    )


@pytest.mark.parametrize("style", ["lines", "array", "wrapped", "joined"])
def test_a_record_that_is_too_large(style: str) -> None:
    """It is left out by a cap, and the next one is read."""
    data = STYLES[style](['{"t":1}', f'{{"t":"{"x" * 3 * RECORD_LIMIT}"}}', '{"t":3}']).encode()
    assert found(data) == [{"t": 1}, {"t": 3}]
    assert [(reason, length > 3 * RECORD_LIMIT) for reason, _, length in broken(data)] == [
        ("too_large", True)
    ]


@pytest.mark.parametrize(
    "text", ["[" * 90_000, '{"t":' * 30_000, '[{"t":[' * 20_000, '"' * 100_000, "{" * 9999]
)
def test_hostile_nesting(text: str) -> None:
    """Deep or endless structures are refused without ado."""
    assert not found(text.encode())
    assert broken(text.encode())


def test_odd_numbers_and_half_characters() -> None:
    """NaN and numbers of thousands of digits are nothing, halves of characters are replaced."""
    data = b'{"t":NaN,"a":%s,"b":"\\ud800x","c":-Infinity}' % (b"9" * 5000)
    assert found(data) == [{"t": None, "a": None, "b": "?x", "c": None}]


@pytest.mark.parametrize(
    ("piece", "begin"),
    [
        (b'{"t":"%s"}\n' % (b"x" * 2000) * 50, b""),
        (b'{"t":"%s"},\n' % (b"x" * 2000) * 50, b'{"Records":['),
        (b'{"t":"x" oops},\n' * 50 + b'{"t":"%s"},\n' % (b"x" * 2000) * 200, b"["),
        (b"x" * 100_000, b"{"),
        (b'"x":{"a":"%s"},' % (b"x" * 2000) * 50, b"{"),
    ],
    ids=["lines", "wrapped", "broken", "one_line", "members"],
)
def test_memory_is_bounded(piece: bytes, begin: bytes) -> None:
    """What is read is not kept."""
    stream = Endless(piece, 12_000_000 // len(piece))
    stream.pieces = iter([begin, *stream.pieces]) if begin else stream.pieces
    tracemalloc.start()
    try:
        seen = sum(1 for _ in json_values(stream, arrays=frozenset({"Records"}), expected=expected))  # type: ignore[arg-type]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert seen
    assert peak < 8 * RECORD_LIMIT + CHUNK_BYTES
