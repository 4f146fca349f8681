"""JSON documents, read whole and guarded: size, depth, repeated keys, huge numbers, halves of characters."""

from __future__ import annotations

import json
import re
from typing import Any

from riskkit.model import Batch, Member, Quarantined
from riskkit.tables import TABLES

JSON_LIMIT = 256 << 20
"""Bytes of the largest document that is read: our own cap."""

_HALF = re.compile(rb"\\[uU](?:0000)?[dD][89a-fA-F]")
_TEXT = rb'("[^"\\]*(?:\\.[^"\\]*)*"?)'
_COMMENT = re.compile(_TEXT + rb"|//[^\r\n]*|/\*(?:.*?\*/|.*)", re.DOTALL)
_LAST_COMMA = re.compile(_TEXT + rb"|,(\s*[}\]])", re.DOTALL)
_DIGIT_LIMIT = 4000  # below what Python converts without complaint


class DocumentError(Exception):
    """A document that cannot be read; `reason` is a quarantine reason, `detail` names no value."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason)
        self.reason, self.detail = reason, detail


def load_json(member: Member, *, comments: bool = False) -> Any:
    """The document; numbers too long to be any are None. Raises DocumentError.

    `comments` tolerates // and /* */ outside of texts, and a comma before a closing bracket.
    """
    with member.open() as stream:
        data = stream.read(JSON_LIMIT + 1)
    if len(data) > JSON_LIMIT:
        raise DocumentError("too_large", f"the document has more than {JSON_LIMIT} bytes")
    if comments:
        data = without_comments(data)
    try:
        return mended(
            data,
            json.loads(
                data, object_pairs_hook=_object, parse_int=_integer, parse_constant=lambda _name: None
            ),
        )
    except json.JSONDecodeError as error:
        raise DocumentError("json_malformed", f"line {error.lineno} column {error.colno}") from None
    except UnicodeDecodeError:
        raise DocumentError("encoding", "the document is not UTF-8") from None
    except RecursionError:
        raise DocumentError("json_malformed", "the document nests too deep") from None


def without_comments(data: bytes) -> bytes:
    """JSON without its // and /* */ comments; lines stay where they are.

    One that is not closed reaches to the end. Works on a head that is cut anywhere.
    """
    plain = _COMMENT.sub(lambda found: found[1] or b" " + b"\n" * found[0].count(b"\n"), data)
    return _LAST_COMMA.sub(lambda found: found[1] or found[2], plain)


def refused(table: str, error: DocumentError, member: Member) -> Batch:
    """The batch of a document that gives nothing: one record, quarantined."""
    quarantined = (Quarantined(0, error.reason, error.detail, member.size),)
    return Batch(table, TABLES[table].empty(), 1, 0, quarantined)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise DocumentError("json_malformed", "a key stands twice in one object")
    return found


def mended(data: bytes, document: Any) -> Any:
    """The document of `data` without halves of surrogate pairs: no text, and only escapes write them."""
    return _whole(document) if _HALF.search(data) else document


def _whole(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [_whole(item) for item in value]
    if isinstance(value, dict):
        return {_whole(key): _whole(item) for key, item in value.items()}
    return value


def _integer(digits: str) -> int | None:
    return int(digits) if len(digits) <= _DIGIT_LIMIT else None


DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_int=_integer, parse_constant=lambda _name: None)
"""Decodes with the same guards as `load_json`; raises DocumentError, JSONDecodeError, RecursionError."""
