"""Accounts that the product came with, and whose password everybody can look up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import pandas as pd

from riskkit.catalog.default_accounts import default_accounts
from riskkit.declare import check
from riskkit.model import Result, Rows, Severity, Verdict
from riskkit.tables import records


@check(
    id="access.default_account",
    title="No account keeps the password it was delivered with",
    question="Which enabled accounts came with a product, and still open with its documented password?",
    subject="account",
    controls=("45 CFR 164.308(a)(5)(ii)(D)", "45 CFR 164.312(d)"),
    severity="high",
    worst="critical",
    remediation="Disable the account, or give it a new password that nobody outside of the hospital knows.",
    look_first="Whether the documented password still works, tried by whoever runs the system.",
    usual_cause="The vendor's engineer needs the account, and the password stayed as it was delivered.",
    expects=("archive", "viewer", "worklist", "router", "database"),
)
def access_default_account(accounts: pd.DataFrame) -> Iterator[Verdict]:
    """One verdict per enabled account, against the names in catalog/default_accounts.csv.

    A name alone does not show that the password was left: without a change of it on record it is unknown.
    """
    known = default_accounts()
    for account in records(accounts):
        if not account.enabled:
            continue
        result, message, severity = _judged(account, known)
        yield Verdict(
            subject=account.account,
            result=result,
            message=message,
            observed="a name of default accounts" if _name(account) in known else "no such name",
            expected="no documented password",
            scope=account.system_id,
            severity=severity,
            rows=(Rows.of("accounts", [account]),),
        )


def _judged(account: Any, known: Mapping[str, str]) -> tuple[Result, str, Severity | None]:
    product = known.get(_name(account))
    if account.default_password:
        return "FAIL", "The account opens with the password that the vendor documents.", "critical"
    if product is None:
        return "PASS", f"The account has none of {len(known)} names that products are delivered with.", None
    if account.default_password is False:
        return "PASS", f"The name is one of {product}; its password is not the documented one.", None
    changed, created = account.password_changed_on, account.created_on
    if _later(changed, created):
        return "PASS", f"The name is one of {product}; its password was changed after it was made.", None
    return "UNKNOWN", f"The name is one of {product}; no change of its password is on record.", None


def _name(account: Any) -> str:
    return str(account.account).strip().casefold()


def _later(changed: date | None, created: date | None) -> bool:
    return changed is not None and created is not None and changed > created
