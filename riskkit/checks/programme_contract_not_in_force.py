"""Contracts of vendors that touch ePHI which are not in force."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.derived.contract_terms import term
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.tables import records
from riskkit.words import count

CONTROLS: Mapping[str, tuple[str, ...]] = {
    "BAA": ("45 CFR 164.308(b)(1)", "45 CFR 164.308(b)(3)", "45 CFR 164.314(a)(1)"),
    "subcontractor": ("45 CFR 164.308(b)(2)", "45 CFR 164.314(a)(2)(iii)"),
    "other_arrangement": ("45 CFR 164.308(b)(3)", "45 CFR 164.314(a)(2)(ii)"),
    "data_use": ("45 CFR 164.514(e)",),
}
"""What each kind of contract serves."""


@check(
    id="programme.contract_not_in_force",
    title="Every contract with those who touch ePHI is in force",
    question="Which vendors, subcontractors and recipients of limited data sets touch ePHI without "
    "a contract in force?",
    subject="vendor",
    controls=(
        "45 CFR 164.308(b)(1)",
        "45 CFR 164.308(b)(2)",
        "45 CFR 164.308(b)(3)",
        "45 CFR 164.314(a)(1)",
        "45 CFR 164.314(a)(2)(ii)",
        "45 CFR 164.314(a)(2)(iii)",
        "45 CFR 164.514(e)",
    ),
    severity="high",
    remediation="Sign or renew the contract, or take the ePHI away from the vendor.",
    look_first="Whether a newer contract exists that nobody entered in the register.",
    usual_cause="Contracts end by date, and the register reminds nobody.",
)
def programme_contract_not_in_force(contracts: pd.DataFrame, *, at: Moment) -> Iterator[Verdict]:
    """One verdict per vendor, system and kind of contract; vendors that touch no ePHI do not apply."""
    of: dict[tuple[str, str, str], list[Any]] = {}
    for contract in records(contracts):
        kind = "BAA" if contract.kind == "none" else contract.kind
        of.setdefault((contract.vendor.strip(), contract.system_id or "", kind), []).append(contract)
    for (vendor, system, kind), found in sorted(of.items()):
        result, message = _judged(found, at)
        yield Verdict(
            subject=" ".join(filter(None, (vendor, system, kind.replace("_", " ")))),
            result=result,
            message=message,
            observed=", ".join(sorted({term(one, at) for one in found if one.kind != "none"})) or "none",
            expected="a contract in force",
            scope=system,
            controls=CONTROLS[kind],
            rows=(Rows.of("contracts", sorted(found, key=lambda one: (one.source, one.offset or 0))),),
        )


def _judged(found: list[Any], at: Moment) -> tuple[Result, str]:
    touches = {one.touches_ephi for one in found}
    if touches == {False}:
        return "NA", "The register says that it touches no ePHI."
    states = [term(one, at) for one in found if one.kind != "none"]
    if "in force" in states:
        several = f"Of {count(len(states), 'contract')} on record one at least is in force."
        return "PASS", several if len(states) > 1 else "The contract on record is in force."
    if "not dated" in states:
        return "UNKNOWN", "When its contract was signed is not on record."
    said = {0: "no contract is on record", 1: "the contract on record is not in force"}.get(
        len(states), f"none of {len(states):,} contracts on record is in force"
    )
    if True not in touches:
        return "UNKNOWN", f"Whether it touches ePHI is not recorded; {said}."
    return "FAIL", f"It touches ePHI, and {said}."
