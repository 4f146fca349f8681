"""What exports of directories share: control flags, groups of administrators, and their many dates."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

DISABLED, SMARTCARD, NEVER_EXPIRES = 0x2, 0x40000, 0x10000
"""Flags of userAccountControl (MS-ADTS 2.2.16)."""

_ADMINISTRATORS = re.compile(
    r"(?:^|;|\n)\s*cn=(?:(?:domain|enterprise|schema|dns)?\s*admins|administrators|account operators"
    r"|server operators|backup operators|print operators|organi[sz]ations?-admins|domänen-admins"
    r"|administratoren|admins du domaine|administrateurs|admins\. del dominio|administradores)\s*(?:,|$)",
    re.IGNORECASE,
)

_ISO = re.compile(
    r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T\s]+(\d{1,2}):(\d\d)(?::(\d\d)(?:\.\d+)?)?)?"
    r"\s*(Z|[+-]\d\d:?\d\d)?",
    re.ASCII,
)
_LOCAL = re.compile(
    r"(\d{1,2})\s*([-/.])\s*(\d{1,2})\s*\2\s*(\d{4})"
    r"(?:,?\s+(\d{1,2})[:.](\d\d)(?:[:.](\d\d))?\s*([ap]\.?\s?m\.?)?)?",
    re.ASCII | re.IGNORECASE,
)
_GENERALIZED = re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)?(\d\d)?(?:[.,]\d+)?(Z|[+-]\d{4})?", re.ASCII)
_FILETIME = re.compile(r"\d{17,19}", re.ASCII)
_NEVER = (1 << 63) - 1
_MONTHS = 12
_FILETIME_TO_1970_US = 11_644_473_600_000_000


def administers(groups: str) -> bool:
    """Whether one of these groups (distinguished names by `;` or line) is one of administrators."""
    return _ADMINISTRATORS.search(groups) is not None


def day_first(cells: Iterable[str]) -> bool | None:
    """Whether these dates name the day before the month; None when they do not show it, or both ways."""
    shown = set()
    for cell in cells:
        found = _LOCAL.fullmatch(_plain(cell))
        if found and int(found[1]) <= _MONTHS < int(found[3]):
            shown.add(False)
        elif found and (int(found[1]) > _MONTHS or found[2] == "."):
            shown.add(True)
    return shown.pop() if len(shown) == 1 else None


def instant(text: str, zone: ZoneInfo, *, days_first: bool | None = None) -> datetime | None:
    """An instant from ISO 8601, a local short date, a FILETIME or generalized time; None for "never".

    Raises ValueError for what is none of them, or may be read in two ways.
    """
    text = _plain(text)
    if _FILETIME.fullmatch(text) or text in ("0", "-1"):
        return filetime(int(text))
    found = _ISO.fullmatch(text)
    if found:
        offset = found[7]
        return _made((found[1], found[2], found[3]), found.group(4, 5, 6), zone, offset)
    found = _GENERALIZED.fullmatch(text)
    if found:
        return _made(found.group(1, 2, 3), found.group(4, 5, 6), zone, found[7] or "Z")
    found = _LOCAL.fullmatch(text)
    if not found:
        raise ValueError
    first, second, half = found[1], found[3], (found[8] or "")[:1].casefold()
    if days_first is None and first != second:
        raise ValueError
    order = (found[4], second, first) if days_first else (found[4], first, second)
    hour = int(found[5] or 0)
    if half:
        hour = hour % 12 + 12 * (half == "p")
    return _made(order, (str(hour), found[6], found[7]), zone, None)


def filetime(value: int) -> datetime | None:
    """Units of 100 ns since 1601; 0 and the largest mean never."""
    if not 0 < value < _NEVER:
        return None
    try:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=value // 10 - _FILETIME_TO_1970_US)
    except OverflowError:
        raise ValueError from None


def local_day(when: datetime | None, zone: ZoneInfo) -> date | None:
    """The day of an instant at the site."""
    return when and when.astimezone(zone).date()


def _plain(text: str) -> str:
    """With plain spaces, and without the marks of direction that Windows writes into dates."""
    return " ".join(text.replace("\u200e", "").replace("\u200f", "").split())


def _made(
    days: Iterable[str | None], times: Iterable[str | None], zone: ZoneInfo, offset: str | None
) -> datetime:
    local = datetime(*(int(part or 0) for part in (*days, *times)))  # type: ignore[arg-type]  # noqa: DTZ001
    try:
        if offset:
            written = "+00:00" if offset == "Z" else offset
            return datetime.fromisoformat(f"{local.isoformat()}{written}").astimezone(UTC)
        return local.replace(tzinfo=zone).astimezone(UTC)
    except OverflowError:
        raise ValueError from None
