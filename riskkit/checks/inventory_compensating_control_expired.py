"""Measures in place of an update that hold no longer, or that nobody approved."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from riskkit.declare import check
from riskkit.derived.inventory import system_names, system_of
from riskkit.derived.measures import why_void
from riskkit.model import Moment, Rows, Verdict
from riskkit.tables import records
from riskkit.words import be, count, out_of


@check(
    id="inventory.compensating_control_expired",
    title="What stands in for an update is approved and dated",
    question="Which compensating measures have ended, have no end, or were approved by nobody?",
    subject="measure",
    controls=("45 CFR 164.308(a)(1)(ii)(B)", "45 CFR 164.306(d)"),
    severity="medium",
    remediation="Look at the measure again, and approve it with a new last day or replace the system.",
    look_first="Whether the measure is still in place, such as the rule of the firewall.",
    usual_cause="The measure was meant for some months, and the replacement was put off.",
)
def inventory_compensating_control_expired(
    compensating_controls: pd.DataFrame, systems: pd.DataFrame | None, *, at: Moment
) -> Iterator[Verdict]:
    """One verdict per system and what is covered there; the worst of its measures counts.

    A measure that does not count leaves the finding that it was meant for at its full severity.
    """
    names = system_names(systems)
    found: dict[tuple[str, str], list[object]] = {}
    for row in records(compensating_controls):
        found.setdefault((system_of(row.system_id, names), row.covers), []).append(row)
    for (system, topic), rows in sorted(found.items()):
        void = [(row, why) for row in rows if (why := why_void(row, at.today))]
        told = (
            f"{out_of(len(void), len(rows), 'measure')} {be(len(void), 'does', 'do')} not count: "
            f"{void[0][1]}."
            if void
            else f"{count(len(rows), 'measure')} {be(len(rows))} approved and dated."
        )
        yield Verdict(
            subject=f"{system} {topic}",
            result="FAIL" if void else "PASS",
            message=told,
            observed=f"{len(rows) - len(void)} of {len(rows)} {be(len(rows) - len(void), 'counts', 'count')}",
            expected="an approver, a day of approval and a last day to come",
            scope=system,
            rows=(Rows.of("compensating_controls", [row for row, _ in void] or rows),),
        )
