"""Accesses outside of duty."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np

from riskkit.declare import check
from riskkit.derived.baseline import first_in_view, of_people
from riskkit.derived.beside_peers import Day, beside_peers, summed, verdicts_of, vs
from riskkit.derived.clock_days import local_day_number, local_hour
from riskkit.derived.exempt import Exempt
from riskkit.derived.trail import HOUR_US, opens_record, row_key
from riskkit.derived.turns import Codes, codes, gathered, turns
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
    evidence (the square root of p), by any access on a free day or by the user's own rare hours. For whom
    neither a duty is planned nor own hours are known, nothing tells.
    """
    hours = _hours(audit_events, at)
    on_duty, has_duty, planned = _duties(hours, schedule, margin_hours)
    strict = has_duty & ~on_duty
    rare, known_hours = _rare_hours(hours, at)
    loose = np.where(planned, ~has_duty & ~on_duty, rare)
    groups = peers(peer_groups)
    known = beside_peers(hours.hits(strict), groups, at)
    guessed = beside_peers(hours.hits(loose), groups, at)
    days = (_surer(one, other) for one, other in zip(known, guessed, strict=True))
    told = {
        user: (bool(planned[rows].any()), bool(known_hours[rows].any())) for user, rows in hours.of_users()
    }
    for verdict in verdicts_of(
        days,
        noun="access off duty",
        one_in=one_in,
        predicate=PREDICATE,
        exempt=Exempt("access.off_duty", exemptions, roster),
        reason=lambda day: vs(day, "access off duty"),
    ):
        yield _judged_by(verdict, *told[verdict.subject])


def _judged_by(verdict: Verdict, planned: bool, known_hours: bool) -> Verdict:
    """A verdict that says by what it was reached, unknown where there was nothing."""
    if planned:
        return verdict
    if known_hours:
        return verdict.but(
            message=f"No duty is planned for this user: judged by the own hours. {verdict.message}"
        )
    return verdict.but(
        result="UNKNOWN" if verdict.result == "PASS" else verdict.result,
        message=f"No duty is planned for this user, and fewer than {FEWEST_OWN} accesses before the period "
        f"tell no own hours. {verdict.message}",
    )


@dataclass(frozen=True)
class _Hours:
    """Accesses by user, local day, hour and source, in order of user and hour: parallel arrays.

    `user` and `source` are places in `users` and `sources`.
    """

    users: list[str]
    sources: list[str]
    user: Codes
    source: Codes
    day: Codes
    clock: Codes
    hour: Codes
    events: Codes
    key: Codes

    def of_users(self) -> Iterator[tuple[str, slice]]:
        """Each user with the place of the rows."""
        bounds = np.searchsorted(self.user, np.arange(len(self.users) + 1)).tolist()
        for name, begin, end in zip(self.users, bounds[:-1], bounds[1:], strict=True):
            yield name, slice(begin, end)

    def hits(self, hit: Any) -> Any:
        """Hits of each user, day and source, with the first row of them."""
        of_users, of_sources = (self.users, self.user), (self.sources, self.source)
        return summed(of_users, self.day, of_sources, np.where(hit, self.events, 0), self.key)


def _hours(audit_events: nw.LazyFrame[Any], at: Moment) -> _Hours:
    counted = (
        turn.trail.filter(of_people(at), opens_record())
        .with_columns(
            day=local_day_number(at),
            clock=local_hour(at),
            hour=nw.col("event_time_us") // HOUR_US,
            key=row_key(),
        )
        .group_by("user_id", "day", "clock", "hour", "source")
        .agg(nw.len().alias("events"), nw.col("key").min())
        for turn in turns(audit_events, at, first_in_view(at))
    )
    table = gathered(counted, "user_id", "source")
    (users, user), (sources, source) = (codes(table[name]) for name in ("user_id", "source"))
    numbers = [
        np.asarray(table[name].to_numpy(), np.int64) for name in ("day", "clock", "hour", "events", "key")
    ]
    order = np.lexsort((numbers[0], source, numbers[2], user))
    return _Hours(users, sources, *(column[order] for column in (user, source, *numbers)))


def _duties(hours: _Hours, schedule: Any | None, margin_hours: int) -> tuple[Any, Any, Any]:
    """For each row: within a duty and its margin, near a duty at all (12 hours), user has any duty."""
    on, near, planned = (np.zeros(len(hours.user), bool) for _ in range(3))
    if schedule is None or not len(hours.user):
        return on, near, planned
    table = to_arrow(schedule.select("user_id", "starts_us", "ends_us"))
    names, who = codes(table["user_id"])
    order = np.argsort(who, kind="stable")
    starts, ends = (np.asarray(table[name].to_numpy(), np.int64)[order] for name in ("starts_us", "ends_us"))
    bounds = np.searchsorted(who[order], np.arange(len(names) + 1)).tolist()
    spans = {name: slice(*bounds[n : n + 2]) for n, name in enumerate(names)}
    middle = hours.hour * HOUR_US + HOUR_US // 2
    for user, rows in hours.of_users():
        if user not in spans:
            continue
        planned[rows] = True
        for marks, margin in ((on, margin_hours * HOUR_US), (near, 12 * HOUR_US)):
            marks[rows] = _within(middle[rows], starts[spans[user]] - margin, ends[spans[user]] + margin)
    return on, near, planned


def _within(times: Any, starts: Any, ends: Any) -> Any:
    """Whether each time lies in any span: as many began before it as have not ended, or more."""
    began = np.searchsorted(np.sort(starts), times, side="right")
    ended = np.searchsorted(np.sort(ends), times, side="left")
    return began > ended


def _rare_hours(hours: _Hours, at: Moment) -> tuple[Any, Any]:
    """Whether the clock hour and its neighbours are rare among the user's accesses before the period, and
    whether those are enough to tell.
    """
    rare, enough = (np.zeros(len(hours.user), bool) for _ in range(2))
    before = hours.hour * HOUR_US < at.start_us
    for _, rows in hours.of_users():
        known = before[rows]
        own = np.bincount(hours.clock[rows][known], hours.events[rows][known], minlength=24)
        if own.sum() >= FEWEST_OWN:
            enough[rows] = True
            around = own + np.roll(own, 1) + np.roll(own, -1)
            rare[rows] = (around * 100 < RARE_HOUR_PERCENT * own.sum())[hours.clock[rows]]
    return rare, enough


def _surer(known: Day, guessed: Day) -> Day:
    """The stronger of what a duty roster says, and half of what is guessed without."""
    half = Day(guessed.user, guessed.day, guessed.count, guessed.expected, guessed.p**0.5, guessed.keys)
    return min((known, half), key=lambda day: (day.p, -day.count))
