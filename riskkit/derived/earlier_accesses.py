"""Accesses before the period to patients, explained as those of the period are: the baseline."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import narwhals as nw

from riskkit.declare import derive
from riskkit.derived.baseline import first_in_view, look_back_us
from riskkit.derived.explanations import DOC, explain
from riskkit.derived.turns import turns
from riskkit.model import Moment


@derive(
    name="earlier_accesses",
    doc=f"The 56 days before the period, which tell what is usual. {DOC}",
    phi=("user_id", "patient_id"),
)
def earlier_accesses(
    audit_events: nw.LazyFrame[Any],
    care_windows: nw.LazyFrame[Any],
    roster: nw.LazyFrame[Any],
    schedule: nw.LazyFrame[Any] | None,
    *,
    at: Moment,
) -> Iterator[nw.LazyFrame[Any]]:
    """The same join as for the period, for questions that need a baseline."""
    time = nw.col("event_time_us")
    before = (time >= look_back_us(at)) & (time < at.start_us)
    last = at.period.first_day - timedelta(days=1)
    for turn in turns(audit_events, at, first_in_view(at), last=last):
        yield explain(turn.trail, care_windows, roster, schedule, before)
