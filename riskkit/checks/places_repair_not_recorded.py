"""Repairs of what secures the building with an incomplete record."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from riskkit.declare import check
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.tables import records
from riskkit.words import be, some

ASKED = ("repaired_on", "work", "performed_by", "approved_by")


@check(
    id="places.repair_not_recorded",
    title="Repairs of doors, locks and walls are recorded in full",
    question="Of which repairs is not recorded when, by whom and with whose approval they were done?",
    subject="repair",
    controls=("45 CFR 164.310(a)(2)(iv)",),
    severity="low",
    remediation="Complete the record: what was done, when, by whom, and who approved it.",
    look_first="The invoice of the company.",
    usual_cause="Repairs are ordered by telephone.",
)
def places_repair_not_recorded(facility_repairs: pd.DataFrame, *, at: Moment) -> Iterator[Verdict]:
    """One verdict per repair up to the end of the period (164.310(a)(2)(iv)); a planned one is none yet."""
    for repair in records(facility_repairs):
        if repair.repaired_on and repair.repaired_on > at.today:
            continue
        missing = [name for name in ASKED if not getattr(repair, name)]
        result: Result = "FAIL" if missing else "PASS"
        yield Verdict(
            subject=repair.repair_id,
            result=result,
            message=f"Of {len(ASKED)} entries {some(len(missing))} {be(len(missing))} missing"
            + (f": {', '.join(name.replace('_', ' ') for name in missing)}." if missing else "."),
            observed=f"{len(ASKED) - len(missing)} of {len(ASKED)}",
            expected="all",
            scope=repair.area or "",
            rows=(Rows.of("facility_repairs", [repair]),),
        )
