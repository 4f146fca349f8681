"""Upper tails: how probable as much or more would be without a cause."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

Numbers = NDArray[np.float64]
SMALLEST = 1e-300
"""What a probability is never below: its logarithm stays finite."""


def poisson_tail(count: ArrayLike, mean: ArrayLike) -> Numbers:
    """P(X >= count) for a Poisson count of this mean; both broadcast."""
    return floored(stats.poisson.sf(np.asarray(count) - 1, np.asarray(mean, float)))


def binomial_tail(hits: ArrayLike, trials: ArrayLike, rate: ArrayLike) -> Numbers:
    """P(X >= hits) among so many trials, each a hit at `rate` (0 to 1)."""
    return floored(stats.binom.sf(np.asarray(hits) - 1, np.asarray(trials), np.asarray(rate, float)))


def beta_binomial_tail(hits: ArrayLike, trials: ArrayLike, alpha: ArrayLike, beta: ArrayLike) -> Numbers:
    """P(X >= hits) among so many trials whose rate is itself drawn from a beta distribution."""
    return floored(
        stats.betabinom.sf(
            np.asarray(hits) - 1, np.asarray(trials), np.asarray(alpha, float), np.asarray(beta, float)
        )
    )


def negative_binomial_tail(count: ArrayLike, mean: ArrayLike, shape: ArrayLike) -> Numbers:
    """P(X >= count) for a count of variance mean + mean^2 / shape; an infinite shape is Poisson."""
    counts, means, shapes = np.broadcast_arrays(
        np.asarray(count), np.asarray(mean, float), np.asarray(shape, float)
    )
    finite = np.isfinite(shapes)
    safe = np.where(finite, shapes, 1.0)
    spread = stats.nbinom.sf(counts - 1, safe, safe / (safe + means))
    return floored(np.where(finite, spread, stats.poisson.sf(counts - 1, means)))


def evidence_points(p: ArrayLike, most: float = 6.0) -> Numbers:
    """-log10 of a probability, at most `most`: what reasons are weighed and added by."""
    return np.minimum(most, -np.log10(floored(np.asarray(p, float))))


def floored(p: Any) -> Numbers:
    """Probabilities as numbers that have a logarithm."""
    found: Numbers = np.clip(np.asarray(p, float), SMALLEST, 1.0)
    return found
