"""Whose records somebody opened on a day without a reason that the care records know."""

from __future__ import annotations

from typing import Any

import narwhals as nw

from riskkit.declare import derive
from riskkit.derived.clock_days import local_day_number
from riskkit.derived.explanations import KEYS, TOLERANCE_US, explained
from riskkit.derived.trail import DAY_US, row_key
from riskkit.model import Moment

IN_CARE_US = 30 * DAY_US
"""So long before or after a relationship a patient counts as in somebody's care: our own choice."""


@derive(
    name="unexplained_patients",
    doc="One row per user, local day (days since 1970), patient and file with an unexplained access, in the "
    "period and the 56 days before: `accesses` of that kind, `first_us` the time and `key` the row of the "
    "first; `on_roster` whether the user is known; `on_ward` whether all of them were made at workstations "
    "of departments that cared for the patient within a day (0 where no list of workstations tells); "
    "`in_care` whether anybody or any department had a relationship with the patient within 30 days of one.",
    phi=("user_id", "patient_id"),
)
def unexplained_patients(
    explained_accesses: nw.LazyFrame[Any],
    earlier_accesses: nw.LazyFrame[Any],
    audit_events: nw.LazyFrame[Any],
    care_windows: nw.LazyFrame[Any],
    workstations: nw.LazyFrame[Any] | None,
    *,
    at: Moment,
) -> nw.LazyFrame[Any]:
    """Counted in the engine; what targeted detectors look at.

    Whoever opens a record on the patient's own ward is probably at work there: float duty and consults are
    what care records miss most. It explains nothing, but detectors that count do not count it. Whoever is
    in nobody's care gives nobody a reason, documented or not.
    """
    accesses = nw.concat([_open(explained_accesses, at), _open(earlier_accesses, at)], how="vertical")
    near = _near(accesses, care_windows, IN_CARE_US)
    found = accesses.join(
        near.select(*KEYS).unique().with_columns(cared=nw.lit(1)), on=list(KEYS), how="left"
    )
    on_ward = nw.lit(0)
    if workstations is not None:
        ward = _near(accesses, care_windows, TOLERANCE_US).filter(~nw.col("department").is_null())
        placed = ward.join(
            _placed(accesses, audit_events, workstations), on=[*KEYS, "department"], how="inner"
        )
        marked = placed.select(*KEYS).unique().with_columns(ward=nw.lit(1))
        found = found.join(marked, on=list(KEYS), how="left")
        on_ward = nw.col("ward").fill_null(nw.lit(0))
    return (
        found.with_columns(on_ward=on_ward, in_care=nw.col("cared").fill_null(nw.lit(0)))
        .group_by("user_id", "day", "patient_id", "source")
        .agg(
            nw.len().alias("accesses"),
            nw.col("event_time_us").min().alias("first_us"),
            nw.col("key").min(),
            nw.col("known").max().alias("on_roster"),
            nw.col("on_ward").min(),
            nw.col("in_care").max(),
        )
    )


def _open(accesses: nw.LazyFrame[Any], at: Moment) -> nw.LazyFrame[Any]:
    return accesses.filter(~explained()).select(
        *KEYS,
        "event_time_us",
        "user_id",
        "patient_id",
        day=local_day_number(at),
        key=row_key(),
        known=nw.when(nw.col("on_roster")).then(1).otherwise(0),
    )


def _near(accesses: nw.LazyFrame[Any], care_windows: nw.LazyFrame[Any], margin_us: int) -> nw.LazyFrame[Any]:
    """Accesses with the departments (null: a person) that had the patient within the margin."""
    time = nw.col("event_time_us")
    # As for the trail below: relationships pass by the accesses, which are fewer.
    return (
        care_windows.select("patient_id", "department", "valid_from_us", "valid_to_us")
        .join(accesses.select(*KEYS, "event_time_us", "patient_id"), on="patient_id", how="inner")
        .filter(nw.col("valid_from_us") <= time + margin_us, nw.col("valid_to_us") >= time - margin_us)
        .select(*KEYS, "department")
    )


def _placed(
    accesses: nw.LazyFrame[Any], audit_events: nw.LazyFrame[Any], workstations: nw.LazyFrame[Any]
) -> nw.LazyFrame[Any]:
    """Accesses with the department of their workstation; a host name counts before an address.

    Unexplained accesses are few, so their rows are looked up in the trail again.
    """
    stations = (
        workstations.filter(~nw.col("department").is_null())
        .select(place=nw.col("host").str.to_lowercase(), department="department")
        .unique()
    )
    seen = audit_events.select(
        *KEYS,
        named=nw.col("source_host").str.to_lowercase(),
        addressed=nw.col("source_ip").str.to_lowercase(),
    )
    # The trail passes by the few accesses: the other way round all of it would be held.
    rows = seen.join(accesses.select(*KEYS), on=list(KEYS), how="inner")
    by_name = rows.join(stations, left_on="named", right_on="place", how="inner")
    others = rows.join(stations, left_on="named", right_on="place", how="anti")
    by_address = others.join(stations, left_on="addressed", right_on="place", how="inner")
    return nw.concat([one.select(*KEYS, "department") for one in (by_name, by_address)], how="vertical")
