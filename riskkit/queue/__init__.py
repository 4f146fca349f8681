"""The review queue: from signals to the few alerts that an analyst has time to look at."""

from __future__ import annotations

from riskkit.queue.choosing import Choice, choose
from riskkit.queue.decisions import Decisions
from riskkit.queue.rules import FAMILIES, QueueRules, load_rules
from riskkit.queue.scoring import Candidate, Reason, candidates, matches
from riskkit.queue.writing import PHI_MARK, queue_frame, write_private

__all__ = [
    "FAMILIES",
    "PHI_MARK",
    "Candidate",
    "Choice",
    "Decisions",
    "QueueRules",
    "Reason",
    "candidates",
    "choose",
    "load_rules",
    "matches",
    "queue_frame",
    "write_private",
]
