"""Log-ins that failed again and again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import narwhals as nw

from riskkit.declare import check
from riskkit.derived.baseline import in_view, of_a_person
from riskkit.derived.beside_peers import Day, beside_peers, daily, vs
from riskkit.derived.clock_days import day_of, local_day_number
from riskkit.derived.exempt import Exempt
from riskkit.derived.review import LARGEST_P
from riskkit.derived.trail import (
    MINUTE_US,
    first_rows,
    flag,
    hour,
    in_period,
    local_day,
    row_key,
)
from riskkit.derived.volumes import peers
from riskkit.model import Moment, Result, Signal, Verdict
from riskkit.tables import records
from riskkit.words import amount, be, count, out_of

UNIT = ("user_id", "source_system")
NOBODY = "no user named"


@check(
    id="audit.failed_logins",
    title="Log-ins do not fail again and again",
    question="For which users and systems did log-ins fail repeatedly?",
    subject="user",
    controls=("45 CFR 164.308(a)(5)(ii)(C)",),
    severity="medium",
    remediation="Ask the user and look at the address behind the failures; lock the account if nobody "
    "explains them.",
    look_first="The addresses of the failed log-ins, and whether one succeeded right after them.",
    usual_cause="A forgotten password, or a program that keeps an old one.",
    standing=False,
    expects=("archive", "viewer", "worklist"),
    family="account",
    aliases=("A19",),
)
def audit_failed_logins(
    audit_events: nw.LazyFrame[Any],
    peer_groups: nw.LazyFrame[Any] | None,
    roster: nw.LazyFrame[Any] | None,
    exemptions: nw.LazyFrame[Any] | None,
    *,
    per_day: int = 20,
    burst: int = 5,
    burst_minutes: int = 10,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per user and system with log-ins in the period.

    Fails when `per_day` failures fall on one local day, or `burst` within `burst_minutes`. A burst
    is found as a failure whose (burst - 1)-th predecessor lies within the minutes, ties broken by
    event_seq: engines have no common window over time. Days with more failures than the user and peers
    have carry a signal.
    """
    logins = audit_events.filter(in_period(at), nw.col("event_category") == "authentication")
    failures = _failures(logins, burst, burst_minutes, at)
    unusual = _unusual(audit_events, peers(peer_groups), at)
    exempt = Exempt("audit.failed_logins", exemptions, roster)
    for unit in records(_totals(logins)):
        found = failures.get((unit.user_id, unit.source_system), [])
        days: dict[date, int] = {}
        for row in found:
            day = local_day(row.hour, at)
            days[day] = days.get(day, 0) + row.failures
        failed, bursts = sum(days.values()), sum(int(row.bursts) for row in found)
        most = max(days.values(), default=0)
        result, message = _judged(unit, failed, most, bursts, per_day, burst, burst_minutes)
        odd = unusual.get((unit.user_id, unit.source_system), [])
        yield Verdict(
            subject=unit.user_id or NOBODY,
            result=result,
            message=message,
            observed=f"{count(failed, 'failure')}, at most {most:,} a day",
            expected=f"fewer than {per_day} a day and fewer than {burst} in "
            f"{amount(burst_minutes, 'minute')}",
            scope=unit.source_system or "",
            signals=tuple(_signal(day) for day in odd if not exempt.holds(day.user, day.day)),
            rows=(
                first_rows(
                    [(row.source, row.key) for row in found],
                    failed,
                    "user_id = :subject and source_system = :scope and event_category = 'authentication' "
                    "and event_outcome = 'failure'",
                ),
            ),
        )


