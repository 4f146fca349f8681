"""Weights from the decisions of analysts: off unless asked for, never below the floor."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import numpy as np
from scipy.optimize import minimize

from riskkit.errors import EvidenceError
from riskkit.queue.decisions import Decisions, Fingerprint, alert_text
from riskkit.queue.rules import QueueRules
from riskkit.queue.scoring import Candidate
from riskkit.words import be, count, some

CONFIRMED = frozenset({"inappropriate", "escalated"})
LEAST_OF_EACH = 20
"""Decisions of each kind that a refit needs: our own choice, about ten for each weight that moves."""

PULL = 1.0
"""Strength of the pull towards the fixed weights: one decision's worth (ridge)."""


def refitted(
    rules: QueueRules, found: Iterable[Candidate], decisions: Decisions, fingerprint: Fingerprint
) -> QueueRules:
    """The rules with weights fitted to decided alerts by logistic regression, non-negative, with a floor.

    Points of each detector are the features; weights start from, and are pulled to, the fixed ones.
    Alerts on which reviewers disagree are left out. Raises EvidenceError when fewer than 20 alerts were
    confirmed, or fewer than 20 explained.
    """
    days: list[tuple[date, dict[str, float], bool]] = []
    for one in found:
        outcome = decisions.outcome(fingerprint(alert_text(one.day, one.behaviour)))
        if outcome in CONFIRMED or outcome == "explained":
            bare = {reason.check: reason.points / rules.weight(reason.check) for reason in one.reasons}
            days.append((one.day, bare, outcome in CONFIRMED))
    labels = np.array([label for *_, label in days], dtype=float)
    confirmed, explained = int(labels.sum()), int(len(labels) - labels.sum())
    if min(confirmed, explained) < LEAST_OF_EACH:
        raise EvidenceError(
            f"{count(confirmed, 'alert')} of these days {be(confirmed, 'was', 'were')} confirmed and "
            f"{some(explained)} explained, which is too few to fit weights (at least {LEAST_OF_EACH} of "
            "each)",
            do="Leave --refit away until more was decided",
        )
    names = sorted({name for _, bare, _ in days for name in bare})
    features = np.array([[bare.get(name, 0.0) for name in names] for _, bare, _ in days])
    fixed = np.array([rules.weight(name) for name in names])

    def loss(values: np.ndarray) -> float:
        margin = features @ values[1:] + values[0]
        likelihood = np.logaddexp(0.0, margin).sum() - (labels * margin).sum()
        return float(likelihood + PULL * ((values[1:] - fixed) ** 2).sum())

    start = np.concatenate([[0.0], fixed])
    bounds = [(None, None), *((rules.least_weight, None) for _ in names)]
    result = minimize(loss, start, bounds=bounds, method="L-BFGS-B")
    weights = dict(rules.weights) | {
        name: round(float(weight), 3) for name, weight in zip(names, result.x[1:], strict=True)
    }
    return rules.model_copy(update={"weights": weights})
