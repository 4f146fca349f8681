"""Periods and moments: whole local days, exact at the change of the clocks."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskkit.errors import SettingsError
from riskkit.model import Moment, Period

CHICAGO = ZoneInfo("America/Chicago")


@pytest.mark.parametrize(
    ("name", "first", "last", "previous"),
    [
        ("2026-10", date(2026, 10, 1), date(2026, 10, 31), "2026-09"),
        ("2026-01", date(2026, 1, 1), date(2026, 1, 31), "2025-12"),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29), "2024-01"),
        ("2026-Q1", date(2026, 1, 1), date(2026, 3, 31), "2025-Q4"),
        ("2026-Q3", date(2026, 7, 1), date(2026, 9, 30), "2026-Q2"),
        ("2026", date(2026, 1, 1), date(2026, 12, 31), "2025"),
    ],
)
def test_period(name: str, first: date, last: date, previous: str) -> None:
    """A period knows its days and the one before it."""
    period = Period.parse(name)
    assert (period.first_day, period.last_day, period.previous().name) == (first, last, previous)


@pytest.mark.parametrize("name", ["2026-13", "2026-1", "Oct", "2026-Q5", "", "0000-01", "2026-10-01"])
def test_period_that_is_none(name: str) -> None:
    """A misspelt period is refused with an example."""
    with pytest.raises(SettingsError, match="2026-10"):
        Period.parse(name)


def test_moment_is_the_end_in_the_sites_zone() -> None:
    """as_of is the first instant after the last local day, summer time taken in."""
    moment = Moment.closing(Period.parse("2026-10"), CHICAGO)
    assert moment.as_of == datetime(2026, 11, 1, 5, tzinfo=UTC)
    assert moment.today == date(2026, 10, 31)
    assert moment.start_us == int(datetime(2026, 10, 1, 5, tzinfo=UTC).timestamp()) * 1_000_000
    assert moment.end_us == moment.as_of_us


def test_as_of_within_and_after_the_period() -> None:
    """A running period ends at as_of; one that is judged later still ends at its own end."""
    period = Period.parse("2026-10")
    running = Moment.ending(date(2026, 10, 10), period, CHICAGO)
    assert (running.today, running.end_us) == (date(2026, 10, 10), running.as_of_us)
    late = Moment.ending(date(2026, 11, 3), period, CHICAGO)
    assert late.end_us == Moment.closing(period, CHICAGO).as_of_us < late.as_of_us
    with pytest.raises(SettingsError, match="before the period"):
        Moment.ending(date(2026, 9, 30), period, CHICAGO)


@given(st.dates(date(1990, 1, 1), date(2090, 1, 1)))
def test_every_day_lies_in_exactly_one_month(day: date) -> None:
    """Months neither overlap nor leave a gap."""
    period = Period.parse(f"{day:%Y-%m}")
    assert period.first_day <= day <= period.last_day
    assert (period.first_day - period.previous().last_day).days == 1
