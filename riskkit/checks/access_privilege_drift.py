"""People whose work drifts away from what it was, farther than that of their peers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import narwhals as nw
import numpy as np

from riskkit.declare import check
from riskkit.derived.baseline import of_people
from riskkit.derived.clock_days import day_of, local_day_number
from riskkit.derived.exempt import Exempt
from riskkit.derived.review import LARGEST_P
from riskkit.derived.trail import first_rows, flag, in_period, row_key
from riskkit.derived.volumes import peers
from riskkit.model import Moment, Signal, Verdict
from riskkit.statistics.divergence import jensen_shannon, permutation_tail
from riskkit.tables import records
from riskkit.words import amount, capital, count, some

PREDICATE = "user_id = :subject and a kind of action that became more frequent"
EVERYONE = "everyone"
FEWEST_PEERS = 5


@check(
    id="access.privilege_drift",
    title="What people do changes with what they may do",
    question="Whose mix of actions and systems moved away from the one before, farther than that of peers?",
    subject="user",
    controls=("45 CFR 164.308(a)(4)(ii)(C)", "45 CFR 164.308(a)(1)(ii)(D)"),
    severity="low",
    remediation="Compare the person's rights with the present duties, and take back what is left of earlier "
    "ones.",
    look_first="Rotations, promotions and new systems in these weeks.",
    usual_cause="A new task, or a right that was lent and never taken back.",
    standing=False,
    signal=True,
    family="account",
    aliases=("A21",),
)
def access_privilege_drift(
    audit_events: nw.LazyFrame[Any],
    peer_groups: nw.LazyFrame[Any] | None,
    roster: nw.LazyFrame[Any] | None,
    exemptions: nw.LazyFrame[Any] | None,
    *,
    fewest_events: int = 30,
    one_in: int = 200,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per user with events in the period; UNKNOWN with fewer than `fewest_events` on a side.

    Compared are actions by system in the period and before it, by Jensen-Shannon divergence. p is the
    larger of what dealing the actions anew gives and of the share of peers who moved as far: a new
    system moves everybody. The signal stands on the day with most of what became more frequent.
    """
    events = audit_events.filter(of_people(at)).with_columns(day=local_day_number(at), key=row_key())
    mixes, seen = _mixes(events, at)
    groups = peers(peer_groups)
    moved: dict[str, float] = {}
    for user, (before, now) in mixes.items():
        if min(before.total(), now.total()) >= fewest_events:
            moved[user] = jensen_shannon(*_rows(before, now))
    of_group: dict[str, list[float]] = {}
    for user, value in moved.items():
        of_group.setdefault(groups.get(user, EVERYONE), []).append(value)
    ordered = {name: np.sort(values) for name, values in of_group.items()}
    everybody = np.sort(list(moved.values()))

    def among(user: str) -> Any:
        group = ordered[groups.get(user, EVERYONE)]
        return group if len(group) > FEWEST_PEERS else everybody

    def as_far(user: str) -> float:
        # The user is one of these, and counts once: as the one case that was seen.
        theirs = among(user)
        return (len(theirs) - int(np.searchsorted(theirs, moved[user]))) / len(theirs)

    exempt = Exempt("access.privilege_drift", exemptions, roster)
    days = _days(events.filter(in_period(at)), [user for user in moved if as_far(user) <= LARGEST_P])
    for user, (before, now) in sorted(mixes.items()):
        if not now:
            continue
        if user not in moved:
            yield Verdict(
                subject=user,
                result="UNKNOWN",
                message=f"{capital(count(before.total(), 'event'))} before the period and "
                f"{some(now.total())} in it are too few to compare (at least {fewest_events} each).",
                observed=f"{before.total():,} and {amount(now.total(), 'event')}",
                expected=f"{amount(fewest_events, 'event')} each",
            )
            continue
        p = as_far(user)
        if user in days:
            p = max(p, permutation_tail(*_rows(before, now))[1])
        grown = _grown(before, now)
        keys, moves = seen[user].get(grown[0], []), now[grown[0]]
        day, of_day, events_of_day = _day(days[user], grown) if user in days else (0, keys, 0)
        signals: tuple[Signal, ...] = ()
        if p <= LARGEST_P and events_of_day and not exempt.holds(user, day_of(day)):
            theirs = among(user)
            usual = float(np.median(np.delete(theirs, np.searchsorted(theirs, moved[user]))))
            reason = (
                f"mix of actions moved by {moved[user]:.2f} bit vs {usual:.2f} of peers, most in "
                f"{grown[0][0]} of {grown[0][1] or 'an unnamed system'}"
            )
            signals = (
                Signal(
                    day=day_of(day),
                    p=p,
                    observed=round(moved[user], 3),
                    expected=round(usual, 3),
                    reason=reason,
                    rows=(first_rows(of_day, max(events_of_day, len(of_day)), PREDICATE),),
                ),
            )
        rare = bool(signals) and p * one_in <= 1
        yield Verdict(
            subject=user,
            result="FAIL" if rare else "PASS",
            message=f"The mix of {count(now.total(), 'event')} moved by {moved[user]:.2f} bit from the one "
            "before" + (f", as far as {100 * as_far(user):.2g} % of peers; for review." if rare else "."),
            observed=f"{moved[user]:.2f} bit",
            expected=f"no farther than one in {one_in}",
            signals=signals,
            rows=(first_rows(keys, max(moves, len(keys)), PREDICATE),),
        )


