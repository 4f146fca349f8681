"""Accounts of vendors that stay open between visits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.model import Moment, Result, Rows, Severity, Verdict
from riskkit.tables import records
from riskkit.words import amount


@check(
    id="access.vendor_account_standing",
    title="Accounts of vendors are open only while they are used",
    question="Which accounts of vendors stay enabled without being used?",
    subject="account",
    controls=("45 CFR 164.308(a)(3)(i)", "45 CFR 164.312(a)(1)"),
    severity="medium",
    worst="high",
    remediation="Disable the account, and enable it for each visit that the vendor announces.",
    look_first="When the vendor was last there, and whether several engineers share the account.",
    usual_cause="The contract promises help within the hour, and nobody wants to be woken for it.",
)
def access_vendor_account_standing(
    accounts: pd.DataFrame, *, days: int = 30, at: Moment
) -> Iterator[Verdict]:
    """One verdict per account of a vendor; days since the last log-in, 30 is our choice."""
    for account in records(accounts):
        if account.kind != "vendor":
            continue
        result, message = _judged(account, days, at)
        severity: Severity | None = "high" if account.privileged and account.remote else None
        yield Verdict(
            subject=account.account,
            result=result,
            message=message,
            observed="enabled" if account.enabled else "disabled",
            expected=f"disabled {amount(days, 'day')} after the last log-in",
            scope=account.system_id,
            severity=severity if result == "FAIL" else None,
            rows=(Rows.of("accounts", [account]),),
        )


def _judged(account: Any, days: int, at: Moment) -> tuple[Result, str]:
    if not account.enabled:
        return "PASS", "The vendor's account is disabled."
    if account.last_login is None:
        return "UNKNOWN", "The vendor's account is enabled; no log-in is on record."
    age = at.age_days(account.last_login)
    if age > days:
        return "FAIL", f"The vendor's account is enabled and was last used {amount(age, 'day')} ago."
    return "PASS", f"The vendor's account was used {amount(age, 'day')} ago."
