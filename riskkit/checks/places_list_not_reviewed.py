"""Lists of who may enter an area that nobody reviewed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.tables import records
from riskkit.words import amount, be, count, have, some


@check(
    id="places.list_not_reviewed",
    title="The list of who may enter is reviewed and approved",
    question="Which areas have entries on their list that nobody approved or reviewed in time?",
    subject="area",
    controls=(
        "45 CFR 164.310(a)(1)",
        "45 CFR 164.310(a)(2)(iii)",
    ),
    severity="medium",
    remediation="Have the owner of the area confirm each entry, and take away what is not needed.",
    look_first="Who owns the area.",
    usual_cause="The list grew with every badge, and no date was set to look at it.",
)
def places_list_not_reviewed(
    facility_lists: pd.DataFrame, *, max_days: int = 365, at: Moment
) -> Iterator[Verdict]:
    """One verdict per area, over its active entries; a year is our choice, the rule sets no date."""
    areas: dict[str, list[Any]] = {}
    for row in records(facility_lists):
        if row.active is not False:
            areas.setdefault(row.area, []).append(row)
    for area, rows in sorted(areas.items()):
        # A day after the end of the period is no review yet.
        seen = [(row, row.reviewed_on) for row in rows if row.reviewed_on and row.reviewed_on <= at.today]
        never = [row for row in rows if row.reviewed_on is None or row.reviewed_on > at.today]
        old = [row for row, on in seen if at.age_days(on) > max_days]
        unapproved = [row for row in rows if not row.approved_by]
        result: Result = "FAIL" if old or unapproved else "UNKNOWN" if never else "PASS"
        bad = old or unapproved or never or rows
        yield Verdict(
            subject=area,
            result=result,
            message=f"Of {count(len(rows), 'entry')} {some(len(old))} {be(len(old), 'was', 'were')} not "
            f"reviewed for more than {amount(max_days, 'day')}, {some(len(never))} {have(len(never))} no "
            f"date of review, and {some(len(unapproved))} {have(len(unapproved))} no approval.",
            observed=f"{len(rows) - len(old) - len(never)} of {len(rows)} reviewed",
            expected=f"all reviewed within {amount(max_days, 'day')}",
            scope=area,
            rows=(Rows.of("facility_lists", sorted(bad, key=lambda row: (row.source, row.offset or 0))),),
        )
