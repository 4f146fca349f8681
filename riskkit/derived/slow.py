"""Excess that is small on any day and goes on for weeks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from riskkit.derived.review import LARGEST_P, Case
from riskkit.derived.volumes import Volumes
from riskkit.statistics.calibration import empirical_tail
from riskkit.statistics.change import bootstrap_peaks, cusum

ALLOWANCE = 0.5
"""Standard deviations a day that are let pass: half of the shift that is looked for (Page, 1954)."""
MOST_A_DAY = 3.0
"""A single day adds no more: what is rare in one day is for other detectors."""


def accumulations(scores: Volumes, what: str, span_days: int) -> Iterator[Case]:
    """Days of the period on which a user's sum rose and stands high for a span of so many days; without rows.

    Nothing when there are too few earlier days: without a past nothing tells slow from usual.
    """
    if scores.degraded or not len(scores.day):
        return
    low = int(scores.day.min())
    shape = (len(scores.users), int(scores.day.max()) - low + 1)
    variance = scores.expected * (1 + scores.expected / scores.model.shapes[scores.user])
    excess = np.full(shape, np.nan)
    excess[scores.user, scores.day - low] = np.minimum(
        MOST_A_DAY, (scores.count - scores.expected) / np.sqrt(np.maximum(variance, 0.05))
    )
    count, expected = np.zeros(shape), np.zeros(shape)
    count[scores.user, scores.day - low] = scores.count
    expected[scores.user, scores.day - low] = scores.expected
    begin = max(0, scores.first - low - span_days)
    peaks = bootstrap_peaks(excess[:, : scores.first - low], ALLOWANCE, span_days)
    sums = cusum(excess[:, begin:], ALLOWANCE)
    p = np.ones(shape)
    p[:, begin:] = empirical_tail(peaks, sums) if len(peaks) else 1.0
    rose = np.nan_to_num(excess, nan=-1.0) > ALLOWANCE
    rose[:, : scores.first - low] = False
    for user, column in np.argwhere(rose & (p <= LARGEST_P)):
        span = slice(max(0, column - span_days + 1), column + 1)
        unit = scores.users[user], int(column) + low
        seen, usual = float(count[user, span].sum()), float(expected[user, span].sum())
        reason = f"{seen:.0f} {what} in {span_days} days vs {usual:.1f} expected"
        yield Case(*unit, float(p[user, column]), seen, usual, reason, ())
