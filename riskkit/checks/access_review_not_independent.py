"""Alerts that were decided by their subject, or by who leads the subject."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.derived.reviewers import Reviewers
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.tables import records
from riskkit.words import be, count, out_of


@check(
    id="access.review_not_independent",
    title="Alerts are decided by somebody who is neither the subject nor leads the subject",
    question="Which alerts were decided by the person they are about, or by that person's manager?",
    subject="alert",
    controls=("45 CFR 164.308(a)(1)(ii)(D)",),
    severity="medium",
    remediation="Let somebody else decide again; the first decision closes nothing.",
    look_first="Who is listed as manager in the roster.",
    usual_cause="Managers are asked for an explanation and their answer is entered as the decision.",
    standing=False,
)
def access_review_not_independent(
    verdicts: pd.DataFrame, alerts: pd.DataFrame, roster: pd.DataFrame | None, *, at: Moment
) -> Iterator[Verdict]:
    """One verdict per alert with a decision; UNKNOWN when the roster knows neither a manager of the subject
    nor who decided.
    """
    about = {row.alert: row.user_id or "" for row in records(alerts)}
    reviewers = Reviewers.of(roster)
    decisions: dict[str, list[Any]] = {}
    for row in records(verdicts):
        if row.alert in about and row.decided_at < at.as_of:
            decisions.setdefault(row.alert, []).append(row)
    for alert, rows in sorted(decisions.items()):
        user = about[alert]
        own = sum(reviewers.close(user, row.decided_by) for row in rows)
        strangers = sum(not reviewers.know(row.decided_by) for row in rows)
        result, message = _judged(own, strangers, len(rows), reviewers.led(user))
        yield Verdict(
            subject=alert,
            result=result,
            message=message,
            observed=out_of(own, len(rows), "decision"),
            expected="0",
            rows=(Rows.of("verdicts", sorted(rows, key=lambda row: (row.source, row.offset))),),
        )


def _judged(own: int, strangers: int, decisions: int, led: bool) -> tuple[Result, str]:
    if own:
        told = f"{out_of(own, decisions, 'decision')} {be(own)} of the subject or of who leads the subject."
        return "FAIL", told
    if not led:
        these = be(decisions, "the decision", f"these {decisions:,} decisions")
        return "UNKNOWN", f"The roster does not say who leads the subject of {these}."
    if strangers:
        told = f"{out_of(strangers, decisions, 'decision')} {be(strangers)} of somebody whom the roster does"
        return "UNKNOWN", f"{told} not know, by id or whole name."
    return "PASS", (
        f"{count(decisions, 'decision')}, {be(decisions, 'not', 'none')} of the subject or of who leads the "
        "subject."
    )
