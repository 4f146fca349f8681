"""Just enough DER (ITU-T X.690) to read a time stamp and to ask for one. Strict: no byte is skipped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

BOOLEAN, INTEGER, OCTETS, NULL, OID = 0x01, 0x02, 0x04, 0x05, 0x06
GENERALIZED_TIME, SEQUENCE, SET = 0x18, 0x30, 0x31
CONSTRUCTED, CONTEXT = 0x20, 0xA0
"""A flag of a tag; the tag of [0] with content of its own, to which the number is added."""

_LONG, _MOST_DIGITS = 0x80, 4
_MANY = 0x1F


@dataclass(frozen=True, slots=True)
class Node:
    """One element: its tag, its content, and all of its bytes."""

    tag: int
    content: bytes
    raw: bytes

    def children(self) -> list[Node]:
        """The elements inside; raises ValueError when the content is no list of elements."""
        if not self.tag & CONSTRUCTED:
            raise ValueError("has no elements inside")
        found, rest = [], self.content
        while rest:
            node, rest = _take(rest)
            found.append(node)
        return found

    def expect(self, tag: int) -> Node:
        """Itself, when it has this tag; else raises ValueError."""
        if self.tag != tag:
            raise ValueError(f"tag {self.tag:#x} where {tag:#x} is expected")
        return self

    @property
    def integer(self) -> int:
        """The value of an INTEGER."""
        return int.from_bytes(self.expect(INTEGER).content, signed=True)

    @property
    def oid(self) -> str:
        """The value of an OBJECT IDENTIFIER, with dots."""
        content = self.expect(OID).content
        if not content or content[-1] & _LONG:
            raise ValueError("no object identifier")
        arcs, value = [], 0
        for byte in content:
            value = value << 7 | byte & 0x7F
            if not byte & _LONG:
                arcs.append(value)
                value = 0
        first = min(arcs[0] // 40, 2)
        return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))

    @property
    def time(self) -> datetime:
        """The value of a GeneralizedTime, which DER writes in UTC."""
        text = self.expect(GENERALIZED_TIME).content.decode("ascii")
        whole, _, part = text.removesuffix("Z").partition(".")
        if not text.endswith("Z"):
            raise ValueError("no time in UTC")
        at = datetime.strptime(whole, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        return at.replace(microsecond=int(f"{part:0<6}"[:6])) if part else at


def parse(data: bytes) -> Node:
    """The one element that `data` is; raises ValueError when it is not exactly one."""
    node, rest = _take(data)
    if rest:
        raise ValueError("bytes after the end")
    return node


def encode(tag: int, *content: bytes) -> bytes:
    """An element with this tag and content."""
    body = b"".join(content)
    if len(body) < _LONG:
        return bytes([tag, len(body)]) + body
    length = len(body).to_bytes((len(body).bit_length() + 7) // 8)
    return bytes([tag, _LONG | len(length)]) + length + body


def encode_integer(value: int) -> bytes:
    """An INTEGER that is not negative."""
    return encode(INTEGER, value.to_bytes(value.bit_length() // 8 + 1))


def encode_oid(dotted: str) -> bytes:
    """An OBJECT IDENTIFIER."""
    first, second, *rest = map(int, dotted.split("."))
    content = b""
    for arc in (40 * first + second, *rest):
        digits = [arc & 0x7F]
        while arc := arc >> 7:
            digits.append(arc & 0x7F | _LONG)
        content += bytes(reversed(digits))
    return encode(OID, content)


def _take(data: bytes) -> tuple[Node, bytes]:
    """The first element, and what follows it."""
    head = 2
    if len(data) < head or data[0] & _MANY == _MANY:
        raise ValueError("is cut, or has a tag that is not known here")
    size = data[1]
    if size & _LONG:
        digits = size & 0x7F
        size = int.from_bytes(data[head : head + digits])
        head += digits
        if not 1 <= digits <= _MOST_DIGITS or size < _LONG or size.bit_length() <= 8 * (digits - 1):
            raise ValueError("a length that DER does not write so")
    if len(data) < head + size:
        raise ValueError("is cut")
    return Node(data[0], data[head : head + size], data[: head + size]), data[head + size :]
