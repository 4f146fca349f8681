"""Texts and JSON as tools write them, Windows' UTF-16 included: the head to recognize, the whole to read."""

from __future__ import annotations

import re
from functools import lru_cache

from riskkit.model import Member
from riskkit.readers.canonical.lines import encoding_of
from riskkit.readers.documents import DocumentError

TEXT_LIMIT = 16 << 20
"""Bytes of the longest status text that is read: our own cap."""

_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"|[{}\[\]:]')


def head_text(head: bytes) -> str:
    """The beginning of a file as text, by its byte order mark, else as UTF-8; what does not fit is U+FFFD."""
    return head.decode(encoding_of(head) or "utf-8", errors="replace")


@lru_cache(maxsize=8)
def outline(head: bytes) -> tuple[str, frozenset[str]]:
    """What kind of JSON begins here, and the keys of the object, or of the first object of the array.

    ("object" | "array" | "", keys). A head may be cut anywhere.
    """
    text = head_text(head).lstrip(" \t\r\n")
    if not text.startswith(("{", "[")):
        return "", frozenset()
    kind, wanted = ("object", 1) if text[0] == "{" else ("array", 2)
    depth, keys, last = 0, set(), ""
    for token in _TOKEN.finditer(text):
        mark = token[0]
        if mark in {"{", "["}:
            depth += 1
        elif mark in {"}", "]"}:
            depth -= 1
            if depth < wanted:
                break
        elif mark != ":":
            last = token[1]
        elif depth == wanted:
            keys.add(last)
    return kind, frozenset(keys)


def has_keys(head: bytes, *keys: str) -> bool:
    """Whether JSON begins here whose object, or first object of an array, has all of these keys."""
    return set(keys) <= outline(head)[1]


def load_text(member: Member) -> str:
    """The whole text: by its byte order mark, else UTF-8, else cp1252; raises DocumentError."""
    with member.open() as stream:
        data = stream.read(TEXT_LIMIT + 1)
    if len(data) > TEXT_LIMIT:
        raise DocumentError("too_large", f"the text has more than {TEXT_LIMIT} bytes")
    marked = encoding_of(data)
    try:
        return data.decode(marked or "utf-8")
    except UnicodeDecodeError:
        if marked:
            raise DocumentError("encoding", "the text is not what its byte order mark says") from None
        return data.decode("cp1252", errors="replace")
