"""New people who were not trained in time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.derived.courses import none_known, teaches_security
from riskkit.derived.employment import employed_on, employments
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.tables import records
from riskkit.words import amount, be


@check(
    id="people.new_staff_trained_late",
    title="New people are trained soon after they start",
    question="Which people who joined in the last year were trained late or not yet?",
    subject="person",
    controls=("45 CFR 164.308(a)(5)(i)",),
    severity="medium",
    remediation="Have the person complete the training, and assign it with the first day of work in future.",
    look_first="Whether the training was done on paper on the first day.",
    usual_cause="The account is opened before the course is assigned.",
)
def people_new_staff_trained_late(
    training: pd.DataFrame,
    roster: pd.DataFrame,
    *,
    within_days: int = 30,
    joined_days: int = 365,
    courses: str = "",
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per person employed who joined in the last `joined_days`; 30 days are our choice.

    Only courses on security count, as in people.training_overdue; `courses` names them. Where none is
    recognised nothing is known.
    """
    rows = list(records(training))
    security = [row for row in rows if teaches_security(row, courses)]
    done: dict[str, list[Any]] = {}
    for row in security:
        if row.completed_on is not None and row.completed_on <= at.today:
            done.setdefault(row.user_id, []).append(row)
    unnamed = "" if security else none_known(rows)
    for user, spells in employments(roster).items():
        joined = max((row.employed_from for row in spells if row.employed_from <= at.today), default=None)
        if joined is None or not employed_on(spells, at.today) or at.age_days(joined) > joined_days:
            continue
        first = min(
            (row for row in done.get(user, ()) if row.completed_on >= joined),
            key=lambda row: (row.completed_on, row.source, row.offset or 0),
            default=None,
        )
        took = (first.completed_on - joined).days if first else at.age_days(joined)
        late = took > within_days
        said = "the first course on security" if first else "no course on security in the"
        told = f"{amount(took, 'day')} {'after' if first else 'since'} joining"
        result: Result = "FAIL" if late else "PASS" if first else "UNKNOWN"
        message = f"Completed {said} {told}; {within_days} {be(within_days)} allowed."
        if unnamed:
            result, message = "UNKNOWN", unnamed
        yield Verdict(
            subject=user,
            result=result,
            message=message,
            observed=amount(took, "day") if first else "none",
            expected=f"within {amount(within_days, 'day')}",
            rows=(Rows.of("roster", spells), Rows.of("training", [first] if first else [])),
        )
