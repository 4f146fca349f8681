"""Incidents that were not contained, or not closed with an outcome."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.tables import records
from riskkit.words import amount, be


@check(
    id="programme.incident_without_outcome",
    title="Incidents are contained and closed, with what came of them",
    question="Which incidents were not contained in time, or stay open without an outcome?",
    subject="incident",
    controls=("45 CFR 164.308(a)(6)(ii)",),
    severity="medium",
    remediation="Contain the incident, and record when it was closed and what was changed.",
    look_first="Who worked on it last.",
    usual_cause="The incident was solved and the register was never closed.",
)
def programme_incident_without_outcome(
    incidents: pd.DataFrame, *, contain_days: int = 7, close_days: int = 90, at: Moment
) -> Iterator[Verdict]:
    """One verdict per incident; a week to contain and 90 days to close are our choice, the rule sets none."""
    for incident in records(incidents):
        result, message = _judged(incident, contain_days, close_days, at)
        yield Verdict(
            subject=incident.incident_id,
            result=result,
            message=message,
            observed="closed" if incident.closed_at else "open",
            expected=f"contained within {amount(contain_days, 'day')}, closed within {close_days} with an "
            "outcome",
            rows=(Rows.of("incidents", [incident]),),
        )


def _judged(incident: Any, contain_days: int, close_days: int, at: Moment) -> tuple[Result, str]:
    contained = incident.contained_at or incident.closed_at
    until = contained if contained is not None and contained < at.as_of else at.as_of
    took = (until - incident.discovered_at).days
    age = at.age_days(incident.discovered_at)
    if took > contain_days:
        word = "Contained" if until is contained else "Not contained"
        return "FAIL", (
            f"{word} {amount(took, 'day')} after the discovery; {contain_days} {be(contain_days)} allowed."
        )
    if incident.closed_at is not None and incident.closed_at < at.as_of:
        if incident.outcome:
            return "PASS", f"Contained {amount(took, 'day')} after the discovery and closed with an outcome."
        return "FAIL", "Closed without an outcome on record."
    if age > close_days:
        return "FAIL", f"Open for {amount(age, 'day')}; {close_days} {be(close_days)} allowed."
    return "UNKNOWN", f"Open for {amount(age, 'day')}; what comes of it is not known yet."
