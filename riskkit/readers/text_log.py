"""Lines of text logs: bounded, with their place, and without characters that act on a terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from json.encoder import encode_basestring
from typing import IO, NamedTuple

LINE_LIMIT = 64 << 10
"""Bytes of the longest line that is read: our own cap."""

TEXT_LIMIT = 4096
"""Characters of the longest text that is kept of a line: our own cap."""

ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Line(NamedTuple):
    r"""One line: where it begins, its bytes with the end of line, its text; None when it is too long.

    Bytes that are not UTF-8 stand in the text as `\xff`, and `utf8` is false.
    """

    offset: int
    length: int
    text: str | None
    utf8: bool = True


def log_lines(stream: IO[bytes]) -> Iterator[Line]:
    """Every line of a log; lines end with a line feed, and a carriage return before it is cut."""
    offset = 0
    while data := stream.readline(LINE_LIMIT):
        length = len(data)
        whole = data.endswith(b"\n") or length < LINE_LIMIT
        while not whole:
            rest = stream.readline(LINE_LIMIT)
            length += len(rest)
            whole = rest.endswith(b"\n") or len(rest) < LINE_LIMIT
            data = b""
        if length > LINE_LIMIT or not data:
            yield Line(offset, length, None)
        else:
            yield _line(offset, data)
        offset += length


def _line(offset: int, data: bytes) -> Line:
    body = data.rstrip(b"\r\n")
    try:
        return Line(offset, len(data), body.decode())
    except UnicodeDecodeError:
        return Line(offset, len(data), body.decode(errors="backslashreplace"), utf8=False)


def harmless(text: str | None) -> str | None:
    """Text whose control, escape and direction characters are written out, cut to TEXT_LIMIT; else None."""
    if not text:
        return None
    text = text[:TEXT_LIMIT]
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in text)


def as_json(parts: Mapping[str, object]) -> str | None:
    """The parts that there are, as one JSON object in a list, for the columns `agents` and `entities`."""
    known = [
        f"{encode_basestring(name)}:{encode_basestring(value) if value.__class__ is str else ENCODE(value)}"
        for name, value in parts.items()
        if value
    ]
    return f"[{{{','.join(known)}}}]" if known else None


@lru_cache(maxsize=65536)
def ip_of(text: str | None) -> str | None:
    """An IP address in its usual form, `::ffff:` and brackets taken off; else None."""
    try:
        address = ip_address((text or "").strip().strip("[]"))
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return str(address)
