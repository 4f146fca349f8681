"""Rights that nobody agreed to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.model import Result, Rows, Verdict
from riskkit.tables import records
from riskkit.words import be, count, out_of

Place = tuple[str, str]


@check(
    id="access.grant_without_approval",
    title="Somebody entitled agreed to every right",
    question="Which accounts hold rights that nobody approved, or that their holder approved?",
    subject="account",
    controls=(
        "45 CFR 164.308(a)(3)(ii)(A)",
        "45 CFR 164.308(a)(4)(i)",
        "45 CFR 164.308(a)(4)(ii)(B)",
    ),
    severity="medium",
    remediation="Have the head of the department approve or withdraw the rights, and record who did.",
    look_first="Requests by mail or ticket from about the day of the grant.",
    usual_cause="The right was given on a call, and the form was to follow.",
)
def access_grant_without_approval(grants: pd.DataFrame, accounts: pd.DataFrame) -> Iterator[Verdict]:
    """One verdict per account with grants, and per enabled account without any on a system that has some.

    An account without a grant fails where the system's grants record approvals, and is unknown where
    the list is only what the system itself holds. Approvals show nothing on a system whose accounts
    nobody listed: one without a grant could not be seen.
    """
    held: dict[Place, list[Any]] = {}
    for grant in records(grants):
        held.setdefault((grant.system_id, grant.account), []).append(grant)
    every = list(records(accounts))
    known, listed = {row.system_id for row in every}, [row for row in every if row.enabled]
    owners = {(row.system_id, row.account): row.user_id for row in listed}
    for place, found in sorted(held.items()):
        result, message = _judged(found, {place[1], owners.get(place) or place[1]})
        if result == "PASS" and place[0] not in known:
            result, message = "UNKNOWN", f"{message} No list shows which accounts the system has."
        yield _verdict(place, result, message, count(len(found), "grant"), Rows.of("grants", found))
    systems = {system: False for system, _ in held}
    for (system, _), found in held.items():
        systems[system] |= any(_recorded(grant) for grant in found)
    for account in listed:
        place = (account.system_id, account.account)
        if place in held or account.system_id not in systems:
            continue
        recorded = systems[account.system_id]
        yield _verdict(
            place,
            "FAIL" if recorded else "UNKNOWN",
            "The account is enabled and no grant of it is on record."
            if recorded
            else "The account is enabled, and the list of grants shows none of it and records no approvals.",
            "0 grants",
            Rows.of("accounts", [account]),
        )


def _verdict(place: Place, result: Result, message: str, observed: str, rows: Rows) -> Verdict:
    return Verdict(
        subject=place[1],
        result=result,
        message=message,
        observed=observed,
        expected="each grant approved by somebody else",
        scope=place[0],
        rows=(rows,),
    )


def _recorded(grant: Any) -> bool:
    return grant.approved is not None or grant.approved_by is not None


def _judged(found: Sequence[Any], holders: set[str]) -> tuple[Result, str]:
    names = {name.casefold() for name in holders}
    refused = sum(grant.approved is False for grant in found)
    own = sum((grant.approved_by or "").casefold() in names for grant in found)
    silent = sum(not _recorded(grant) for grant in found)
    if refused:
        return "FAIL", f"{out_of(refused, len(found), 'grant')} {be(refused)} recorded as not approved."
    if own:
        return (
            "FAIL",
            f"{out_of(own, len(found), 'grant')} {be(own, 'was', 'were')} approved by "
            f"{be(own, 'its', 'their')} holder.",
        )
    if silent:
        return (
            "UNKNOWN",
            f"Of {out_of(silent, len(found), 'grant')} it is not recorded whether anybody approved.",
        )
    return "PASS", f"{'The grant is' if len(found) == 1 else f'All {len(found):,} grants are'} approved."
