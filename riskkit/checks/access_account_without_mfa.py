"""Personal accounts that open with a password alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.model import Result, Rows, Severity, Verdict
from riskkit.tables import records

OF_PEOPLE = frozenset({"person", "vendor"})


@check(
    id="access.account_without_mfa",
    title="People log in with a second factor",
    question="Which enabled accounts of people and vendors open without a second factor?",
    subject="account",
    controls=("45 CFR 164.312(d)",),
    severity="medium",
    worst="critical",
    remediation="Require a second factor for the account, privileged and remote accounts first.",
    look_first="The authentication flow or conditional policy that applies to the account's group.",
    usual_cause="The viewer was connected to the directory with a password bind that skips the second "
    "factor.",
    expects=("archive", "viewer", "worklist", "router", "database"),
)
def access_account_without_mfa(accounts: pd.DataFrame) -> Iterator[Verdict]:
    """One verdict per enabled account of a person or vendor.

    An account of no stated kind counts as personal if it names a person or may administer the system; else
    it is unknown unless it needs a second factor.
    """
    for account in records(accounts):
        if not account.enabled or (account.kind is not None and account.kind not in OF_PEOPLE):
            continue
        result, message = _judged(account)
        yield Verdict(
            subject=account.account,
            result=result,
            message=message,
            observed={True: "required", False: "not required", None: "unknown"}[account.mfa],
            expected="required",
            scope=account.system_id,
            severity=_severity(account),
            rows=(Rows.of("accounts", [account]),),
        )


def _judged(account: Any) -> tuple[Result, str]:
    known = bool(account.kind or account.user_id is not None or account.privileged)
    powers = [name for name, has in (("privileged", account.privileged), ("remote", account.remote)) if has]
    named = " ".join([*powers, *([account.kind or "personal"] if known else []), "account"])
    if account.mfa is None:
        return "UNKNOWN", f"Whether this {named} needs a second factor is not said."
    if account.mfa:
        return "PASS", f"This {named} needs a second factor."
    if not known:
        return (
            "UNKNOWN",
            f"This {named} opens with one factor, and the list does not say whether of a person.",
        )
    return "FAIL", f"This {named} opens with one factor."


def _severity(account: Any) -> Severity | None:
    if account.privileged and account.remote:
        return "critical"
    return "high" if account.privileged or account.remote else None
