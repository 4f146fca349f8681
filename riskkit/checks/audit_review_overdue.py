"""Audit trails that nobody reviewed for too long."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from riskkit.declare import check
from riskkit.derived.latest_reviews import review_verdicts
from riskkit.model import Moment, Verdict


@check(
    id="audit.review_overdue",
    title="Audit trails are reviewed regularly",
    question="For which systems is the last recorded review of the audit trail too old?",
    subject="system",
    controls=("45 CFR 164.308(a)(1)(ii)(D)", "45 CFR 164.312(b)"),
    severity="high",
    remediation="Review the audit trail of the system now, record it in programme/reviews.csv, and set a "
    "rhythm.",
    look_first="Who was to review it, and whether the review took place and was only not recorded.",
    usual_cause="The review is nobody's task by name, so it lapses with holidays and changes of staff.",
    expects=("*",),
    aliases=("C15",),
)
def audit_review_overdue(
    reviews: pd.DataFrame, systems: pd.DataFrame | None, *, max_days: int = 35, at: Moment
) -> Iterator[Verdict]:
    """One verdict per system with a recorded review; the rule says "regularly", 35 days are our choice."""
    return review_verdicts(reviews, systems, "audit_trail", max_days, at)
