"""Delays of notices without the statement of law enforcement that allows them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.derived.breaches import ORAL_DELAY_DAYS
from riskkit.model import Result, Rows, Verdict
from riskkit.tables import records
from riskkit.words import amount


@check(
    id="programme.breach_delay_undocumented",
    title="A delay for law enforcement is documented and no longer than allowed",
    question="Which delays of notices for law enforcement are not documented, or too long?",
    subject="incident",
    controls=(
        "45 CFR 164.412",
        "45 CFR 164.414",
    ),
    severity="medium",
    remediation="Obtain the statement in writing, or record the oral one with who made it, and end "
    "the delay after 30 days.",
    look_first="Who in law enforcement asked for it, and when.",
    usual_cause="The request came by telephone and was never written down.",
)
def programme_breach_delay_undocumented(incidents: pd.DataFrame) -> Iterator[Verdict]:
    """One verdict per incident: a written statement names its end, an oral one holds 30 days (164.412)."""
    for incident in records(incidents):
        result, message = _judged(incident)
        yield Verdict(
            subject=incident.incident_id,
            result=result,
            message=message,
            observed=incident.delay_form or "no form on record",
            expected="a documented statement with its end",
            rows=(Rows.of("incidents", [incident]),),
        )


def _judged(incident: Any) -> tuple[Result, str]:
    if incident.delay_asked_on is None:
        return "NA", "No delay was asked for."
    if not incident.delay_document:
        return "FAIL", "A delay was asked for, and no statement of it is on record."
    if incident.delay_form is None:
        return "UNKNOWN", "Whether the statement was written or oral is not on record."
    if incident.delay_form == "written":
        if incident.delay_until is None:
            return "FAIL", "The written statement names no end of the delay."
        return "PASS", "The delay is asked for in writing, with its end."
    days = ORAL_DELAY_DAYS
    if incident.delay_until is not None:
        days = (incident.delay_until - incident.delay_asked_on).days
    allowed = f"The delay was asked for orally, for {amount(days, 'day')}; {ORAL_DELAY_DAYS} are allowed."
    return ("PASS" if days <= ORAL_DELAY_DAYS else "FAIL"), allowed
