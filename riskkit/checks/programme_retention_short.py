"""Documents that are not kept long enough."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.model import Result, Rows, Verdict
from riskkit.tables import records


@check(
    id="programme.retention_short",
    title="Policies are kept for six years",
    question="Which policies are to be kept for less than six years after they were last in effect?",
    subject="policy",
    controls=("45 CFR 164.316(b)(2)(i)",),
    severity="low",
    remediation="Extend the date until which the policy is kept, and tell the archive of documents.",
    look_first="The retention rule of the document store for this kind of document.",
    usual_cause="The store deletes by a general rule that is shorter.",
)
def programme_retention_short(policies: pd.DataFrame, *, years: int = 6) -> Iterator[Verdict]:
    """One verdict per policy: kept six years from its creation or when it was last in effect."""
    for policy in records(policies):
        known = [day for day in (policy.approved_on, policy.reviewed_on) if day is not None]
        needed = _after(max(known), years) if known else None
        result, message = _judged(policy, needed)
        yield Verdict(
            subject=policy.policy_id,
            result=result,
            message=message,
            observed=f"{policy.retained_until or 'not recorded'}",
            expected=f"at least {needed or f'{years} years'}",
            rows=(Rows.of("policies", [policy]),),
        )


def _judged(policy: Any, needed: date | None) -> tuple[Result, str]:
    if policy.retained_until is None:
        return "UNKNOWN", "The register does not say until when the policy is kept."
    if needed is None:
        return "UNKNOWN", "The register does not say since when the policy is in effect."
    facts = f"The policy is kept until {policy.retained_until}; {needed} is the earliest allowed."
    return ("PASS" if policy.retained_until >= needed else "FAIL"), facts


def _after(day: date, years: int) -> date:
    """The same day so many years later, 1 March for 29 February."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)
