"""Alerts that were surfaced and that nobody decided on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.derived.reviewers import Reviewers
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
    alerts: pd.DataFrame,
    verdicts: pd.DataFrame | None,
    roster: pd.DataFrame | None,
    *,
    within_days: int = 7,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per alert that was surfaced; `undecided` is no decision, nor is one of the subject or of
    who leads the subject, nor one from before the alert was surfaced.

    Older than three times `within_days` is high. A decision that came late counts as late in the period in
    which it came.
    """
    given = _decisions(verdicts, at)
    reviewers = Reviewers.of(roster)
    surfaced: dict[str, list[Any]] = {}
    for row in records(alerts):
        if row.line in SHOWN:
            surfaced.setdefault(row.alert, []).append(row)
    for alert, rows in sorted(surfaced.items()):
        first = min(row.first_surfaced for row in rows)
        user = next((row.user_id for row in rows if row.user_id), "")
        counting = [
            row.decided_at
            for row in given.get(alert, ())
            if row.decided_at >= first and not reviewers.close(user, row.decided_by)
        ]
        decided = min(counting, default=None)
        days = (decided - first).days if decided else at.age_days(first)
        result, message = _judged(first, days, decided, within_days, at)
        if not counting and given.get(alert):
            message += " What is recorded came before it, or from the subject or who leads the subject."
        yield Verdict(
            subject=alert,
            result=result,
            message=message,
            observed=f"{'decided after' if decided else 'open for'} {amount(days, 'day')}",
            expected=f"a decision within {amount(within_days, 'day')}",
            severity="high" if days > 3 * within_days else None,
            rows=(Rows.of("alerts", sorted(rows, key=lambda row: (row.source, row.offset))),),
        )


def _decisions(verdicts: pd.DataFrame | None, at: Moment) -> dict[str, list[Any]]:
    """What was decided on each alert to the end of the period."""
    found: dict[str, list[Any]] = {}
    for row in () if verdicts is None else records(verdicts):
        if row.verdict != "undecided" and row.decided_at < at.as_of:
            found.setdefault(row.alert, []).append(row)
    return found


def _judged(
    first: datetime, days: int, decided: datetime | None, within_days: int, at: Moment
) -> tuple[Result, str]:
    told = f"Surfaced on {first.astimezone(at.zone):%Y-%m-%d}"
    late = days > within_days
    if decided is not None:
        now = decided.astimezone(at.zone).date() >= at.period.first_day
        when = "" if now or not late else ", before this period"
        return "FAIL" if late and now else "PASS", f"{told}, decided after {amount(days, 'day')}{when}."
    if late:
        return "FAIL", f"{told}, {amount(days, 'day')} ago, and nobody decided on it."
    return "PASS", f"{told}, {amount(days, 'day')} ago; {within_days} {be(within_days)} allowed."
