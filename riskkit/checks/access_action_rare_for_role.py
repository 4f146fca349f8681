"""Actions that people of a role hardly ever take."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np

from riskkit.declare import check
from riskkit.derived.baseline import of_people
from riskkit.derived.clock_days import day_number, day_of, local_day_number
from riskkit.derived.exempt import Exempt
from riskkit.derived.review import LARGEST_P
from riskkit.derived.targets import DAYS
from riskkit.derived.trail import first_rows, row_key
from riskkit.derived.turns import codes
from riskkit.model import Moment, Signal, Verdict
from riskkit.statistics.tails import beta_binomial_tail
from riskkit.tables import records, to_arrow
from riskkit.words import count

PREDICATE = "user_id = :subject and the action is rare for the role"
NOT_ACTIONS = ("application", "security_alert", "other")
"""Categories that a system writes by itself around what somebody does."""

BEFORE = 0
"""Stands for all days before the period."""

LEAST_SPREAD, MOST_SPREAD = 2.0, 200.0
"""Bounds of the concentration of the beta distribution: people of a role differ, and some are alike."""


@dataclass(frozen=True, slots=True)
class _Odd:
    """The rarest action of one day."""

    user: str
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
    events = audit_events.filter(of_people(at), ~nw.col("event_category").is_in(NOT_ACTIONS)).with_columns(
        day=local_day_number(at), key=row_key(), system=nw.col("source_system").fill_null("an unnamed system")
    )
    active, rarest = _rarest(events, roles, least, at)
    exempt = Exempt("access.action_rare_for_role", exemptions, roster)
    found: dict[str, list[_Odd]] = {user: [] for user in active}
    for one in rarest:
        if not exempt.holds(one.user, day_of(one.day)):
            found[one.user].append(one)
    keys = _keys(events, found)
    for user, odd in found.items():
        rare = [one for one in odd if one.p * one_in <= 1]
        shown = [key for one in (rare or odd) for key in keys[user, one.day, one.action]]
        total = sum(one.count for one in (rare or odd))
        yield Verdict(
            subject=user,
            result="FAIL" if rare else "PASS",
            message=f"On {count(len(rare), 'day')} the mix of actions is rarer than one in {one_in} for the "
            "role" + (f": {', '.join(sorted({one.action for one in rare}))}; for review." if rare else "."),
            observed=count(len(rare), "day"),
            expected=f"no day rarer than one in {one_in}",
            signals=tuple(
                Signal(
                    day=day_of(one.day),
                    p=one.p,
                    observed=float(one.count),
                    expected=round(one.expected, 2),
                    reason=f"{count(one.count, 'event')} of {one.action} vs {_few(one.expected)} expected "
                    "of the role",
                    rows=(first_rows(keys[user, one.day, one.action], one.count, PREDICATE),),
                )
                for one in odd
            ),
            rows=(first_rows(shown, max(total, len(shown)), PREDICATE),),
        )


def _rarest(
    events: nw.LazyFrame[Any], roles: dict[str, str], least: int, at: Moment
) -> tuple[list[str], list[_Odd]]:
    """People with a day in the period, and the rarest action of each of their days where it is rare."""
    begins = day_number(at.period.first_day)
    # Of the days before only their sums are asked for.
    known = events.filter(~nw.col("event_category").is_null()).with_columns(
        day=nw.when(nw.col("day") >= begins).then(nw.col("day")).otherwise(nw.lit(BEFORE))
    )
    counts = known.group_by("user_id", "day", "event_category", "system").agg(nw.len().alias("events"))
    table = to_arrow(counts)
    if not len(table):
        return [], []
    (users, user), (kinds, kind), (systems, system) = (
        codes(table[name]) for name in ("user_id", "event_category", "system")
    )
    named = np.array([name in roles for name in users])[user]
    user, kind, system = user[named], kind[named], system[named]
    day, hits = (np.asarray(table[name].to_numpy(), np.int64)[named] for name in ("day", "events"))
    pairs, action = np.unique(kind * len(systems) + system, return_inverse=True)
    place = np.unique(user * DAYS + day, return_inverse=True)[1]
    total = np.bincount(place, hits)[place]
    within = (day >= begins) & (day <= day_number(at.today))
    active = [users[one] for one in np.unique(user[within])]
    asked = np.flatnonzero(within & (hits >= least))
    role = np.unique([roles.get(name, "") for name in users], return_inverse=True)[1]
    alpha, beta = _rates(user, action, hits, role, len(pairs), asked)
    p = np.minimum(beta_binomial_tail(hits[asked], total[asked], alpha, beta) * len(pairs), 1.0)
    order = np.lexsort((action[asked], p, place[asked]))
    first = order[np.flatnonzero(np.diff(place[asked][order], prepend=-1))]
    odd = []
    for n in first[p[first] <= LARGEST_P].tolist():
        at_, expected = asked[n], total[asked[n]] * alpha[n] / (alpha[n] + beta[n])
        told = f"{kinds[kind[at_]]} on {systems[system[at_]]}"
        odd.append(_Odd(users[user[at_]], int(day[at_]), told, int(hits[at_]), float(expected), float(p[n])))
    return active, odd


def _rates(user: Any, action: Any, hits: Any, role: Any, actions: int, asked: Any) -> tuple[Any, Any]:
    """Parameters of the beta distribution of the shares of an action, for some rows, without their user.

    One event of prior among all that the others of the role did: nothing is impossible. Sums over the
    role less the user's own part, so that cost does not grow with the square of people.
    """
    own = np.bincount(user * actions + action, hits, minlength=len(role) * actions).reshape(-1, actions)
    events = own.sum(axis=1)
    squares = own**2 / np.maximum(events, 1)[:, None]
    roles = int(role.max()) + 1
    of_role = [np.zeros((roles, actions)), np.zeros((roles, actions)), np.zeros(roles), np.zeros(roles)]
    for sums, part in zip(of_role, (own, squares, events, events > 0), strict=True):
        np.add.at(sums, role, part)
    who, what = user[asked], action[asked]
    others = of_role[0][role[who], what] - own[who, what]
    spread_of = of_role[1][role[who], what] - squares[who, what]
    all_others = of_role[2][role[who]] - events[who]
    mean = (others + 0.5) / (all_others + 1.0)
    between = (spread_of - 2 * mean * others) / np.maximum(all_others, 1) + mean**2
    several = (of_role[3][role[who]] > 2) & (between > 0)  # noqa: PLR2004 - two others have a spread
    spread = np.where(several, mean * (1 - mean) / np.where(between > 0, between, 1.0) - 1, MOST_SPREAD)
    spread = np.clip(spread, LEAST_SPREAD, MOST_SPREAD)
    return mean * spread, (1 - mean) * spread


def _keys(
    events: nw.LazyFrame[Any], found: dict[str, list[_Odd]]
) -> dict[tuple[str, int, str], list[tuple[str, int]]]:
    """The first row in each file of what stands out; the others are not brought into memory."""
    wanted = {(one.user, one.day, one.action) for odd in found.values() for one in odd}
    if not wanted:
        return {}
    days = sorted({day for _, day, _ in wanted})
    grouped = (
        events.filter(
            nw.col("user_id").is_in(sorted({user for user, _, _ in wanted})),
            nw.col("day") >= days[0],
            nw.col("day") <= days[-1],
            ~nw.col("event_category").is_null(),
        )
        .group_by("user_id", "day", "event_category", "system", "source")
        .agg(nw.col("key").min())
    )
    keys: dict[tuple[str, int, str], list[tuple[str, int]]] = {}
    for row in records(grouped):
        unit = row.user_id, row.day, f"{row.event_category} on {row.system}"
        if unit in wanted:
            keys.setdefault(unit, []).append((row.source, row.key))
    return keys


def _few(expected: float) -> str:
    """A small expectation is told by its size, not as 0.0."""
    return f"{expected:.1f}" if expected >= 1 else f"{expected:.1g}"
