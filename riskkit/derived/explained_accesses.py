"""Accesses of the period to patients, and how far each is from a reason that the care records know."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import narwhals as nw

from riskkit.declare import derive
from riskkit.derived.explanations import DOC, explain
from riskkit.derived.trail import in_period
from riskkit.derived.turns import turns
from riskkit.model import Moment


@derive(name="explained_accesses", doc=f"The period. {DOC}", phi=("user_id", "patient_id"))
def explained_accesses(
    audit_events: nw.LazyFrame[Any],
    care_windows: nw.LazyFrame[Any],
    roster: nw.LazyFrame[Any],
    schedule: nw.LazyFrame[Any] | None,
    *,
    at: Moment,
) -> Iterator[nw.LazyFrame[Any]]:
    """The period only: a question about it need not join the months before."""
    for turn in turns(audit_events, at, at.period.first_day):
        yield explain(turn.trail, care_windows, roster, schedule, in_period(at))
