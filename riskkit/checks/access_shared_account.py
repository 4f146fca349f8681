"""Accounts that several people use, or that belong to nobody."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.model import Result, Rows, Verdict
from riskkit.tables import records

NOT_OF_PEOPLE = frozenset({"service", "emergency"})
"""Programs have no person, and emergency access is judged by its uses."""


@check(
    id="access.shared_account",
    title="Every account belongs to one person",
    question="Which enabled accounts are shared, or belong to no person of the workforce?",
    subject="account",
    controls=("45 CFR 164.312(a)(2)(i)",),
    severity="high",
    remediation="Give each person an account of their own and disable the shared one.",
    look_first="Who knows the password, and from which workstations the account logs in.",
    usual_cause="A reading room or modality console was set up with one log-in for everyone.",
    expects=("archive", "viewer", "worklist", "router", "database"),
)
def access_shared_account(accounts: pd.DataFrame) -> Iterator[Verdict]:
    """One verdict per enabled account that is not a service or emergency account."""
    for account in records(accounts):
        if not account.enabled or account.kind in NOT_OF_PEOPLE:
            continue
        result, message = _judged(account)
        yield Verdict(
            subject=account.account,
            result=result,
            message=message,
            observed=account.kind or "kind not said",
            expected="one person",
            scope=account.system_id,
            rows=(Rows.of("accounts", [account]),),
        )


def _judged(account: Any) -> tuple[Result, str]:
    if account.kind == "shared":
        return "FAIL", "The account is listed as shared and is enabled."
    if account.user_id is not None:
        return "PASS", "The account names one person."
    if account.kind == "person":
        return "FAIL", "The account is listed as personal, is enabled and names no person."
    if account.kind == "vendor":
        return "UNKNOWN", "The list does not say which person of the vendor uses the account."
    return "UNKNOWN", "The list names no person and does not say what kind of account it is."
