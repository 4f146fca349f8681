"""JSON values of a file of any length, one by one: lines, arrays, wrapped arrays, or one after another.

Memory is bounded by the largest record, every value has its byte offset, and a broken one costs itself:
reading goes on where the next one begins.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import IO, Any, NamedTuple

from riskkit.errors import EvidenceError
from riskkit.readers.documents import DECODER, DocumentError, mended

RECORD_LIMIT = 1 << 20
"""Bytes of the longest line, characters of the longest record: our own cap."""

HEAD_BYTES = 64 << 10
CHUNK_BYTES = 256 << 10
VAIN_LIMIT = 32 << 20
"""Characters per file that are decoded in vain while looking for where to go on: our own cap."""


class Found(NamedTuple):
    """A value, where it begins, and the bytes that it was read from."""

    offset: int
    value: Any
    body: bytes


class Broken(NamedTuple):
    """A piece that is no value: a quarantine reason and a detail that names no value."""

    offset: int
    reason: str
    detail: str
    length: int


Item = Found | Broken


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
        yield from _Scanner(chunks, 0, arrays, expected).values()


def _chunks(head: bytes, failure: EvidenceError | None, stream: IO[bytes]) -> Iterator[bytes]:
    yield head
    if failure:
        raise failure
    while chunk := stream.read(CHUNK_BYTES):
        yield chunk


# ------------------------------------------------------------------ one value a line

_BLANKS = b" \t\r\n\x00\x1e"  # 1E begins a record in RFC 7464
_LINES_TRIED = 20
_RAW = DECODER.raw_decode


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
        value, end = _RAW(text)
    except (DocumentError, ValueError, RecursionError):
        return False
    return isinstance(value, dict) and end == len(text) and not _wraps(value, arrays)


def _wraps(value: Any, arrays: frozenset[str]) -> bool:
    return isinstance(value, dict) and any(isinstance(value[key], list) for key in arrays & value.keys())


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
        value, end = _RAW(text)
    except json.JSONDecodeError as error:
        cut = not ended and _incomplete(error, len(error.doc))
        yield Broken(offset, "truncated" if cut else "json_malformed", _where(error), len(body))
    except UnicodeDecodeError:
        yield Broken(offset, "encoding", "the record is not UTF-8", len(body))
    except (DocumentError, RecursionError):  # another value may follow
        yield from _Scanner(iter((body,)), offset, arrays, expected).values()
    else:
        if end < len(text) or _wraps(value, arrays):
            yield from _Scanner(iter((body,)), offset, arrays, expected).values()
        else:
            yield _whole(offset, value, body)


_TOO_DEEP = "the record nests too deep"
_TOO_LARGE = f"a record has more than {RECORD_LIMIT} characters"


def _whole(offset: int, value: Any, body: bytes) -> Item:
    try:
        return Found(offset, mended(body, value) if b"\\u" in body else value, body)
    except RecursionError:
        return Broken(offset, "json_malformed", _TOO_DEEP, len(body))


def _where(error: json.JSONDecodeError) -> str:
    return f"{error.msg.partition(':')[0]}, character {error.pos} of the record"


def _incomplete(error: json.JSONDecodeError, length: int) -> bool:
    """Whether more text might have mended it."""
    return error.pos >= length - len("-Infinity") or error.msg.startswith("Unterminated")


# ------------------------------------------------------------------ values that span lines


class _BadError(Exception):
    def __init__(self, reason: str, detail: str, reached: int) -> None:
        super().__init__(reason)
        self.reason, self.detail, self.reached = reason, detail, reached


_SEPARATORS = re.compile(r"[\s,\x00\x1e\ufeff]*+")
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"|["{}\[\]]', re.DOTALL)
_DEPTH = {"{": 1, "[": 1, "}": -1, "]": -1}
_AFTER = re.compile(r"[\s,\x1e]*+(?:[\]}{]|\Z)")
_RECURSION_COST = 20_000
_LOOK_BACK = 16  # an error counts the lines before it, that much faster than text is decoded


class _Scanner:
    """Reads values from text that arrives in pieces; invalid bytes stand in it as half characters."""

    def __init__(
        self,
        chunks: Iterator[bytes],
        base: int,
        arrays: frozenset[str],
        expected: Callable[[Any], bool],
    ) -> None:
        self._chunks, self._arrays, self._expected = chunks, arrays, expected
        keys = "|".join(map(re.escape, sorted(arrays))) or "(?!)"
        self._array_key = re.compile(rf'"(?:{keys})"\s*+:\s*+\[')
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._text, self._at, self._ended = "", 0, False
        self._marked, self._marked_offset = 0, base
        self._vain = 0

    def values(self) -> Iterator[Item]:
        while char := self._next():
            if char == "{":
                yield from self._object()
            elif char == "[":
                yield from self._elements()
            else:
                yield self._broken(self._at, "json_malformed", "no object or array begins here")

    def _object(self) -> Iterator[Item]:
        """A record, or what wraps an array of them."""
        start = self._at
        try:
            value, end = self._decode(start)
        except _BadError as bad:
            within = self._balanced(start) or start + HEAD_BYTES
            if self._array_key.search(self._text, start, within) is None:
                yield self._broken(start, bad.reason, bad.detail)
                return
        else:
            if not _wraps(value, self._arrays):
                yield self._record(start, value, end)
                return
        yield from self._members()

    def _record(self, start: int, value: Any, end: int) -> Item:
        offset, text = self._offset(start), self._text[start:end]
        self._at = end
        try:
            body = text.encode()
        except UnicodeEncodeError:
            length = self._offset(end) - offset
            return Broken(offset, "encoding", "the record is not UTF-8", length)
        return _whole(offset, value, body)

    def _members(self) -> Iterator[Item]:
        """What an object wraps; when it breaks before its array, it is broken as a whole."""
        start: int | None = self._at
        self._at += 1
        while (char := self._next(start)) != "}":
            try:
                if char != '"':
                    raise self._missing("a key")
                if start is not None and self._at - start > RECORD_LIMIT:
                    raise _BadError("too_large", _TOO_LARGE, self._at)
                key, self._at = self._decode(self._at)
                if self._next(start) != ":":
                    raise self._missing("a colon")
                self._at += 1
                if self._next(start) == "[" and key in self._arrays:
                    start = None
                    yield from self._elements()
                else:
                    self._at = self._decode(self._at)[1]
            except _BadError as bad:
                yield self._broken(self._at if start is None else start, bad.reason, bad.detail)
                return
        self._at += 1

    def _elements(self) -> Iterator[Item]:
        self._at += 1
        while (char := self._next()) != "]":
            if char == "{":
                yield from self._object()
                continue
            try:
                if char in ("}", "", ":"):
                    raise self._missing("a record")
                value, end = self._decode(self._at)
            except _BadError as bad:
                yield self._broken(self._at, bad.reason, bad.detail)
                if not char:
                    return
            else:
                yield self._record(self._at, value, end)
        self._at += 1

    def _missing(self, what: str) -> _BadError:
        ended = self._at >= len(self._text)
        return _BadError("truncated" if ended else "json_malformed", f"{what} is missing", self._at)

    # ---- text

    def _more(self) -> None:
        chunk = next(self._chunks, b"")
        self._ended = not chunk
        self._text += self._decoder.decode(chunk, self._ended)

    def _drop(self, upto: int) -> None:
        """Forget the text before a place."""
        self._offset(upto)
        self._text, self._at, self._marked = self._text[upto:], self._at - upto, 0

    def _offset(self, at: int) -> int:
        """The byte offset of a place in the text, not before the last one asked for."""
        between = self._text[self._marked : at]
        self._marked_offset += (
            len(between) if between.isascii() else len(between.encode("utf-8", "surrogateescape"))
        )
        self._marked = at
        return self._marked_offset

    def _next(self, keep: int | None = None) -> str:
        """The next character that is no separator, or nothing at the end.

        Text before it may go, unless `keep` is a place that is still wanted.
        """
        if keep is None and self._at > HEAD_BYTES:
            self._drop(self._at)
        while True:
            found = _SEPARATORS.match(self._text, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._text) or self._ended:
                return self._text[self._at : self._at + 1]
            self._more()

    def _decode(self, at: int) -> tuple[Any, int]:
        """The value at a place and where it ends; reads on while it is not whole. Raises _BadError."""
        while True:
            try:
                value, end = _RAW(self._text, at)
            except json.JSONDecodeError as error:
                whole = not _incomplete(error, len(self._text))
                detail = f"{error.msg.partition(':')[0]}, character {error.pos - at} of the record"
                bad = _BadError("json_malformed", detail, error.pos)
            except DocumentError as error:
                raise _BadError(error.reason, error.detail, at) from None
            except RecursionError:
                raise _BadError("json_malformed", _TOO_DEEP, at + _RECURSION_COST) from None
            else:
                if end - at > RECORD_LIMIT:
                    raise _BadError("too_large", _TOO_LARGE, end)
                if end < len(self._text) or self._ended or self._text[end - 1] in '}]"':
                    return value, end
                whole, bad = False, _BadError("truncated", "the record is cut off", end)
            if whole:
                raise bad
            if self._ended:
                raise _BadError("truncated", bad.detail, bad.reached)
            if len(self._text) - at > RECORD_LIMIT:
                raise _BadError("too_large", _TOO_LARGE, len(self._text))
            self._more()

    # ---- where to go on behind something broken

    def _broken(self, start: int, reason: str, detail: str) -> Broken:
        offset = self._offset(start)
        self._drop(start)  # places of errors are counted from the start of the text
        start = 0
        end = self._balanced(start)
        inside = self._record_in(start + 1, end) if end else None
        if inside is not None:
            self._at = inside
        elif end and _AFTER.match(self._text, end):
            self._at = end
        else:
            self._at = start + 1
            self._seek()
        length = self._offset(self._at) - offset
        rest_is_lost = self._ended and self._at >= len(self._text)
        if reason != "encoding" and not rest_is_lost and length <= RECORD_LIMIT:
            reason = "json_malformed"
        return Broken(offset, reason, detail, length)

    def _balanced(self, start: int) -> int | None:
        """Where the brackets that open at a place are closed."""
        depth, at = 0, start
        if self._text[start : start + 1] not in ("{", "["):
            return None
        while True:
            for token in _TOKEN.finditer(self._text, at):
                if token[0] == '"':
                    break  # a string that does not end
                depth += _DEPTH.get(token[0], 0)
                at = token.end()
                if depth == 0:
                    return at
            if self._ended or len(self._text) - start > RECORD_LIMIT:
                return None
            self._more()

    def _record_in(self, start: int, end: int) -> int | None:
        """Where the first expected record, or what wraps some, begins between two places."""
        at = start
        while self._vain < VAIN_LIMIT:
            at = self._text.find("{", at, end)
            if at < 0:
                return None
            try:
                value, behind = self._decode(at)
            except _BadError as bad:
                self._vain += bad.reached - at + at // _LOOK_BACK + 1
                at += 1
            else:
                if self._expected(value) or _wraps(value, self._arrays):
                    return at
                at = behind
        return None

    def _seek(self) -> None:
        """Go to the next expected record, or to the end."""
        while True:
            found = self._record_in(self._at, len(self._text))
            if found is not None:
                self._at = found
                return
            self._at = len(self._text)
            if self._ended:
                return
            self._drop(self._at)
            self._more()
