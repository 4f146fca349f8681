"""Media, laptops and backup copies whose loss would be a loss of unsecured PHI."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.derived.storage_coverage import decayed
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.tables import records

CARRIED = frozenset({"media", "backup"})
"""Tiers that leave the building, or are kept elsewhere; who takes them does not take a running system."""


@check(
    id="encryption.carried_not_secured",
    title="Media and copies that could be lost are secured ePHI",
    question="Which media, laptops and backup stores would, if lost, lose unsecured ePHI?",
    subject="storage",
    controls=("45 CFR 164.402", "45 CFR 164.312(a)(2)(iv)"),
    severity="high",
    remediation="Encrypt by a strong method and keep the key at another place, then record where it lies.",
    look_first="Whether the key travels or is stored with the medium.",
    usual_cause="Old tapes and teaching laptops were never part of the encryption project.",
)
def encryption_carried_not_secured(
    storage_coverage: pd.DataFrame, *, max_age_days: int = 90, at: Moment
) -> Iterator[Verdict]:
    """One verdict per place of the tiers media and backup.

    Losing secured PHI needs no notice (45 CFR 164.402): strongly encrypted, with the key apart, and not
    mounted. Weak methods, keys beside the data and open volumes never count as secured.
    """
    kept = {row.asset_id: row for row in records(storage_coverage)}
    for row in decayed(storage_coverage, at.today, max_age_days):
        if row["tier"] not in CARRIED:
            continue
        result, message = _judged(row)
        yield Verdict(
            subject=row["asset_id"],
            result=result,
            message=message,
            observed=f"{row['state']}, key {row['key_place']}" + (", mounted" if row["in_use"] else ""),
            expected="strongly encrypted, key apart, not mounted",
            scope=row["system_id"] or "",
            severity=None if row["holds_phi"] else "medium",
            rows=(Rows.of("storage_assets", [kept[row["asset_id"]]]),),
        )


def _judged(row: dict[str, Any]) -> tuple[Result, str]:
    if row["secured"] == "yes":
        return "PASS", f"The {row['kind']} is strongly encrypted, and its key lies apart."
    because = f": {row['why']}" if row["why"] else ""
    if row["state"] == "plain":
        return "FAIL", f"The {row['kind']} is not encrypted{because}."
    if row["state"] == "weak":
        return "FAIL", f"The {row['kind']} is encrypted in a way that does not secure it{because}."
    if row["in_use"]:
        return "FAIL", f"The {row['kind']} is mounted, so whoever takes its running host can read it."
    if row["state"] in {"unknown", "untold"}:
        return "UNKNOWN", f"Whether the {row['kind']} is strongly encrypted is not known{because}."
    return "UNKNOWN", f"The {row['kind']} is strongly encrypted; where its key lies is not known."
