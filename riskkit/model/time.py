"""The period that is assessed and the instant at which it is judged. Nothing here reads a clock."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from riskkit.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Period:
    """A span of whole local days, named after a month (`2026-10`) or quarter (`2026-Q3`)."""

    name: str
    first_day: date
    last_day: date

    @classmethod
    def parse(cls, name: str) -> Period:
        """Read `YYYY-MM`, `YYYY-Qn` or `YYYY`; raises SettingsError."""
        found = re.fullmatch(r"(\d{4})(?:-(?:(0[1-9]|1[0-2])|Q([1-4])))?", name)
        if not found or int(found[1]) < 1:
            raise SettingsError(f"period {name!r} is not YYYY-MM, YYYY-Qn or YYYY", do="Write it as 2026-10")
        year = int(found[1])
        if found[2]:
            first_month = last_month = int(found[2])
        elif found[3]:
            last_month = 3 * int(found[3])
            first_month = last_month - 2
        else:
            first_month, last_month = 1, 12
        return cls(
            name,
            date(year, first_month, 1),
            _first_of_next_month(year, last_month) - timedelta(days=1),
        )

    def previous(self) -> Period:
        """The period of the same kind just before this one."""
        before = self.first_day - timedelta(days=1)
        if "Q" in self.name:
            return Period.parse(f"{before.year}-Q{(before.month + 2) // 3}")
        return Period.parse(f"{before:%Y-%m}" if "-" in self.name else f"{before.year}")


def _first_of_next_month(year: int, month: int) -> date:
    return date(year + month // 12, month % 12 + 1, 1)


@dataclass(frozen=True, slots=True)
class Moment:
    """When evidence is judged: `as_of` (an instant, UTC) and the period that it closes.

    `as_of` is exclusive: the first instant after the last local day.
    """

    as_of: datetime
    period: Period
    zone: ZoneInfo

    @classmethod
    def closing(cls, period: Period, zone: ZoneInfo) -> Moment:
        """The end of a period in the site's zone."""
        return cls(_midnight(period.last_day + timedelta(days=1), zone), period, zone)

    @classmethod
    def ending(cls, day: date, period: Period, zone: ZoneInfo) -> Moment:
        """The end of one local day: in a period still running, or after it, when evidence came late.

        Raises SettingsError for a day before the period.
        """
        if day < period.first_day:
            raise SettingsError(f"as-of {day} lies before the period {period.name}", do="Name a later day")
        return cls(_midnight(day + timedelta(days=1), zone), period, zone)

    @property
    def today(self) -> date:
        """The last local day that counts."""
        return (self.as_of.astimezone(self.zone) - timedelta(microseconds=1)).date()

    @property
    def as_of_us(self) -> int:
        """`as_of` in microseconds since 1970 UTC."""
        return microseconds(self.as_of)

    @property
    def start_us(self) -> int:
        """Start of the period in microseconds since 1970 UTC."""
        return microseconds(_midnight(self.period.first_day, self.zone))

    @property
    def end_us(self) -> int:
        """End of the period, or `as_of` while it runs, in microseconds since 1970 UTC, exclusive."""
        return min(self.as_of_us, self.day_end_us(self.period.last_day))

    def day_end_us(self, day: date) -> int:
        """The end of a local day in microseconds since 1970 UTC."""
        return microseconds(_midnight(day + timedelta(days=1), self.zone))

    def age_days(self, when: date | datetime) -> int:
        """Whole days from `when` to `as_of`; negative when it lies after."""
        if isinstance(when, datetime):
            return (self.as_of - when).days
        return (self.today - when).days


def microseconds(instant: datetime) -> int:
    """Microseconds since 1970 UTC of an aware datetime."""
    return (instant - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
