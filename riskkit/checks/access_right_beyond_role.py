"""Rights that the job of their holder does not need."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.derived.inventory import system_names, system_of
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.tables import records
from riskkit.words import be, count, out_of

Needed = Mapping[str, set[tuple[str, str]]]
"""By job in lower case: pairs of system ("" for all) and right in lower case."""


@check(
    id="access.right_beyond_role",
    title="Nobody holds rights that the job does not need",
    question="Which accounts hold rights that the organisation did not decide the job of the holder to need?",
    subject="account",
    controls=("45 CFR 164.514(d)",),
    severity="medium",
    remediation="Withdraw the rights, or have the head of the department add them to role_rights.csv.",
    look_first="Whether the holder changed job or stands in for somebody.",
    usual_cause="Rights of a former job stay when people change department.",
)
def access_right_beyond_role(
    grants: pd.DataFrame,
    roster: pd.DataFrame,
    role_rights: pd.DataFrame,
    accounts: pd.DataFrame | None,
    systems: pd.DataFrame | None,
    *,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per system and account with rights; accounts that are disabled or no person's are left out.

    That a right was used does not show that it is needed: what a job needs is what the organisation
    decided (45 CFR 164.514(d)). A holder whom the roster does not employ at the end of the period, or
    whose job the list does not name, is unknown.
    """
    names = system_names(systems)
    needed: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for row in records(role_rights):
        place = system_of(row.system_id, names) if row.system_id else ""
        needed[row.role.casefold()].add((place, row.permission.casefold()))
    jobs: dict[str, set[str]] = defaultdict(set)
    for person in records(roster):
        if person.employed_from <= at.today and not (person.employed_to and person.employed_to < at.today):
            jobs[person.user_id].add(person.role)
    listed = [] if accounts is None else list(records(accounts))
    owner = {(row.system_id, row.account): row.user_id for row in listed if row.user_id}
    off = {
        (row.system_id, row.account)
        for row in listed
        if not row.enabled or row.kind in ("service", "emergency")
    }
    held: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for grant in records(grants):
        if (grant.system_id, grant.account) not in off:
            held[grant.system_id, grant.account].append(grant)
    for (system, account), found in sorted(held.items()):
        roles = sorted(jobs.get(owner.get((system, account), account), ()))
        result, message, rows = _judged(found, system_of(system, names), roles, needed)
        yield Verdict(
            subject=account,
            result=result,
            message=message,
            observed=count(len(found), "right"),
            expected="only rights that the job needs",
            scope=system,
            rows=(Rows.of("grants", sorted(rows, key=lambda r: (r.source, r.offset or 0, r.n or 0))),),
        )


def _judged(
    found: Sequence[Any], system: str, roles: Sequence[str], needed: Needed
) -> tuple[Result, str, Sequence[Any]]:
    held = count(len(found), "right")
    if not roles:
        return "UNKNOWN", f"{held}, and the roster shows no job of the holder.", found
    silent = [role for role in roles if role.casefold() not in needed]
    may = {pair for role in roles for pair in needed.get(role.casefold(), ())}
    beyond = [
        grant
        for grant in found
        if not {("", grant.permission.casefold()), (system, grant.permission.casefold())} & may
    ]
    job = " and ".join(roles)
    if not beyond:
        return (
            "PASS",
            f"{'The right is' if len(found) == 1 else f'All {held} are'} among those that the job needs "
            f"({job}).",
            found,
        )
    if silent:
        return "UNKNOWN", f"{held}, and no list says what the job needs ({job}).", found
    told = (
        f"{out_of(len(beyond), len(found), 'right')} {be(len(beyond))} not among those that the job needs "
        f"({job})"
    )
    return "FAIL", f"{told}: unexplained, for review.", beyond
