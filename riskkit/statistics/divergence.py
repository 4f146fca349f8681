"""How far two mixes of actions lie apart, and how often as far by chance."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from riskkit.statistics.change import SEED


def jensen_shannon(first: ArrayLike, second: ArrayLike) -> float:
    """Jensen-Shannon divergence of two rows of counts, in bits: 0 for the same mix, 1 for disjoint ones."""
    one, two = np.asarray(first, float), np.asarray(second, float)
    if one.sum() <= 0 or two.sum() <= 0:
        return 0.0
    one, two = one / one.sum(), two / two.sum()
    middle = (one + two) / 2
    return float(max(0.0, (_relative(one, middle) + _relative(two, middle)) / 2))


def permutation_tail(before: ArrayLike, now: ArrayLike, *, draws: int = 999) -> tuple[float, float]:
    """The divergence of two rows of counts, and P(as far or farther) when actions are dealt anew.

    All actions are dealt to the two rows by chance, as many to each as it has (multivariate
    hypergeometric; the seed is fixed). p is never below 1 / (draws + 1).
    """
    one, two = np.asarray(before, np.int64), np.asarray(now, np.int64)
    seen = jensen_shannon(one, two)
    if one.sum() == 0 or two.sum() == 0:
        return seen, 1.0
    random = np.random.default_rng(SEED)
    pool = one + two
    dealt = random.multivariate_hypergeometric(pool, int(two.sum()), size=draws)
    farther = sum(jensen_shannon(pool - row, row) >= seen - 1e-12 for row in dealt)
    return seen, (1 + farther) / (draws + 1)


def _relative(of: np.ndarray, to: np.ndarray) -> float:
    some = of > 0
    return float(np.sum(of[some] * np.log2(of[some] / to[some])))
