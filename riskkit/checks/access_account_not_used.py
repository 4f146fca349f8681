"""Accounts that the audit trail of a quarter does not show."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import narwhals as nw

from riskkit.declare import check
from riskkit.derived.used_accounts import uses
from riskkit.model import Moment, Rows, Verdict
from riskkit.tables import records
from riskkit.words import amount, count

NOT_OF_PEOPLE = frozenset({"service", "emergency"})


@check(
    id="access.account_not_used",
    title="Accounts are held by those who use them",
    question="Which enabled accounts does the audit trail of their system not show for a quarter?",
    subject="account",
    controls=("45 CFR 164.308(a)(4)(ii)(C)",),
    severity="low",
    remediation="Ask the head of the department whether the account is still needed, and disable it if not.",
    look_first="Whether the audit trail writes the name differently than the account list.",
    usual_cause="Accounts are made for everybody who might once need one.",
)
def access_account_not_used(
    audit_events: nw.LazyFrame[Any],
    accounts: nw.LazyFrame[Any],
    systems: nw.LazyFrame[Any] | None,
    *,
    days: int = 90,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per enabled account of people, where the trail of its system covers the days.

    The log-in name and the person's own both count. Without a trail of the system nothing is known.
    """
    used = uses(audit_events, accounts, systems, days, at)
    for account in records(accounts):
        if not account.enabled or account.kind in NOT_OF_PEOPLE:
            continue
        result, message, events = used.of(account.system_id, account.account, account.user_id)
        yield Verdict(
            subject=account.account,
            result=result,
            message=message,
            observed=count(events, "event"),
            expected=f"an event within {amount(days, 'day')}",
            scope=account.system_id,
            rows=(Rows.of("accounts", [account]),),
        )
