"""Accounts that come back after weeks of silence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import narwhals as nw
import numpy as np

from riskkit.declare import check
from riskkit.derived.baseline import first_in_view, look_back_us, of_a_person
from riskkit.derived.clock_days import day_number, day_of, local_day_number
from riskkit.derived.exempt import Exempt
from riskkit.derived.trail import first_rows, row_key
from riskkit.derived.turns import Codes, codes, gathered, turns
from riskkit.model import Moment, Result, Signal, Verdict
from riskkit.tables import records
from riskkit.words import amount, count

PREDICATE = "user_id = :subject and the first day after the gap"


@check(
    id="access.dormant_account_revived",
    title="Accounts that were silent for weeks do not come back unnoticed",
    question="Which accounts were used again after weeks without any event?",
    subject="user",
    controls=("45 CFR 164.308(a)(4)(ii)(C)", "45 CFR 164.308(a)(1)(ii)(D)"),
    severity="low",
    remediation="Ask whether the person was back that day, and disable accounts that nobody needs.",
    look_first="Leave, rotation and new hires that no duty roster shows, and which workstation it was.",
    usual_cause="Somebody came back from leave, or a rotation brought a resident back.",
    standing=False,
    signal=True,
    family="account",
    aliases=("A15",),
)
def access_dormant_account_revived(
    audit_events: nw.LazyFrame[Any],
    roster: nw.LazyFrame[Any] | None,
    schedule: nw.LazyFrame[Any] | None,
    exemptions: nw.LazyFrame[Any] | None,
    *,
    gap_days: int = 28,
    one_in: int = 200,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per user active in the period; UNKNOWN when the trail reaches back less than `gap_days`.

    p is how often any gap between two active days of anybody, before or in the period, was as long. Who
    was never seen before was silent since the trail began, or since the day of employment that the roster
    tells; without the roster such an account may be new. A day for which the duty roster has planned the
    person is the end of a leave, and set aside.
    """
    active = _active(audit_events, at)
    if not active.users:
        return
    hired, planned = _hired(roster), _planned(schedule, at)
    first, last = day_number(at.period.first_day), day_number(at.today)
    begins = int(active.day.min())
    exempt = Exempt("access.dormant_account_revived", exemptions, roster)
    same = np.diff(active.user) == 0
    every = np.diff(active.day)[same]
    every = np.sort(every[every > 0])
    for place, user in enumerate(active.users):
        ordered = active.days(place).tolist()
        within = [day for day in ordered if first <= day <= last]
        if not within:
            continue
        silent = list(zip(ordered[1:], map(int, np.diff(ordered)), strict=True))
        if user in hired:
            silent.append((ordered[0], ordered[0] - max(begins, hired[user])))
        revived = [(day, gap) for day, gap in sorted(silent) if gap >= gap_days and day >= first]
        expected = [(day, gap) for day, gap in revived if (user, day) in planned]
        odd = [(day, gap) for day, gap in revived if (user, day) not in planned]
        kept = [(day, gap) for day, gap in odd if not exempt.holds(user, day_of(day))]
        as_long = {gap: 1 + len(every) - int(np.searchsorted(every, gap)) for _, gap in kept}
        tails = {gap: number / (1 + len(every)) for gap, number in as_long.items()}
        rare = [day for day, gap in kept if tails[gap] * one_in <= 1]
        short = within[0] - begins < gap_days
        new = short and len(within) == len(ordered)
        result: Result = "FAIL" if rare else "UNKNOWN" if new else "PASS"
        longest = max((gap for _, gap in revived), default=0)
        message = f"Active on {count(len(within), 'day')} of the period"
        if revived:
            message += f", on {len(revived)} after {gap_days} or more silent days (at most {longest})"
        if short:
            message += f". The trail begins {amount(within[0] - begins, 'day')} before the first of them"
        if expected:
            message += f". The duty roster planned {len(expected)} of them"
        if len(odd) > len(kept):
            message += f". Exemptions set aside {count(len(odd) - len(kept), 'day')}"
        yield Verdict(
            subject=user,
            result=result,
            message=f"{message}.",
            observed=count(longest, "silent day") if revived else "no long gap",
            expected=f"fewer than {gap_days} silent days",
            signals=tuple(
                Signal(
                    day=day_of(day),
                    p=tails[gap],
                    observed=float(gap),
                    expected=float(np.median(every)),
                    reason=f"used again after {count(gap, 'silent day')}, as long as {_share(tails[gap])} of "
                    "all gaps",
                    rows=(first_rows(*active.rows(place, [day]), PREDICATE),),
                )
                for day, gap in kept
            ),
            rows=(first_rows(*active.rows(place, rare or within[:1]), PREDICATE),),
        )


