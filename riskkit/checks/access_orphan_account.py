"""Accounts of people whom the workforce list does not know."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.derived.employment import NOT_OF_THE_WORKFORCE, Employments, employments, holder_of
from riskkit.model import Result, Rows, Verdict
from riskkit.tables import records
from riskkit.words import none_of


@check(
    id="access.orphan_account",
    title="The person of every account is known to human resources",
    question="Which enabled accounts name a person whom the roster does not know?",
    subject="account",
    controls=(
        "45 CFR 164.308(a)(3)(i)",
        "45 CFR 164.308(a)(4)(i)",
        "45 CFR 164.308(a)(4)(ii)(C)",
    ),
    severity="medium",
    worst="high",
    remediation="Find the person, or disable the account; enter contractors and residents in the roster.",
    look_first="Whether the account is one of a contractor, student or merged department.",
    usual_cause="The account was made by hand, or its person left before the roster begins.",
    expects=("archive", "viewer", "worklist", "router", "database"),
)
def access_orphan_account(accounts: pd.DataFrame, roster: pd.DataFrame) -> Iterator[Verdict]:
    """One verdict per enabled account that is not of a service, vendor, emergency or several people.

    An account that names nobody is that of the person of the same log-in name. Names are compared without
    regard to case, as directories do. Whether the person still works here is another question.
    """
    people = employments(roster)
    for account in records(accounts):
        if not account.enabled or account.kind in NOT_OF_THE_WORKFORCE:
            continue
        result, message = _judged(account, people)
        yield Verdict(
            subject=account.account,
            result=result,
            message=message,
            observed="in the roster" if result == "PASS" else "not in the roster",
            expected="in the roster",
            scope=account.system_id,
            severity="high" if account.privileged else None,
            rows=(Rows.of("accounts", [account]),),
        )


def _judged(account: Any, people: Employments) -> tuple[Result, str]:
    user = holder_of(account, people)
    if user is None:
        return "UNKNOWN", "The list names no person for the account."
    if user in people:
        return "PASS", "The roster knows the person of the account."
    of = "the person of the account."
    return "FAIL", none_of(len(people), "person of the roster", f"is {of}", f"is not {of}")
