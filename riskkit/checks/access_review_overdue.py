"""Access rights that nobody confirmed for too long."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from riskkit.declare import check
from riskkit.derived.latest_reviews import review_verdicts
from riskkit.model import Moment, Verdict


@check(
    id="access.review_overdue",
    title="Access rights are confirmed regularly",
    question="For which systems is the last recorded review of access rights too old?",
    subject="system",
    controls=("45 CFR 164.308(a)(4)(ii)(C)",),
    severity="medium",
    remediation="Have each department confirm the accounts and rights of its people, and record the review "
    "in programme/reviews.csv.",
    look_first="When accounts of the system were last listed for somebody to confirm.",
    usual_cause="Rights are given on request and nobody is asked whether they are still needed.",
    expects=("*",),
)
def access_review_overdue(
    reviews: pd.DataFrame, systems: pd.DataFrame | None, *, max_days: int = 183, at: Moment
) -> Iterator[Verdict]:
    """One verdict per system with a recorded review; half a year is our choice."""
    return review_verdicts(reviews, systems, "access", max_days, at)
