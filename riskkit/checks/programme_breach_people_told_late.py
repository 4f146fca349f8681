"""Breaches of which the people affected were not told in time."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from riskkit.declare import check
from riskkit.derived.breaches import OUTER_DAYS, breach_verdicts, people_clock
from riskkit.model import Moment, Verdict


@check(
    id="programme.breach_people_told_late",
    title="People affected by a breach are told in time",
    question="Of which breaches were the people affected told too late or not at all?",
    subject="incident",
    controls=("45 CFR 164.404",),
    severity="high",
    remediation="Send the notice now, and record when it went out and why it took so long.",
    look_first="Whether the notices went out and only their date is missing in the register.",
    usual_cause="The clock was started with the decision and not with the discovery.",
)
def programme_breach_people_told_late(
    incidents: pd.DataFrame, *, state_days: int = OUTER_DAYS, at: Moment
) -> Iterator[Verdict]:
    """One verdict per incident (164.404(b)).

    `state_days` is the shorter deadline of the State, from site.yaml.
    """
    yield from breach_verdicts(incidents, at, lambda incident: people_clock(incident, at, state_days))
