"""Incidents by the workforce without a decision on sanctions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.tables import records
from riskkit.words import amount, be, count


@check(
    id="programme.incident_without_sanction",
    title="What somebody of the workforce did against policy has a decision on sanctions",
    question="For which incidents by somebody of the workforce is no decision on sanctions on record?",
    subject="incident",
    controls=("45 CFR 164.308(a)(1)(ii)(C)",),
    severity="medium",
    remediation="Have human resources decide by the sanction policy, and record the measure, or "
    "why there is none.",
    look_first="Whether the decision stands in the personnel file only.",
    usual_cause="The privacy office and human resources do not tell each other.",
)
def programme_incident_without_sanction(
    incidents: pd.DataFrame, sanctions: pd.DataFrame, *, within_days: int = 60, at: Moment
) -> Iterator[Verdict]:
    """One verdict per incident; no measure counts with its reason; 60 days are our choice."""
    decided: dict[str, list[Any]] = {}
    for row in records(sanctions):
        if row.sanctioned_on <= at.today:
            decided.setdefault(row.incident_id, []).append(row)
    for incident in records(incidents):
        own = decided.get(incident.incident_id, [])
        result, message = _judged(incident, own, at.age_days(incident.discovered_at), within_days)
        yield Verdict(
            subject=incident.incident_id,
            result=result,
            message=message,
            observed=count(len(own), "decision"),
            expected=f"a decision within {amount(within_days, 'day')}",
            rows=(Rows.of("incidents", [incident]), Rows.of("sanctions", own)),
        )


def _judged(incident: Any, own: list[Any], age: int, within_days: int) -> tuple[Result, str]:
    if incident.by_workforce is False:
        return "NA", "Nobody of the workforce acted against a policy."
    if any(row.measure != "none" or row.reason for row in own):
        return "PASS", f"{count(len(own), 'decision')} on sanctions {be(len(own))} on record."
    if incident.by_workforce is None:
        return "UNKNOWN", "Whether somebody of the workforce acted against a policy is not recorded."
    if own:
        return "FAIL", "The decision is that there is no measure, and it gives no reason."
    facts = (
        f"No decision on sanctions {amount(age, 'day')} after the discovery; {within_days} {be(within_days)} "
        "allowed."
    )
    return ("FAIL" if age > within_days else "UNKNOWN"), facts
