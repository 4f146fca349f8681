"""What holds for every reader, those that are added later included."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from riskkit.discovery import find
from riskkit.errors import EvidenceError
from riskkit.model import Reader
from riskkit.tables import TABLES
from tests.readers.reading import REAL_SAMPLES, SAMPLES, Reading, read_all

READERS = {reader.id: reader for reader in find("riskkit.readers", Reader)}
HEAD = 64 << 10


def samples(reader: str) -> list[Path]:
    return sorted(path for path in (SAMPLES / reader).glob("*") if path.is_file())


EVERY_SAMPLE = [(reader, path) for reader in READERS for path in samples(reader)]
each_reader = pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
each_sample = pytest.mark.parametrize(
    ("reader", "path"),
    [(READERS[reader], path) for reader, path in EVERY_SAMPLE],
    ids=[f"{reader}-{path.name}" for reader, path in EVERY_SAMPLE],
)


def claims(data: bytes, name: str) -> list[Reader]:
    return [reader for reader in READERS.values() if reader.recognize(data[:HEAD], name)]


def claimed_twice(data: bytes, name: str) -> set[str]:
    tables = [table for reader in claims(data, name) for table in reader.tables]
    return {table for table in tables if tables.count(table) > 1}


def survives(reader: Reader, data: bytes, name: str) -> Reading | None:
    """Read; only a file that the reader does not recognize may be refused, and with a plain error."""
    try:
        return read_all(reader, data, name)
    except EvidenceError:
        assert not reader.recognize(data[:HEAD], name)
        return None


@each_reader
def test_has_samples(reader: Reader) -> None:
    """Each reader has small sample files in tests/samples/<id>, so that this sweep can judge it."""
    assert samples(reader.id), f"put a sample file into tests/samples/{reader.id}"


@each_sample
def test_reads_its_sample(reader: Reader, path: Path) -> None:
    """A sample is recognized by its content alone and gives rows; reading it again gives the same.

    Of a format that is no evidence every record is ignored.
    """
    data = path.read_bytes()
    assert reader.recognize(data[:HEAD], path.name)
    assert reader.recognize(data[:HEAD], "")
    first, second = (read_all(reader, data, path.name) for _ in range(2))
    assert (sum(first.accepted.values()) > 0) == reader.evidence
    assert reader.evidence or first.ignored
    assert first == second


@each_sample
def test_one_reader_for_each_table(reader: Reader, path: Path) -> None:
    """Of the readers that recognize a sample, no two feed the same table."""
    data = path.read_bytes()
    assert reader in claims(data, path.name)
    assert not claimed_twice(data, path.name)


@pytest.mark.parametrize("folder", ["audit", "backup", "network", "storage"])
def test_one_reader_for_each_table_of_real_files(folder: str) -> None:
    """The same for files that nobody here wrote."""
    files = [path for path in (REAL_SAMPLES / folder).rglob("*") if path.is_file()]
    if not files:
        pytest.skip(f"no real samples of {folder} beside the checkout")
    assert not {path.name: twice for path in files if (twice := claimed_twice(path.read_bytes(), path.name))}


@pytest.mark.parametrize("folder", ["audit", "backup", "network", "storage"])
def test_real_files_of_a_format_are_no_canonical_table(folder: str) -> None:
    """An export that has a reader of its own is not taken for a table of columns as well."""
    files = [path for path in (REAL_SAMPLES / folder).rglob("*") if path.is_file()]
    if not files:
        pytest.skip(f"no real samples of {folder} beside the checkout")
    read = {path.name: [one.id for one in claims(path.read_bytes(), path.name)] for path in files}
    assert not {name: ids for name, ids in read.items() if "canonical" in ids and len(ids) > 1}


@each_sample
def test_a_file_cut_off_anywhere(reader: Reader, path: Path) -> None:
    """Twenty cuts from nothing to all but one byte: nothing raises, and the books balance."""
    data = path.read_bytes()
    for cut in sorted({0, 1, len(data) - 1, *(len(data) * part // 20 for part in range(1, 20))}):
        survives(reader, data[:cut], path.name)


@each_sample
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(damage=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 40), st.binary(max_size=8)), max_size=6))
def test_a_damaged_file(reader: Reader, path: Path, damage: list[tuple[float, int, bytes]]) -> None:
    """Bytes removed and put in anywhere: nothing raises, and the books balance."""
    data = path.read_bytes()
    for where, removed, put_in in damage:
        at = int(where * len(data))
        data = data[:at] + put_in + data[at + removed :]
    survives(reader, data, path.name)


ODD = (
    b"", b"-1", b"0", b"9" * 30, b"1e999", b"NaN", b"null", b"true", b"[]", b"{}", b"\\ud800", b"\\u0000",
    b"\x00", b"\xff\xfe", b"9999-12-31", b"0001-01-01", b"2026-02-30", b"=1+1", b"*a", b"&a x", b"<a>",
    b"]]>",
)  # fmt: skip
PLACES = 24


@each_sample
def test_a_file_whose_values_are_others(reader: Reader, path: Path) -> None:
    """A word or number of the file replaced by an odd one: nothing raises, and the books balance."""
    data = path.read_bytes()
    words = list(re.finditer(rb"(?<![\w.\-])\w[\w.\-]*", data))
    for word in words[:: len(words) // PLACES + 1]:
        for odd in ODD:
            survives(reader, data[: word.start()] + odd + data[word.end() :], path.name)


@each_reader
@given(data=st.binary(max_size=200))
def test_garbage(reader: Reader, data: bytes) -> None:
    """Any bytes are recognized or not without raising."""
    assert reader.recognize(data, "x") in (True, False)
    survives(reader, data, "x")


@each_reader
def test_declares_what_it_reads(reader: Reader) -> None:
    """Id as the module's name, a title, and tables that exist."""
    assert reader.read.__module__.split(".")[2] == reader.id
    assert reader.title
    assert set(reader.tables) <= TABLES.keys()
