"""Systems that too many people may administer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.model import Result, Rows, Verdict
from riskkit.tables import records
from riskkit.words import out_of

HUNDRED = 100


@check(
    id="access.privileged_share",
    title="Few accounts may administer a system",
    question="On which systems is the share of privileged accounts too high?",
    subject="system",
    controls=("45 CFR 164.308(a)(3)(i)", "45 CFR 164.308(a)(4)(ii)(C)"),
    severity="low",
    remediation="Take administration from those who do not administer, and give administrators a second "
    "account for daily work.",
    look_first="Privileged accounts of people whose job in the roster is clinical.",
    usual_cause="A role with all rights was the quickest way to make something work.",
    expects=("archive", "viewer", "worklist", "router", "database"),
)
def access_privileged_share(
    accounts: pd.DataFrame, *, max_percent: int = 10, always_allowed: int = 3
) -> Iterator[Verdict]:
    """One verdict per system with enabled accounts that are not of services.

    A tenth is our choice; `always_allowed` administrators are fine on the smallest system, since one
    may be on leave. Where it is not told of some accounts, both extremes are tried.
    """
    by_system: dict[str, list[Any]] = {}
    for account in records(accounts):
        if account.enabled and account.kind != "service":
            by_system.setdefault(account.system_id, []).append(account)
    for system, held in sorted(by_system.items()):
        privileged = [account for account in held if account.privileged]
        unknown = sum(account.privileged is None for account in held)
        result = _judged(len(privileged), unknown, len(held), max_percent, always_allowed)
        told = f"{out_of(len(privileged), len(held), 'enabled account')} may administer the system"
        yield Verdict(
            subject=system,
            result=result,
            message=told + (f"; of {unknown} it is not told." if unknown else "."),
            observed=f"{len(privileged)} of {len(held)}",
            expected=f"at most {max_percent} %, or {always_allowed}",
            scope=system,
            rows=_rows(privileged, held),
        )


def _judged(privileged: int, unknown: int, total: int, percent: int, allowed: int) -> Result:
    def too_many(count: int) -> bool:
        return count > allowed and count * HUNDRED > percent * total

    if too_many(privileged):
        return "FAIL"
    return "UNKNOWN" if too_many(privileged + unknown) else "PASS"


def _rows(privileged: Sequence[Any], held: Sequence[Any]) -> tuple[Rows, ...]:
    return (Rows.of("accounts", privileged or held, predicate="system_id = :subject and privileged"),)
