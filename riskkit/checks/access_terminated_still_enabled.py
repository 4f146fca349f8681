"""Accounts of people who left that can still be used."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.derived.custody_dates import exported
from riskkit.derived.employment import employments, last_day
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.tables import records
from riskkit.words import amount


@check(
    id="access.terminated_still_enabled",
    title="Accounts of people who left are disabled",
    question="Which accounts of people whose employment ended are still enabled?",
    subject="account",
    controls=("45 CFR 164.308(a)(3)(ii)(C)", "45 CFR 164.308(a)(3)(i)", "45 CFR 164.312(a)(1)"),
    severity="high",
    worst="critical",
    remediation="Disable the account now, and let the leaving notice of human resources trigger it in "
    "future.",
    look_first="Whether the account logged in after the last day of employment.",
    usual_cause="The PACS keeps its own accounts, and the leaving notice reaches only the directory.",
    expects=("archive", "viewer"),
)
def access_terminated_still_enabled(
    accounts: pd.DataFrame,
    roster: pd.DataFrame,
    custody: pd.DataFrame | None,
    *,
    grace_days: int = 0,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per account that names a person; a list exported before the person left shows nothing."""
    people = employments(roster)
    exported_at = exported(custody)
    for account in records(accounts):
        if account.user_id is None:
            continue
        rows = people.get(account.user_id, ())
        left = last_day(rows)
        listed = exported_at(account.source)
        listed_on = at.today if listed is None else min(listed.astimezone(at.zone).date(), at.today)
        result, message = _judged(
            account, known=bool(rows), left=left, listed=listed_on, grace=grace_days, at=at
        )
        yield Verdict(
            subject=account.account,
            result=result,
            message=message,
            observed="enabled" if account.enabled else "disabled",
            expected="enabled only while the person is employed",
            scope=account.system_id,
            severity="critical" if account.privileged or account.remote else None,
            rows=(Rows.of("accounts", [account]), Rows.of("roster", rows)),
        )


def _judged(
    account: Any, *, known: bool, left: date | None, listed: date, grace: int, at: Moment
) -> tuple[Result, str]:
    if not account.enabled:
        return "PASS", "The account is disabled."
    if not known:
        return "UNKNOWN", "The account is enabled, and the roster does not know its person."
    if left is None or (at.today - left).days <= grace:
        return "PASS", "The account is enabled and its person is employed."
    if (listed - left).days <= grace:
        return (
            "UNKNOWN",
            "The account list was exported before the person left, so it cannot show the account's end.",
        )
    return "FAIL", (
        f"The account was enabled {amount((listed - left).days, 'day')} after the person's last day."
    )
