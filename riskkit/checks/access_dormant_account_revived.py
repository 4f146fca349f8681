"""Accounts that come back after weeks of silence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import narwhals as nw
import numpy as np

from riskkit.declare import check
from riskkit.derived.baseline import of_a_person
from riskkit.derived.clock_days import day_number, day_of, local_day_number
from riskkit.derived.exempt import Exempt
from riskkit.derived.trail import first_rows, row_key
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
    if not active:
        return
    hired, planned = _hired(roster), _planned(schedule, at)
    first, last = day_number(at.period.first_day), day_number(at.today)
    begins = min(min(days) for days in active.values())
    exempt = Exempt("access.dormant_account_revived", exemptions, roster)
    gaps = {user: np.diff(sorted(days)) for user, days in active.items()}
    every = np.sort(np.concatenate(list(gaps.values())))
    for user, days in sorted(active.items()):
        ordered = sorted(days)
        within = [day for day in ordered if first <= day <= last]
        if not within:
            continue
        silent = list(zip(ordered[1:], map(int, gaps[user]), strict=True))
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
                    rows=(first_rows(days[day], len(days[day]), PREDICATE),),
                )
                for day, gap in kept
            ),
            rows=(first_rows(*_rows(days, rare or within[:1]), PREDICATE),),
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


def _active(audit_events: nw.LazyFrame[Any], at: Moment) -> dict[str, dict[int, list[tuple[str, int]]]]:
    """Days on which somebody was not refused, with the first rows, by user; the whole trail counts."""
    not_refused = nw.col("event_outcome").fill_null("unknown") != "failure"
    grouped = (
        audit_events.filter(of_a_person(), not_refused, nw.col("event_time_us") < at.end_us)
        .with_columns(day=local_day_number(at), key=row_key())
        .group_by("user_id", "day", "source")
        .agg(nw.col("key").min())
    )
    active: dict[str, dict[int, list[tuple[str, int]]]] = {}
    for row in records(grouped):
        active.setdefault(row.user_id, {}).setdefault(row.day, []).append((row.source, row.key))
    return active


def _rows(days: dict[int, list[tuple[str, int]]], chosen: list[int]) -> tuple[list[tuple[str, int]], int]:
    keys = [key for day in chosen for key in days[day]]
    return keys, len(keys)


def _share(p: float) -> str:
    return f"{100 * p:.2g} %"
