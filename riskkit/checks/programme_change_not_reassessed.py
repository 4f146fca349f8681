"""Changes after which nobody looked at the security of ePHI again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.derived.done_reviews import done
from riskkit.derived.inventory import system_names, system_of
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.tables import records
from riskkit.words import amount, be

KINDS = frozenset({"evaluation", "risk_analysis"})
"""Reviews that look at what a change means."""


@check(
    id="programme.change_not_reassessed",
    title="Changes that bear on ePHI are followed by an evaluation",
    question="Which changes that bear on ePHI were not followed by an evaluation or a risk analysis?",
    subject="change",
    controls=(
        "45 CFR 164.308(a)(8)",
        "45 CFR 164.306(e)",
    ),
    severity="medium",
    remediation="Evaluate what the change means for the security of ePHI, and record it in "
    "programme/reviews.csv.",
    look_first="Whether the change was looked at before it was made and only not recorded.",
    usual_cause="Changes are approved by operations, and security hears of them afterwards.",
)
def programme_change_not_reassessed(
    changes: pd.DataFrame,
    reviews: pd.DataFrame,
    systems: pd.DataFrame | None,
    *,
    within_days: int = 90,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per change: an evaluation or risk analysis of its system, or of all, in time after it.

    90 days are our choice. One that was cancelled, is planned or stayed a draft looked at nothing.
    """
    names = system_names(systems)
    looked = [one for one in records(reviews) if one.kind in KINDS and done(one, at)]
    for change in records(changes):
        if change.changed_on > at.today:
            continue
        of = system_of(change.system_id, names)
        after = [
            (_day(one, at), one)
            for one in looked
            if _day(one, at) >= change.changed_on
            and (
                (change.reassessed_by and one.review_id == change.reassessed_by)
                or system_of(one.system_id, names) in ("", of)
            )
        ]
        after = sorted(after, key=lambda found: (found[0], found[1].review_id))
        took = (after[0][0] - change.changed_on).days if after else None
        result, message = _judged(change, took, len(after), within_days, at)
        yield Verdict(
            subject=change.change_id,
            result=result,
            message=message,
            observed="none after it" if took is None else f"after {amount(took, 'day')}",
            expected=f"an evaluation within {amount(within_days, 'day')}",
            scope=change.system_id or "",
            rows=(Rows.of("changes", [change]), Rows.of("reviews", [one for _, one in after])),
        )


def _judged(change: Any, took: int | None, number: int, within_days: int, at: Moment) -> tuple[Result, str]:
    if change.affects_ephi is False:
        return "NA", "The log says that it does not bear on ePHI."
    allowed = f"{within_days} {be(within_days)} allowed."
    if took is not None:
        first = "The first evaluation or risk analysis" if number > 1 else "An evaluation or risk analysis"
        facts = f"{first} after it was made {amount(took, 'day')} after the change"
        if took <= within_days:
            return "PASS", f"{facts}."
        facts = f"{facts}; {allowed}"
    else:
        age = at.age_days(change.changed_on)
        facts = f"No evaluation is on record in the {amount(age, 'day')} since the change; {allowed}"
        if age <= within_days:
            return "UNKNOWN", facts
    if change.affects_ephi:
        return "FAIL", facts
    return "UNKNOWN", f"{facts} Whether it bears on ePHI is not recorded."


def _day(review: Any, at: Moment) -> date:
    return review.performed_at.astimezone(at.zone).date()  # type: ignore[no-any-return]
