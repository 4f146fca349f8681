"""Whose records somebody opened on a day without a reason that the care records know."""

from __future__ import annotations

from typing import Any

import narwhals as nw

from riskkit.declare import derive
from riskkit.derived.clock_days import local_day_number
from riskkit.derived.explanations import KEYS, TOLERANCE_US, explained
from riskkit.derived.trail import row_key
from riskkit.model import Moment


@derive(
    name="unexplained_patients",
    doc="One row per user, local day (days since 1970), patient and file with an unexplained access, in the "
    "period and the 56 days before: `accesses` of that kind, `first_us` the time and `key` the row of the "
    "first; `on_roster` whether the user is known; `on_ward` whether all of them were made at workstations "
    "of departments that cared for the patient within a day (0 where no list of workstations tells).",
    phi=("user_id", "patient_id"),
)
def unexplained_patients(
    explained_accesses: nw.LazyFrame[Any],
    earlier_accesses: nw.LazyFrame[Any],
    audit_events: nw.LazyFrame[Any],
    relationships: nw.LazyFrame[Any],
    workstations: nw.LazyFrame[Any] | None,
    *,
    at: Moment,
) -> nw.LazyFrame[Any]:
    """Counted in the engine; what targeted detectors look at.

    Whoever opens a record on the patient's own ward is probably at work there: float duty and consults are
    what care records miss most. It explains nothing, but detectors that count do not count it.
    """
    accesses = nw.concat([_open(explained_accesses, at), _open(earlier_accesses, at)], how="vertical")
    on_ward = nw.lit(0)
    if workstations is not None:
        near = _on_ward(accesses, audit_events, relationships, workstations)
        accesses = accesses.join(near, on=list(KEYS), how="left")
        on_ward = nw.when(nw.col("near").is_null()).then(nw.lit(0)).otherwise(nw.lit(1))
    return (
        accesses.with_columns(on_ward=on_ward)
        .group_by("user_id", "day", "patient_id", "source")
        .agg(
            nw.len().alias("accesses"),
            nw.col("event_time_us").min().alias("first_us"),
            nw.col("key").min(),
            nw.col("known").max().alias("on_roster"),
            nw.col("on_ward").min(),
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


def _on_ward(
    accesses: nw.LazyFrame[Any],
    audit_events: nw.LazyFrame[Any],
    relationships: nw.LazyFrame[Any],
    workstations: nw.LazyFrame[Any],
) -> nw.LazyFrame[Any]:
    """Accesses at a workstation of a department that has the patient; a host name counts before an address.

    Unexplained accesses are few, so their rows are looked up in the trail again.
    """
    stations = (
        workstations.filter(~nw.col("department").is_null())
        .select(place=nw.col("host").str.to_lowercase(), department="department")
        .unique()
    )
    wanted = accesses.select(*KEYS, "event_time_us", "patient_id")
    seen = audit_events.select(
        *KEYS,
        named=nw.col("source_host").str.to_lowercase(),
        addressed=nw.col("source_ip").str.to_lowercase(),
    )
    placed = wanted.join(seen, on=list(KEYS), how="inner")
    by_name = placed.join(stations, left_on="named", right_on="place", how="inner")
    others = placed.join(stations, left_on="named", right_on="place", how="anti")
    by_address = others.join(stations, left_on="addressed", right_on="place", how="inner")
    columns = (*KEYS, "event_time_us", "patient_id", "department")
    wards = relationships.filter(~nw.col("department").is_null()).select(
        "patient_id", "department", "valid_from_us", "valid_to_us"
    )
    time = nw.col("event_time_us")
    ended = (nw.col("valid_to_us") < time - TOLERANCE_US).fill_null(nw.lit(False))
    return (
        nw.concat([by_name.select(*columns), by_address.select(*columns)], how="vertical")
        .join(wards, on=["patient_id", "department"], how="inner")
        .filter(nw.col("valid_from_us") <= time + TOLERANCE_US, ~ended)
        .select(*KEYS)
        .unique()
        .with_columns(near=nw.lit(1))
    )
