"""From text to typed values, for every reader of what people wrote: strict, and never a guess.

A value that does not fit raises BadValueError, which names no value: it may identify a person.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from riskkit.model.time import microseconds
from riskkit.tables import Column

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
_LAST = datetime(9999, 12, 31, tzinfo=UTC)
_QUOTED_FORMULA = re.compile(r'="((?:[^"]|"")*)"')


class BadValueError(ValueError):
    """A value that does not fit its column."""


class Remarks(dict[str, int]):
    """What was assumed while values were read, and how often."""

    def add(self, what: str) -> None:
        """Count one more."""
        self[what] = self.get(what, 0) + 1

    def notes(self) -> tuple[str, ...]:
        """As text, sorted."""
        return tuple(f"{what} ({count} cell(s))" for what, count in sorted(self.items()))


def text_of(value: object) -> str:
    """A YAML scalar as the text that a person would have typed into a cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value.isoformat() if isinstance(value, date) else str(value)


def converter(
    column: Column, zone: ZoneInfo, remarks: Remarks, *, date_format: str | None = None, micros: bool = True
) -> Convert:
    """How text of a column becomes its type.

    `micros` lets an `instant_us` column hold whole microseconds. Without time zone a time is read in
    `zone`; a date where an instant is wanted is its first moment, in a column named `..._to` its end.
    The function raises BadValueError.
    """
    plain = re.sub("_us$", "", column.name)
    as_instant = _instant_reader(zone, remarks, plain, date_format)
    converters: Mapping[str, Convert] = {
        "string": lambda text: _string(text, column, remarks),
        "integer": _integer,
        "number": _number,
        "boolean": _boolean,
        "date": lambda text: _date(text, date_format),
        "instant": as_instant,
        "instant_us": lambda text: (
            int(text) if micros and _INTEGER.fullmatch(text) else microseconds(as_instant(text))
        ),
    }
    return converters[column.dtype]


def _string(text: str, column: Column, remarks: Remarks) -> str:
    if column.values:
        return _one_of(text, column)
    formula = _QUOTED_FORMULA.fullmatch(text)
    if formula:
        return formula[1].replace('""', '"')
    if text[0] in "=+@":
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


def _date(text: str, date_format: str | None) -> date:
    if date_format:
        return _strptime(text, date_format).date()
    found = _DATE.fullmatch(text)
    if not found:
        raise BadValueError
    try:
        return date.fromisoformat(found[1])
    except ValueError:
        raise BadValueError from None


def _instant_reader(
    zone: ZoneInfo, remarks: Remarks, name: str, date_format: str | None
) -> Callable[[str], datetime]:
    dated_only = date_format is not None and not re.search("%[HIcX]", date_format)

    def read(text: str) -> datetime:
        if date_format:
            local, day_only = _strptime(text, date_format), dated_only
        else:
            day_only = _DAY.fullmatch(text) is not None
            if not day_only and not _INSTANT.fullmatch(text):
                raise BadValueError
            try:
                local = datetime.fromisoformat(text)
            except ValueError:
                raise BadValueError from None
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


def _strptime(text: str, date_format: str) -> datetime:
    try:
        return datetime.strptime(text, date_format)  # noqa: DTZ007 - the caller gives the zone
    except (ValueError, re.error):
        raise BadValueError from None
