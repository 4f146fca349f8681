"""Acceptances and exceptions past their last day: what they covered is open again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.tables import records
from riskkit.words import amount, be


@check(
    id="programme.exception_expired",
    title="No acceptance or exception is past its last day",
    question="Which acceptances, exceptions and statements that something does not apply ended without "
    "renewal, or hold longer than the site allows?",
    subject="exception",
    controls=("45 CFR 164.308(a)(1)(ii)(B)",),
    severity="medium",
    method="EXAMINE",
    remediation="Decide anew: treat what it covered, or have somebody else than who asks approve it with a "
    "new last day. Note withdrawn_on when what it covered is gone.",
    look_first="The risk, control or finding that it names, as it stands in this report.",
    usual_cause="The register of exceptions reminds nobody before the last day.",
)
def programme_exception_expired(
    exceptions: pd.DataFrame, *, longest_days: int = 366, at: Moment
) -> Iterator[Verdict]:
    """One verdict per entry; its last day still counts, and one in force for the same subject renews it.

    `longest_days`: how long one may hold before somebody looks again (our choice: a year).
    """
    entries = list(records(exceptions))
    for entry in entries:
        result, message = _judged(entry, entries, longest_days, at)
        yield Verdict(
            subject=entry.exception_id,
            result=result,
            message=message,
            observed=f"{entry.approved_on} to {entry.expires_on}",
            expected=f"in force on {at.today}, for {amount(longest_days, 'day')} or less",
            rows=(Rows.of("exceptions", [entry]),),
        )


def _judged(entry: Any, entries: Sequence[Any], longest_days: int, at: Moment) -> tuple[Result, str]:
    what = f"This {entry.kind.replace('_', ' ')}"
    if entry.withdrawn_on is not None and entry.withdrawn_on <= at.today:
        return "NA", f"{what} was withdrawn on {entry.withdrawn_on}."
    if entry.approved_on > at.today:
        return "NA", f"{what} is approved from {entry.approved_on} on, after the end of the period."
    if entry.expires_on < at.today:
        if any(_renews(other, entry, at) for other in entries):
            return "NA", f"{what} ended on {entry.expires_on} and was renewed."
        days = at.age_days(entry.expires_on)
        return (
            "FAIL",
            f"{what} ended {amount(days, 'day')} before the end of the period: what it covered is open "
            "again.",
        )
    if (entry.expires_on - entry.approved_on).days > longest_days:
        return "FAIL", (
            f"{what} holds for {amount((entry.expires_on - entry.approved_on).days, 'day')}; "
            f"at most {longest_days} {be(longest_days)} allowed."
        )
    return "PASS", f"{what} holds until {entry.expires_on}."


def _renews(other: Any, entry: Any, at: Moment) -> bool:
    gone = other.withdrawn_on is not None and other.withdrawn_on <= at.today
    return (
        (other.subject, other.kind) == (entry.subject, entry.kind)
        and not gone
        and other.approved_on <= at.today <= other.expires_on
    )
