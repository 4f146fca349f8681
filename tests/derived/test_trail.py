"""Hours and rows of the audit trail."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskkit.derived.trail import HOUR_US, ROWS_PER_RECORD, first_rows, hour_of, local, local_day, local_start
from riskkit.model import Moment, Period
from tests.evidence import us

ZONES = ["UTC", "America/Chicago", "America/St_Johns", "Asia/Kolkata", "Asia/Kathmandu", "Pacific/Auckland"]
INSTANTS = st.integers(us("2026-01-01 00:00"), us("2027-01-01 00:00"))


@given(INSTANTS, st.sampled_from(ZONES))
def test_an_hour_is_a_clock_hour(instant: int, zone: str) -> None:
    """Every instant lies in one hour, which starts on the hour of the site's clock."""
    at = Moment.closing(Period.parse("2026-10"), ZoneInfo(zone))
    number = hour_of(instant, at)
    start = local_start(number, at)
    when = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=instant)
    assert start.minute == start.second == start.microsecond == 0
    assert timedelta() <= when - start < timedelta(hours=1)
    assert local_day(number, at) == when.astimezone(at.zone).date()


@given(INSTANTS, st.sampled_from(ZONES))
def test_no_hour_is_lost_or_doubled(instant: int, zone: str) -> None:
    """An hour later is the next hour, also when clocks change."""
    at = Moment.closing(Period.parse("2026-10"), ZoneInfo(zone))
    assert hour_of(instant + HOUR_US, at) == hour_of(instant, at) + 1


def test_local_time_for_people() -> None:
    """An instant is shown as the site's clock showed it."""
    at = Moment.closing(Period.parse("2026-10"), ZoneInfo("America/Chicago"))
    assert local(us("2026-07-05 08:30"), at) == "2026-07-05 08:30"


@given(st.lists(st.tuples(st.integers(0, 1 << 48), st.integers(0, 4095)), max_size=9))
def test_rows_are_named(keys: list[tuple[int, int]]) -> None:
    """The first rows of each file come back as source, offset and number."""
    rows = first_rows([("a", offset * ROWS_PER_RECORD + n) for offset, n in keys], len(keys), "p")
    assert rows.keys == tuple(("a", offset, n) for offset, n in sorted(keys)[:5])
    assert rows.count == len(keys)


@pytest.mark.parametrize("zone", ZONES)
def test_the_period_begins_and_ends_on_the_hour(zone: str) -> None:
    """The hours of a period are those of its days: none is shared with the day before."""
    at = Moment.closing(Period.parse("2026-10"), ZoneInfo(zone))
    hours = range(hour_of(at.start_us, at), hour_of(at.as_of_us - 1, at) + 1)
    assert {local_day(hour, at) for hour in (hours[0], hours[-1])} == {
        at.period.first_day,
        at.period.last_day,
    }
    assert len(hours) in (31 * 24, 31 * 24 - 1, 31 * 24 + 1)
