"""Actions that people of a role hardly ever take."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np

from riskkit.declare import check
from riskkit.derived.baseline import of_people
from riskkit.derived.clock_days import day_of, local_day_number
from riskkit.derived.exempt import Exempt
from riskkit.derived.review import LARGEST_P
from riskkit.derived.targets import DAYS
from riskkit.derived.trail import first_rows, row_key
from riskkit.derived.turns import Codes, codes, turns
from riskkit.model import Moment, Signal, Verdict
from riskkit.statistics.tails import Numbers, beta_binomial_tail
from riskkit.tables import records, to_arrow
from riskkit.words import count

PREDICATE = "user_id = :subject and the action is rare for the role"
NOT_ACTIONS = ("application", "security_alert", "other")
"""Categories that a system writes by itself around what somebody does."""

ACTION = ("event_category", "system")

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
    events = _actions(audit_events, at)
    usual = _usual(events, roles)
    exempt = Exempt("access.action_rare_for_role", exemptions, roster)
    of: dict[str, list[_Odd]] = {}
    for turn in turns(audit_events, at, at.period.first_day):
        active, rarest = _rarest(_actions(turn.trail, at), usual, least)
        for user in active:
            of.setdefault(user, [])
        for one in rarest:
            if not exempt.holds(one.user, day_of(one.day)):
                of[one.user].append(one)
    found = dict(sorted(of.items()))
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


@dataclass(frozen=True)
class _Usual:
    """What people of each role do: events of each user (a row) by action (a column), and sums over roles."""

    users: dict[str, int]
    actions: dict[tuple[str, str], int]
    role: Codes
    own: Numbers
    of_role: tuple[Numbers, Numbers, Numbers, Numbers]

    def rates(self, who: Codes, what: Codes) -> tuple[Numbers, Numbers]:
        """Parameters of the beta distribution of the shares of actions, without their users.

        One event of prior among all that the others of the role did: nothing is impossible. Sums over the
        role less the user's own part, so that cost does not grow with the square of people.
        """
        role, mine = self.role[who], self.own[who, what]
        events = self.own.sum(axis=1)[who]
        hits, squares, of_all, people = self.of_role
        others = hits[role, what] - mine
        spread_of = squares[role, what] - mine**2 / np.maximum(events, 1)
        all_others = of_all[role] - events
        mean = (others + 0.5) / (all_others + 1.0)
        between = (spread_of - 2 * mean * others) / np.maximum(all_others, 1) + mean**2
        several = (people[role] > 2) & (between > 0)  # noqa: PLR2004 - two others have a spread
        spread = np.where(several, mean * (1 - mean) / np.where(between > 0, between, 1.0) - 1, MOST_SPREAD)
        spread = np.clip(spread, LEAST_SPREAD, MOST_SPREAD)
        return mean * spread, (1 - mean) * spread


def _actions(trail: nw.LazyFrame[Any], at: Moment) -> nw.LazyFrame[Any]:
    """What people did, with the local day and the system."""
    some = ~nw.col("event_category").is_in(NOT_ACTIONS) & ~nw.col("event_category").is_null()
    return trail.filter(of_people(at), some).with_columns(
        day=local_day_number(at), key=row_key(), system=nw.col("source_system").fill_null("an unnamed system")
    )


def _usual(events: nw.LazyFrame[Any], roles: dict[str, str]) -> _Usual:
    """The sums over all days, of people of the roster."""
    counted = events.group_by("user_id", *ACTION).agg(nw.len().alias("events"))
    rows = [row for row in records(counted) if row.user_id in roles]
    users = {user: n for n, user in enumerate(sorted({row.user_id for row in rows}))}
    actions = {one: n for n, one in enumerate(sorted({(row.event_category, row.system) for row in rows}))}
    own = np.zeros((len(users), len(actions)))
    for row in rows:
        own[users[row.user_id], actions[row.event_category, row.system]] = row.events
    names, role = np.unique([roles[user] for user in users], return_inverse=True)
    events_of = own.sum(axis=1)
    of_role = tuple(np.zeros((len(names), *part.shape[1:])) for part in (own, own, events_of, events_of))
    squares = own**2 / np.maximum(events_of, 1)[:, None]
    for sums, part in zip(of_role, (own, squares, events_of, events_of > 0), strict=True):
        np.add.at(sums, role, part)
    return _Usual(users, actions, role, own, of_role)  # type: ignore[arg-type]


def _rarest(events: nw.LazyFrame[Any], usual: _Usual, least: int) -> tuple[set[str], list[_Odd]]:
    """People who did something, and the rarest action of each of their days where it is rare."""
    counted = events.group_by("user_id", "day", *ACTION).agg(nw.len().alias("events"))
    table = to_arrow(counted)
    (names, user), (kinds, kind), (systems, system) = (codes(table[name]) for name in ("user_id", *ACTION))
    user = np.array([usual.users.get(name, -1) for name in names], np.int64)[user]
    pairs, pair = np.unique(kind * len(systems) + system, return_inverse=True)
    told = [(kinds[one // len(systems)], systems[one % len(systems)]) for one in pairs]
    action = np.array([usual.actions.get(one, -1) for one in told], np.int64)[pair]
    day, hits = (np.asarray(table[name].to_numpy(), np.int64) for name in ("day", "events"))
    named = user >= 0
    user, pair, action, day, hits = (column[named] for column in (user, pair, action, day, hits))
    place = np.unique(user * DAYS + day, return_inverse=True)[1]
    total = np.bincount(place, hits)[place]
    asked = np.flatnonzero(hits >= least)
    alpha, beta = usual.rates(user[asked], action[asked])
    tail = beta_binomial_tail(hits[asked], total[asked], alpha, beta)
    p = np.minimum(tail * len(usual.actions), 1.0)
    order = np.lexsort((action[asked], p, place[asked]))
    first = order[np.flatnonzero(np.diff(place[asked][order], prepend=-1))]
    people, odd = list(usual.users), []
    for n in first[p[first] <= LARGEST_P].tolist():
        at, expected = asked[n], total[asked[n]] * alpha[n] / (alpha[n] + beta[n])
        name = "{} on {}".format(*told[pair[at]])
        odd.append(_Odd(people[user[at]], int(day[at]), name, int(hits[at]), float(expected), float(p[n])))
    return {people[one] for one in np.unique(user)}, odd


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
