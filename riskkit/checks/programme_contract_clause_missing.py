"""Contracts with business associates that lack a clause of 164.314(a)(2)(i)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.derived.contract_terms import term
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.tables import records
from riskkit.words import count

CLAUSES: Mapping[str, tuple[str, str]] = {
    "covers_safeguards": ("45 CFR 164.314(a)(2)(i)(A)", "safeguards"),
    "covers_subcontractors": ("45 CFR 164.314(a)(2)(i)(B)", "bind its subcontractors"),
    "covers_breach_notice": ("45 CFR 164.314(a)(2)(i)(C)", "report incidents and breaches"),
}
"""Column of the register, what it serves, and what it says."""


@check(
    id="programme.contract_clause_missing",
    title="Contracts with business associates hold the clauses that the rule asks for",
    question="Which contracts in force do not oblige the associate to safeguards, to bind "
    "subcontractors, or to report?",
    subject="contract clause",
    controls=(
        "45 CFR 164.314(a)(2)(i)(A)",
        "45 CFR 164.314(a)(2)(i)(B)",
        "45 CFR 164.314(a)(2)(i)(C)",
    ),
    severity="medium",
    remediation="Amend the contract, and record which clauses it holds.",
    look_first="The text of the contract beside the register.",
    usual_cause="The contract was written before the rule, or on the form of the vendor.",
)
def programme_contract_clause_missing(contracts: pd.DataFrame, *, at: Moment) -> Iterator[Verdict]:
    """Three verdicts per vendor and system with a contract in force that touches or may touch ePHI."""
    of: dict[tuple[str, str], list[Any]] = {}
    for contract in records(contracts):
        if contract.kind == "BAA" and contract.touches_ephi is not False and term(contract, at) == "in force":
            of.setdefault((contract.vendor.strip(), contract.system_id or ""), []).append(contract)
    for (vendor, system), found in sorted(of.items()):
        # Contracts with one vendor add up: a clause stands when one of them holds it.
        for column, (control, what) in CLAUSES.items():
            held = [getattr(contract, column) for contract in found]
            result: Result = "PASS" if True in held else "UNKNOWN" if None in held else "FAIL"
            one = len(found) == 1
            says = {
                "PASS": "obliges" if one else "oblige",
                "FAIL": "does not oblige" if one else "do not oblige",
                "UNKNOWN": "may or may not oblige",
            }[result]
            yield Verdict(
                subject=" ".join(filter(None, (vendor, system, what))),
                result=result,
                message=f"As recorded, {count(len(found), 'contract')} in force {says} the associate to "
                f"{what}.",
                observed={"PASS": "yes", "FAIL": "no", "UNKNOWN": "not recorded"}[result],
                expected="yes",
                scope=system,
                controls=(control,),
                rows=(Rows.of("contracts", sorted(found, key=lambda one: (one.source, one.offset or 0))),),
            )
