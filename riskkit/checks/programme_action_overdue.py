"""Measures against risks that are late, or that nobody answers for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.tables import records
from riskkit.words import amount


@check(
    id="programme.action_overdue",
    title="Measures against risks are done when due",
    question="Which measures are past their due date, have no owner or date, or are closed without evidence?",
    subject="action",
    controls=("45 CFR 164.308(a)(1)(ii)(B)",),
    severity="medium",
    method="EXAMINE",
    remediation="Do what is late, or move its date with the approval of who answers for the risk, and name "
    "an owner and a due date for each measure.",
    look_first="Who owns the measure now, and the milestones that it lists.",
    usual_cause="The measure waits for a project or a budget, and nobody moved its date.",
)
def programme_action_overdue(actions: pd.DataFrame, *, at: Moment) -> Iterator[Verdict]:
    """One verdict per measure; on its due date it is not yet late."""
    for action in records(actions):
        result, message = _judged(action, at)
        yield Verdict(
            subject=action.action_id,
            result=result,
            message=message,
            observed=f"{action.state.replace('_', ' ')}, due {action.due_on or 'not set'}",
            expected=f"done, or due on {at.today} or later",
            rows=(Rows.of("actions", [action]),),
        )


def _judged(action: Any, at: Moment) -> tuple[Result, str]:
    if action.state == "cancelled":
        return "NA", "The measure was cancelled: it treats nothing any more."
    return _closed(action, at) if action.state == "done" else _pending(action, at)


def _closed(action: Any, at: Moment) -> tuple[Result, str]:
    if action.closed_on is None or action.closed_on > at.today:
        return "UNKNOWN", "The plan says that it is done, and not on which day up to the end of the period."
    if not action.evidence:
        return "UNKNOWN", f"Closed on {action.closed_on}, and nothing is named that shows it."
    return "PASS", f"Closed on {action.closed_on}, with what shows it."


def _pending(action: Any, at: Moment) -> tuple[Result, str]:
    if action.due_on is None:
        return "UNKNOWN", "The plan has no due date for this measure, so nobody can say whether it is late."
    if action.due_on < at.today:
        return "FAIL", f"It was due {amount(at.age_days(action.due_on), 'day')} before the end of the period."
    if not action.owner:
        return "UNKNOWN", f"It is due on {action.due_on}, and nobody is named who answers for it."
    return "PASS", f"It is due on {action.due_on}."
