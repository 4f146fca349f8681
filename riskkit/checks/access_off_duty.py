"""Accesses outside of duty."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from riskkit.declare import check
from riskkit.derived.baseline import of_people
from riskkit.derived.beside_peers import Day, beside_peers, verdicts_of, vs
from riskkit.derived.clock_days import local_day_number, local_hour
from riskkit.derived.exempt import Exempt
from riskkit.derived.trail import HOUR_US, opens_record, row_key
from riskkit.derived.volumes import peers
from riskkit.model import Moment, Verdict
from riskkit.tables import to_arrow

PREDICATE = "user_id = :subject and event_time_us outside of duty"
RARE_HOUR_PERCENT = 2
"""An hour (with its neighbours) that holds a smaller share of the own accesses is unusual."""
FEWEST_OWN = 50
"""With fewer accesses before the period nobody's own hours are known."""


@check(
    id="access.off_duty",
    title="Records are opened on duty",
    question="Which users opened records when they were not on duty, more than they and their peers do?",
    subject="user",
    controls=("45 CFR 164.308(a)(1)(ii)(D)", "45 CFR 164.308(a)(4)(i)"),
    severity="low",
    remediation="Compare the days with on-call and float duty, and record the decision in "
    "programme/verdicts.csv.",
    look_first="Whether a duty is missing in the roster: on call, float, a swapped shift.",
    usual_cause="Work that was finished after the shift, or a duty that nobody entered.",
    standing=False,
    signal=True,
    family="account",
    aliases=("A12",),
)
def access_off_duty(
    audit_events: nw.LazyFrame[Any],
    schedule: nw.LazyFrame[Any] | None,
    peer_groups: nw.LazyFrame[Any] | None,
    roster: nw.LazyFrame[Any] | None,
    exemptions: nw.LazyFrame[Any] | None,
    *,
    margin_hours: int = 2,
    one_in: int = 1000,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per user who opened a record in the period.

    An access outside every duty of a day that has one, by more than `margin_hours`, is off duty. On days
    without a duty, and for people without any, the duty roster may be wrong: such days carry half the
    evidence (the square root of p), by any access on a free day or by the user's own rare hours.
    """
    hours = _hours(audit_events, at)
    on_duty, has_duty, planned = _duties(hours, schedule, margin_hours)
    strict = has_duty & ~on_duty
    loose = np.where(planned, ~has_duty & ~on_duty, _rare_hours(hours, at))
    groups = peers(peer_groups)
    known = beside_peers(_hits(hours, strict), groups, at)
    guessed = beside_peers(_hits(hours, loose), groups, at)
    days = [_surer(one, other) for one, other in zip(known, guessed, strict=True)]
    yield from verdicts_of(
        days,
        noun="access off duty",
        one_in=one_in,
        predicate=PREDICATE,
        exempt=Exempt("access.off_duty", exemptions, roster),
        reason=lambda day: vs(day, "access off duty"),
    )


def _hours(audit_events: nw.LazyFrame[Any], at: Moment) -> pd.DataFrame:
    """Accesses by user, local day, hour and source, in a fixed order."""
    grouped = (
        audit_events.filter(of_people(at), opens_record())
        .with_columns(
            day=local_day_number(at),
            clock=local_hour(at),
            hour=nw.col("event_time_us") // HOUR_US,
            key=row_key(),
        )
        .group_by("user_id", "day", "clock", "hour", "source")
        .agg(nw.len().alias("events"), nw.col("key").min())
    )
    found: pd.DataFrame = to_arrow(grouped).to_pandas()
    return found.sort_values(["user_id", "hour", "source", "day"], ignore_index=True)


def _duties(hours: pd.DataFrame, schedule: Any | None, margin_hours: int) -> tuple[Any, Any, Any]:
    """For each row: within a duty and its margin, near a duty at all (12 hours), user has any duty."""
    none = np.zeros(len(hours), bool)
    if schedule is None or hours.empty:
        return none, none.copy(), none.copy()
    duties: pd.DataFrame = to_arrow(schedule.select("user_id", "starts_us", "ends_us")).to_pandas()
    of: dict[Any, pd.DataFrame] = dict(tuple(duties.groupby("user_id")))
    on, near, planned = none.copy(), none.copy(), none.copy()
    middle = hours["hour"].to_numpy() * HOUR_US + HOUR_US // 2
    for user, rows in hours.groupby("user_id").indices.items():
        if user not in of:
            continue
        spans = of[user]
        planned[rows] = True
        for marks, margin in ((on, margin_hours * HOUR_US), (near, 12 * HOUR_US)):
            marks[rows] = _within(
                middle[rows], spans["starts_us"].to_numpy() - margin, spans["ends_us"].to_numpy() + margin
            )
    return on, near, planned


def _within(times: Any, starts: Any, ends: Any) -> Any:
    """Whether each time lies in any span: as many began before it as have not ended, or more."""
    began = np.searchsorted(np.sort(starts), times, side="right")
    ended = np.searchsorted(np.sort(ends), times, side="left")
    return began > ended


def _rare_hours(hours: pd.DataFrame, at: Moment) -> Any:
    """Whether the clock hour and its neighbours are rare among the user's accesses before the period."""
    rare = np.zeros(len(hours), bool)
    before = (hours["hour"] * HOUR_US < at.start_us).to_numpy()
    clock, events = hours["clock"].to_numpy(), hours["events"].to_numpy()
    for rows in hours.groupby("user_id").indices.values():
        known = rows[before[rows]]
        own = np.bincount(clock[known], events[known], minlength=24)
        if own.sum() >= FEWEST_OWN:
            around = own + np.roll(own, 1) + np.roll(own, -1)
            rare[rows] = (around * 100 < RARE_HOUR_PERCENT * own.sum())[clock[rows]]
    return rare


def _hits(hours: pd.DataFrame, hit: Any) -> pd.DataFrame:
    counted = hours.assign(hits=hours["events"].where(hit, 0), key=hours["key"].astype("Int64").where(hit))
    return counted.groupby(["user_id", "day", "source"], as_index=False).agg(
        hits=("hits", "sum"), key=("key", "min")
    )


def _surer(known: Day, guessed: Day) -> Day:
    """The stronger of what a duty roster says, and half of what is guessed without."""
    half = Day(guessed.user, guessed.day, guessed.count, guessed.expected, guessed.p**0.5, guessed.keys)
    return min((known, half), key=lambda day: (day.p, -day.count))
