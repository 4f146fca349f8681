"""Changes after which nobody looked at the security of ePHI again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.tables import records
from riskkit.words import amount, be, count


@check(
    id="programme.change_not_reassessed",
    title="Changes that bear on ePHI are followed by an evaluation",
    question="Which changes that bear on ePHI were not followed by an evaluation or a risk analysis?",
    subject="change",
    controls=(
        "45 CFR 164.308(a)(8)",
        "45 CFR 164.306(e)",
    ),
    severity="medium",
    remediation="Evaluate what the change means for the security of ePHI, and record it in "
    "programme/reviews.csv.",
    look_first="Whether the change was looked at before it was made and only not recorded.",
    usual_cause="Changes are approved by operations, and security hears of them afterwards.",
)
def programme_change_not_reassessed(
    changes: pd.DataFrame, reviews: pd.DataFrame, *, within_days: int = 90, at: Moment
) -> Iterator[Verdict]:
    """One verdict per change: an evaluation or risk analysis of its system, or of all, after it.

    90 days are our choice.
    """
    looked = [
        one
        for one in records(reviews)
        if one.kind in {"evaluation", "risk_analysis"} and one.performed_at < at.as_of
    ]
    for change in records(changes):
        if change.changed_on > at.today:
            continue
        after = [
            one
            for one in looked
            if one.performed_at.astimezone(at.zone).date() >= change.changed_on
            and (one.review_id == change.reassessed_by or one.system_id in (None, "", change.system_id))
        ]
        result, message = _judged(change, after, within_days, at)
        yield Verdict(
            subject=change.change_id,
            result=result,
            message=message,
            observed=f"{len(after)} after it",
            expected=f"an evaluation within {amount(within_days, 'day')}",
            scope=change.system_id or "",
            rows=(Rows.of("changes", [change]), Rows.of("reviews", after)),
        )


def _judged(change: Any, after: list[Any], within_days: int, at: Moment) -> tuple[Result, str]:
    if change.affects_ephi is False:
        return "NA", "The log says that it does not bear on ePHI."
    if after:
        return "PASS", (
            f"{count(len(after), 'evaluation')} or risk {be(len(after), 'analysis is', 'analyses are')} on "
            "record after it."
        )
    age = at.age_days(change.changed_on)
    facts = (
        f"No evaluation is on record in the {amount(age, 'day')} since the change; {within_days} "
        f"{be(within_days)} allowed."
    )
    return ("FAIL" if age > within_days and change.affects_ephi else "UNKNOWN"), facts
