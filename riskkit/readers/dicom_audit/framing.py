"""From bytes to frames: where each audit message starts and ends.

Boundaries are the tags of AuditMessage, with any prefix. Lines do not bound messages (bodies span
lines), nor do octet counts (they are wrong once a byte order mark is lost).
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO

from riskkit.readers.dicom_audit.envelope import BOM, Envelope, Gaps, Remainder, next_envelope

MESSAGE_LIMIT = 1 << 20
"""Bytes of the largest message that is read: our own cap, far above what systems send."""

START_TAG = re.compile(rb"<(?:[A-Za-z_][\w.\-]{0,63}:)?AuditMessage(?=[\s/>])")
_TAG = re.compile(rb"<(\\?/)?(?:[A-Za-z_][\w.\-]{0,63}:)?AuditMessage(?=[\s/>])")
_ESCAPED_TAG = re.compile(rb"\\u003[cC](?:[A-Za-z_][\w.\-]{0,63}:)?AuditMessage(?=[\s/>\\])")
_ESCAPED = re.compile(rb"(?<!\\)((?:\\\\)*+)\\u003([cCeE])")
_BRACKETS = {b"c": b"     <", b"e": b">     "}
_ESCAPE_LENGTH = len(r"\u003c")
_HEAD_BYTES = 64 << 10
_TAG_LIMIT = 80
_NAME, _START_TAG, _END_TAG = b"AuditMessage", b"<AuditMessage>", b"</AuditMessage>"
_CHUNK, _FEW_BYTES = 1 << 17, 1 << 13
_GAP_KEPT = 1 << 16

_WIDE = (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")


@dataclass(slots=True)
class Frame:
    """One message as it stands in the file, from its start tag to its end tag.

    `fault` is a quarantine reason when the bytes cannot be read as a message; `body` may then be
    empty. `encoding` is what an XML declaration named and `received` the time of the syslog header as
    written, else empty.
    """

    offset: int
    length: int
    body: bytes
    fault: str = ""
    detail: str = ""
    encoding: str = ""
    received: str = ""
    repaired: str = ""
    note: str = ""


def wide_encoding(head: bytes) -> str | None:
    """The UTF-16 or UTF-32 codec that a byte order mark tells of."""
    return next((codec for mark, codec in _WIDE if head.startswith(mark)), None)


def scan(stream: IO[bytes]) -> Iterator[Frame | Remainder]:
    """Messages and remainders in file order, with little more than one message in memory.

    Offsets count bytes of the stream, or of its UTF-8 form when it is UTF-16 or UTF-32.
    """
    return _Scan(stream).items()


class _Scan:
    """`_buffer` holds the file from `_base` on; `_pending` is the first byte that became nothing yet.

    A message is open while `_envelope` is set, or `_discarded` (its offset) once it is too large to keep.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._read, self._transcoded = _reader(stream)
        self._gaps = Gaps()
        self._buffer = b""
        self._base = 0
        self._pending = 0
        self._after_message = False
        self._envelope: Envelope | None = None
        self._discarded: int | None = None

    def items(self) -> Iterator[Frame | Remainder]:
        search, more = 0, True
        while True:
            if not self._is_open and search <= self._pending:
                yield from self._usual()
                search = self._pending
                if more and len(self._buffer) - search < _FEW_BYTES:
                    search, more = 0, self._fill()
                    continue
            tag = _TAG.search(self._buffer, search)
            # Where an end tag ends may be known only with more bytes.
            if tag is None or (tag[1] and more and len(self._buffer) < tag.end() + _TAG_LIMIT):
                if not more:
                    break
                search = tag.start() if tag else max(search, len(self._buffer) - _TAG_LIMIT)
                yield from self._make_room()
                search = max(search - self._pending, 0)
                more = self._fill()
                continue
            if not tag[1]:
                yield from self._start(tag.start())
            elif self._is_open:
                close = self._buffer.find(b">", tag.end(), tag.end() + _TAG_LIMIT)
                yield self._close(close + 1 if close >= 0 else tag.end())
            # An end tag without its start stays among the remainders.
            search = tag.end()
        if self._is_open:
            yield self._close(len(self._buffer), truncated=True)
        yield from self._give_out(len(self._buffer))

    def _usual(self) -> Iterator[Frame]:
        """Whole messages, one after the other, while each stands behind an envelope of the usual kind.

        What `_TAG` finds holds the name of the element; so where the name is found next, and the
        brackets around it are those of a plain tag, there `_TAG` would find it next as well.
        """
        buffer, base = self._buffer, self._base
        while True:
            gap = self._gaps.usual(buffer, self._pending)
            if gap is None:
                return
            start = gap.end()
            again = buffer.find(_NAME, start + len(_START_TAG))
            end = again + len(_NAME) + 1
            if again < 0 or buffer[again - 2 : end] != _END_TAG or end - start > MESSAGE_LIMIT:
                return
            self._pending, self._after_message = end, True
            octets, _, received, bom = gap.groups()
            at = "" if received is None else received.decode("ascii", "replace")
            frame = Frame(base + start, end - start, buffer[start:end], "", "", "", at)
            if octets:
                counted = Envelope(octets=int(octets), counted_from=base + gap.start("header"), bom=bool(bom))
                frame.note = _octets_note(counted, base + end)
            yield frame

    @property
    def _is_open(self) -> bool:
        return self._envelope is not None or self._discarded is not None

    def _start(self, start: int) -> Iterator[Frame | Remainder]:
        if self._is_open:
            yield self._close(start, truncated=True)
        gap = self._buffer[self._pending : start]
        self._envelope, remainders = self._gaps.before_message(
            gap, self._base + self._pending, self._after_message
        )
        self._pending = start
        yield from remainders

    def _close(self, end: int, truncated: bool = False) -> Frame:
        if truncated:
            end = next_envelope(self._buffer, self._pending, end)
        start, envelope = self._pending, self._envelope
        offset = self._base + start if self._discarded is None else self._discarded
        length = self._base + end - offset
        self._pending, self._envelope, self._discarded, self._after_message = end, None, None, True
        if envelope is None or length > MESSAGE_LIMIT:
            return Frame(
                offset, length, b"", "xml_too_large", f"a message of more than {MESSAGE_LIMIT} bytes"
            )
        frame = Frame(offset, length, self._buffer[start:end], received=envelope.received)
        frame.encoding = "" if self._transcoded else envelope.encoding
        frame.repaired = envelope.repaired
        frame.note = _octets_note(envelope, offset + length)
        if truncated:
            frame.fault, frame.detail = "truncated", "the message has no end tag"
        elif envelope.dtd:
            frame.fault, frame.detail = "xml_dtd", "a document type declaration stands before the message"
        elif envelope.commented:
            frame.fault, frame.detail = "bad_framing", "the message stands inside an XML comment"
        return frame

    def _make_room(self) -> Iterator[Remainder]:
        """Before more is read: forget a message that is too large, give out a gap that is."""
        if self._envelope is not None and len(self._buffer) - self._pending > MESSAGE_LIMIT:
            self._discarded, self._envelope = self._base + self._pending, None
        if self._discarded is not None:
            self._pending = max(self._pending, len(self._buffer) - _TAG_LIMIT)
        elif self._envelope is None and (limit := len(self._buffer) - _GAP_KEPT) > self._pending:
            line = self._buffer.rfind(b"\n", self._pending, limit) + 1
            yield from self._give_out(line or limit)

    def _give_out(self, end: int) -> Iterator[Remainder]:
        gap = self._buffer[self._pending : end]
        yield from self._gaps.leftover(gap, self._base + self._pending, self._after_message)
        self._pending, self._after_message = end, False

    def _fill(self) -> bool:
        chunk = self._read(_CHUNK)
        self._buffer = self._buffer[self._pending :] + chunk
        self._base += self._pending
        self._pending = 0
        return bool(chunk)


