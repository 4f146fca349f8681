"""Answers that the data contradict: told as a finding of its own, about the answer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.tables import records


@check(
    id="programme.answer_contradicted",
    title="No answer says otherwise than the data",
    question="Which answers say that a specification is kept, or does not apply, while data show otherwise?",
    subject="control",
    # The flaw is in the record. How the control itself stands is judged from the data, as ever.
    controls=("45 CFR 164.316(b)(1)",),
    severity="medium",
    remediation="Correct what the data show, or the answer; until then the data count. Ask who answered what "
    "the answer rests on.",
    look_first="The findings of the checks that the message names.",
    usual_cause="The answer describes the policy, and some systems or accounts are not under it.",
)
def programme_answer_contradicted(
    answers: pd.DataFrame, judgements: pd.DataFrame, *, valid_days: int = 365, at: Moment
) -> Iterator[Verdict]:
    """One verdict per control with an answer; the newest answer counts.

    A yes is contradicted by any failure that an examination or a test found, "not applicable" also by
    anything that they passed: what was found there exists. A no is contradicted by nothing, since data
    are of what was collected, and who says no may know of more. An answer that no longer holds claims
    nothing. UNKNOWN where no data spoke of the control.
    """
    given: dict[str, Any] = {}
    for answer in sorted(records(answers), key=lambda answer: (answer.answered_on, answer.answer)):
        if answer.answered_on <= at.today:
            given[answer.control] = answer
    data: dict[str, list[Any]] = {}
    for row in sorted(records(judgements), key=lambda row: (row.control, row.check, row.method)):
        data.setdefault(row.control, []).append(row)
    for control, answer in sorted(given.items()):
        result, message, seen = _compared(answer, data.get(control, []), valid_days, at)
        yield Verdict(
            subject=control,
            result=result,
            message=message,
            observed=seen,
            expected=f"what the answer says: {answer.answer.replace('_', ' ')}",
            collected_at=datetime.combine(answer.answered_on, datetime.min.time(), tzinfo=at.zone),
            valid_until=answer.valid_until,
            rows=(Rows.of("answers", [answer]),),
        )


def _compared(answer: Any, data: list[Any], valid_days: int, at: Moment) -> tuple[Result, str, str]:
    said = f"Answered {answer.answer.replace('_', ' ')} on {answer.answered_on}"
    passed, failed = sum(row.passed for row in data), sum(row.failed for row in data)
    seen = f"{failed} of {passed + failed} judged fail"
    age = at.age_days(answer.answered_on)
    if answer.answer == "no":
        return "NA", f"{said}, which claims nothing.", seen
    if answer.valid_until < at.today if answer.valid_until else age > valid_days:
        return "NA", f"{said}; it holds no longer, so it claims nothing.", seen
    if not passed and not failed:
        return "UNKNOWN", f"{said}; no data speak of it, so nothing supports or contradicts it.", "no data"
    against = [row for row in data if row.failed or (answer.answer == "not_applicable" and row.passed)]
    if not against:
        return "PASS", f"{said}; {passed} of {passed} judged by data pass.", seen
    found = ", ".join(f"{row.check} ({row.method}: {row.failed} fail, {row.passed} pass)" for row in against)
    return "FAIL", f"{said}, while of {passed + failed} judged by data {failed} fail: {found}.", seen
