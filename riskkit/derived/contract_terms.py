"""When a contract binds, and which names mean the same vendor."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from riskkit.model import Moment, Result

BINDS = frozenset({"BAA", "other_arrangement"})
"""Kinds of contracts that bind the vendor to the organisation; a subcontractor's binds it to another."""

ALSO: Mapping[str, frozenset[str]] = {
    "amazon web services": frozenset({"aws", "amazon", "amazon.com", "amazon web services, inc."}),
    "microsoft azure": frozenset({"azure", "microsoft", "microsoft corporation"}),
    "google cloud": frozenset({"gcp", "google", "google llc", "google cloud platform"}),
}
"""Other names of the providers that readers know."""


def same_vendor(known: str, named: str) -> bool:
    """Whether a name in the register means the vendor that goes by another, case aside."""
    first, second = known.strip().casefold(), named.strip().casefold()
    return first == second or second in ALSO.get(first, frozenset())


def term(contract: Any, at: Moment) -> str:
    """In force, terminated, expired, not yet in force or not dated, at the end of the period."""
    if contract.terminated_on and contract.terminated_on <= at.today:
        return "terminated"
    if contract.expires_on and contract.expires_on < at.today:
        return "expired"
    if contract.signed_on is None:
        return "not dated"
    begins = max(filter(None, (contract.signed_on, contract.effective_on)))
    return "in force" if begins <= at.today else "not yet in force"


def in_force(contracts: Iterable[Any], at: Moment) -> list[Any]:
    """Those that bind at the end of the period."""
    return [contract for contract in contracts if term(contract, at) == "in force"]


def bound(contracts: Iterable[Any] | None, at: Moment) -> tuple[Result, str]:
    """Whether one of these contracts of one vendor binds it to the organisation, and how that stands.

    None stands for evidence without a list of contracts.
    """
    if contracts is None:
        return "UNKNOWN", "the evidence holds no list of contracts"
    binding = [contract for contract in contracts if contract.kind in BINDS]
    if not binding:
        return "FAIL", "no contract with it is on record"
    states = [term(contract, at) for contract in binding]
    if "in force" in states:
        return "PASS", "a contract is in force"
    if "not dated" in states:
        return "UNKNOWN", "when its contract was signed is not on record"
    none = "its contract is not" if len(binding) == 1 else f"none of its {len(binding)} contracts is"
    return "FAIL", f"{none} in force: {', '.join(sorted(set(states)))}"
