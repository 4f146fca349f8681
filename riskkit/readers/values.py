"""From text to typed values, for every reader of what people wrote: strict, and never a guess.

A value that does not fit raises BadValueError, which names no value: it may identify a person.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from ipaddress import ip_address
from zoneinfo import ZoneInfo

from riskkit.model.time import microseconds
from riskkit.tables import Column
from riskkit.words import count

NULLS = frozenset({"", "-", "n/a", "N/A", "null", "NULL"})
"""Texts that mean nothing. Not `Null`, which is a family name."""

Convert = Callable[[str], object]

_BOOLEANS: Mapping[str, bool] = {
    **dict.fromkeys(("yes", "true", "1", "y"), True),
    **dict.fromkeys(("no", "false", "0", "n"), False),
}
_INTEGER = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:\d{1,18}(?:\.\d{0,18})?|\.\d{1,18})(?:[eE][+-]?\d{1,2})?", re.ASCII)
_DATE = re.compile(r"(\d{4}-\d\d-\d\d)(?:[T ]00:00(?::00(?:\.0+)?)?)?", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_INSTANT = re.compile(
    r"\d{4}-\d\d-\d\d[T ](?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:[.,]\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?",
    re.ASCII,
)
_SLASHED = re.compile(
    r"(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{4})"
    r"(?:,?[T ]\s?(\d{1,2}):(\d\d)(?::(\d\d)(?:[.,](\d{1,6}))?)?(?:\s?([AaPp])\.?[Mm]\.?)?)?",
    re.ASCII,
)
_SERIAL = re.compile(r"\d{1,6}(?:\.\d{1,12})?", re.ASCII)
_NOON = 12
_LAST = datetime(9999, 12, 31, tzinfo=UTC)
_QUOTED_FORMULA = re.compile(r'="((?:[^"]|"")*)"')


@dataclass(frozen=True, slots=True)
class Dates:
    """How dates and times are written, beside ISO 8601.

    `formats` are strptime formats, of which the first that fits counts; with formats nothing else is
    read. `day_first` says which of the numbers of `3/4/2026` is the day; None refuses such dates, since
    both may be meant. `excel` reads numbers as days since 1899-12-30, as spreadsheets keep them.
    """

    formats: tuple[str, ...] = ()
    day_first: bool | None = None
    excel: bool = False


ISO = Dates()


class BadValueError(ValueError):
    """A value that does not fit its column."""


class Remarks(dict[str, int]):
    """What was assumed while values were read, and how often."""

    def add(self, what: str) -> None:
        """Count one more."""
        self[what] = self.get(what, 0) + 1

    def notes(self) -> tuple[str, ...]:
        """As text, sorted."""
        return tuple(f"{what} ({count(number, 'cell')})" for what, number in sorted(self.items()))


def text_of(value: object) -> str:
    """A YAML scalar as the text that a person would have typed into a cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value.isoformat() if isinstance(value, date) else str(value)


def converter(
    column: Column, zone: ZoneInfo, remarks: Remarks, *, dates: Dates = ISO, micros: bool = True
) -> Convert:
    """How text of a column becomes its type.

    `micros` lets an `instant_us` column hold whole microseconds. Without time zone a time is read in
    `zone`; a date where an instant is wanted is its first moment, in a column named `..._to` its end.
    The function raises BadValueError.
    """
    plain = re.sub("_us$", "", column.name)
    as_instant = _instant_reader(zone, remarks, plain, dates)
    converters: Mapping[str, Convert] = {
        "string": lambda text: _string(text, column, remarks),
        "integer": _integer,
        "number": _number,
        "boolean": _boolean,
        "date": lambda text: _date(text, dates),
        "instant": as_instant,
        "instant_us": lambda text: (
            int(text) if micros and _INTEGER.fullmatch(text) else microseconds(as_instant(text))
        ),
    }
    return converters[column.dtype]


