"""Small excess that goes on: cumulative sums, and where their alarm stands."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from riskkit.statistics.tails import Numbers

SEED = 20_260_131
"""Of the bootstrap: the same evidence gives the same threshold."""


def cusum(excess: NDArray[np.float64], allowance: float) -> Numbers:
    """One-sided cumulative sum along the last axis: S = max(0, S + excess - allowance).

    excess: standardised, one row per user and one column per day; NaN (a day off) leaves the sum.
    Page, Biometrika 41 (1954).
    """
    steps = np.where(np.isnan(excess), 0.0, excess - allowance)
    sums = np.zeros(steps.shape)
    running = np.zeros(steps.shape[:-1])
    for day in range(steps.shape[-1]):
        running = np.maximum(0.0, running + steps[..., day])
        sums[..., day] = running
    return sums


def bootstrap_peaks(
    excess: NDArray[np.float64], allowance: float, days: int, *, block: int = 7, draws: int = 2000
) -> Numbers:
    """Highest sums of `days` days made of blocks of the excess of users without known incidents.

    Blocks keep the order of neighbouring days (Kuensch, Annals of Statistics 17, 1989); the seed is
    fixed. Returns `draws` peaks, ascending; none when there is no block.
    """
    users, width = excess.shape
    if not users or width < block:
        return np.empty(0)
    random = np.random.default_rng(SEED)
    blocks = -(-days // block)
    user = random.integers(0, users, draws)
    start = random.integers(0, width - block + 1, (draws, blocks))
    columns = (start[:, :, None] + np.arange(block)).reshape(draws, -1)[:, :days]
    peaks: Numbers = np.sort(cusum(excess[user[:, None], columns], allowance).max(axis=1))
    return peaks


def threshold(peaks: NDArray[np.float64], one_in: int) -> float:
    """The sum that one in so many stretches without cause reaches; infinite when nothing is known."""
    return float(np.quantile(peaks, 1 - 1 / one_in)) if len(peaks) else np.inf
