"""JSON values of a file of any length, one by one: lines, arrays, wrapped arrays, or one after another.

Memory is bounded by the largest record, every value has its byte offset, and a broken one costs itself:
reading goes on where the next one begins.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable, Iterable, Iterator
from typing import IO, Any

from riskkit.errors import EvidenceError
from riskkit.readers.documents import DocumentError
from riskkit.readers.json_scanner import (
    HEAD_BYTES,
    RAW_DECODE,
    RECORD_LIMIT,
    Broken,
    Found,
    Item,
    Scanner,
    incomplete,
    whole_record,
    wraps,
)

__all__ = ["CHUNK_BYTES", "RECORD_LIMIT", "Broken", "Found", "Item", "json_values"]

CHUNK_BYTES = 256 << 10


def json_values(
    stream: IO[bytes], *, arrays: frozenset[str], expected: Callable[[Any], bool]
) -> Iterator[Item]:
    """The values of a file, those of top-level arrays and of arrays under the keys `arrays` singly.

    `expected` tells a record from a part of one: behind a broken record, reading goes on at the next
    value that is expected. EvidenceError of the stream passes through, behind what could be read before.
    """
    head, failure = b"", None
    try:
        while len(head) < HEAD_BYTES and (piece := stream.read(HEAD_BYTES - len(head))):
            head += piece
    except EvidenceError as error:
        failure = error
    chunks = _chunks(head, failure, stream)
    if _one_a_line(head, arrays):
        for offset, line, length, ended in _lines(chunks):
            yield from _of_line(offset, line, length, ended, arrays, expected)
    else:
        yield from Scanner(chunks, 0, arrays, expected).values()


def _chunks(head: bytes, failure: EvidenceError | None, stream: IO[bytes]) -> Iterator[bytes]:
    yield head
    if failure:
        raise failure
    while chunk := stream.read(CHUNK_BYTES):
        yield chunk


_BLANKS = b" \t\r\n\x00\x1e"  # 1E begins a record in RFC 7464
_LINES_TRIED = 20


def _one_a_line(head: bytes, arrays: frozenset[str]) -> bool:
    """Whether the first line, or most of the next twenty, is a whole object that wraps no array."""
    lines = list(filter(None, map(_stripped, head.split(b"\n"))))
    if not lines or lines[0].startswith(b"["):
        return False
    tried = lines[: _LINES_TRIED + 1]
    if len(head) >= HEAD_BYTES and len(tried) == len(lines):
        tried.pop()  # it may go on
    whole = [_is_record(line, arrays) for line in tried]
    return bool(whole) and (whole[0] or sum(whole) * 2 > len(whole))


def _stripped(line: bytes) -> bytes:
    return line.strip(_BLANKS).removeprefix(codecs.BOM_UTF8)


def _is_record(line: bytes, arrays: frozenset[str]) -> bool:
    try:
        text = line.decode()
        value, end = RAW_DECODE(text)
    except (DocumentError, ValueError, RecursionError):
        return False
    return isinstance(value, dict) and end == len(text) and not wraps(value, arrays)


def _lines(chunks: Iterable[bytes]) -> Iterator[tuple[int, bytes, int, bool]]:
    """Offset, content (none of a line that is too long), length, and whether the line is ended."""
    offset, tail, dropped = 0, b"", 0
    for chunk in chunks:
        *whole, tail = (tail + chunk).split(b"\n")
        for line in whole:
            length = dropped + len(line)
            yield offset, b"" if dropped else line, length, True
            offset += length + 1
            dropped = 0
        if len(tail) > RECORD_LIMIT:
            dropped, tail = dropped + len(tail), b""
    if tail or dropped:
        yield offset, b"" if dropped else tail, dropped + len(tail), False


def _of_line(
    offset: int,
    line: bytes,
    length: int,
    ended: bool,
    arrays: frozenset[str],
    expected: Callable[[Any], bool],
) -> Iterator[Item]:
    if length > RECORD_LIMIT:
        yield Broken(offset, "too_large", f"a line has more than {RECORD_LIMIT} bytes", length)
        return
    body = _stripped(line)
    if not body:
        return
    if not line.startswith(body):
        offset += line.index(body)
    try:
        text = body.decode()
        value, end = RAW_DECODE(text)
    except json.JSONDecodeError as error:
        cut = not ended and incomplete(error, len(error.doc))
        yield Broken(offset, "truncated" if cut else "json_malformed", _where(error), len(body))
    except UnicodeDecodeError:
        yield Broken(offset, "encoding", "the record is not UTF-8", len(body))
    except (DocumentError, RecursionError):  # another value may follow
        yield from Scanner(iter((body,)), offset, arrays, expected).values()
    else:
        if end < len(text) or wraps(value, arrays):
            yield from Scanner(iter((body,)), offset, arrays, expected).values()
        else:
            yield whole_record(offset, value, body)


def _where(error: json.JSONDecodeError) -> str:
    return f"{error.msg.partition(':')[0]}, character {error.pos} of the record"
