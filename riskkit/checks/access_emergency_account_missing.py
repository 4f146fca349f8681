"""Accounts for emergencies that could not be used in one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.tables import records
from riskkit.words import amount, be, count, out_of


@check(
    id="access.emergency_account_missing",
    title="Emergency accounts are ready, and their use is looked at",
    question="Which systems have no emergency account that works, or one whose use nobody reviewed?",
    subject="system",
    controls=("45 CFR 164.312(a)(2)(ii)",),
    severity="medium",
    remediation="Enable one sealed emergency account for the system, try it, and review every use of it.",
    look_first="How the department got at images during the last outage of the directory.",
    usual_cause="Emergency access is left to a function of the viewer that fails with the directory.",
    expects=("archive", "viewer", "worklist"),
)
def access_emergency_account_missing(
    accounts: pd.DataFrame, reviews: pd.DataFrame | None, *, review_days: int = 30, at: Moment
) -> Iterator[Verdict]:
    """One verdict per system with a list of accounts.

    A system without such an account is unknown, not failed: access in an emergency may be a function
    (break glass), which the audit trail shows. A use is reviewed by an audit-trail or access review of
    the system, or of all systems, after it; `review_days` to do so are our choice.
    """
    by_system: dict[str, list[Any]] = {}
    for account in records(accounts):
        by_system.setdefault(account.system_id, []).append(account)
    reviewed = [] if reviews is None else list(records(reviews))
    for system, held in sorted(by_system.items()):
        kept = [account for account in held if account.kind == "emergency"]
        ready = [account for account in kept if account.enabled]
        result, message = _judged(kept, ready, _latest(reviewed, system), review_days, at)
        yield Verdict(
            subject=system,
            result=result,
            message=message,
            observed=f"{out_of(len(ready), len(kept), 'emergency account')} enabled",
            expected="an enabled emergency account, its uses reviewed",
            scope=system,
            rows=(Rows.of("accounts", kept or held),),
        )


def _judged(
    kept: Sequence[Any], ready: Sequence[Any], reviewed: datetime | None, days: int, at: Moment
) -> tuple[Result, str]:
    if not kept:
        return "UNKNOWN", "No emergency account is listed; access in an emergency may be a function instead."
    if not ready:
        return "FAIL", f"{_every(len(kept))} disabled, so none can be used."
    uses = [account.last_login for account in ready if account.last_login is not None]
    waiting = [use for use in uses if reviewed is None or reviewed < use]
    late = max((at.age_days(use) for use in waiting), default=0)
    used = f"{count(len(waiting), 'emergency account')} {be(len(waiting), 'was', 'were')} used"
    if late > days:
        return "FAIL", f"{used} and not reviewed for {amount(late, 'day')}."
    if waiting:
        return "UNKNOWN", f"{used}; a review is due."
    enabled = f"{count(len(ready), 'emergency account')} {be(len(ready))} enabled"
    if len(uses) < len(ready):
        return "PASS", f"{enabled}; no unreviewed use is on record."
    return "PASS", f"{enabled}, and {be(len(ready), 'its', 'their')} last use was reviewed."


def _every(number: int) -> str:
    return "The emergency account is" if number == 1 else f"All {number} emergency accounts are"


def _latest(reviews: Sequence[Any], system: str) -> datetime | None:
    return max(
        (
            review.performed_at
            for review in reviews
            if review.kind in ("audit_trail", "access") and review.system_id in (None, "", system)
        ),
        default=None,
    )