def _string(text: str, column: Column, remarks: Remarks) -> str:
    if column.values:
        return _one_of(text, column)
    if text[0] in "=+@":
        formula = _QUOTED_FORMULA.fullmatch(text)
        if formula:
            return formula[1].replace('""', '"')
        remarks.add(f"{column.name} holds text that a spreadsheet would run as a formula")
    return text


def _one_of(text: str, column: Column) -> str:
    wanted = text.casefold()
    for value in column.values:
        if value.casefold() == wanted:
            return value
    raise BadValueError


def _boolean(text: str) -> bool:
    try:
        return _BOOLEANS[text.casefold()]
    except KeyError:
        raise BadValueError from None


def _integer(text: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise BadValueError
    return int(text)


def _number(text: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise BadValueError
    return float(text)


def _date(text: str, dates: Dates) -> date:
    midnight = None if dates.formats else _DATE.fullmatch(text)
    local, day_only = local_time(midnight[1] if midnight else text, dates)
    if not (midnight or day_only or dates.formats):
        raise BadValueError
    return local.date()


def local_time(text: str, dates: Dates = ISO) -> tuple[datetime, bool]:
    """A date and time as written, with a zone where it names one; true when it is a day without time.

    Raises BadValueError.
    """
    if dates.formats:
        return _formatted(text, dates.formats)
    day_only = _DAY.fullmatch(text) is not None
    if day_only or _INSTANT.fullmatch(text):
        try:
            return datetime.fromisoformat(text), day_only
        except ValueError:
            raise BadValueError from None
    if dates.excel and _SERIAL.fullmatch(text):
        # A double holds about a tenth of a millisecond of such a number.
        milliseconds = round(Decimal(text) * 86_400_000)
        day_only = "." not in text
        return datetime(1899, 12, 30) + timedelta(milliseconds=milliseconds), day_only  # noqa: DTZ001
    slashed = _SLASHED.fullmatch(text) if dates.day_first is not None else None
    if slashed:
        return _slashed(slashed, dates.day_first is True)
    raise BadValueError


def _slashed(found: re.Match[str], day_first: bool) -> tuple[datetime, bool]:
    first, second, year, hour, minute, seconds, fraction, half = found.groups()
    day, month = (first, second) if day_first else (second, first)
    hours = int(hour or 0)
    if half:
        if not 1 <= hours <= _NOON:
            raise BadValueError
        hours = hours % _NOON + _NOON * (half in "Pp")
    micros = int((fraction or "0").ljust(6, "0"))
    try:
        local = datetime(int(year), int(month), int(day), hours, int(minute or 0), int(seconds or 0), micros)  # noqa: DTZ001
    except ValueError:
        raise BadValueError from None
    return local, hour is None


def _formatted(text: str, formats: tuple[str, ...]) -> tuple[datetime, bool]:
    for one in formats:
        try:
            found = datetime.strptime(text, one)  # noqa: DTZ007 - the caller gives the zone
        except (ValueError, re.error):
            continue
        return found, not re.search("%[HIcX]", one)
    raise BadValueError


def _instant_reader(zone: ZoneInfo, remarks: Remarks, name: str, dates: Dates) -> Callable[[str], datetime]:
    def read(text: str) -> datetime:
        local, day_only = local_time(text, dates)
        if day_only:
            ends = name.endswith("_to")
            remarks.add(f"{name} is a day without time, read as its {'end' if ends else 'start'}")
        else:
            ends = False
            if local.tzinfo is None:
                remarks.add(f"{name} has no time zone and was read in {zone.key}")
        try:
            local += timedelta(days=ends)
            return (local if local.tzinfo else local.replace(tzinfo=zone)).astimezone(UTC)
        except OverflowError:
            if local.year == _LAST.year:
                return _LAST  # what many systems write for "without end"
            raise BadValueError from None

    return read


def is_address(text: str) -> bool:
    """Whether a text is a network address of IPv4 or IPv6, and nothing else."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