Kind = tuple[str, str]
Mix = Counter[Kind]
DayRows = dict[int, dict[Kind, tuple[int, list[tuple[str, int]]]]]


def _mixes(
    events: nw.LazyFrame[Any], at: Moment
) -> tuple[dict[str, tuple[Mix, Mix]], dict[str, dict[Kind, list[tuple[str, int]]]]]:
    """Events of each user by kind before and in the period, and the first rows of those in it."""
    grouped = (
        events.with_columns(now=flag(in_period(at)))
        .group_by("user_id", "event_category", "source_system", "now", "source")
        .agg(nw.len().alias("events"), nw.col("key").min())
    )
    mixes: dict[str, tuple[Mix, Mix]] = {}
    seen: dict[str, dict[Kind, list[tuple[str, int]]]] = {}
    for row in records(grouped):
        kind = row.event_category or "other", row.source_system or ""
        mixes.setdefault(row.user_id, (Counter(), Counter()))[row.now][kind] += row.events
        if row.now:
            seen.setdefault(row.user_id, {}).setdefault(kind, []).append((row.source, row.key))
    return mixes, seen


def _days(events: nw.LazyFrame[Any], users: list[str]) -> dict[str, DayRows]:
    """Events of some users by day and kind; of the others days are not brought into memory."""
    if not users:
        return {}
    grouped = (
        events.filter(nw.col("user_id").is_in(sorted(users)))
        .group_by("user_id", "event_category", "source_system", "day", "source")
        .agg(nw.len().alias("events"), nw.col("key").min())
    )
    days: dict[str, DayRows] = {}
    for row in records(grouped):
        kind = row.event_category or "other", row.source_system or ""
        of_day = days.setdefault(row.user_id, {}).setdefault(row.day, {})
        events_, keys = of_day.get(kind, (0, []))
        of_day[kind] = events_ + row.events, [*keys, (row.source, row.key)]
    return days


def _rows(before: Mix, now: Mix) -> tuple[list[int], list[int]]:
    kinds = sorted(before.keys() | now.keys())
    return [before[kind] for kind in kinds], [now[kind] for kind in kinds]


def _grown(before: Mix, now: Mix) -> list[Kind]:
    """Kinds of action whose share grew, those that grew most first."""
    gain = {kind: now[kind] / now.total() - before[kind] / max(before.total(), 1) for kind in now}
    return sorted((kind for kind in gain if gain[kind] > 0), key=lambda kind: (-gain[kind], kind)) or sorted(
        now
    )


def _day(days: DayRows, grown: list[Kind]) -> tuple[int, list[tuple[str, int]], int]:
    """The day with most events of the kind that grew most, its rows and how many."""
    kind = grown[0]
    day = min(days, key=lambda one: (-days[one].get(kind, (0, []))[0], one))
    events, keys = days[day].get(kind, (0, []))
    return day, keys, events
