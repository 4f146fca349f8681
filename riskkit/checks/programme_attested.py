"""What only people can say, and whether somebody has said it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd

from riskkit.catalog import ATTESTATION, load_catalog
from riskkit.declare import check
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.tables import records, same_person

CITATIONS = frozenset(load_catalog().controls)
ASKED = tuple(row.control for row in load_catalog().sufficiency.values() if ATTESTATION in row.kinds)
"""The controls for which an answer is the evidence."""

RECORDS = "45 CFR 164.316(b)(1)"
"""An answer to a citation that does not exist is a flaw of the records, not of any control."""


@check(
    id="programme.attested",
    title="What only people can say is answered, and the answer holds",
    question="Which specifications that data cannot show are answered with no, not at all or no longer?",
    subject="control",
    controls=ASKED,
    severity="medium",
    method="INTERVIEW",
    remediation="Do what the specification asks, or answer it in programme/answers.yaml with who says so, on "
    "what basis and until when.",
    look_first="Who answered last time, and the document that the answer names.",
    usual_cause="The answer was given once and its date of validity passed.",
)
def programme_attested(
    answers: pd.DataFrame, *, valid_days: int = 365, longest_days: int = 731, at: Moment
) -> Iterator[Verdict]:
    """One verdict per control that needs an answer, and per further citation that is answered.

    The newest answer of a control counts, for `valid_days` unless it says until when, and for
    `longest_days` whatever it says (45 CFR 164.316(b)(2)(iii) asks for review; the number is our own). That
    something does not apply counts only with until when, and who approved it: not who answered.
    """
    given: dict[str, Any] = {}
    for answer in sorted(records(answers), key=lambda answer: (answer.answered_on, answer.answer)):
        if answer.answered_on <= at.today or answer.control not in given:
            given[answer.control] = answer
    for control in sorted({*ASKED, *given}):
        answer = given.get(control)
        if answer is None:
            yield Verdict(
                control, "UNKNOWN", "Nobody has answered this.", "no answer", "yes", controls=(control,)
            )
            continue
        until = min(
            answer.valid_until or answer.answered_on + timedelta(days=valid_days),
            answer.answered_on + timedelta(days=longest_days),
        )
        result, message = _judged(answer, until, at)
        yield Verdict(
            subject=control,
            result=result,
            message=message,
            observed=answer.answer,
            expected="yes",
            controls=(control if control in CITATIONS else RECORDS,),
            collected_at=_midnight(answer.answered_on, at),
            valid_until=until,
            rows=(Rows.of("answers", [answer]),),
        )


def _judged(answer: Any, until: date, at: Moment) -> tuple[Result, str]:
    said = f"Answered {answer.answer.replace('_', ' ')} on {answer.answered_on}"
    if answer.control not in CITATIONS:
        return "UNKNOWN", "The answer cites a specification that does not exist, so it answers nothing."
    if answer.answered_on > at.today:
        return "UNKNOWN", f"{said}, after the end of the period."
    if answer.answer == "no":
        return "FAIL", f"{said}."
    if until < at.today:
        return "UNKNOWN", f"{said}; it held until {until}."
    if answer.answer == "not_applicable" and (flaw := _not_approved(answer)):
        return "UNKNOWN", f"{said}, {flaw}, so it does not count."
    basis = "with" if answer.evidence or answer.answer == "not_applicable" else "without naming"
    what = "an approval" if answer.answer == "not_applicable" else "a document"
    return ("PASS" if answer.answer == "yes" else "NA"), f"{said}, {basis} {what}; it holds until {until}."


def _not_approved(answer: Any) -> str:
    if not (answer.approved_by and answer.valid_until):
        return "without who approved it and until when"
    return "and who answered approved it" if same_person(answer.answered_by, answer.approved_by) else ""


def _midnight(day: date, at: Moment) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=at.zone)
