"""Daily counts of people beside their own past and their peers: expectation, and how rare as many are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from riskkit.derived.baseline import is_weekend
from riskkit.derived.clock_days import day_number
from riskkit.derived.review import LARGEST_P, Case, Keys
from riskkit.derived.turns import Codes, codes
from riskkit.model import Moment
from riskkit.statistics.calibration import calibrate
from riskkit.statistics.counts import CountModel, fit_counts
from riskkit.statistics.tails import Numbers
from riskkit.tables import records, to_arrow
from riskkit.words import count

ENOUGH_DAYS = 28
"""Days before the period from which their last third is kept apart, to calibrate on."""

FEWEST_DAYS = 14
"""With fewer days before the period there is no past to speak of: peers within the period tell."""

EVERYONE = "all"


@dataclass(frozen=True)
class Volumes:
    """User-days with their counts: parallel arrays, `user` as places in `users`, days since 1970.

    `expected` and `p` come from the model that was fitted to the days before the period.
    """

    users: list[str]
    user: Codes
    day: Codes
    count: Codes
    expected: Numbers
    p: Numbers
    model: CountModel
    first: int
    earlier_days: int

    @property
    def degraded(self) -> bool:
        """Whether there were too few earlier days."""
        return self.earlier_days < FEWEST_DAYS

    @property
    def note(self) -> str:
        """What a message must say of the baseline; empty when it is long enough."""
        return degraded_note(self.earlier_days)

    def odd(self) -> set[tuple[str, int]]:
        """The users and days of the period that `cases` may be about."""
        found = np.flatnonzero((self.day >= self.first) & (self.p <= LARGEST_P))
        return {(self.users[self.user[at]], int(self.day[at])) for at in found}

    def cases(self, noun: str, keys: Mapping[tuple[str, int], Keys], least: int = 1) -> Iterator[Case]:
        """Days of the period with more than usual: `6 unexplained patients vs 0.4 expected`."""
        found = np.flatnonzero((self.day >= self.first) & (self.p <= LARGEST_P) & (self.count >= least))
        for at in found:
            user, day, hits = self.users[self.user[at]], int(self.day[at]), int(self.count[at])
            if unit := keys.get((user, day)):
                reason = f"{count(hits, noun)} vs {self.expected[at]:.1f} expected"
                expected = float(self.expected[at])
                yield Case(user, day, float(self.p[at]), float(hits), expected, reason, unit)


def degraded_note(earlier_days: int) -> str:
    """What a message must say when there were too few days before the period; else nothing."""
    if earlier_days >= FEWEST_DAYS:
        return ""
    return (
        f"Degraded: with {count(earlier_days, 'earlier day')} in the trail, people are set beside each other "
        "in the period itself."
    )


def peers(peer_groups: Any | None, column: str = "peer_group") -> dict[str, str]:
    """The peer group (or role, or department) of each user; nobody has one without a roster."""
    if peer_groups is None:
        return {}
    return {row.user_id: getattr(row, column) for row in records(peer_groups)}


def volumes(
    user_days: nw.LazyFrame[Any],
    column: str,
    groups: Mapping[str, str],
    at: Moment,
    *,
    keep: Callable[[str], bool] = lambda _: True,
) -> Volumes:
    """Score one column of `user_days`; users without a group are set beside everyone.

    The model is fitted to the earlier days but their last third, its probabilities are recalibrated on
    that third, then it is fitted again to all earlier days. With 14 to 27 days both are the same; with
    fewer, peers of the period itself tell the rate and nobody's own days do.
    """
    table = to_arrow(user_days.select("user_id", "day", column).sort("user_id", "day"))
    everyone, who = codes(table["user_id"])
    good = np.array([keep(name) for name in everyone], bool)
    users, kept = [name for name in everyone if keep(name)], good[who]
    user = (np.cumsum(good) - 1)[who[kept]]
    day = np.asarray(table["day"].to_numpy(), np.int64)[kept]
    count = np.asarray(table[column].fill_null(0).to_numpy(), np.int64)[kept]
    known = sorted({groups.get(name, EVERYONE) for name in users})
    code = {name: number for number, name in enumerate(known)}
    group = np.array([code[groups.get(name, EVERYONE)] for name in users], np.int64)
    return scored(users, user, day, count, group, at)


def scored(users: list[str], user: Codes, day: Codes, count: Codes, group: Codes, at: Moment) -> Volumes:
    """Score counts of user-days; group: the peers of each user, as numbers from 0."""
    first, weekend = day_number(at.period.first_day), is_weekend(day)
    before = day < first
    distinct = np.unique(day[before])

    def fit(where: NDArray[np.bool_], *, own: bool = True) -> CountModel:
        return fit_counts(user[where], count[where], weekend[where], group, own=own)

    later = before
    model = fit(before, own=True) if len(distinct) >= FEWEST_DAYS else fit(day >= first, own=False)
    raw = model.tail(user, count, weekend)
    learnt = raw[before] if len(distinct) >= FEWEST_DAYS else raw[day >= first]
    if len(distinct) >= ENOUGH_DAYS:
        later = before & (day >= distinct[-(len(distinct) // 3)])
        learnt = fit(before & ~later).tail(user[later], count[later], weekend[later])
    p = calibrate(learnt)(raw)
    return Volumes(users, user, day, count, model.expected(user, weekend), p, model, first, len(distinct))
