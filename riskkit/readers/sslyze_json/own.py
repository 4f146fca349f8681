"""riskkit's own facts of the endpoints of one of its scans: `riskkit.collectors.tls` lists their keys."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from riskkit.readers.items import elements
from riskkit.readers.listeners import UNKNOWN, Fact

MOST_FACTS = 64
VANTAGES = ("internal", "external")

_KEY = re.compile(
    r"(?:answer|client_certificate|(?:group|dicom|http|handshake|chain)\.[A-Za-z0-9_]{1,40}|stapled|software)"
)
_LONGEST_VALUE, _LONGEST_TEXT = 64, 200
_CONFIDENCE = ("high", "medium", "low")


def own_facts(item: Mapping[str, Any]) -> Iterator[Fact]:
    """Each fact once; what is none, or has a key of another kind, is left out."""
    seen = set()
    for one in (elements(item.get("facts")) or ())[:MOST_FACTS]:
        key, value = (one.get("key"), one.get("value")) if isinstance(one, dict) else (None, None)
        if not isinstance(key, str) or not _KEY.fullmatch(key) or key in seen:
            continue
        if not isinstance(value, str) or not value or len(value) > _LONGEST_VALUE or not value.isprintable():
            continue
        seen.add(key)
        confidence = one.get("confidence")
        yield Fact(
            key,
            value,
            _text(one.get("reason")) if value == UNKNOWN else "",
            _text(one.get("detail")),
            confidence if confidence in _CONFIDENCE else "medium",
        )


def vantage_of(item: Any, default: str | None = None) -> str | None:
    """Where an endpoint was looked at from, or the whole scan; None when it does not say."""
    said = item.get("vantage") if isinstance(item, dict) else None
    return said if said in VANTAGES else default


def _text(value: object) -> str:
    return value if isinstance(value, str) and len(value) <= _LONGEST_TEXT and value.isprintable() else ""
