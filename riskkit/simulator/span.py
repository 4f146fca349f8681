"""The days that are simulated, and local time on them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from riskkit.errors import SettingsError

FRIDAY = 4
LABOR_DAY, THANKSGIVING = (9, 1, 0), (11, 4, 3)  # month, which one, weekday
FIXED_HOLIDAYS = {(1, 1), (7, 4), (12, 25)}


@dataclass(frozen=True, slots=True)
class Span:
    """Whole local days from `first` to `last`, the end of the period `name` (YYYY-MM)."""

    name: str
    first: date
    last: date
    zone: ZoneInfo

    @classmethod
    def ending(cls, period: str, days: int, zone: ZoneInfo) -> Span:
        """The `days` days up to the end of a month; raises SettingsError."""
        found = re.fullmatch(r"(2\d{3})-(0[1-9]|1[0-2])", period)
        if not found:
            raise SettingsError(f"period {period!r} is no month", do="Write it as 2026-10")
        year, month = int(found[1]), int(found[2])
        last = date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
        return cls(period, last - timedelta(days=days - 1), last, zone)

    @property
    def first_period(self) -> str:
        """The first month of which every day is simulated."""
        start = self.first if self.first.day == 1 else self.first.replace(day=1) + timedelta(days=32)
        return f"{start:%Y-%m}"

    @property
    def as_of(self) -> datetime:
        """The first instant after the last day."""
        return self.at(self.last + timedelta(days=1))

    @property
    def starts(self) -> datetime:
        """The first instant."""
        return self.at(self.first)

    def days(self, warm_up: int = 0) -> Iterator[date]:
        """Every day in order, after some days of which nothing is exported."""
        day = self.first - timedelta(days=warm_up)
        while day <= self.last:
            yield day
            day += timedelta(days=1)

    def at(self, day: date, hour: float = 0) -> datetime:
        """The instant (UTC) of a local wall-clock hour such as 13.5; hours past 24 are the next day's."""
        whole = timedelta(hours=hour)
        wall = datetime.combine(day, time()) + timedelta(milliseconds=whole // timedelta(milliseconds=1))
        return wall.replace(tzinfo=self.zone).astimezone(UTC)

    def local(self, at: datetime) -> datetime:
        """The wall clock at an instant."""
        return at.astimezone(self.zone)

    def back(self, days: int, weekday: int | None = None) -> date:
        """The day so many days before the last, or the nearest such weekday before that (0 is Monday)."""
        day = self.last - timedelta(days=days)
        return day if weekday is None else day - timedelta(days=(day.weekday() - weekday) % 7)


def works(day: date) -> bool:
    """Whether an office is open: Monday to Friday, but not on a holiday."""
    return day.weekday() <= FRIDAY and not holiday(day)


def holiday(day: date) -> bool:
    """A day on which clinics of the United States are closed."""
    nth = (day.month, (day.day - 1) // 7 + 1, day.weekday())
    return (day.month, day.day) in FIXED_HOLIDAYS or nth in {LABOR_DAY, THANKSGIVING}
