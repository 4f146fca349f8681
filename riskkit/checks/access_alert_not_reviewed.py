"""Alerts that were surfaced and that nobody decided on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.tables import records
from riskkit.words import amount, be

SHOWN = (None, "alert", "matched")
"""Lines that were put before an analyst; what stayed below the budget was not."""


@check(
    id="access.alert_not_reviewed",
    title="Alerts are reviewed soon after they are surfaced",
    question="Which alerts has nobody decided on, days after they were put up for review?",
    subject="alert",
    controls=("45 CFR 164.308(a)(1)(ii)(D)", "45 CFR 164.308(a)(6)(ii)"),
    severity="medium",
    worst="high",
    remediation="Decide on the oldest alerts first, record each decision in programme/verdicts.csv, and ask "
    "for a smaller budget if there are more than anybody can read.",
    look_first="The dates: what was knowable from an alert may count as known from the day it was surfaced.",
    usual_cause="Nobody is assigned to the queue, or the budget is larger than the time for it.",
    standing=False,
)
def access_alert_not_reviewed(
    alerts: pd.DataFrame, verdicts: pd.DataFrame | None, *, within_days: int = 7, at: Moment
) -> Iterator[Verdict]:
    """One verdict per alert that was surfaced; `undecided` is no decision.

    Older than three times `within_days` is high.
    """
    decided = _decided(verdicts, at)
    surfaced: dict[str, list[Any]] = {}
    for row in records(alerts):
        if row.line in SHOWN:
            surfaced.setdefault(row.alert, []).append(row)
    for alert, rows in sorted(surfaced.items()):
        first = min(row.first_surfaced for row in rows)
        age = at.age_days(first)
        result, message = _judged(first, age, decided.get(alert), within_days, at)
        yield Verdict(
            subject=alert,
            result=result,
            message=message,
            observed=amount(age, "day") if alert not in decided else "decided",
            expected=f"a decision within {amount(within_days, 'day')}",
            severity="high" if age > 3 * within_days else None,
            rows=(Rows.of("alerts", sorted(rows, key=lambda row: (row.source, row.offset))),),
        )


def _decided(verdicts: pd.DataFrame | None, at: Moment) -> dict[str, datetime]:
    """When the first decision on each alert was taken."""
    found: dict[str, datetime] = {}
    for row in () if verdicts is None else records(verdicts):
        if row.verdict != "undecided" and row.decided_at < at.as_of:
            found[row.alert] = min(row.decided_at, found.get(row.alert, row.decided_at))
    return found


def _judged(
    first: datetime, age: int, decided: datetime | None, within_days: int, at: Moment
) -> tuple[Result, str]:
    told = f"Surfaced on {first.astimezone(at.zone):%Y-%m-%d}"
    if decided is not None:
        days = max((decided - first).days, 0)
        return "PASS", f"{told}, decided after {amount(days, 'day')}."
    if age > within_days:
        return "FAIL", f"{told}, {amount(age, 'day')} ago, and nobody decided on it."
    return "PASS", f"{told}, {amount(age, 'day')} ago; {within_days} {be(within_days)} allowed."
