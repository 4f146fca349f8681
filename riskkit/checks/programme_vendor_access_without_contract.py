"""Systems on which vendors have accounts, and no contract with any of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.derived.contract_terms import BINDS, bound, in_force
from riskkit.derived.inventory import system_names, system_of
from riskkit.model import Moment, Rows, Verdict
from riskkit.tables import records
from riskkit.words import count


@check(
    id="programme.vendor_access_without_contract",
    title="Where a vendor has an account, a contract with a vendor covers the system",
    question="On which systems do vendors have enabled accounts without a contract in force that "
    "covers the system?",
    subject="system",
    controls=(
        "45 CFR 164.308(b)(1)",
        "45 CFR 164.308(b)(3)",
    ),
    severity="high",
    remediation="Sign a business associate contract with the vendor, or disable its accounts.",
    look_first="Which company the accounts belong to.",
    usual_cause="Remote maintenance came with the purchase, and nobody asked for a contract.",
)
def programme_vendor_access_without_contract(
    accounts: pd.DataFrame, contracts: pd.DataFrame | None, systems: pd.DataFrame | None, *, at: Moment
) -> Iterator[Verdict]:
    """One verdict per system with enabled accounts of vendors; a contract counts when it names the system."""
    names = system_names(systems)
    used: dict[str, list[Any]] = {}
    for account in records(accounts):
        if account.kind == "vendor" and account.enabled:
            used.setdefault(system_of(account.system_id, names), []).append(account)
    signed = [] if contracts is None else list(records(contracts))
    for system, found in sorted(used.items()):
        own = [one for one in signed if one.system_id and system_of(one.system_id, names) == system]
        result, message = bound(None if contracts is None else own, at)
        if not own and in_force((one for one in signed if one.kind in BINDS and not one.system_id), at):
            result, message = "UNKNOWN", "contracts in force name no system, and may or may not cover it"
        yield Verdict(
            subject=system,
            result=result,
            message=f"Vendors have {count(len(found), 'enabled account')} here; {message}.",
            observed=message,
            expected="a business associate contract in force that names the system",
            scope=system,
            rows=(
                Rows.of("accounts", sorted(found, key=lambda one: (one.source, one.offset or 0))),
                Rows.of("contracts", sorted(own, key=lambda one: (one.source, one.offset or 0))),
            ),
        )
