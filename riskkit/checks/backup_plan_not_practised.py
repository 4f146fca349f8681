"""Contingency plans that changed after the last drill: what is practised is not what is written."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.tables import cites, records
from riskkit.words import amount

PLANS = "45 CFR 164.308(a)(7)"
"""Policies that cite this standard or a specification of it are contingency plans."""

KINDS = frozenset({"downtime", "recovery"})
"""Drills that carry a plan out; a try of emergency access shows one log-in."""


@check(
    id="backup.plan_not_practised",
    title="The contingency plan that is in force is the one that was practised",
    question="Which contingency plans were approved after the last drill of downtime or recovery?",
    subject="policy",
    controls=("45 CFR 164.308(a)(7)(ii)(D)",),
    severity="medium",
    remediation="Practise the plan as it now stands, and write down what did not work.",
    look_first="Whether the change of the plan touched what a drill carries out.",
    usual_cause="The plan was revised after a drill, and the next drill is a year away.",
)
def backup_plan_not_practised(
    policies: pd.DataFrame, drills: pd.DataFrame, *, within_days: int = 90, at: Moment
) -> Iterator[Verdict]:
    """One verdict per plan; a change may wait `within_days` for its drill, which is our choice.

    The day of approval dates the text: a review without a change approves nothing new. A drill counts
    whatever its outcome, since it shows how the plan works.
    """
    done = [drill for drill in records(drills) if drill.kind in KINDS and drill.performed_at < at.as_of]
    last = max(done, key=lambda drill: (drill.performed_at, drill.drill_id), default=None)
    for plan in records(policies):
        if not any(one.startswith(PLANS) for one in cites(plan.citation or "")):
            continue
        result, message = _judged(plan, last, within_days, at)
        yield Verdict(
            subject=plan.policy_id,
            result=result,
            message=message,
            observed=f"approved {plan.approved_on or 'on no recorded day'}",
            expected=f"a drill since, or within {amount(within_days, 'day')}",
            rows=(Rows.of("policies", [plan]), Rows.of("drills", [last] if last else [])),
        )


def _judged(plan: Any, last: Any | None, within_days: int, at: Moment) -> tuple[Result, str]:
    if plan.approved_on is None:
        return "UNKNOWN", "When the plan was approved is not on record."
    due = plan.approved_on + timedelta(days=within_days)
    if last is None:
        if due < at.today:
            return "UNKNOWN", "No drill of downtime or recovery is on record."
        return "PASS", f"Approved on {plan.approved_on}; its first drill is due by {due}."
    practised = last.performed_at.astimezone(at.zone).date()
    if practised >= plan.approved_on:
        return "PASS", f"Approved on {plan.approved_on} and practised on {practised}."
    told = f"Approved on {plan.approved_on}, after the last drill on {practised}"
    if due < at.today:
        return "FAIL", f"{told}; the next was due by {due}."
    return "PASS", f"{told}; the next is due by {due}."
