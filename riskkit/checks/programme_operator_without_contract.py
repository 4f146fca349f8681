"""Systems that a company runs for the organisation without a contract that is in force."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from riskkit.declare import check
from riskkit.derived.contract_terms import bound, same_vendor
from riskkit.derived.inventory import system_names, system_of
from riskkit.model import Moment, Rows, Verdict
from riskkit.tables import records


@check(
    id="programme.operator_without_contract",
    title="Whoever runs a system with ePHI for the organisation is bound by a contract",
    question="Which systems with ePHI does a company run without a business associate contract in force?",
    subject="system",
    controls=("45 CFR 164.308(b)(1)", "45 CFR 164.308(b)(3)"),
    severity="high",
    remediation="Sign a business associate contract with the company, or take over the system.",
    look_first="Whether the contract was signed under another name of the company.",
    usual_cause="The archive was bought as a service, and its contract holds no clauses on ePHI.",
)
def programme_operator_without_contract(
    systems: pd.DataFrame, contracts: pd.DataFrame | None, *, at: Moment
) -> Iterator[Verdict]:
    """One verdict per system that holds ePHI; NA where the inventory's `operated_by` names no company.

    A contract with the company counts when it names the system or none.
    """
    names = system_names(systems)
    signed = [] if contracts is None else list(records(contracts))
    held = [system for system in records(systems) if system.holds_ephi]
    for system in sorted(held, key=lambda one: one.system_id):
        if not system.operated_by:
            yield Verdict(
                subject=system.system_id,
                result="NA",
                message="The inventory names no company that runs the system for the organisation.",
                scope=system.system_id,
                rows=(Rows.of("systems", [system]),),
            )
            continue
        own = [
            one
            for one in signed
            if same_vendor(system.operated_by, one.vendor)
            and (not one.system_id or system_of(one.system_id, names) == system.system_id)
        ]
        result, message = bound(None if contracts is None else own, at)
        yield Verdict(
            subject=system.system_id,
            result=result,
            message=f"{system.operated_by} runs the system; {message}.",
            observed=message,
            expected="a business associate contract in force with who runs it",
            scope=system.system_id,
            rows=(Rows.of("systems", [system]), Rows.of("contracts", own)),
        )