def _octets_note(envelope: Envelope, end: int) -> str:
    if envelope.octets is None:
        return ""
    missing = envelope.octets - (end - envelope.counted_from)
    if missing == len(BOM) and not envelope.bom:
        return "the octet count tells of a byte order mark that is lost"
    return "" if 0 <= missing <= len(b"\r\n") else "the octet count does not fit the message"


def _reader(stream: IO[bytes]) -> tuple[Callable[[int], bytes], bool]:
    """A read function that gives UTF-8 (or what the file holds), and whether it had to transcode."""
    head = stream.read(_HEAD_BYTES)
    codec = wide_encoding(head)
    waiting = [head]

    def raw(size: int) -> bytes:
        return waiting.pop() if waiting else stream.read(size)

    if codec is None:
        return (_without_json_escapes(raw) if is_json_escaped(head) else raw), False
    decoder = codecs.getincrementaldecoder(codec)(errors="replace")

    def read(size: int) -> bytes:
        while True:
            chunk = raw(size)
            text = decoder.decode(chunk, final=not chunk)
            if text or not chunk:
                return text.encode()

    return read, True


def is_json_escaped(head: bytes) -> bool:
    r"""Whether messages begin with `\u003c`, as some write `<` within JSON."""
    return _ESCAPED_TAG.search(head) is not None and START_TAG.search(head) is None


def _without_json_escapes(read: Callable[[int], bytes]) -> Callable[[int], bytes]:
    r"""Give `\u003c` and `\u003e` as brackets with blanks around, so that offsets are those of the file.

    The offset of a message is that of the last character of its escaped bracket.
    """
    left = b""

    def unescaped(size: int) -> bytes:
        nonlocal left
        while True:
            chunk = read(size)
            data = left + chunk
            # An escape that is cut waits for its rest, with the backslashes before it.
            cut = data.rfind(b"\\", max(len(data) - _ESCAPE_LENGTH, 0)) if chunk else -1
            whole = data[:cut].rstrip(b"\\") if cut >= 0 else data
            left = data[len(whole) :]
            if whole or not chunk:
                return _ESCAPED.sub(lambda found: found[1] + _BRACKETS[found[2].lower()], whole)

    return unescaped
