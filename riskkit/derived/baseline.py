"""How far back a baseline reaches, and which events are the work of people."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import narwhals as nw

from riskkit.derived.clock_days import local_day_number, local_hour
from riskkit.derived.trail import MACHINES, flag
from riskkit.model import Moment

LOOK_BACK_DAYS = 56
"""Days before the period that tell what is usual: eight of every weekday."""

SATURDAY = 5
FIRST_HOUR, LAST_HOUR = 7, 19
"""Off hours are the others, and weekends: the same at every site, so that counts can be compared."""


def first_in_view(at: Moment) -> date:
    """The first local day of the baseline."""
    return at.period.first_day - timedelta(days=LOOK_BACK_DAYS)


def look_back_us(at: Moment) -> int:
    """Where the baseline begins, in microseconds since 1970 UTC."""
    return at.day_end_us(first_in_view(at) - timedelta(days=1))


def in_view(at: Moment) -> nw.Expr:
    """Whether an event happened in the period or in the baseline before it."""
    time = nw.col("event_time_us")
    return (time >= look_back_us(at)) & (time < at.end_us)


def of_a_person() -> nw.Expr:
    """Whether an event is that of somebody named who is no machine, as far as the trail tells."""
    return ~nw.col("user_type").fill_null("unknown").is_in(MACHINES) & ~nw.col("user_id").is_null()


def of_people(at: Moment) -> nw.Expr:
    """Events of the period and its baseline that somebody did and that were not refused; no machine's."""
    not_refused = nw.col("event_outcome").fill_null("unknown") != "failure"
    return in_view(at) & of_a_person() & not_refused


def is_weekend(days: Any) -> Any:
    """Whether days since 1970 are Saturdays or Sundays; 1970 began on a Thursday."""
    return (days + 3) % 7 >= SATURDAY


def off_hours(at: Moment) -> nw.Expr:
    """1 where an event lies outside 7 to 19 o'clock of a working day, else 0."""
    clock = local_hour(at)
    return flag(is_weekend(local_day_number(at)) | (clock < FIRST_HOUR) | (clock >= LAST_HOUR))
