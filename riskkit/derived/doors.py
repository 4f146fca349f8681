"""Passages through doors that questions about places share."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import narwhals as nw

from riskkit.model import Moment


def granted(facility_access: nw.LazyFrame[Any], at: Moment) -> nw.LazyFrame[Any]:
    """Passages that a door granted in the period, ways out left aside."""
    time = nw.col("passed_us")
    return facility_access.filter(
        time >= at.start_us,
        time < at.end_us,
        nw.col("passage").fill_null("granted") == "granted",
        nw.col("direction").fill_null("in") == "in",
    )


def day_of_us(instant_us: int, at: Moment) -> date:
    """The local day of an instant in microseconds since 1970 UTC."""
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=instant_us)).astimezone(at.zone).date()
