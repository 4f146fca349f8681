"""Security updates that were installed late, or wait."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.derived.inventory import system_names, system_of
from riskkit.derived.measures import Covers
from riskkit.model import Moment, Result, Rows, Severity, Verdict
from riskkit.tables import records
from riskkit.words import amount, be, count, out_of, some


@check(
    id="inventory.update_late",
    title="Security updates are installed in time",
    question="Which systems got security updates late, or still wait for them?",
    subject="system",
    controls=("45 CFR 164.308(a)(1)(ii)(B)",),
    severity="medium",
    worst="high",
    remediation="Install the updates that wait, and agree on a maintenance window with the department.",
    look_first="Whether the maker of the medical product had allowed the update, and when.",
    usual_cause="There is no fixed maintenance window, so that each update needs a meeting.",
    expects=("archive", "viewer", "worklist", "router", "database"),
)
def inventory_update_late(
    updates: pd.DataFrame,
    compensating_controls: pd.DataFrame | None,
    systems: pd.DataFrame | None,
    *,
    critical_days: int = 15,
    high_days: int = 30,
    medium_days: int = 90,
    low_days: int = 180,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per system and severity: the days from release to installation, or to today.

    Updates count that wait or were installed in the period. The maker's permission is told, and stops no
    clock: the weakness was known all the time. The limits are our choice, after CISA's BOD 19-02.
    """
    names, covers = system_names(systems), Covers(compensating_controls, systems, at)
    limits = {"critical": critical_days, "high": high_days, "medium": medium_days, "low": low_days}
    found: dict[tuple[str, str], list[Any]] = {}
    for update in records(updates):
        done = _installed(update, at.today)
        if update.severity == "none" or (done is not None and done < at.period.first_day):
            continue
        key = system_of(update.system_id, names), update.severity or "unknown"
        found.setdefault(key, []).append(update)
    for (system, grade), rows in sorted(found.items()):
        limit = limits.get(grade)
        late = [row for row in rows if limit is not None and _days(row, at.today) > limit]
        result, message = _judged(grade, limit, rows, late, at.today)
        cover = covers.of(system, "updates")
        failed = result == "FAIL"
        severity: Severity = {"critical": "high", "high": "high", "medium": "medium"}.get(grade, "low")  # type: ignore[assignment]
        yield Verdict(
            subject=f"{system} {grade}",
            result=result,
            message=message + (cover.told if failed else ""),
            observed=f"{len(late)} of {len(rows)} late",
            expected=f"installed within {amount(limit, 'day')}"
            if limit is not None
            else "a severity for each update",
            scope=system,
            severity=cover.lowered(severity) if failed else None,
            rows=(Rows.of("updates", late or rows), *(cover.rows if failed else ())),
        )


def _days(update: Any, today: date) -> int:
    if update.released_on is None:
        return -1
    return int(((_installed(update, today) or today) - update.released_on).days)


def _installed(update: Any, today: date) -> date | None:
    """When it was installed; a day to come is a plan."""
    on: date | None = update.installed_on
    return on if on is not None and on <= today else None


def _judged(
    grade: str, limit: int | None, rows: list[Any], late: list[Any], today: date
) -> tuple[Result, str]:
    if late and limit is not None:
        waiting = sum(_installed(row, today) is None for row in late)
        allowed = sum(_installed(row, today) is None and row.validated_on is not None for row in late)
        waits = f"{some(waiting)} still {be(waiting, 'waits', 'wait')}"
        if waiting:
            waits += f", of which the maker of the product has allowed {some(allowed)}"
        return "FAIL", (
            f"{out_of(len(late), len(rows), 'update')} of {grade} severity took over {amount(limit, 'day')}, "
            f"the longest {max(_days(row, today) for row in late)}; {waits}."
        )
    undated = sum(row.released_on is None for row in rows)
    if limit is None:
        return (
            "UNKNOWN",
            f"Of {count(len(rows), 'update')} it is not known how severe what "
            f"{be(len(rows), 'it mends', 'they mend')} is.",
        )
    if undated:
        return "UNKNOWN", (
            f"Of {out_of(undated, len(rows), 'update')} it is not known when "
            f"{be(undated, 'it was', 'they were')} released."
        )
    every = "The update" if len(rows) == 1 else f"All {len(rows):,} updates"
    return "PASS", f"{every} of {grade} severity {be(len(rows))} within {amount(limit, 'day')}."
