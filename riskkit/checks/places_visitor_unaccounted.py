"""Visitors without an escort, or without a time of leaving."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from riskkit.declare import check
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.tables import records
from riskkit.words import amount


@check(
    id="places.visitor_unaccounted",
    title="Visitors are escorted and signed out",
    question="Which visits to areas that hold ePHI had no escort, or no recorded end?",
    subject="visit",
    controls=("45 CFR 164.310(a)(2)(iii)",),
    severity="medium",
    remediation="Ask who let the visitor in, and have each visit signed out by its escort.",
    look_first="Whether the visit stands in the log of the vendor.",
    usual_cause="Technicians of vendors know the way and are let through.",
)
def places_visitor_unaccounted(
    visitors: pd.DataFrame, *, longest_hours: int = 12, at: Moment
) -> Iterator[Verdict]:
    """One verdict per visit; twelve hours for a visit are our choice."""
    for visit in records(visitors):
        hours = ((visit.left_at or at.as_of) - visit.arrived_at).total_seconds() // 3600
        faults = []
        if not visit.escort:
            faults.append("no escort")
        if hours > longest_hours or hours < 0:
            faults.append(f"no end within {amount(longest_hours, 'hour')}")
        running = visit.left_at is None and not faults
        result: Result = "FAIL" if faults else "UNKNOWN" if running else "PASS"
        yield Verdict(
            subject=visit.visit_id,
            result=result,
            message=f"The visit has {' and '.join(faults)} on record."
            if faults
            else "The visit was not over at the end of the period."
            if running
            else f"The visit had an escort and took {amount(int(hours), 'hour')}, begun ones left out.",
            observed=", ".join(faults) or "accounted for",
            expected="an escort and an end",
            scope=visit.area,
            rows=(Rows.of("visitors", [visit]),),
        )
