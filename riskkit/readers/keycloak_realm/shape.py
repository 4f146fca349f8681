"""Parts of a document as what they should be, or empty."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from riskkit.readers.items import elements

_LAST_MS = 253_402_300_799_000


def mapping(value: object) -> Mapping[str, Any]:
    """The object, or an empty one."""
    return value if isinstance(value, dict) else {}


def mappings(value: object) -> list[Mapping[str, Any]]:
    """The objects of a list, or the one that stands in its place."""
    return [item for item in elements(value) or () if isinstance(item, dict)]


def texts(value: object) -> list[str]:
    """The texts of a list."""
    return [item for item in value if isinstance(item, str) and item] if isinstance(value, list) else []


def day(milliseconds: object, zone: ZoneInfo) -> date | None:
    """The local day of milliseconds since 1970 UTC."""
    if type(milliseconds) is not int or not 0 < milliseconds < _LAST_MS - 86_400_000:
        return None
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)).astimezone(zone).date()
