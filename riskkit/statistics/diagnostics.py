"""Figures beside the queue that decide nothing."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def benjamini_hochberg(p: ArrayLike, level: float) -> NDArray[np.bool_]:
    """Which hypotheses the step-up procedure of Benjamini and Hochberg (1995) would reject.

    A diagnostic only: it presumes exchangeable normal days. Odd but honest days come in clusters, and on
    simulated hospitals the realised share of false ones was well above the nominal level. The budget
    decides what is reviewed.
    """
    values = np.asarray(p, float)
    order = np.argsort(values, kind="stable")
    passing = values[order] <= level * np.arange(1, len(values) + 1) / max(len(values), 1)
    rejected = np.zeros(len(values), bool)
    if passing.any():
        rejected[order[: np.flatnonzero(passing)[-1] + 1]] = True
    return rejected
