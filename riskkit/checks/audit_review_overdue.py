"""Audit trails that nobody reviewed for too long."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.derived.inventory import system_names, system_of
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.tables import records

NO_SYSTEM = "reviews of no named system"


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
    names = system_names(systems)
    found: dict[str, list[Any]] = {}
    for review in records(reviews):
        if review.kind == "audit_trail" and review.performed_at < at.as_of:
            found.setdefault(system_of(review.system_id, names), []).append(review)
    for system, done in sorted(found.items()):
        last = max(done, key=lambda review: (review.performed_at, review.review_id))
        result, message = _judged(system, len(done), at.age_days(last.performed_at), max_days)
        yield Verdict(
            subject=system or NO_SYSTEM,
            result=result,
            message=message,
            observed=f"{at.age_days(last.performed_at)} days",
            expected=f"at most {max_days} days",
            scope=system,
            rows=(Rows.of("reviews", [last]),),
        )


def _judged(system: str, reviews: int, age: int, max_days: int) -> tuple[Result, str]:
    if not system:
        return "UNKNOWN", f"{reviews} recorded review(s) of audit trails do not say of which system."
    facts = f"The last of {reviews} recorded review(s) was {age} days before the end of the period."
    return ("PASS" if age <= max_days else "FAIL"), facts