def _totals(logins: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    unclear = nw.col("event_outcome").fill_null("unknown") == "unknown"
    return (
        logins.with_columns(unclear=flag(unclear))
        .group_by(*UNIT)
        .agg(nw.len().alias("events"), nw.col("unclear").sum())
        .sort(*UNIT)
    )


def _failures(
    logins: nw.LazyFrame[Any], burst: int, burst_minutes: int, at: Moment
) -> dict[tuple[str | None, str | None], list[Any]]:
    """Failures and ends of bursts by user, system and hour."""
    time = nw.col("event_time_us")
    earlier = time.shift(burst - 1).over(*UNIT, order_by=["event_time_us", "event_seq", "offset", "n"])
    hours = (
        logins.filter(nw.col("event_outcome") == "failure")
        .with_columns(earlier=earlier)
        .with_columns(
            hour=hour(at),
            key=row_key(),
            bursts=flag(time - nw.col("earlier") <= burst_minutes * MINUTE_US),
        )
        .group_by(*UNIT, "source", "hour")
        .agg(nw.len().alias("failures"), nw.col("bursts").sum(), nw.col("key").min())
    )
    found: dict[tuple[str | None, str | None], list[Any]] = {}
    for row in records(hours):
        found.setdefault((row.user_id, row.source_system), []).append(row)
    return found


def _unusual(
    audit_events: nw.LazyFrame[Any], groups: dict[str, str], at: Moment
) -> dict[tuple[str | None, str | None], list[Day]]:
    """Days with unusually many failures of a user, by the system that recorded most of them.

    Counted are failures from a place where the user never logged in before that day, and all failures at
    half the evidence (the square root of p): who forgot a password sits where they always sit. The rarer
    of the two counts, twice (Bonferroni).
    """
    logins = audit_events.filter(
        in_view(at), of_a_person(), nw.col("event_category") == "authentication"
    ).with_columns(place=nw.coalesce("source_host", "source_ip").str.to_lowercase(), on=local_day_number(at))
    failed = nw.col("event_outcome") == "failure"
    familiar = (
        logins.filter(nw.col("event_outcome") == "success")
        .group_by("user_id", "place")
        .agg(nw.col("on").min().alias("since"))
    )
    strange = nw.col("since").is_null() | (nw.col("since") >= nw.col("on"))
    placed = logins.filter(~nw.col("place").is_null()).join(familiar, on=["user_id", "place"], how="left")
    rarest: dict[tuple[str, date], Day] = {}
    for hits, power in ((daily(logins, failed, at), 0.5), (daily(placed, failed & strange, at), 1.0)):
        for one in beside_peers(hits, groups, at):
            if 2 * one.p**power > LARGEST_P:
                continue
            day = replace(one, p=one.p**power)
            known = rarest.setdefault((day.user, day.day), day)
            if day.p < known.p:
                rarest[day.user, day.day] = day
    days = [replace(day, p=2 * day.p) for _, day in sorted(rarest.items()) if day.count > 1]
    if not days:
        return {}
    by_system = (
        logins.filter(failed, nw.col("user_id").is_in(sorted({day.user for day in days})))
        .with_columns(day=local_day_number(at))
        .group_by("user_id", "day", "source_system")
        .agg(nw.len().alias("failures"))
    )
    most: dict[tuple[str, date], tuple[int, str]] = {}
    for row in records(by_system):
        key, found = (row.user_id, day_of(row.day)), (row.failures, row.source_system or "")
        most[key] = max(most.get(key, found), found)
    unusual: dict[tuple[str | None, str | None], list[Day]] = {}
    for day in days:
        system = most[day.user, day.day][1] or None
        unusual.setdefault((day.user, system), []).append(day)
    return unusual


def _signal(day: Day) -> Signal:
    predicate = "user_id = :subject and event_category = 'authentication' and event_outcome = 'failure'"
    return Signal(
        day=day.day,
        p=day.p,
        observed=float(day.count),
        expected=round(day.expected, 2),
        reason=vs(day, "failed log-in"),
        rows=(first_rows(day.keys, day.count, predicate),),
    )


def _judged(
    unit: Any, failed: int, most: int, bursts: int, per_day: int, burst: int, burst_minutes: int
) -> tuple[Result, str]:
    facts = f"{out_of(failed, unit.events, 'log-in event')} failed, at most {most:,} on one day"
    if bursts:
        return "FAIL", f"{facts}, and {burst} or more within {amount(burst_minutes, 'minute')}."
    if most >= per_day:
        return "FAIL", f"{facts}."
    if unclear := int(unit.unclear):
        return (
            "UNKNOWN",
            f"{facts}; {unclear:,} {be(unclear, 'does not say how it', 'do not say how they')} ended.",
        )
    return "PASS", f"{facts}."
