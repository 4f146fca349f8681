"""Accesses to patients, and how far each is from a reason that the care records know."""

from __future__ import annotations

from typing import Any

import narwhals as nw

from riskkit.declare import derive
from riskkit.derived.trail import DAY_US, opens_record

KEYS = ("source", "offset", "n")
FOREVER_US = 1 << 62
SLACK_DAYS = 1
"""Employment is dated in local days, accesses in UTC: a day of slack covers every zone."""

COLUMNS = (
    "event_time_us", "event_seq", "user_id", "patient_id", "event_category", "source_system",
    "break_glass", *KEYS,
)  # fmt: skip


@derive(
    name="explained_accesses",
    doc="One row per access of a person to a patient's record: `personal_gap_us` and "
    "`department_gap_us` tell how far it lies outside the nearest relationship of the user, or of "
    "a department in which the user worked then, with that patient (0: within, null: there is "
    "none); `on_roster` whether the user is known. No access explains another one.",
    phi=("user_id", "patient_id"),
)
def explained_accesses(
    audit_events: nw.LazyFrame[Any], relationships: nw.LazyFrame[Any], roster: nw.LazyFrame[Any]
) -> nw.LazyFrame[Any]:
    """Join accesses to relationships by person and by department, on equality only.

    The idea is explanation-based auditing (Fabbri and LeFevre, VLDB 2011): an access with no
    explanation is neutral, it is only put up for review.
    """
    of_a_person = (nw.col("user_type") == "person") & ~nw.col("user_id").is_null()
    accesses = audit_events.filter(
        opens_record() & of_a_person & ~nw.col("patient_id").is_null(),
        ~nw.col("event_time_us").is_null(),
    ).select(*COLUMNS)
    short = accesses.select(*KEYS, "event_time_us", "user_id", "patient_id")
    personal = _gaps(
        short,
        relationships.filter(~nw.col("user_id").is_null()),
        on=["patient_id", "user_id"],
        name="personal_gap_us",
    )
    shared = _gaps(
        _with_departments(short, roster),
        relationships.filter(~nw.col("department").is_null()),
        on=["patient_id", "department"],
        name="department_gap_us",
    )
    known = roster.select("user_id").unique().with_columns(on_roster=nw.lit(True))
    return (
        accesses.join(personal, on=list(KEYS), how="left")
        .join(shared, on=list(KEYS), how="left")
        .join(known, on="user_id", how="left")
        .with_columns(on_roster=nw.col("on_roster").fill_null(nw.lit(False)))
        .select(*COLUMNS, "on_roster", "personal_gap_us", "department_gap_us")
    )


def _with_departments(accesses: nw.LazyFrame[Any], roster: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Each access with the departments in which its user was employed on that day."""
    employed = roster.filter(~nw.col("department").is_null()).select(
        "user_id",
        "department",
        first_day=_days("employed_from"),
        last_day=_days("employed_to"),
    )
    day = nw.col("event_time_us") // DAY_US
    return accesses.join(employed, on="user_id", how="inner").filter(
        day >= nw.col("first_day") - SLACK_DAYS,
        nw.col("last_day").is_null() | (day <= nw.col("last_day") + SLACK_DAYS),
    )


def _gaps(
    accesses: nw.LazyFrame[Any], relationships: nw.LazyFrame[Any], *, on: list[str], name: str
) -> nw.LazyFrame[Any]:
    """The smallest distance of each access from the relationships that match it, in µs."""
    windows = relationships.select(
        *on, "valid_from_us", valid_to_us=nw.col("valid_to_us").fill_null(FOREVER_US)
    ).unique()
    time = nw.col("event_time_us")
    gap = nw.max_horizontal(nw.col("valid_from_us") - time, time - nw.col("valid_to_us"), nw.lit(0))
    return (
        accesses.join(windows, on=on, how="inner")
        .with_columns(**{name: gap.cast(nw.Int64)})
        .group_by(*KEYS)
        .agg(nw.col(name).min())
    )


def _days(column: str) -> nw.Expr:
    """Days since 1970 of a date: engines agree on a date's year and day of year, not on its epoch."""
    year = nw.col(column).dt.year().cast(nw.Int64) - 1
    leap_days = year // 4 - year // 100 + year // 400
    leap_days_to_1969 = 1969 // 4 - 1969 // 100 + 1969 // 400
    ordinal = nw.col(column).dt.ordinal_day().cast(nw.Int64)
    return (year - 1969) * 365 + leap_days - leap_days_to_1969 + ordinal - 1
