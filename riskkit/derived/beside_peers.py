"""Days of people beside their own past and their peers: counts with tails, and the verdicts they give."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

import narwhals as nw
import numpy as np
import pyarrow as pa

from riskkit.derived.clock_days import day_number, day_of, local_day_number
from riskkit.derived.exempt import Exempt
from riskkit.derived.review import LARGEST_P
from riskkit.derived.targets import DAYS
from riskkit.derived.trail import first_rows, flag, row_key
from riskkit.derived.turns import Codes, codes
from riskkit.derived.volumes import EVERYONE, scored
from riskkit.model import Moment, Rows, Signal, Verdict
from riskkit.tables import to_arrow
from riskkit.words import capital, count, out_of

NO_KEY = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Day:
    """One day of one user: how many hits, how many were expected, and how probable as many are."""

    user: str
    day: date
    count: int
    expected: float
    p: float
    keys: tuple[tuple[str, int], ...] = ()


def daily(events: nw.LazyFrame[Any], hit: nw.Expr, at: Moment) -> nw.LazyFrame[Any]:
    """Events and hits of each user, local day and source, and the first row of the hits; in the engine."""
    key = nw.when(hit.fill_null(nw.lit(False))).then(row_key())
    return (
        events.with_columns(day=local_day_number(at), hit=flag(hit.fill_null(nw.lit(False))), key=key)
        .group_by("user_id", "day", "source")
        .agg(nw.len().alias("events"), nw.col("hit").sum().alias("hits"), nw.col("key").min())
    )


def summed(
    users: tuple[list[str], Codes], day: Codes, sources: tuple[list[str], Codes], hits: Codes, key: Codes
) -> pa.Table:
    """What `daily` gives, of hits that are counted in memory: per user, day and source, with the first row.

    users, sources: texts, each once, and for each row the place of its text. Rows without a hit name no row.
    """
    order = np.lexsort((sources[1], day, users[1]))
    user, day, source, hits = (column[order] for column in (users[1], day, sources[1], hits))
    key = np.where(hits > 0, key[order], NO_KEY)
    begins = np.flatnonzero(np.any([np.diff(one, prepend=-1) != 0 for one in (user, day, source)], axis=0))
    if len(begins):
        hits, key = np.add.reduceat(hits, begins), np.minimum.reduceat(key, begins)
    return pa.table(
        {
            "user_id": pa.DictionaryArray.from_arrays(user[begins], pa.array(users[0], pa.string())),
            "day": day[begins],
            "source": pa.DictionaryArray.from_arrays(source[begins], pa.array(sources[0], pa.string())),
            "hits": hits,
            "key": pa.array(key, mask=key == NO_KEY),
        }
    )


def beside_peers(counted: Any, groups: Mapping[str, str], at: Moment) -> Iterator[Day]:
    """Each day of the period on which a user was active, with the tail of its hits as `scored` gives it.

    In order of user and day, one after the other: together they are many.

    counted: what `daily` gives, or any frame with its columns. groups: the peer group of each user. Days
    that carry a signal have their first rows.
    """
    table = to_arrow(counted)
    if not len(table):
        return
    users, who = codes(table["user_id"])
    hits = np.asarray(table["hits"].to_numpy(), np.int64)
    units, place = np.unique(who * DAYS + np.asarray(table["day"].to_numpy(), np.int64), return_inverse=True)
    user, day = units // DAYS, units % DAYS
    count = np.bincount(place, hits).astype(np.int64)
    named = {name: n for n, name in enumerate(sorted({groups.get(one, EVERYONE) for one in users}))}
    group = np.array([named[groups.get(one, EVERYONE)] for one in users], np.int64)
    scores = scored(users, user, day, count, group, at)
    shown = (day >= scores.first) & (day <= day_number(at.today))
    keys = _keys(table, np.flatnonzero((shown & (scores.p <= LARGEST_P))[place] & (hits > 0)), place)
    del table, counted, who, hits, units, place
    for n in np.flatnonzero(shown).tolist():
        numbers = int(count[n]), float(scores.expected[n]), float(scores.p[n])
        yield Day(users[user[n]], day_of(day[n]), *numbers, tuple(keys.get(n, ())))


def _keys(table: Any, rows: Any, place: Any) -> dict[int, list[tuple[str, int]]]:
    """The first row of each source among some rows of the counts, by unit."""
    found: dict[int, list[tuple[str, int]]] = {}
    columns = (table[name].take(rows).to_pylist() for name in ("source", "key"))
    for unit, source, key in zip(place[rows].tolist(), *columns, strict=True):
        if key is not None:
            found.setdefault(unit, []).append((source, int(key)))
    return found


def verdicts_of(
    days: Iterable[Day],
    *,
    noun: str,
    one_in: int,
    predicate: str,
    exempt: Exempt,
    reason: Callable[[Day], str],
    least: int = 1,
    addresses: bool = False,
) -> Iterator[Verdict]:
    """One verdict per user with a day in the period, for review when a day is rarer than one in `one_in`.

    Days rarer than one in ten, with `least` hits or more, carry a signal; so many as an exemption sets
    aside are counted in the message. days: in order of user. addresses: the subjects are addresses, not
    users.
    """
    for user, of_user in groupby(days, key=lambda day: day.user):
        found = list(of_user)
        odd = [day for day in found if day.p <= LARGEST_P and day.count >= least]
        kept = [day for day in odd if not exempt.holds(user, day.day, address=user if addresses else "")]
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
    message = capital(f"{count(total, noun)} on {count(len(found), 'active day')}")
    if most is not None:
        message += f", at most {most.count:,} on one day vs {most.expected:.1f} expected"
    message += f"; {count(len(rare), 'day')} for review." if rare else "."
    message += f" Exemptions set aside {count(aside, 'day')}." if aside else ""
    worst = [key for day in (rare or kept) for key in day.keys]
    return Verdict(
        subject=user,
        result="FAIL" if rare else "PASS",
        message=message,
        observed=out_of(len(rare), len(found), "day"),
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


def vs(day: Day, noun: str) -> str:
    """`6 accesses off duty vs 0.4 expected`."""
    return f"{count(day.count, noun)} vs {day.expected:.1f} expected"
