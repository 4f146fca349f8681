"""Daily counts of people beside their peers: a gamma-Poisson model with shrinkage.

Each user's daily rate is drawn from a gamma distribution that belongs to the peers; what the user did
before moves it (posterior mean), and days scatter about it with the peers' dispersion (negative
binomial). Gelman et al., Bayesian Data Analysis, section 2.6; method of moments throughout.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from riskkit.statistics.tails import Numbers, negative_binomial_tail

Codes = NDArray[np.int64]
WINSOR = 0.995
"""Counts above this quantile of their peers are taken for it: a baseline may hold what is sought."""
PRIOR_DAYS = 0.5, 10.0
"""What a group without a single count is worth: half a count in ten days."""
FEW_PRIOR_DAYS, MOST_PRIOR_DAYS = 2.0, 60.0


@dataclass(frozen=True)
class CountModel:
    """The rate of every user and the dispersion of every group.

    rates and shapes: one per user; groups: the group of each user, as numbers from 0.
    """

    rates: Numbers
    shapes: Numbers
    groups: Codes
    weekend: Numbers

    def expected(self, user: Codes, weekend: NDArray[np.bool_]) -> Numbers:
        """The mean count of users on days."""
        mean: Numbers = self.rates[user] * np.where(weekend, self.weekend[self.groups[user]], 1.0)
        return mean

    def tail(self, user: Codes, count: Codes, weekend: NDArray[np.bool_]) -> Numbers:
        """P(as many or more) of users on days."""
        return negative_binomial_tail(count, self.expected(user, weekend), self.shapes[user])


def winsorise(counts: Codes, groups: Codes, quantile: float = WINSOR) -> Codes:
    """Counts cut at a quantile of their group (the next lower count; groups are numbers from 0)."""
    cut = counts.copy()
    for group in np.unique(groups):
        inside = groups == group
        cut[inside] = np.minimum(counts[inside], np.quantile(counts[inside], quantile, method="lower"))
    return cut


def fit_counts(
    user: Codes, count: Codes, weekend: NDArray[np.bool_], groups: Codes, *, own: bool = True
) -> CountModel:
    """Fit to one count per user and day on which the user was at work.

    groups: the group of every user, known or not in `user`; own: whether a user's own days move the
    rate, else peers alone tell it. A group without days takes what all tell.
    """
    users, of_day = len(groups), groups[user]
    count = winsorise(count, of_day)
    group_count = int(groups.max(initial=-1)) + 1
    factor = np.ones(group_count)
    rates, shapes = np.empty(users), np.empty(users)
    everyone = _prior(user, count, users)
    days = np.bincount(user, minlength=users).astype(float)
    totals = np.bincount(user, count, minlength=users)
    for group in range(group_count):
        members, inside = groups == group, of_day == group
        some = inside.any()
        factor[group] = _weekend_factor(count[inside], weekend[inside])
        scaled = np.where(weekend[inside], 1 / factor[group], 1.0) * count[inside]
        alpha, beta = _prior(user[inside], scaled, users) if some else everyone
        seen_days, seen = (days[members], totals[members]) if own else (0.0, 0.0)
        rates[members] = (alpha + seen) / (beta + seen_days)
        expected = rates[user[inside]] * np.where(weekend[inside], factor[group], 1.0)
        spread = _shape(count[inside], expected) if some else np.inf
        shapes[members] = spread if own else 1 / (1 / spread + 1 / alpha)
    return CountModel(rates, shapes, groups, factor)


def _prior(user: Codes, count: NDArray[Any], users: int) -> tuple[float, float]:
    """Gamma shape and rate of the users' daily rates, by moments; scatter of days is taken off."""
    days = np.bincount(user, minlength=users).astype(float)
    total, worked = float(np.sum(count)), float(days.sum())
    if total <= 0:
        return PRIOR_DAYS[0], PRIOR_DAYS[1] + worked
    seen = days > 0
    mean = total / worked
    means = np.bincount(user, count, minlength=users) / np.maximum(days, 1)
    between = float(np.average((means[seen] - mean) ** 2, weights=days[seen]))
    within = float(np.mean((count - means[user]) ** 2))
    between = max(between - within * np.count_nonzero(seen) / worked, 1e-9)
    beta = float(np.clip(mean / between, FEW_PRIOR_DAYS, MOST_PRIOR_DAYS))
    return mean * beta, beta


def _shape(count: Codes, expected: Numbers) -> float:
    """Dispersion of days about their expectation: variance = mean + mean^2 / shape."""
    excess = float(np.sum((count - expected) ** 2 - expected))
    return float(np.sum(expected**2)) / excess if excess > 0 else np.inf


def _weekend_factor(count: Codes, weekend: NDArray[np.bool_]) -> float:
    """Counts of a weekend day beside those of a working day, between a tenth and ten."""
    if not weekend.any() or weekend.all():
        return 1.0
    # Five days of the overall mean keep a group of few weekends from telling too much.
    mean = float(count.mean())
    off = (count[weekend].sum() + 5 * mean) / (weekend.sum() + 5)
    on = (count[~weekend].sum() + 5 * mean) / ((~weekend).sum() + 5)
    return float(np.clip(off / on, 0.1, 10)) if on > 0 and off > 0 else 1.0
