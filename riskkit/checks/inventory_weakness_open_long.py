"""Severe weaknesses that stay open longer than they may."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.derived.measures import Covers
from riskkit.derived.open_weaknesses import newest_scans
from riskkit.model import Moment, Result, Rows, Severity, Verdict
from riskkit.tables import records
from riskkit.words import amount, be, count, have, out_of, some

GRADES: tuple[Severity, ...] = ("critical", "high", "medium")


@check(
    id="inventory.weakness_open_long",
    title="Weaknesses are mended in time",
    question="Which systems have weaknesses open for longer than their severity allows?",
    subject="system",
    controls=("45 CFR 164.308(a)(1)(ii)(B)", "45 CFR 164.308(a)(8)"),
    severity="medium",
    worst="high",
    remediation="Install what mends the weaknesses, the most severe and those with an update first.",
    look_first="How many of them have an update that waits for a maintenance window.",
    usual_cause="Updates of servers wait for the maker of the application, and nobody asks for a date.",
    expects=("archive", "viewer", "worklist", "router", "database"),
)
def inventory_weakness_open_long(
    vulnerability_scans: pd.DataFrame,
    open_weaknesses: pd.DataFrame,
    compensating_controls: pd.DataFrame | None,
    systems: pd.DataFrame | None,
    custody: pd.DataFrame | None,
    *,
    critical_days: int = 15,
    high_days: int = 30,
    medium_days: int = 90,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per system and severity from medium up, counted from the day a scan saw it first.

    15 and 30 days are those of CISA's BOD 19-02 for federal agencies, 90 is our choice. What no scanner
    graded leaves the system unknown.
    """
    covers = Covers(compensating_controls, systems, at)
    limits = {"critical": critical_days, "high": high_days, "medium": medium_days}
    weak: dict[str, list[Any]] = {}
    for row in records(open_weaknesses):
        weak.setdefault(row.system_id, []).append(row)
    scans = newest_scans(vulnerability_scans, systems, custody)
    for system in sorted(weak.keys() | scans.keys()):
        ungraded = [row for row in weak.get(system, []) if row.severity is None]
        for grade in GRADES:
            found = [row for row in weak.get(system, []) if row.severity == grade]
            late = [row for row in found if row.first_seen and at.age_days(row.first_seen) > limits[grade]]
            result, message = _judged(grade, limits[grade], found, late, ungraded, at)
            cover = covers.of(system, "updates")
            failed = result == "FAIL"
            severity: Severity = "medium" if grade == "medium" else "high"
            yield Verdict(
                subject=f"{system} {grade}",
                result=result,
                message=message + (cover.told if failed else ""),
                observed=f"{len(late)} of {len(found)} open too long",
                expected=f"open for {amount(limits[grade], 'day')} at most",
                scope=system,
                severity=cover.lowered(severity) if failed else None,
                rows=(
                    Rows.of("vulnerabilities", late or found or ungraded),
                    Rows.of("vulnerability_scans", scans.get(system, [])),
                ),
            )


def _judged(
    grade: str, days: int, found: list[Any], late: list[Any], ungraded: list[Any], at: Moment
) -> tuple[Result, str]:
    if late:
        oldest = max(at.age_days(row.first_seen) for row in late)
        fixes = sum(row.fix_available is True for row in late)
        return "FAIL", (
            f"{out_of(len(late), len(found), 'weakness')} of {grade} severity {be(len(late))} open for more "
            f"than {amount(days, 'day')}, the oldest for {oldest}; for {some(fixes)} there is an update."
        )
    undated = sum(row.first_seen is None for row in found)
    if undated:
        return "UNKNOWN", f"Of {count(undated, 'weakness')} of {grade} severity it is not known since when."
    if ungraded:
        return "UNKNOWN", (
            f"{count(len(ungraded), 'open weakness')} {have(len(ungraded))} no severity; "
            f"{be(len(ungraded), 'it', 'one')} may be {grade}."
        )
    return "PASS", (
        f"None of {len(found)} weaknesses of {grade} severity is open for more than {amount(days, 'day')}."
    )
