"""Breaches that were not reported to the Secretary in time."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from riskkit.declare import check
from riskkit.derived.breaches import breach_verdicts, secretary_clock
from riskkit.model import Moment, Verdict


@check(
    id="programme.breach_secretary_told_late",
    title="The Secretary is told of every breach in time",
    question="Which breaches were reported to the Secretary too late or not at all?",
    subject="incident",
    controls=("45 CFR 164.408",),
    severity="high",
    remediation="Report the breach to the Secretary now, and record when that was done.",
    look_first="Whether it stands in the yearly report of small breaches.",
    usual_cause="Small breaches are collected for the year, and nobody sends the collection.",
)
def programme_breach_secretary_told_late(incidents: pd.DataFrame, *, at: Moment) -> Iterator[Verdict]:
    """One verdict per incident: 500 or more with the people, fewer 60 days after the year (164.408)."""
    yield from breach_verdicts(incidents, at, lambda incident: secretary_clock(incident, at))
