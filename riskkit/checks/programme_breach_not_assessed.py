"""Impermissible uses without the recorded assessment that the rule asks for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.derived.breaches import FACTORS, discovery, lacking, standing
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.tables import records
from riskkit.words import be, count, out_of


@check(
    id="programme.breach_not_assessed",
    title="Every impermissible use is assessed by the four factors, and the decision is signed",
    question="For which impermissible uses or disclosures is no complete assessment on record?",
    subject="incident",
    controls=(
        "45 CFR 164.402",
        "45 CFR 164.414",
    ),
    severity="high",
    remediation="Assess the four factors in writing, decide, and record who decided and when.",
    look_first="Whether the assessment lies with the privacy office and only the register lacks it.",
    usual_cause="The incident was closed technically, and nobody asked what was seen.",
)
def programme_breach_not_assessed(
    incidents: pd.DataFrame, *, decide_days: int = 30, at: Moment
) -> Iterator[Verdict]:
    """One verdict per incident; 30 days to decide are our choice, the clocks of the notices run meanwhile."""
    for incident in records(incidents):
        result, message = _judged(incident, at.age_days(discovery(incident, at)), decide_days)
        yield Verdict(
            subject=incident.incident_id,
            result=result,
            message=message,
            observed=incident.decision or "no decision",
            expected="four factors, decision, who decided, and when",
            rows=(Rows.of("incidents", [incident]),),
        )


def _judged(incident: Any, age: int, decide_days: int) -> tuple[Result, str]:
    if standing(incident) == "none":
        return "NA", "Nothing was used or disclosed against the rule."
    if standing(incident) == "secured" and incident.decided_by and incident.decided_on:
        return "PASS", "What was disclosed was secured information, and the decision says who and when."
    missing = lacking(incident)
    if not missing:
        return "PASS", f"The decision is {incident.decision.replace('_', ' ')}, with all that it needs."
    factors = sum(name not in missing for name in FACTORS) if incident.decision != "breach" else len(FACTORS)
    facts = (
        f"On day {age} after the discovery {count(len(missing), 'entry')} of the assessment "
        f"{be(len(missing))} missing; {out_of(factors, len(FACTORS), 'factor')} {be(factors)} on record or "
        "not needed."
    )
    if standing(incident) == "undecided":
        return "UNKNOWN", f"Whether the use was permitted is not recorded. {facts}"
    return ("UNKNOWN" if age <= decide_days else "FAIL"), facts
