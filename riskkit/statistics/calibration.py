"""What a probability of a model is worth, by how often it came up on a later window."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from riskkit.statistics.tails import Numbers, floored

LEAST_EXCESS = 0.05
FAR = 4.0
TAIL_SHARE, FEWEST_IN_TAIL, MOST_IN_TAIL = 0.05, 10, 100
"""Beyond the most extreme twentieth, or hundred values, frequencies give way to an exponential tail."""


@dataclass(frozen=True)
class Calibration:
    """Maps tail probabilities to how often as small a one was seen among `seen` (ascending).

    Within the window it is (1 + number at or below) / (n + 1). From `threshold` on, which `share` of
    the window reached, the rest of -ln p is taken as exponential with mean `excess`: a generalised
    Pareto tail of shape 0. With nothing seen a probability stays as the model gave it.
    """

    seen: Numbers
    threshold: float
    share: float
    excess: float

    def __call__(self, p: ArrayLike) -> Numbers:
        """Recalibrated probabilities, never in another order than those that went in."""
        raw = floored(p)
        if not len(self.seen):
            return raw
        empirical = (1 + np.searchsorted(self.seen, raw, side="right")) / (len(self.seen) + 1)
        beyond = -np.log(raw) - self.threshold
        tail = self.share * np.exp(-np.maximum(beyond, 0) / self.excess)
        mapped = np.where(beyond >= 0, tail, np.maximum(empirical, self.share))
        return floored(mapped)


def empirical_tail(seen: ArrayLike, asked: ArrayLike) -> Numbers:
    """How rare values as high are among those seen; beyond the highest ones an exponential tail."""
    return _learn(np.exp(-np.asarray(seen, float)), least=LEAST_EXCESS)(np.exp(-np.asarray(asked, float)))


def calibrate(p: ArrayLike) -> Calibration:
    """Learn from the probabilities that a model gave to a window without known incidents.

    Beyond what was seen the calibrated tail never falls faster than the model's own.
    """
    return _learn(p, least=1.0)


def _learn(p: ArrayLike, *, least: float) -> Calibration:
    seen = np.sort(floored(p).ravel())
    if not len(seen):
        return Calibration(seen, 0.0, 1.0, 1.0)
    size = int(np.clip(np.ceil(TAIL_SHARE * len(seen)), FEWEST_IN_TAIL, MOST_IN_TAIL))
    surprise = -np.log(seen)
    above = surprise[surprise > surprise[min(size, len(seen)) - 1]]
    # Counts have few values: the tail begins at the first value that fewer than the share reach.
    threshold = float(above[-1]) if len(above) else float(np.nextafter(surprise[0], np.inf))
    share = (1 + len(above)) / (len(seen) + 1)
    # The window may hold what is sought: no value counts for more than FAR times the typical one. One value
    # of prior has mean 1, which a model that is right would have.
    beyond = above - threshold
    typical = float(np.median(beyond)) / np.log(2) if len(beyond) else 0.0
    beyond = np.minimum(beyond, FAR * max(typical, 1.0))
    excess = (float(np.sum(beyond)) + 1.0) / (len(above) + 1)
    return Calibration(seen, threshold, share, max(excess, least))
