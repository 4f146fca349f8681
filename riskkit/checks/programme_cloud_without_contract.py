"""Cloud providers that keep ePHI without a contract that is in force."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.derived.inventory import system_names, system_of
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.tables import records

BINDS = frozenset({"BAA", "other_arrangement"})
"""Kinds of contracts that bind the provider to the organisation; a subcontractor's binds it to another."""

ALSO: Mapping[str, frozenset[str]] = {
    "amazon web services": frozenset({"aws", "amazon", "amazon.com", "amazon web services, inc."}),
    "microsoft azure": frozenset({"azure", "microsoft", "microsoft corporation"}),
    "google cloud": frozenset({"gcp", "google", "google llc", "google cloud platform"}),
}
"""Other names of the providers that readers know."""


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
    storage_assets: pd.DataFrame, contracts: pd.DataFrame, systems: pd.DataFrame | None, *, at: Moment
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
    signed = list(records(contracts))
    for (provider, system), assets in sorted(used.items()):
        own = [
            contract
            for contract in signed
            if _same(provider, contract.vendor)
            and (not contract.system_id or system_of(contract.system_id, names) == system)
        ]
        result, message = _judged(own, at)
        places = f"{len(assets)} place(s) that may hold ePHI lie with {provider}"
        yield Verdict(
            subject=f"{provider} {system}".strip(),
            result=result,
            message=f"{places}; {message}.",
            observed=message,
            expected="a business associate contract in force",
            scope=system,
            rows=(Rows.of("contracts", own), Rows.of("storage_assets", assets)),
        )


def _same(provider: str, vendor: str) -> bool:
    known, named = provider.strip().casefold(), vendor.strip().casefold()
    return named == known or named in ALSO.get(known, frozenset())


def _judged(contracts: list[Any], at: Moment) -> tuple[Result, str]:
    binding = [contract for contract in contracts if contract.kind in BINDS]
    if not binding:
        return "FAIL", "no contract with it is on record"
    states = [_state(contract, at) for contract in binding]
    if "in force" in states:
        return "PASS", "a contract is in force"
    if "not dated" in states:
        return "UNKNOWN", "when its contract was signed is not on record"
    return "FAIL", f"of {len(binding)} contract(s) none is in force: {', '.join(sorted(set(states)))}"


def _state(contract: Any, at: Moment) -> str:
    if contract.terminated_on and contract.terminated_on <= at.today:
        return "terminated"
    if contract.expires_on and contract.expires_on < at.today:
        return "expired"
    if contract.signed_on is None:
        return "not dated"
    begins = max(filter(None, (contract.signed_on, contract.effective_on)))
    return "in force" if begins <= at.today else "not yet in force"
