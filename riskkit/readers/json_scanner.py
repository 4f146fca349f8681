"""JSON values of a text that arrives in pieces, and where reading goes on behind a broken one."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from riskkit.readers.documents import DECODER, DocumentError, mended

RECORD_LIMIT = 1 << 20
"""Bytes of the longest line, characters of the longest record: our own cap."""

HEAD_BYTES = 64 << 10
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


RAW_DECODE = DECODER.raw_decode

_TOO_DEEP = "the record nests too deep"
_TOO_LARGE = f"a record has more than {RECORD_LIMIT} characters"


def whole_record(offset: int, value: Any, body: bytes) -> Item:
    """A value with the halves of its characters mended, unless it nests too deep for that."""
    try:
        return Found(offset, mended(body, value) if b"\\u" in body else value, body)
    except RecursionError:
        return Broken(offset, "json_malformed", _TOO_DEEP, len(body))


def incomplete(error: json.JSONDecodeError, length: int) -> bool:
    """Whether more text might have mended it."""
    return error.pos >= length - len("-Infinity") or error.msg.startswith("Unterminated")


def wraps(value: Any, arrays: frozenset[str]) -> bool:
    """Whether a value is an object that holds an array under one of these keys."""
    return isinstance(value, dict) and any(isinstance(value[key], list) for key in arrays & value.keys())


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


class Scanner:
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
        """Every value, and every piece that is none."""
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
            if not wraps(value, self._arrays):
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
        return whole_record(offset, value, body)

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
                value, end = RAW_DECODE(self._text, at)
            except json.JSONDecodeError as error:
                whole = not incomplete(error, len(self._text))
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
                if self._expected(value) or wraps(value, self._arrays):
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
