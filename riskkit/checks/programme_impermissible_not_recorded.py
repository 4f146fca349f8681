"""Accesses judged inappropriate that no incident takes up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.tables import records
from riskkit.words import amount

TO_ASSESS = frozenset({"inappropriate", "escalated"})


@check(
    id="programme.impermissible_not_recorded",
    title="What the review judged inappropriate is assessed as an incident",
    question="Which accesses that were judged inappropriate or escalated stand in no incident?",
    subject="alert",
    controls=(
        "45 CFR 164.402",
        "45 CFR 164.414",
        "45 CFR 164.308(a)(6)(ii)",
    ),
    severity="high",
    remediation="Open an incident for the alert, and assess it by the four factors.",
    look_first="Whether the incident exists and only lacks the fingerprint of the alert.",
    usual_cause="The review and the privacy office keep lists of their own.",
)
def programme_impermissible_not_recorded(
    verdicts: pd.DataFrame, incidents: pd.DataFrame, *, within_days: int = 10, at: Moment
) -> Iterator[Verdict]:
    """One verdict per decided alert: the newest decision counts; ten days are our choice."""
    taken = {
        part.strip(): incident
        for incident in records(incidents)
        for part in (incident.alerts or "").split(";")
        if part.strip()
    }
    newest: dict[str, Any] = {}
    for row in sorted(records(verdicts), key=lambda row: (row.decided_at, row.verdict, row.offset or 0)):
        if row.decided_at < at.as_of:
            newest[row.alert] = row
    for alert, row in sorted(newest.items()):
        if row.verdict not in TO_ASSESS:
            said: Result = "PASS" if row.verdict == "explained" else "UNKNOWN"
            seen = (Rows.of("verdicts", [row]),)
            yield Verdict(alert, said, f"Judged {row.verdict}.", row.verdict, "decided", rows=seen)
            continue
        incident, age = taken.get(alert), at.age_days(row.decided_at)
        late: Result = "FAIL" if age > within_days else "UNKNOWN"
        stands = f"Judged {row.verdict} {amount(age, 'day')} before the end of the period"
        yield Verdict(
            subject=alert,
            result="PASS" if incident else late,
            message=f"{stands}; {'an incident takes' if incident else 'no incident takes'} it up.",
            observed="in an incident" if incident else "in no incident",
            expected=f"in an incident within {amount(within_days, 'day')}",
            rows=(Rows.of("verdicts", [row]), Rows.of("incidents", [incident] if incident else [])),
        )
