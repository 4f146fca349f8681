"""Whose records somebody opened on a day, explained or not."""

from __future__ import annotations

from typing import Any

import narwhals as nw

from riskkit.declare import derive
from riskkit.derived.baseline import in_view, of_a_person
from riskkit.derived.clock_days import local_day_number
from riskkit.derived.trail import opens_record
from riskkit.model import Moment


@derive(
    name="patient_days",
    doc="One row per user, local day (days since 1970) and patient in the period and the 56 days before: "
    "`accesses` by the person to the record.",
    phi=("user_id", "patient_id"),
)
def patient_days(audit_events: nw.LazyFrame[Any], *, at: Moment) -> nw.LazyFrame[Any]:
    """Counted in the engine; needs nothing but the trail."""
    return (
        audit_events.filter(in_view(at), opens_record(), of_a_person(), ~nw.col("patient_id").is_null())
        .with_columns(day=local_day_number(at))
        .group_by("user_id", "day", "patient_id")
        .agg(nw.len().alias("accesses"))
    )
