"""From bytes to CSV records: encodings, delimiters, and damage that stays where it is."""

from __future__ import annotations

import codecs
import csv
import io
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from riskkit.errors import EvidenceError
from riskkit.model import Member

LINE_LIMIT = 1 << 20
"""Characters of the longest line that is read: our own cap."""

JOINED_LINES = 100
"""Lines that one quoted cell may span at most; an unclosed quote costs its own line only."""

DELIMITERS = (",", ";", "\t", "|")

EXCEL_HINT = "sep="

COMMENT = "# "
"""Begins a line before the header that explains the columns, as in the templates."""

EXAMPLE = "#EXAMPLE"
"""Begins the first cell of a row that only shows how a row is written: never read as evidence."""

EXAMPLE_ROW = "example_row"
"""Why such a row is ignored."""

SKIPPED = "skipped_row"
"""Why the rows are ignored that a mapping file says to leave out."""

_CHUNK = 1 << 20
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, slots=True)
class Record:
    """One record: the number of its first line from 1, and its cells, or why it has none."""

    line: int
    cells: list[str]
    fault: str = ""
    detail: str = ""


def encoding_of(head: bytes) -> str | None:
    """The encoding that a byte order mark tells of."""
    return next((name for mark, name in _MARKS if head.startswith(mark)), None)


def encoding_of_file(member: Member) -> str:
    """By its mark, else UTF-8 if all of it is, else cp1252."""
    with member.open() as stream:
        head = stream.read(4)
        marked = encoding_of(head)
        if marked:
            return marked
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            decoder.decode(head)
            while chunk := stream.read(_CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
        except EvidenceError:
            pass  # broken compression is told when the lines are read
    return "utf-8"


def text_lines(member: Member, encoding: str) -> Iterator[tuple[int, str | None]]:
    """Numbered lines without their ends; None for one that is too long.

    Bytes that the encoding does not know become U+FFFD.
    """
    with member.open() as stream, io.TextIOWrapper(stream, encoding, errors="replace") as text:
        number = 0
        while line := text.readline(LINE_LIMIT):
            number += 1
            if line.endswith("\n"):
                yield number, line[:-1]
                continue
            rest = text.readline(LINE_LIMIT)
            yield number, None if rest else line
            while rest and not rest.endswith("\n"):
                rest = text.readline(LINE_LIMIT)


def split(lines: Iterator[tuple[int, str | None]], delimiter: str) -> Iterator[Record]:
    """Records of CSV as RFC 4180 has it; quoted cells may span lines."""
    returned: deque[tuple[int, str | None]] = deque()
    while (item := returned.popleft() if returned else next(lines, None)) is not None:
        number, text = item
        if text is None:
            yield Record(number, [], "too_large", f"a line of more than {LINE_LIMIT} characters")
            continue
        cells = cells_of(text, delimiter)
        if cells is None and text.count('"') % 2:
            cells, rest = _joined(text, lines, returned, delimiter)
            returned.extendleft(reversed(rest))
        if cells is None:
            yield Record(number, [], "bad_framing", "a quote is not closed, or text follows a closed one")
        else:
            yield Record(number, cells)


def leads(line: str) -> bool:
    """Whether a line may stand before the header: blank, a comment, or Excel's hint at the delimiter."""
    # A spreadsheet that saves a comment with a comma in it puts quotes around it.
    comment = line.removeprefix("\ufeff").removeprefix('"').startswith(COMMENT)
    return not line.strip() or comment or line.casefold().startswith(EXCEL_HINT)


def without_end(
    records: Iterator[Record], count: int, ignore: Callable[[str, int], None]
) -> Iterator[Record]:
    """All but the last `count` records, which `ignore` is told of."""
    held: deque[Record] = deque()
    for record in records:
        held.append(record)
        if len(held) > count:
            yield held.popleft()
    if held:
        ignore(SKIPPED, len(held))


def cells_of(text: str, delimiter: str) -> list[str] | None:
    """The cells of one record; None when its quotes do not fit."""
    if '"' not in text:
        return text.split(delimiter)
    try:
        (cells,) = csv.reader([text], delimiter=delimiter, strict=True)
    except (csv.Error, ValueError):
        return None
    return cells


def _joined(
    text: str,
    lines: Iterator[tuple[int, str | None]],
    returned: deque[tuple[int, str | None]],
    delimiter: str,
) -> tuple[list[str] | None, list[tuple[int, str | None]]]:
    """The cells of a record over many lines, else the lines that must be read on their own."""
    taken: list[tuple[int, str | None]] = []
    while len(taken) < JOINED_LINES and len(text) < LINE_LIMIT:
        item = returned.popleft() if returned else next(lines, None)
        if item is None:
            break
        taken.append(item)
        if item[1] is None:
            break
        text += "\n" + item[1]
        if item[1].count('"') % 2:
            cells = cells_of(text, delimiter)
            if cells is None:
                break
            return cells, []
    return None, taken
