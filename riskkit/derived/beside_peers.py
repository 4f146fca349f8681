"""Days of people beside their own past and their peers: counts with tails, and the verdicts they give."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import narwhals as nw
import numpy as np

from riskkit.derived.baseline import in_view, is_weekend, of_a_person
from riskkit.derived.clock_days import day_number, day_of, local_day_number
from riskkit.derived.exempt import Exempt
from riskkit.derived.trail import first_rows, flag, row_key
from riskkit.model import Moment, Rows, Signal, Verdict
from riskkit.statistics.calibration import calibrate
from riskkit.statistics.counts import fit_counts
from riskkit.tables import records, to_arrow

FEWEST_BASELINE_DAYS = 14
"""With fewer days before the period, the period itself is the baseline: our own choice."""

LARGEST_P = 0.1
"""A day that is less unusual than one in ten carries no signal."""

EVERYONE = "everyone"


@dataclass(frozen=True, slots=True)
class Day:
    """One day of one user: how many hits, how many were expected, and how probable as many are."""

    user: str
    day: date
    count: int
    expected: float
    p: float
    keys: tuple[tuple[str, int], ...] = ()


def of_people(at: Moment) -> nw.Expr:
    """Events of the period and its baseline that somebody did and that were not refused; no machine's."""
    not_refused = nw.col("event_outcome").fill_null("unknown") != "failure"
    return in_view(at) & of_a_person() & not_refused


def groups_of(peer_groups: Any | None) -> dict[str, str]:
    """The peer group of each user, where people are known."""
    rows = () if peer_groups is None else records(peer_groups)
    return {row.user_id: row.peer_group for row in rows}


def daily(events: nw.LazyFrame[Any], hit: nw.Expr, at: Moment) -> nw.LazyFrame[Any]:
    """Events and hits of each user, local day and source, and the first row of the hits; in the engine."""
    key = nw.when(hit.fill_null(nw.lit(False))).then(row_key())
    return (
        events.with_columns(day=local_day_number(at), hit=flag(hit.fill_null(nw.lit(False))), key=key)
        .group_by("user_id", "day", "source")
        .agg(nw.len().alias("events"), nw.col("hit").sum().alias("hits"), nw.col("key").min())
    )


def beside_peers(counted: Any, groups: Mapping[str, str], at: Moment) -> list[Day]:
    """Each day of the period on which a user was active, with the tail of its hits.

    counted: what `daily` gives, or any frame with its columns. Rates are fitted to the days before the
    period (to its own where those are fewer than 14), and the probabilities are recalibrated on the last
    third of them, which the fit does not see.
    """
    totals, keys = _totals(counted)
    if not totals:
        return []
    units = sorted(totals)
    users = sorted({user for user, _ in units})
    place = {user: number for number, user in enumerate(users)}
    named = sorted({groups.get(user, EVERYONE) for user in users})
    group = np.array([named.index(groups.get(user, EVERYONE)) for user in users], np.int64)
    user = np.array([place[name] for name, _ in units], np.int64)
    day = np.array([number for _, number in units], np.int64)
    count = np.array([totals[unit] for unit in units], np.int64)
    weekend = is_weekend(day)
    first = day_number(at.period.first_day)
    last = day_number(at.today)
    before = day < first
    distinct = np.unique(day[before])
    baseline = before if len(distinct) >= FEWEST_BASELINE_DAYS else day <= last
    later = np.zeros(len(day), bool)
    if len(distinct) >= 2 * FEWEST_BASELINE_DAYS:
        later = before & (day >= distinct[-(len(distinct) // 3)])
    fit = baseline & ~later
    model = fit_counts(user[fit], count[fit], weekend[fit], group)
    p = model.tail(user, count, weekend)
    if later.any():
        p = calibrate(p[later])(p)
    expected = model.expected(user, weekend)
    return [
        Day(*_named(unit), int(count[at_]), float(expected[at_]), float(p[at_]), tuple(keys.get(unit, ())))
        for at_, unit in enumerate(units)
        if first <= unit[1] <= last
    ]


def _named(unit: tuple[str, int]) -> tuple[str, date]:
    return unit[0], day_of(unit[1])


def _totals(counted: Any) -> tuple[dict[tuple[str, int], int], dict[tuple[str, int], list[tuple[str, int]]]]:
    totals: dict[tuple[str, int], int] = {}
    keys: dict[tuple[str, int], list[tuple[str, int]]] = {}
    table = to_arrow(counted)
    columns = (table[name].to_pylist() for name in ("user_id", "day", "source", "hits", "key"))
    for name, number, source, hits, key in zip(*columns, strict=True):
        unit = (name, number)
        totals[unit] = totals.get(unit, 0) + int(hits)
        if hits and key is not None:
            keys.setdefault(unit, []).append((source, int(key)))
    return totals, keys


def verdicts_of(
    days: Sequence[Day],
    *,
    noun: str,
    one_in: int,
    predicate: str,
    exempt: Exempt,
    reason: Callable[[Day], str],
    least: int = 1,
) -> Iterator[Verdict]:
    """One verdict per user with a day in the period, for review when a day is rarer than one in `one_in`.

    Days rarer than one in ten, with `least` hits or more, carry a signal; so many as an exemption sets
    aside are counted in the message.
    """
    by_user: dict[str, list[Day]] = {}
    for day in days:
        by_user.setdefault(day.user, []).append(day)
    for user, found in sorted(by_user.items()):
        odd = [day for day in found if day.p <= LARGEST_P and day.count >= least]
        kept = [day for day in odd if not exempt.holds(user, day.day)]
        yield _verdict(user, found, kept, len(odd) - len(kept), noun, one_in, predicate, reason)


def _verdict(
    user: str,
    found: Sequence[Day],
    kept: Sequence[Day],
    aside: int,
    noun: str,
    one_in: int,
    predicate: str,
    reason: Callable[[Day], str],
) -> Verdict:
    rare = [day for day in kept if day.p * one_in <= 1 and day.keys]
    most = min(kept, key=lambda day: (day.p, day.day), default=None)
    total = sum(day.count for day in found)
    message = f"{total} {noun} on {len(found)} active day(s)"
    if most is not None:
        message += f", at most {most.count} on one day vs {most.expected:.1f} expected"
    message += f"; {len(rare)} day(s) for review." if rare else "."
    message += f" Exemptions set aside {aside} day(s)." if aside else ""
    worst = [key for day in (rare or kept) for key in day.keys]
    return Verdict(
        subject=user,
        result="FAIL" if rare else "PASS",
        message=message,
        observed=f"{len(rare)} of {len(found)} days",
        expected=f"no day rarer than one in {one_in}",
        signal={"p": most.p if most else 1.0},
        signals=tuple(
            Signal(
                day=day.day,
                p=day.p,
                observed=float(day.count),
                expected=round(day.expected, 2),
                reason=reason(day),
                rows=(_rows(day, predicate),),
            )
            for day in sorted(kept, key=lambda day: day.day)
        ),
        rows=(first_rows(worst, max(sum(day.count for day in (rare or kept)), len(worst)), predicate),),
    )


def _rows(day: Day, predicate: str) -> Rows:
    return first_rows(day.keys, max(day.count, len(day.keys)), predicate)


def vs(day: Day, what: str) -> str:
    """`6 events off duty vs 0.4 expected`."""
    return f"{day.count} {what} vs {day.expected:.1f} expected"
