"""Local days of events, computed in the engine: the site's clocks decide when a day begins."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import narwhals as nw

from riskkit.derived.trail import DAY_US, HOUR_US
from riskkit.model import Moment

EPOCH = date(1970, 1, 1)
YEARS_BACK = 3
"""How far before the moment changes of the clock are looked for: trails that reach farther are baseline."""


def local_day_number(at: Moment, time: nw.Expr | None = None) -> nw.Expr:
    """Days since 1970 by the site's clock, of µs since 1970 UTC (default `event_time_us`)."""
    return _local_us(at, time) // DAY_US


def local_hour(at: Moment, time: nw.Expr | None = None) -> nw.Expr:
    """The hour of the day by the site's clock, 0 to 23, of µs since 1970 UTC (default `event_time_us`)."""
    local = _local_us(at, time)
    return (local % DAY_US) // HOUR_US


def day_number(day: date) -> int:
    """Days since 1970 of a date."""
    return (day - EPOCH).days


def day_of(number: int) -> date:
    """The date that lies so many days after 1970-01-01."""
    return EPOCH + timedelta(days=int(number))


def _local_us(at: Moment, time: nw.Expr | None) -> nw.Expr:
    instant = nw.col("event_time_us") if time is None else time
    first, changes = _offsets(at)
    shift = nw.lit(first)
    for begins, offset in changes:
        shift = nw.when(instant >= begins).then(nw.lit(offset)).otherwise(shift)
    return instant + shift


def _offsets(at: Moment) -> tuple[int, list[tuple[int, int]]]:
    """The offset from UTC some years ago in µs, and each change since as (instant, offset)."""
    hour = at.as_of.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    begin = hour - timedelta(days=366 * YEARS_BACK)
    last = _offset(begin, at)
    first, changes = last, []
    day = begin
    while day <= hour + timedelta(days=1):
        following = day + timedelta(days=1)
        if _offset(following, at) != last:
            moment = day
            while _offset(moment, at) == last:
                moment += timedelta(minutes=15)
            last = _offset(moment, at)
            changes.append(((moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1), last))
        day = following
    return first, changes


def _offset(instant: datetime, at: Moment) -> int:
    shift = instant.astimezone(at.zone).utcoffset() or timedelta()
    return shift // timedelta(microseconds=1)
