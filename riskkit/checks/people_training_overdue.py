"""People whose security training is due."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.derived.courses import none_known, teaches_security, titles
from riskkit.derived.employment import employed_on, employments
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.tables import records
from riskkit.words import amount, be, count, folded, have, out_of


@check(
    id="people.training_overdue",
    title="Everyone's security training is up to date",
    question="Which people of the workforce have not completed security training in time?",
    subject="person",
    controls=("45 CFR 164.308(a)(5)(i)",),
    severity="medium",
    remediation="Have the person complete the training, or suspend access until it is done.",
    look_first="Whether the learning system knows the person under another id.",
    usual_cause="Reminders go to an address that nobody reads, or the person was on leave.",
)
def people_training_overdue(
    training: pd.DataFrame,
    roster: pd.DataFrame,
    *,
    valid_days: int = 365,
    grace_days: int = 30,
    courses: str = "",
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per person who is employed at the end of the period.

    Each security course that the export names for a person must be completed within `valid_days` (a year
    is our choice; the rule sets none) or be due within as many days. People who joined within `grace_days`
    have that long. `courses` names what is security training (titles or patterns joined by `;`); without
    it the column `security` or words of the title tell (riskkit.derived.courses). Who took other courses
    only is not trained; where no course is recognised nothing is known.
    """
    rows = list(records(training))
    taught: dict[str, dict[str, list[Any]]] = {}
    others: dict[str, list[Any]] = {}
    for row in rows:
        if teaches_security(row, courses):
            taught.setdefault(row.user_id, {}).setdefault(folded(row.course), []).append(row)
        else:
            others.setdefault(row.user_id, []).append(row)
    unnamed = "" if taught else none_known(rows)
    for user, spells in employments(roster).items():
        if not employed_on(spells, at.today):
            continue
        joined = max(row.employed_from for row in spells if row.employed_from <= at.today)
        own = taught.get(user, {})
        states = [_state(taken, valid_days, at) for taken in own.values()]
        beside = titles(others.get(user, ()))
        result, message = _judged(states, len(beside), at.age_days(joined), grace_days, valid_days)
        if unnamed:
            result, message = "UNKNOWN", unnamed
        yield Verdict(
            subject=user,
            result=result,
            message=message,
            observed=f"{out_of(states.count('done'), len(states), 'course')} up to date",
            expected=f"each course completed within {amount(valid_days, 'day')}, or not yet due",
            rows=(
                Rows.of("training", [row for taken in own.values() for row in taken] or others.get(user, [])),
                Rows.of("roster", spells),
            ),
        )


def _state(taken: Sequence[Any], valid_days: int, at: Moment) -> str:
    """done, open (not due yet), overdue or unknown, of one course."""
    done = [
        row.completed_on for row in taken if row.completed_on is not None and row.completed_on <= at.today
    ]
    due = [
        row.due_on
        for row in taken
        if row.due_on is not None and (row.completed_on is None or row.completed_on > at.today)
    ]
    if done and at.age_days(max(done)) <= valid_days:
        return "done"
    if done:
        return "overdue"
    if not due:
        return "unknown"
    if min(due) < at.today:
        return "overdue"
    # What is due in years is put off and not assigned.
    return "open" if (min(due) - at.today).days <= valid_days else "unknown"


def _judged(
    states: Sequence[str], others: int, employed_days: int, grace_days: int, valid_days: int
) -> tuple[Result, str]:
    overdue, unknown = states.count("overdue"), states.count("unknown")
    new = employed_days <= grace_days
    if overdue and not new:
        return "FAIL", (
            f"{out_of(overdue, len(states), 'course')} {be(overdue)} overdue or older than "
            f"{amount(valid_days, 'day')}."
        )
    if states.count("done") + states.count("open") == len(states) > 0:
        done = states.count("done")
        return "PASS", f"{out_of(done, len(states), 'course')} {be(done)} completed and none is overdue."
    if new:
        return (
            "NA",
            f"The person joined {amount(employed_days, 'day')} before the end of the period and has "
            f"{amount(grace_days, 'day')}.",
        )
    if not states and others:
        return (
            "FAIL",
            f"The training export names {count(others, 'course')} of the person, none on security.",
        )
    if not states:
        return "UNKNOWN", "The training export does not name this person."
    return "UNKNOWN", (
        f"{out_of(unknown, len(states), 'course')} {be(unknown)} not completed and {have(unknown)} no due "
        f"date in the next {amount(valid_days, 'day')}."
    )
