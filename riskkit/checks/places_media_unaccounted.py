"""Media whose whereabouts or keeper are not on record."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.derived.movements import holds_ephi, movements
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.words import amount


@check(
    id="places.media_unaccounted",
    title="For every medium that holds ePHI somebody answers",
    question="Which media that hold ePHI are lost, overdue, or without anybody who answers for them?",
    subject="medium",
    controls=(
        "45 CFR 164.310(d)(1)",
        "45 CFR 164.310(d)(2)(iii)",
    ),
    severity="high",
    remediation="Find the medium, or assess its loss as an incident, and record who answers for it.",
    look_first="Who had it last.",
    usual_cause="Things are lent between rooms without a word in the log.",
)
def places_media_unaccounted(media: pd.DataFrame, *, at: Moment) -> Iterator[Verdict]:
    """One verdict per medium, by its last movement; a lost one that was encrypted does not fail."""
    for name, rows in movements(media, at).items():
        last = rows[-1]
        result, message = _judged(last, holds_ephi(rows), at)
        yield Verdict(
            subject=name,
            result=result,
            message=message,
            observed=last.event,
            expected="somebody who answers for it",
            rows=(Rows.of("media", [last]),),
        )


def _judged(last: Any, ephi: bool | None, at: Moment) -> tuple[Result, str]:
    if ephi is False:
        return "NA", "It holds no ePHI."
    wrong = ""
    if last.event == "lost" and not last.encrypted:
        wrong = "It is lost, and that it was encrypted is not on record"
    elif last.event == "lent" and last.due_back_on and last.due_back_on < at.today:
        wrong = f"It was due back {amount(at.age_days(last.due_back_on), 'day')} before the end of the period"
    elif last.event not in {"lost", "disposed"} and not last.responsible:
        wrong = "Nobody is recorded to answer for it since its last movement"
    if not wrong:
        return "PASS", f"Its last movement ({last.event}) is accounted for."
    return ("FAIL", f"{wrong}.") if ephi else ("UNKNOWN", f"{wrong}; whether it holds ePHI is not recorded.")
