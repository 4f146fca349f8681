"""Whose records somebody opened on a day without a reason that the care records know."""

from __future__ import annotations

from typing import Any

import narwhals as nw

from riskkit.declare import derive
from riskkit.derived.clock_days import local_day_number
from riskkit.derived.explanations import explained
from riskkit.derived.trail import row_key
from riskkit.model import Moment


@derive(
    name="unexplained_patients",
    doc="One row per user, local day (days since 1970), patient and file with an unexplained access, in the "
    "period and the 56 days before: `accesses` of that kind, `first_us` the time and `key` the row of the "
    "first; `on_roster` whether the user is known.",
    phi=("user_id", "patient_id"),
)
def unexplained_patients(
    explained_accesses: nw.LazyFrame[Any], earlier_accesses: nw.LazyFrame[Any], *, at: Moment
) -> nw.LazyFrame[Any]:
    """Counted in the engine; what targeted detectors look at."""
    return nw.concat([_open(explained_accesses, at), _open(earlier_accesses, at)], how="vertical")


def _open(accesses: nw.LazyFrame[Any], at: Moment) -> nw.LazyFrame[Any]:
    return (
        accesses.filter(~explained())
        .with_columns(
            day=local_day_number(at), key=row_key(), known=nw.when(nw.col("on_roster")).then(1).otherwise(0)
        )
        .group_by("user_id", "day", "patient_id", "source")
        .agg(
            nw.len().alias("accesses"),
            nw.col("event_time_us").min().alias("first_us"),
            nw.col("key").min(),
            nw.col("known").max().alias("on_roster"),
        )
    )
