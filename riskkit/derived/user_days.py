"""What every person did on each day: the counts that are set beside earlier days and peers."""

from __future__ import annotations

from typing import Any

import narwhals as nw

from riskkit.declare import derive
from riskkit.derived.baseline import in_view, of_a_person, off_hours
from riskkit.derived.clock_days import local_day_number
from riskkit.derived.trail import TRANSFER_BEGINS, flag, opens_record
from riskkit.model import Moment

COUNTS = (
    "events", "accesses", "patients", "unexplained", "elsewhere", "not_in_care", "exports", "failed",
    "off_hours", "emergencies", "deletions",
)  # fmt: skip


@derive(
    name="user_days",
    doc="One row per person and local day (days since 1970) with any event, in the period and the 56 days "
    "before: `events`; `accesses` to records and `off_hours` those outside 7 to 19 o'clock of working days; "
    "distinct `patients`, `unexplained` those with an unexplained access, `elsewhere` those of them that "
    "were not opened on their own ward, and `not_in_care` those who were in nobody's care (null when the "
    "care records are missing); `exports`, `failed` log-ins, `emergencies` (overrides), `deletions`.",
    phi=("user_id",),
)
def user_days(
    audit_events: nw.LazyFrame[Any],
    patient_days: nw.LazyFrame[Any],
    unexplained_patients: nw.LazyFrame[Any] | None,
    *,
    at: Moment,
) -> nw.LazyFrame[Any]:
    """Counted in the engine: the counts of the same days laid under each other and added up."""
    parts = [_events(audit_events, at), _patients(patient_days, "patients")]
    if unexplained_patients is not None:
        parts.append(_patients(unexplained_patients, "unexplained"))
        parts.append(_patients(unexplained_patients.filter(nw.col("on_ward") == 0), "elsewhere"))
        parts.append(_patients(unexplained_patients.filter(nw.col("in_care") == 0), "not_in_care"))
    zero = nw.lit(0, dtype=nw.Int64)
    laid = [
        part.select(
            "user_id", "day", *(nw.col(n).cast(nw.Int64) if n in has else zero.alias(n) for n in COUNTS)
        )
        for part, has in ((part, part.collect_schema().names()) for part in parts)
    ]  # fmt: skip
    counted = (
        nw.concat(laid, how="vertical")
        .group_by("user_id", "day")
        .agg(*(nw.col(name).sum() for name in COUNTS))
    )
    if unexplained_patients is None:
        none = nw.when(nw.col("events") < 0).then(nw.col("events"))
        counted = counted.with_columns(unexplained=none, elsewhere=none, not_in_care=none)
    return counted.select("user_id", "day", *(nw.col(name).cast(nw.Int64) for name in COUNTS))


def _events(audit_events: nw.LazyFrame[Any], at: Moment) -> nw.LazyFrame[Any]:
    category, refused = nw.col("event_category"), nw.col("event_outcome").fill_null("unknown") == "failure"
    ends = nw.col("event_code").fill_null("") != TRANSFER_BEGINS
    outside = off_hours(at)
    flags = {
        "accesses": flag(opens_record()),
        "off_hours": nw.when(opens_record()).then(outside).otherwise(nw.lit(0)),
        "exports": flag((category == "export") & ~refused & ends),
        "failed": flag((category == "authentication") & refused),
        "emergencies": flag(nw.col("break_glass").fill_null(nw.lit(False))),
        "deletions": flag((category == "delete") & ~refused),
    }
    return (
        audit_events.filter(in_view(at), of_a_person())
        .select("user_id", day=local_day_number(at), **flags)
        .group_by("user_id", "day")
        .agg(
            nw.len().alias("events"),
            *(nw.col(name).sum() for name in flags),
        )
    )


def _patients(found: nw.LazyFrame[Any], name: str) -> nw.LazyFrame[Any]:
    """Distinct patients per user and day."""
    return (
        found.select("user_id", "day", "patient_id")
        .unique()
        .group_by("user_id", "day")
        .agg(nw.len().alias(name))
    )
