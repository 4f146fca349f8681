"""Accounts of people who left that can still be used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.derived.custody_dates import exported
from riskkit.derived.employment import NOT_OF_THE_WORKFORCE, employments, holder_of, last_day, standing
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
    expects=("archive", "viewer", "worklist", "router", "database"),
)
def access_terminated_still_enabled(
    accounts: pd.DataFrame,
    roster: pd.DataFrame,
    custody: pd.DataFrame | None,
    *,
    grace_days: int = 0,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per account of a person; a list exported before the person left shows nothing.

    An account that names nobody is that of the person of the same log-in name; where there is none it is
    unknown, unless it is disabled or its kind is no person's. A rehire that lies ahead is none yet.
    A disabled account fails as well when it logged in after the last day, or was closed late within the
    period: it was open in between. Ids are compared without regard to case, as directories do.
    """
    people = employments(roster)
    exported_at = exported(custody)
    for account in records(accounts):
        user = holder_of(account, people)
        if user is None and (not account.enabled or account.kind in NOT_OF_THE_WORKFORCE):
            continue
        rows = people.get(user, ()) if user else ()
        listed = exported_at(account.source)
        listed_on = at.today if listed is None else min(listed.astimezone(at.zone).date(), at.today)
        result, message = _judged(account, rows, listed_on, grace_days, at)
        yield Verdict(
            subject=account.account,
            result=result,
            message=message,
            observed=_state(account),
            expected="enabled only while the person is employed",
            scope=account.system_id,
            severity="critical" if account.privileged or account.remote else None,
            rows=(Rows.of("accounts", [account]), Rows.of("roster", rows)),
        )


def _judged(account: Any, rows: Sequence[Any], listed: date, grace: int, at: Moment) -> tuple[Result, str]:
    left = last_day(rows, at.today)
    if not rows:
        if not account.enabled:
            return "PASS", "The account is disabled."
        if account.user_id is None:
            return "UNKNOWN", "The account is enabled, and the list names no person for it."
        return "UNKNOWN", "The account is enabled, and the roster does not know its person."
    if left is None or (at.today - left).days <= grace:
        stands = standing(rows, at.today if left is None else left)
        return "PASS", f"The account is {_state(account)} and {stands}."
    return _of_a_leaver(account, left, listed, grace, at)


def _of_a_leaver(account: Any, left: date, listed: date, grace: int, at: Moment) -> tuple[Result, str]:
    """What the list shows of the account after the last day: enabled still, a log-in, a late closing."""
    limit = left + timedelta(days=grace)
    after = "after the person's last day"
    login, closed = _local_day(account.last_login, at), _local_day(account.disabled_at, at)
    used = ""
    if login and login > limit:
        used = f" It last logged in {amount((login - left).days, 'day')} {after}."
    if account.enabled:
        seen = max(listed, login) if login else listed
        if seen <= limit:
            return (
                "UNKNOWN",
                "The account list was exported before the person left, so it cannot show the account's end.",
            )
        return "FAIL", f"The account was enabled {amount((seen - left).days, 'day')} {after}.{used}"
    if closed is None:
        told = f"The account is disabled; it is not recorded since when.{used}"
    elif closed <= limit:
        told = f"The account was disabled on {closed}, by the last day and its grace.{used}"
    else:
        told = f"The account was disabled on {closed}, {amount((closed - left).days, 'day')} {after}.{used}"
    late = closed is not None and closed > limit and closed >= at.period.first_day
    return ("FAIL" if used or late else "PASS"), told


def _state(account: Any) -> str:
    return "enabled" if account.enabled else "disabled"


def _local_day(when: datetime | None, at: Moment) -> date | None:
    return None if when is None else when.astimezone(at.zone).date()
