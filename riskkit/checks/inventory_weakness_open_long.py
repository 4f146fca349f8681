"""Severe weaknesses that stay open longer than they may."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.derived.measures import Covers
from riskkit.derived.scan_looks import looks, resting, unseen
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
    vulnerabilities: pd.DataFrame | None,
    compensating_controls: pd.DataFrame | None,
    systems: pd.DataFrame | None,
    custody: pd.DataFrame | None,
    *,
    critical_days: int = 15,
    high_days: int = 30,
    medium_days: int = 90,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per system and severity from medium up.

    A weakness is open since a scan saw it first, as in CISA's BOD 19-02 (the days run from the detection),
    but no later than it was both published and on a system that the pack shows, unless a scan in between
    would have seen it: who looks late is not the better off. What the first scan of the pack finds, and
    what was published (or has a CVE of a year) before the limit, may be open for longer: it is unknown.
    15 and 30 days are those of BOD 19-02 for federal agencies, 90 is our choice. What no scanner graded,
    and a scan that could not see all or whose findings the pack lacks, leave the system unknown.
    """
    covers = Covers(compensating_controls, systems, at)
    limits = {"critical": critical_days, "high": high_days, "medium": medium_days}
    weak: dict[str, list[Any]] = {}
    for row in records(open_weaknesses):
        weak.setdefault(row.system_id, []).append(row)
    seen = looks(vulnerability_scans, vulnerabilities, systems, custody, at)
    for system in sorted(weak.keys() | seen.keys()):
        unclear = unseen(seen.get(system, ()))
        ungraded = [row for row in weak.get(system, []) if row.severity is None]
        for grade in GRADES:
            found = [row for row in weak.get(system, []) if row.severity == grade]
            late = [row for row in found if (since := _since(row, at)) and since[0] > limits[grade]]
            result, message = _judged(grade, limits[grade], found, late, ungraded, unclear, at)
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
                    Rows.of("vulnerability_scans", resting(seen.get(system, ()))),
                ),
            )


def _judged(
    grade: str, days: int, found: list[Any], late: list[Any], ungraded: list[Any], unclear: str, at: Moment
) -> tuple[Result, str]:
    if late:
        oldest, why = max(filter(None, (_since(row, at) for row in late)))
        fixes = sum(row.fix_available is True for row in late)
        return "FAIL", (
            f"{out_of(len(late), len(found), 'weakness')} of {grade} severity {be(len(late))} open for more "
            f"than {amount(days, 'day')}, the oldest for {oldest}, {why}; for {some(fixes)} there is an "
            "update."
        )
    undated = sum(row.first_seen is None for row in found)
    if undated:
        return "UNKNOWN", f"Of {count(undated, 'weakness')} of {grade} severity it is not known since when."
    older = [row for row in found if _may_be_older(row, days, at)]
    if older:
        return "UNKNOWN", _unsure(grade, days, found, older)
    if ungraded:
        return "UNKNOWN", (
            f"{count(len(ungraded), 'open weakness')} {have(len(ungraded))} no severity; "
            f"{be(len(ungraded), 'it', 'one')} may be {grade}."
        )
    none = _none(grade, days, found)
    return ("UNKNOWN", f"{none} {unclear}") if unclear else ("PASS", none)


def _none(grade: str, days: int, found: list[Any]) -> str:
    if not found:
        return f"No weakness of {grade} severity is open."
    if len(found) == 1:
        return f"The one weakness of {grade} severity is open for {amount(days, 'day')} or less."
    return f"Each of {len(found):,} weaknesses of {grade} severity is open for {amount(days, 'day')} or less."


def _since(row: Any, at: Moment) -> tuple[int, str] | None:
    """For how many days a weakness is open at least, and in words from which day they are counted."""
    if row.first_seen is None:
        return None
    seen = at.age_days(row.first_seen), f"since a scan saw it first on {_day(row.first_seen, at)}"
    if row.published_on is None or row.seen_clean or row.system_since is None:
        return seen
    published, shown = at.age_days(row.published_on), at.age_days(row.system_since)
    told = published, f"since it was published on {row.published_on}, with the system there"
    if shown < published:
        told = shown, f"published before the pack first shows the system on {_day(row.system_since, at)}"
    return max(seen, told, key=lambda one: one[0])


def _may_be_older(row: Any, days: int, at: Moment) -> bool:
    """Whether nothing shows that it was not there before a scan saw it first."""
    return not row.seen_clean and (row.known_after is None or at.age_days(row.known_after) > days)


def _unsure(grade: str, days: int, found: list[Any], older: list[Any]) -> str:
    known = min((row.known_after for row in older if row.known_after), default=None)
    told = f"; the oldest may be known since {known}" if known else ""
    return (
        f"{out_of(len(older), len(found), 'weakness')} of {grade} severity {be(len(older), 'was', 'were')} "
        f"found by the first scan of the pack that could see {be(len(older), 'it', 'them')}{told}: whether "
        f"{be(len(older), 'it is', 'they are')} open for more than {amount(days, 'day')} is not known."
    )


def _day(moment: datetime, at: Moment) -> date:
    return moment.astimezone(at.zone).date()
