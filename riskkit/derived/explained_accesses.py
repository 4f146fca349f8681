"""Accesses of the period to patients, and how far each is from a reason that the care records know."""

from __future__ import annotations

from typing import Any

import narwhals as nw

from riskkit.declare import derive
from riskkit.derived.explanations import DOC, explain
from riskkit.derived.trail import in_period
from riskkit.model import Moment


@derive(name="explained_accesses", doc=f"The period. {DOC}", phi=("user_id", "patient_id"))
def explained_accesses(
    audit_events: nw.LazyFrame[Any],
    relationships: nw.LazyFrame[Any],
    roster: nw.LazyFrame[Any],
    schedule: nw.LazyFrame[Any] | None,
    *,
    at: Moment,
) -> nw.LazyFrame[Any]:
    """The period only: a question about it need not join the months before."""
    return explain(audit_events, relationships, roster, schedule, in_period(at))
