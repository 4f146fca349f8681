"""Buckets and snapshots that other accounts can read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.derived.exposures import shut
from riskkit.derived.inventory import system_names, system_of
from riskkit.model import Result, Rows, Verdict
from riskkit.tables import records
from riskkit.words import be, count


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
    """One verdict per bucket or snapshot.

    `own_accounts` names the organisation's accounts and canonical users, joined by ;. Without them an
    account that a policy lets in is UNKNOWN, as it may be the bucket's own; one that is another than the
    owner for certain is still not known as own.
    """
    names = system_names(systems)
    own = frozenset(filter(None, (name.strip() for name in own_accounts.split(";"))))
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
    letting_in = [row for row in rows if row.answer != "no"]
    foreign = sorted(
        name for row in letting_in for name in _accounts(row) - own if own or row.answer == "yes"
    )
    if foreign:
        told = ", ".join(dict.fromkeys(foreign))
        number = len(set(foreign))
        return "FAIL", f"{count(number, 'account')} not known as own can read it: {told}."
    if any(row.answer == "yes" and not row.shared_with for row in rows):
        return "FAIL", "Other accounts can read it; which ones is not told."
    unsaid = {name for row in letting_in for name in _accounts(row) - own}
    if unsaid:
        return "UNKNOWN", (
            f"{count(len(unsaid), 'account')} {be(len(unsaid))} let in, and which ones are own is not on "
            "record."
        )
    unknown = [row for row in letting_in if not row.shared_with]
    asked = sorted({row.asked for row in rows if row not in unknown})
    if not shut("shared_outside", asked, silent=bool(unknown)):
        return "UNKNOWN", f"{', '.join(asked) or 'Nothing'} tells of one way in only; others are not told."
    named = {name for row in letting_in for name in _accounts(row)}
    if named:
        return "PASS", f"It is shared with {count(len(named), 'own account')} only, by {', '.join(asked)}."
    return "PASS", f"No other account can read it, by {', '.join(asked)}."


def _accounts(row: Any) -> set[str]:
    return {name for name in (row.shared_with or "").split(";") if name}
