"""Systems in which nobody has looked for weaknesses lately."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.derived.custody_dates import exported
from riskkit.derived.inventory import in_scope, system_names, system_of
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.tables import records
from riskkit.words import amount, count


@check(
    id="inventory.scan_overdue",
    title="Every system with ePHI is looked at for weaknesses regularly",
    question="Which systems that hold ePHI were not scanned for weaknesses within the interval?",
    subject="system",
    controls=("45 CFR 164.308(a)(8)",),
    severity="medium",
    remediation="Scan the system with a log-in in a maintenance window, or have its maker send a bill of "
    "materials that can be looked up.",
    look_first="Whether the system is left out of the scanner's list on purpose, and who decided that.",
    usual_cause="Medical devices were taken off the list after a scan disturbed one of them.",
    expects=("*",),
)
def inventory_scan_overdue(
    vulnerability_scans: pd.DataFrame,
    systems: pd.DataFrame,
    custody: pd.DataFrame | None,
    *,
    within_days: int = 180,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per system in scope; 180 days are our choice.

    A system of which the pack holds no scan is unknown: that none took place is not shown by its absence.
    A scan after `as_of` is none yet. What scans found, and could see, other checks ask.
    """
    names, of = system_names(systems), exported(custody)
    scans: dict[str, list[Any]] = {}
    for scan in records(vulnerability_scans):
        scans.setdefault(system_of(scan.system_id, names), []).append(scan)
    for system in sorted(filter(in_scope, records(systems)), key=lambda row: row.system_id):
        found = scans.get(system.system_id, [])
        dated = [
            (when, scan)
            for scan in found
            if (when := scan.observed_at or of(scan.source)) and when < at.as_of
        ]
        result, message = _judged(found, [when for when, _ in dated], within_days, at)
        newest = sorted(dated, key=lambda one: (one[0], one[1].source, one[1].offset or 0))[-1:]
        yield Verdict(
            subject=system.system_id,
            result=result,
            message=message,
            observed=amount(at.age_days(newest[0][0]), "day") if newest else "no dated scan",
            expected=f"a scan within {amount(within_days, 'day')}",
            scope=system.system_id,
            rows=(
                Rows.of("vulnerability_scans", [scan for _, scan in newest] or found),
                Rows.of("systems", [system]),
            ),
        )


def _judged(found: list[Any], dates: list[datetime], days: int, at: Moment) -> tuple[Result, str]:
    if not found:
        return "UNKNOWN", "The pack holds no scan of this system."
    if not dates:
        return "UNKNOWN", (
            f"Of {count(len(found), 'scan')} of this system none has a date up to the end of the period."
        )
    age = min(at.age_days(when) for when in dates)
    blind = all(scan.logged_in is False for scan in found)
    aside = " No scan could log in, so it saw only what answers from outside." if blind else ""
    if age > days:
        return "FAIL", f"The last scan was made {amount(age, 'day')} before the end of the period.{aside}"
    last = f"The last of {len(dates):,} scans" if len(dates) > 1 else "The only scan"
    return "PASS", f"{last} was made {amount(age, 'day')} before the end of the period.{aside}"
