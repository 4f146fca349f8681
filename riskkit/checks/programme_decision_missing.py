"""Addressable specifications without a decision that holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from riskkit.catalog import load_catalog
from riskkit.declare import check
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.model.programme import decision_holds_until
from riskkit.tables import records
from riskkit.words import amount

ADDRESSABLE = tuple(control.citation for control in load_catalog().controls.values() if control.addressable)


@check(
    id="programme.decision_missing",
    title="Each addressable specification has a decision in writing that holds",
    question="Which addressable specifications have no decision, one past its review, or an alternative "
    "that names no measure?",
    subject="control",
    controls=("45 CFR 164.306(d)",),
    severity="medium",
    method="EXAMINE",
    remediation="Decide in programme/decisions.yaml: implement it, or write down why it is not reasonable "
    "and appropriate here and which equivalent measure stands in its place, with approver and day of review.",
    look_first="The specifications that this report shows as not met or partly met.",
    usual_cause="Addressable was read as optional.",
)
def programme_decision_missing(
    decisions: pd.DataFrame, judgements: pd.DataFrame | None, *, at: Moment
) -> Iterator[Verdict]:
    """One verdict per addressable specification, and per other specification that is decided on.

    A required specification cannot be decided away. The newest decision up to the end of the period
    counts, until the day of its review, three years after it at most (our choice). Without a decision, a
    specification of which data show a failure fails here too; of any other nobody knows whether it needs
    one.
    """
    failed: dict[str, int] = {}
    for row in () if judgements is None else records(judgements):
        failed[row.control] = failed.get(row.control, 0) + row.failed
    newest: dict[str, Any] = {}
    for row in sorted(records(decisions), key=lambda row: row.decided_on):
        if row.decided_on <= at.today:
            newest[row.specification] = row
    for citation in sorted({*ADDRESSABLE, *newest}):
        row = newest.get(citation)
        result, message = _judged(citation, row, failed.get(citation, 0), at)
        yield Verdict(
            subject=citation,
            result=result,
            message=message,
            observed=row.decision.replace("_", " ") if row else "no decision",
            expected="a decision in force",
            rows=(Rows.of("decisions", [row]),) if row else (),
        )


def _judged(citation: str, row: Any, failed: int, at: Moment) -> tuple[Result, str]:
    if row is None and failed:
        return "FAIL", f"Data show {failed} failing, and there is no decision in writing."
    if row is None:
        return "UNKNOWN", "There is no decision in writing; none is needed only where it is shown to be met."
    said = f"Decided on {row.decided_on}: {row.decision.replace('_', ' ')}"
    if citation not in ADDRESSABLE:
        return "FAIL", f"{said}. It is no addressable specification, so it cannot be decided away."
    until = decision_holds_until(row.decided_on, row.review_on)
    if until < at.today:
        return "FAIL", (f"{said}; its review was due {amount(at.age_days(until), 'day')} before the end.")
    if row.decision == "alternative" and not row.equivalent_measure:
        return "FAIL", f"{said}, and no equivalent measure is named."
    return "PASS", f"{said}; it holds until its review on {until}."
