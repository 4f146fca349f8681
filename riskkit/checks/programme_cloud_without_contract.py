"""Cloud providers that keep ePHI without a contract that is in force."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.derived.contract_terms import bound, same_vendor
from riskkit.derived.inventory import system_names, system_of
from riskkit.model import Moment, Rows, Verdict
from riskkit.tables import records
from riskkit.words import be, count


@check(
    id="programme.cloud_without_contract",
    title="Every cloud provider that keeps ePHI is bound by a contract",
    question="Which cloud providers keep what may be ePHI without a business associate contract in force?",
    subject="vendor",
    controls=("45 CFR 164.308(b)(1)", "45 CFR 164.308(b)(3)"),
    severity="high",
    remediation="Sign a business associate contract with the provider, or move the ePHI away.",
    look_first="Whether the contract was signed and only its entry in the register is missing.",
    usual_cause="A department opened the account, and nobody told those who keep the contracts.",
)
def programme_cloud_without_contract(
    storage_assets: pd.DataFrame, contracts: pd.DataFrame | None, systems: pd.DataFrame | None, *, at: Moment
) -> Iterator[Verdict]:
    """One verdict per provider that keeps storage which is not recorded to hold no ePHI, and system.

    A contract without a system covers all that the provider keeps; it is in force when it was signed,
    has begun, and was neither terminated nor has expired by the end of the period.
    """
    names = system_names(systems)
    used: dict[tuple[str, str], list[Any]] = {}
    for asset in records(storage_assets):
        if asset.provider and asset.holds_phi is not False:
            used.setdefault((asset.provider, system_of(asset.system_id, names)), []).append(asset)
    signed = [] if contracts is None else list(records(contracts))
    for (provider, system), assets in sorted(used.items()):
        own = [
            contract
            for contract in signed
            if same_vendor(provider, contract.vendor)
            and (not contract.system_id or system_of(contract.system_id, names) == system)
        ]
        result, message = bound(None if contracts is None else own, at)
        number = len(assets)
        places = f"{count(number, 'place')} that may hold ePHI {be(number, 'lies', 'lie')} with {provider}"
        yield Verdict(
            subject=f"{provider} {system}".strip(),
            result=result,
            message=f"{places}; {message}.",
            observed=message,
            expected="a business associate contract in force",
            scope=system,
            rows=(Rows.of("contracts", own), Rows.of("storage_assets", assets)),
        )
