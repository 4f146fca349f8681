"""Actions that people of a role hardly ever take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import narwhals as nw
import numpy as np

from riskkit.declare import check
from riskkit.derived.baseline import of_people
from riskkit.derived.clock_days import day_number, day_of, local_day_number
from riskkit.derived.exempt import Exempt
from riskkit.derived.review import LARGEST_P
from riskkit.derived.trail import first_rows, row_key
from riskkit.model import Moment, Signal, Verdict
from riskkit.statistics.tails import beta_binomial_tail
from riskkit.tables import records

PREDICATE = "user_id = :subject and the action is rare for the role"
NOT_ACTIONS = ("application", "security_alert", "other")
"""Categories that a system writes by itself around what somebody does."""

LEAST_SPREAD, MOST_SPREAD = 2.0, 200.0
"""Bounds of the concentration of the beta distribution: people of a role differ, and some are alike."""


@dataclass(frozen=True)
class _Rate:
    """How often people of a role take an action: parameters of the beta distribution of their shares."""

    alpha: float
    beta: float

    @property
    def mean(self) -> float:
        return self.alpha / (self.alpha + self.beta)


@dataclass
class _Sums:
    """Of a role: people, events, and by action its events and the sum of each person's hits^2 / events."""

    people: int = 0
    events: int = 0
    hits: Counter[str] = field(default_factory=Counter)
    squares: dict[str, float] = field(default_factory=dict)

    def without(self, own: Counter[str], action: str) -> _Rate:
        """Fit the shares of the others, one event of prior among all they did: nothing is impossible."""
        hits, events = self.hits[action] - own[action], self.events - own.total()
        mean, spread = (hits + 0.5) / (events + 1.0), MOST_SPREAD
        if self.people > 2:  # noqa: PLR2004 - two others have a spread
            squares = self.squares.get(action, 0.0) - own[action] ** 2 / own.total()
            between = (squares - 2 * mean * hits) / events + mean**2
            spread = mean * (1 - mean) / between - 1 if between > 0 else MOST_SPREAD
        spread = float(np.clip(spread, LEAST_SPREAD, MOST_SPREAD))
        return _Rate(mean * spread, (1 - mean) * spread)


@dataclass(frozen=True, slots=True)
class _Odd:
    """The rarest action of one day."""

    day: int
    action: str
    count: int
    expected: float
    p: float


