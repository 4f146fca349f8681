"""Policies whose review is due."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.derived.policies import not_in_force, review_due
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.tables import records
from riskkit.words import amount


@check(
    id="people.policy_review_overdue",
    title="Policies are reviewed when due",
    question="Which policies are past the date of their next review?",
    subject="policy",
    controls=("45 CFR 164.316(b)(2)(iii)", "45 CFR 164.316(a)"),
    severity="medium",
    remediation="Review the policy, record who approved it and when, and set the date of the next review.",
    look_first="Who owns the policy now.",
    usual_cause="The owner moved on and the register reminds nobody.",
)
def people_policy_review_overdue(
    policies: pd.DataFrame, *, max_days: int = 365, longest_days: int = 1096, at: Moment
) -> Iterator[Verdict]:
    """One verdict per policy: due on its next review, else `max_days` after the last one (our choice).

    A next review counts for `longest_days` after the last one, three years (our choice). Days after the end
    of the period are no review yet; what was superseded or withdrawn is not reviewed any more.
    """
    for policy in records(policies):
        result, message = _judged(policy, *review_due(policy, max_days, longest_days, at), at)
        yield Verdict(
            subject=policy.policy_id,
            result=result,
            message=message,
            observed=f"reviewed {policy.reviewed_on or 'never'}, next {policy.next_review_on or 'not set'}",
            expected=f"not due before {at.today + timedelta(days=1)}",
            rows=(Rows.of("policies", [policy]),),
        )


def _judged(policy: Any, due: date | None, how: str, at: Moment) -> tuple[Result, str]:
    state = not_in_force(policy)
    if state and state != "draft":
        return "NA", f"The register says that it is {state}."
    if state:
        return "UNKNOWN", "The register says that it is a draft, so nobody knows when it is in force."
    if due is None:
        return "UNKNOWN", "The register has neither a review nor a next review of this policy."
    if due <= at.today:
        return "FAIL", (
            f"The review was due {amount(at.age_days(due), 'day')} before the end of the period, {how}."
        )
    return "PASS", f"The next review is due on {due}, {how}."