def _hired(roster: nw.LazyFrame[Any] | None) -> dict[str, int]:
    """The last day on which each person of the roster began to work here."""
    hired: dict[str, int] = {}
    for row in () if roster is None else records(roster):
        hired[row.user_id] = max(day_number(row.employed_from), hired.get(row.user_id, 0))
    return hired


def _planned(schedule: nw.LazyFrame[Any] | None, at: Moment) -> set[tuple[str, int]]:
    """Users and local days of the period on which a duty begins or ends."""
    if schedule is None:
        return set()
    moments = (nw.col("starts_us"), nw.col("ends_us") - 1)
    days = [schedule.select("user_id", day=local_day_number(at, moment)) for moment in moments]
    found = nw.concat(days, how="vertical").filter(nw.col("day") >= day_number(at.period.first_day)).unique()
    return {(row.user_id, row.day) for row in records(found)}


@dataclass(frozen=True)
class _Active:
    """Days on which somebody was not refused, with the first row in each file: parallel arrays.

    In order of user and day; `user` and `source` are places in `users` and `sources`.
    """

    users: list[str]
    sources: list[str]
    user: Codes
    day: Codes
    source: Codes
    key: Codes

    @cached_property
    def bounds(self) -> list[int]:
        """Where the rows of each user begin, and the end."""
        found: list[int] = np.searchsorted(self.user, np.arange(len(self.users) + 1)).tolist()
        return found

    def days(self, user: int) -> Codes:
        """The days of a user, in order."""
        return np.unique(self.day[self.bounds[user] : self.bounds[user + 1]])

    def rows(self, user: int, days: Iterable[int]) -> tuple[list[tuple[str, int]], int]:
        """The rows of some days of a user, and how many."""
        first, end = self.bounds[user : user + 2]
        rows = first + np.flatnonzero(np.isin(self.day[first:end], list(days)))
        keys = [(self.sources[self.source[row]], int(self.key[row])) for row in rows]
        return keys, len(keys)


def _active(audit_events: nw.LazyFrame[Any], at: Moment) -> _Active:
    """The whole trail counts: what lies before the view, then the view in turns."""
    earlier = audit_events.filter(nw.col("event_time_us") < look_back_us(at))
    not_refused = nw.col("event_outcome").fill_null("unknown") != "failure"
    grouped = (
        trail.filter(of_a_person(), not_refused, nw.col("event_time_us") < at.end_us)
        .with_columns(day=local_day_number(at), key=row_key())
        .group_by("user_id", "day", "source")
        .agg(nw.col("key").min())
        for trail in (earlier, *(turn.trail for turn in turns(audit_events, at, first_in_view(at))))
    )
    table = gathered(grouped, "user_id", "source")
    (users, user), (sources, source) = (codes(table[name]) for name in ("user_id", "source"))
    day, key = (np.asarray(table[name].to_numpy(), np.int64) for name in ("day", "key"))
    order = np.lexsort((source, day, user))
    return _Active(users, sources, user[order], day[order], source[order], key[order])


def _share(p: float) -> str:
    return f"{100 * p:.2g} %"
