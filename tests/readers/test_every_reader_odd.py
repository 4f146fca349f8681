"""Every reader on files as odd tools leave them: other encodings, other dates, one object for a list."""

from __future__ import annotations

import codecs
import copy
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from riskkit.model import Reader
from tests.readers.reading import Reading, read_all
from tests.readers.test_every_reader import EVERY_SAMPLE, HEAD, READERS, survives

MARKS = {
    "utf-16 little endian": (codecs.BOM_UTF16_LE, "utf-16-le"),
    "utf-16 big endian": (codecs.BOM_UTF16_BE, "utf-16-be"),
    "utf-8 with a mark": (codecs.BOM_UTF8, "utf-8"),
}
DATES = {
    "day.month.year": r"\3.\2.\1",
    "month/day/year": r"\2/\3/\1",
    "day/month/year": r"\3/\2/\1",
}
MOST = 40
"""Lists of one document that are tried."""

_ISO = re.compile(r"(?<![\d-])(20\d\d)-([01]\d)-([0-3]\d)(?![\d-])")


def text_of(path: Path) -> str | None:
    """The sample as text; None of one that is not UTF-8 to begin with, or holds zeros."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


TEXTS = [
    (READERS[reader], path, text) for reader, path in EVERY_SAMPLE if (text := text_of(path)) is not None
]
each_text = pytest.mark.parametrize(
    ("reader", "path", "text"), TEXTS, ids=[f"{reader.id}-{path.name}" for reader, path, _ in TEXTS]
)


def counts(reading: Reading) -> dict[str, int]:
    return {table: rows.num_rows for table, rows in reading.rows.items() if rows.num_rows}


def told(reading: Reading) -> bool:
    """Whether the books say that something was not read."""
    return any(reading.quarantined.values()) or any(sum(one.values()) for one in reading.ignored.values())


@each_text
@pytest.mark.parametrize("form", MARKS)
def test_another_encoding_loses_nothing_in_silence(reader: Reader, path: Path, text: str, form: str) -> None:
    """The same rows, or a quarantine that says why, or a file that nobody recognizes; never fewer rows."""
    mark, encoding = MARKS[form]
    odd = mark + text.encode(encoding)
    if not reader.recognize(odd[:HEAD], path.name):
        survives(reader, odd, path.name)
        return
    plain, other = read_all(reader, text.encode(), path.name), read_all(reader, odd, path.name)
    assert counts(other) == counts(plain) or any(other.quarantined.values())


def moments(reading: Reading) -> set[tuple[str, str, Any]]:
    """Every date and time that the rows hold, with its column."""
    return {
        (table, field.name, value)
        for table, rows in reading.rows.items()
        for field in rows.schema
        if pa.types.is_temporal(field.type) or field.name.endswith("_us")
        for value in rows[field.name].to_pylist()
        if value is not None
    }


DATED = [one for one in TEXTS if _ISO.search(one[2])]


@pytest.mark.parametrize(
    ("reader", "path", "text"), DATED, ids=[f"{reader.id}-{path.name}" for reader, path, _ in DATED]
)
@pytest.mark.parametrize("form", DATES)
def test_a_date_of_another_language_is_not_guessed(reader: Reader, path: Path, text: str, form: str) -> None:
    """Read as the day that it is, or not at all: no row holds a day that the file did not mean."""
    reading = survives(reader, _ISO.sub(DATES[form], text).encode(), path.name)
    if reading is not None:
        assert moments(reading) <= moments(read_all(reader, text.encode(), path.name))


def documents() -> Iterator[tuple[Reader, Path, Any]]:
    for reader, path, text in TEXTS:
        with suppress(ValueError):
            content = json.loads(text)
            if content and isinstance(content, dict | list):
                yield reader, path, content


DOCUMENTS = list(documents())
each_document = pytest.mark.parametrize(
    ("reader", "path", "content"),
    DOCUMENTS,
    ids=[f"{reader.id}-{path.name}" for reader, path, _ in DOCUMENTS],
)


def alike_or_told(reader: Reader, name: str, plain: Any, odd: Any) -> bool:
    """Whether the odd form gives the rows of the plain one, says what it did not read, or is nobody's."""
    first, second = (json.dumps(form).encode() for form in (plain, odd))
    if not (reader.recognize(first[:HEAD], name) and reader.recognize(second[:HEAD], name)):
        survives(reader, second, name)
        return True
    read, other = read_all(reader, first, name), read_all(reader, second, name)
    return counts(other) == counts(read) or told(other)


@each_document
def test_one_object_for_a_list_and_a_list_for_one(reader: Reader, path: Path, content: Any) -> None:
    """A lone element, or a list around all: the same rows, or it is told; PowerShell writes both."""
    plain, odd = (content[:1], content[0]) if isinstance(content, list) else (content, [content])
    assert alike_or_told(reader, path.name, plain, odd)


def lists(content: Any, way: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Ways to every list of objects inside a document, the document itself left out."""
    pairs = content.items() if isinstance(content, dict) else enumerate(content)
    for key, value in pairs:
        if isinstance(value, dict | list):
            if isinstance(value, list) and value and isinstance(value[0], dict):
                yield (*way, key)
            yield from lists(value, (*way, key))


def put(content: Any, way: tuple[str | int, ...], value: Any) -> Any:
    """A copy with another value at the end of a way."""
    made = copy.deepcopy(content)
    place = made
    for key in way[:-1]:
        place = place[key]
    place[way[-1]] = value
    return made


@each_document
def test_one_object_for_a_list_inside(reader: Reader, path: Path, content: Any) -> None:
    """The same inside the document, where a tool leaves the brackets of a list of one away."""
    lost = []
    for way in list(lists(content))[:MOST]:
        inner = content
        for key in way:
            inner = inner[key]
        if not alike_or_told(reader, path.name, put(content, way, inner[:1]), put(content, way, inner[0])):
            lost.append("/".join(map(str, way)))
    assert lost == []