@check(
    id="access.action_rare_for_role",
    title="People do what their role does",
    question="Who exported, deleted, changed or searched in a way that people of the role hardly ever do?",
    subject="user",
    controls=("45 CFR 164.308(a)(4)(i)", "45 CFR 164.514(d)", "45 CFR 164.308(a)(1)(ii)(D)"),
    severity="low",
    remediation="Ask whether the person acted in another role that day, and take away rights that the "
    "role does not need.",
    look_first="Acting roles and delegated tasks of that day.",
    usual_cause="Somebody stood in for a colleague of another role.",
    standing=False,
    signal=True,
    family="account",
    aliases=("A20",),
)
def access_action_rare_for_role(
    audit_events: nw.LazyFrame[Any],
    roster: nw.LazyFrame[Any],
    exemptions: nw.LazyFrame[Any] | None,
    *,
    one_in: int = 1000,
    least: int = 1,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per person of the roster who did something in the period.

    An action is a kind of event on a system: to log in where the role never works is one. Of each day the
    rarest counts, times the number of actions that people take (Bonferroni). The share of an action among
    all events of a day varies between people of a role as a beta distribution (method of moments over the
    people other than the user).
    """
    roles = {row.user_id: (row.role or "").casefold() for row in records(roster)}
    days, keys = _days(audit_events, roles, at)
    shares = _by_user(days)
    kinds = sorted({action for found in days.values() for action in found})
    exempt = Exempt("access.action_rare_for_role", exemptions, roster)
    first, last = day_number(at.period.first_day), day_number(at.today)
    rates: dict[tuple[str, str], _Rate] = {}
    role_sums = _sums(shares, roles)
    tried: list[tuple[str, int, str, int, int, _Rate]] = []
    found: dict[str, list[_Odd]] = {}
    for (user, day), counts in sorted(days.items()):
        if not first <= day <= last:
            continue
        found.setdefault(user, [])
        total = counts.total()
        for action in sorted(action for action in counts if counts[action] >= least):
            if (user, action) not in rates:
                rates[user, action] = role_sums[roles[user]].without(shares[user], action)
            tried.append((user, day, action, counts[action], total, rates[user, action]))
    for user, one in _rarest(tried, len(kinds)):
        if one.p <= LARGEST_P and not exempt.holds(user, day_of(one.day)):
            found[user].append(one)
    for user, odd in found.items():
        rare = [one for one in odd if one.p * one_in <= 1]
        shown = [key for one in (rare or odd) for key in keys[user, one.day, one.action]]
        events = sum(one.count for one in (rare or odd))
        yield Verdict(
            subject=user,
            result="FAIL" if rare else "PASS",
            message=f"On {len(rare)} day(s) the mix of actions is rarer than one in {one_in} for the role"
            + (f": {', '.join(sorted({one.action for one in rare}))}; for review." if rare else "."),
            observed=f"{len(rare)} days",
            expected=f"no day rarer than one in {one_in}",
            signals=tuple(
                Signal(
                    day=day_of(one.day),
                    p=one.p,
                    observed=float(one.count),
                    expected=round(one.expected, 2),
                    reason=f"{one.count} event(s) of {one.action} vs {_few(one.expected)} expected "
                    "of the role",
                    rows=(first_rows(keys[user, one.day, one.action], one.count, PREDICATE),),
                )
                for one in odd
            ),
            rows=(first_rows(shown, max(events, len(shown)), PREDICATE),),
        )


def _rarest(tried: list[tuple[str, int, str, int, int, _Rate]], kinds: int) -> Iterator[tuple[str, _Odd]]:
    """The rarest action of each user and day; all tails at once."""
    if not tried:
        return
    count, total, alpha, beta = (
        np.array(column, float)
        for column in zip(*((one[3], one[4], one[5].alpha, one[5].beta) for one in tried), strict=True)
    )
    tails = np.minimum(beta_binomial_tail(count, total, alpha, beta) * kinds, 1.0)
    best: dict[tuple[str, int], _Odd] = {}
    for (user, day, action, hits, events, rate), p in zip(tried, tails, strict=True):
        one = _Odd(day, action, hits, events * rate.mean, float(p))
        known = best.setdefault((user, day), one)
        if one.p < known.p:
            best[user, day] = one
    yield from ((user, one) for (user, _), one in best.items())


def _few(expected: float) -> str:
    """A small expectation is told by its size, not as 0.0."""
    return f"{expected:.1f}" if expected >= 1 else f"{expected:.1g}"


Days = dict[tuple[str, int], Counter[str]]
Keys = dict[tuple[str, int, str], list[tuple[str, int]]]


def _days(audit_events: nw.LazyFrame[Any], roles: dict[str, str], at: Moment) -> tuple[Days, Keys]:
    grouped = (
        audit_events.filter(of_people(at), ~nw.col("event_category").is_in(NOT_ACTIONS))
        .with_columns(day=local_day_number(at), key=row_key())
        .group_by("user_id", "day", "event_category", "source_system", "source")
        .agg(nw.len().alias("events"), nw.col("key").min())
    )
    days: Days = {}
    keys: Keys = {}
    for row in records(grouped):
        if row.user_id not in roles or row.event_category is None:
            continue
        action = f"{row.event_category} on {row.source_system or 'an unnamed system'}"
        days.setdefault((row.user_id, row.day), Counter())[action] += row.events
        keys.setdefault((row.user_id, row.day, action), []).append((row.source, row.key))
    return days, keys


def _by_user(days: Days) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = {}
    for (user, _), counts in sorted(days.items()):
        found.setdefault(user, Counter()).update(counts)
    return found


def _sums(shares: dict[str, Counter[str]], roles: dict[str, str]) -> dict[str, _Sums]:
    found: dict[str, _Sums] = {}
    for user, counts in shares.items():
        role, total = found.setdefault(roles[user], _Sums()), counts.total()
        role.people += 1
        role.events += total
        for action, hits in counts.items():
            role.hits[action] += hits
            role.squares[action] = role.squares.get(action, 0.0) + hits * hits / total
    return found
