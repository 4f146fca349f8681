"""Risk analyses and evaluations that are too old."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from riskkit.declare import check
from riskkit.model import Moment, Rows, Verdict
from riskkit.tables import records
from riskkit.words import amount

KINDS = {
    "evaluation": ("45 CFR 164.308(a)(8)", "45 CFR 164.306(e)"),
    "risk_analysis": ("45 CFR 164.308(a)(1)(ii)(A)", "45 CFR 164.306(e)"),
}
"""Which controls the date of the last one bears on."""


@check(
    id="programme.evaluation_overdue",
    title="The risk analysis and the evaluation of safeguards are renewed every year",
    question="When were the last risk analysis and the last evaluation recorded?",
    subject="review",
    controls=("45 CFR 164.308(a)(8)", "45 CFR 164.308(a)(1)(ii)(A)", "45 CFR 164.306(e)"),
    severity="high",
    remediation="Carry it out, and record it in programme/reviews.csv with what came of it.",
    look_first="Whether one was done after the last change of systems and was only not recorded.",
    usual_cause="It was done once for a certification or a merger, and no date was set for the next.",
)
def programme_evaluation_overdue(
    reviews: pd.DataFrame, *, max_days: int = 365, at: Moment
) -> Iterator[Verdict]:
    """One verdict per kind, on record or not; the rule says "periodic", a year is our choice."""
    done = [review for review in records(reviews) if review.performed_at < at.as_of]
    for kind, controls in KINDS.items():
        found = [review for review in done if review.kind == kind]
        name = kind.replace("_", " ")
        if not found:
            message = f"No {name} stands in the register of reviews."
            yield Verdict(name, "UNKNOWN", message, "none on record", controls=controls)
            continue
        last = max(found, key=lambda review: (review.performed_at, review.review_id))
        age = at.age_days(last.performed_at)
        yield Verdict(
            subject=name,
            result="PASS" if age <= max_days else "FAIL",
            message=f"The last of {len(found)} recorded, {amount(age, 'day')} before the end of the period.",
            observed=amount(age, "day"),
            expected=f"at most {amount(max_days, 'day')}",
            controls=controls,
            rows=(Rows.of("reviews", [last]),),
        )
