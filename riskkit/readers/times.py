"""Times as audit trails and syslog headers write them, in integer arithmetic."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

# XML Schema dateTime and RFC 3339; a space for T and a comma for the point are seen in the wild, and
# PostgreSQL writes an offset of whole hours without minutes.
_INSTANT = re.compile(
    r"\s*(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,12}))?\s*(Z|z|[+-]\d\d(?::?\d\d)?)?\s*",
    re.ASCII,
)
_EPOCH = date(1970, 1, 1).toordinal()
_DAY, _HOUR, _MINUTE, _SECOND = 86_400_000_000, 3_600_000_000, 60_000_000, 1_000_000
_LARGEST = {"hour": 23, "minute": 59, "second": 60}


def read_time(text: str, zone: ZoneInfo) -> tuple[int | None, str]:
    """Microseconds since 1970 UTC and how far to trust them: `zoned`, `assumed_tz` or `missing`.

    Digits past the microsecond are cut. A time without zone is read in `zone`.
    """
    found = _INSTANT.fullmatch(text)
    if not found:
        return None, "missing"
    year, month, day, hour, minute, second, fraction, offset = found.groups()
    try:
        days = date(int(year), int(month), int(day)).toordinal() - _EPOCH
    except ValueError:
        return None, "missing"
    clock = int(hour), int(minute), int(second)
    if any(value > largest for value, largest in zip(clock, _LARGEST.values(), strict=True)):
        return None, "missing"
    # A leap second (60) becomes the first second of the next minute.
    local = days * _DAY + clock[0] * _HOUR + clock[1] * _MINUTE + clock[2] * _SECOND
    local += int(fraction[:6].ljust(6, "0")) if fraction else 0
    if offset is None:
        shifted = _in_zone(local, zone)
        return shifted, "missing" if shifted is None else "assumed_tz"
    if offset in "Zz":
        return local, "zoned"
    shift = int(offset[1:3]) * _HOUR + int(offset[3:].lstrip(":") or 0) * _MINUTE
    return local - shift if offset[0] == "+" else local + shift, "zoned"


def zoned_us(text: str) -> int | None:
    """Microseconds since 1970 UTC of a time that names its zone, else None."""
    instant, quality = read_time(text, _UTC)
    return instant if quality == "zoned" else None


def _in_zone(local: int, zone: ZoneInfo) -> int | None:
    naive = datetime(1970, 1, 1) + timedelta(microseconds=local)  # noqa: DTZ001 - its zone is given next
    try:
        instant = naive.replace(tzinfo=zone).astimezone(UTC)
    except OverflowError:
        return None
    return (instant - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


_UTC = ZoneInfo("UTC")
