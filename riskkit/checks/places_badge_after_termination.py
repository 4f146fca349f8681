"""Badges of people who left that still open doors."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import narwhals as nw
import pandas as pd

from riskkit.declare import check
from riskkit.derived.doors import day_of_us, granted
from riskkit.derived.employment import employments, last_day
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.tables import records
from riskkit.words import amount


@check(
    id="places.badge_after_termination",
    title="Badges of people who left open nothing",
    question="Whose badges are active, or were used, after the last day of employment?",
    subject="badge",
    controls=(
        "45 CFR 164.310(a)(2)(iii)",
        "45 CFR 164.308(a)(3)(ii)(C)",
    ),
    severity="high",
    remediation="Deactivate the badge now, and let the leaving notice of human resources trigger it.",
    look_first="Whether the badge was handed in and given to somebody else.",
    usual_cause="The door system is run by another office, which the leaving notice does not reach.",
)
def places_badge_after_termination(
    facility_lists: pd.DataFrame,
    roster: pd.DataFrame,
    facility_access: nw.LazyFrame[Any] | None,
    *,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per badge and area of a list that names a person; passages of the period count."""
    people = employments(roster)
    last = _last_passages(facility_access, at)
    for row in records(facility_lists):
        if row.user_id is None:
            continue
        rows = people.get(row.user_id, ())
        left = last_day(rows)
        passed = last.get((row.area, row.badge))
        result, message = _judged(row, bool(rows), left, passed, at)
        yield Verdict(
            subject=row.badge,
            result=result,
            message=message,
            observed={True: "active", False: "inactive", None: "not recorded"}[row.active],
            expected="active only while the person is employed",
            scope=row.area,
            rows=(Rows.of("facility_lists", [row]), Rows.of("roster", rows)),
        )


def _last_passages(facility_access: Any | None, at: Moment) -> dict[tuple[str, str], date]:
    """The local day of the last granted passage by area and badge, to the end of the period."""
    if facility_access is None:
        return {}
    found = granted(facility_access, at).group_by("area", "badge").agg(nw.col("passed_us").max())
    return {(row.area, row.badge): day_of_us(row.passed_us, at) for row in records(found)}


def _judged(row: Any, known: bool, left: date | None, passed: date | None, at: Moment) -> tuple[Result, str]:
    if not known:
        return "UNKNOWN", "The roster does not know whose badge it is."
    if left is None or left >= at.today:
        return "PASS", "The person is employed."
    if passed is not None and passed > left:
        return (
            "FAIL",
            f"The badge opened a door {amount((passed - left).days, 'day')} after the last day of "
            "employment.",
        )
    if row.active is None:
        return "UNKNOWN", "Whether the badge is active is not recorded, and its person left."
    if row.active and not (row.may_enter_to and row.may_enter_to <= at.today):
        return "FAIL", (
            f"The badge is active {amount(at.age_days(left), 'day')} after the last day of employment."
        )
    return "PASS", "The badge of the person who left opens nothing."
