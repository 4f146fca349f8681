"""Critical systems whose downtime and emergency access nobody practised."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.derived.inventory import in_scope, system_names, system_of
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.tables import records
from riskkit.words import amount

CONTROLS: Mapping[str, tuple[str, ...]] = {
    "downtime": ("45 CFR 164.308(a)(7)(ii)(C)", "45 CFR 164.308(a)(7)(ii)(D)"),
    "emergency_access": ("45 CFR 164.312(a)(2)(ii)",),
}
"""The kinds of drills that every critical system needs, and what they serve."""

SKIPPED = frozenset({"backup"})


@check(
    id="backup.drill_overdue",
    title="Downtime and emergency access are practised for every critical system",
    question="For which critical systems is the last downtime drill or emergency-access test too old, or did "
    "it not succeed?",
    subject="system",
    controls=(
        "45 CFR 164.308(a)(7)(ii)(C)",
        "45 CFR 164.308(a)(7)(ii)(D)",
        "45 CFR 164.312(a)(2)(ii)",
    ),
    severity="medium",
    method="TEST",
    remediation="Practise it, write down what did not work, and change that.",
    look_first="What the last drill found, and whether that was changed.",
    usual_cause="A drill needs the clinicians' time, and nobody sets its date.",
)
def backup_drill_overdue(
    drills: pd.DataFrame, systems: pd.DataFrame, *, max_days: int = 365, at: Moment
) -> Iterator[Verdict]:
    """Two verdicts per covered system of high criticality: downtime and emergency access.

    The newest drill of each kind decides. A year is our choice; the rule asks for periodic testing.
    """
    names = system_names(systems)
    done: dict[tuple[str, str], list[Any]] = {}
    for drill in records(drills):
        if drill.performed_at < at.as_of:
            done.setdefault((system_of(drill.system_id, names), drill.kind), []).append(drill)
    for system in records(systems):
        if not in_scope(system) or system.criticality != "high" or system.kind in SKIPPED:
            continue
        for kind, controls in CONTROLS.items():
            found = done.get((system.system_id, kind), [])
            last = max(found, key=lambda drill: (drill.performed_at, drill.drill_id), default=None)
            result, message, observed = _judged(kind.replace("_", " "), last, at, max_days)
            yield Verdict(
                subject=f"{system.system_id} {kind.replace('_', ' ')}",
                result=result,
                message=message,
                observed=observed,
                expected=f"a success of at most {amount(max_days, 'day')}",
                scope=system.system_id,
                controls=controls,
                rows=(Rows.of("drills", [last] if last else []), Rows.of("systems", [system])),
            )


def _judged(kind: str, last: Any | None, at: Moment, max_days: int) -> tuple[Result, str, str]:
    if last is None:
        return "UNKNOWN", f"No drill of {kind} is on record.", "none on record"
    age = at.age_days(last.performed_at)
    facts = (
        f"The last drill of {kind}, {amount(age, 'day')} before the end of the period, ended with "
        f"{last.outcome}."
    )
    return (
        ("PASS" if last.outcome == "success" and age <= max_days else "FAIL"),
        facts,
        f"{last.outcome}, {amount(age, 'day')} ago",
    )
