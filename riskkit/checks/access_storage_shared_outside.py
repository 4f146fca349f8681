"""Buckets and snapshots that other accounts can read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.derived.inventory import system_names, system_of
from riskkit.model import Result, Rows, Verdict
from riskkit.tables import records


@check(
    id="access.storage_shared_outside",
    title="Storage in a cloud is shared with known accounts only",
    question="Which buckets and snapshots can accounts read that are not known to be the organisation's own?",
    subject="storage",
    controls=("45 CFR 164.312(a)(1)", "45 CFR 164.308(b)(1)"),
    severity="high",
    remediation="Find out whose the accounts are; take access back, or name own accounts in site.yaml "
    "(checks.access.storage_shared_outside.own_accounts) and contract with the others.",
    look_first="Whether the account is another one of the organisation or of a vendor under contract.",
    usual_cause="A vendor or a former project was given access that nobody took back.",
)
def access_storage_shared_outside(
    storage_exposures: pd.DataFrame, systems: pd.DataFrame | None, *, own_accounts: str = ""
) -> Iterator[Verdict]:
    """One verdict per bucket or snapshot; `own_accounts` names the organisation's, joined by ;."""
    names = system_names(systems)
    own = frozenset(name.strip() for name in own_accounts.split(";"))
    found: dict[str, list[Any]] = {}
    for row in records(storage_exposures):
        if row.question == "shared_outside":
            found.setdefault(row.asset_id, []).append(row)
    for asset, rows in sorted(found.items()):
        result, message = _judged(rows, own)
        yield Verdict(
            subject=asset,
            result=result,
            message=message,
            observed="; ".join(sorted({f"{row.asked}: {row.answer}" for row in rows})),
            expected="own accounts only",
            scope=system_of(next((row.system_id for row in rows if row.system_id), None), names),
            rows=(Rows.of("storage_exposures", rows),),
        )


def _judged(rows: list[Any], own: frozenset[str]) -> tuple[Result, str]:
    shared = [row for row in rows if row.answer == "yes"]
    named = {name for row in shared for name in (row.shared_with or "").split(";") if name}
    foreign = sorted(named - own)
    if foreign:
        return (
            "FAIL",
            f"{len(foreign)} account(s) that are not known as own can read it: {', '.join(foreign)}.",
        )
    if any(not row.shared_with for row in shared):
        return "FAIL", "Other accounts can read it; which ones is not told."
    if any(row.answer == "unknown" for row in rows):
        return "UNKNOWN", "Whether other accounts can read it is not known."
    if shared:
        return "PASS", f"It is shared with {len(named)} own account(s) only."
    return "PASS", f"No other account can read it, by {', '.join(sorted({row.asked for row in rows}))}."
