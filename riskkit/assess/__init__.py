"""From evidence to outcomes, controls and risks. Never connects, never reads a clock."""

from __future__ import annotations

from riskkit.assess.comparison import Change, Comparison, compare
from riskkit.assess.findings import findings_json
from riskkit.assess.opening import open_pack, resolve_moment
from riskkit.assess.registry import all_checks, all_derived
from riskkit.assess.signing import outdated_signatures, risk_state, state_of, valid_signatures
from riskkit.assess.surfacing import ReviewQueue, queue_of, review_queue, triage

__all__ = [
    "Change",
    "Comparison",
    "ReviewQueue",
    "all_checks",
    "all_derived",
    "compare",
    "findings_json",
    "open_pack",
    "outdated_signatures",
    "queue_of",
    "resolve_moment",
    "review_queue",
    "risk_state",
    "state_of",
    "triage",
    "valid_signatures",
]
