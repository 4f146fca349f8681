"""Rights of accounts that the audit trail of a quarter does not show."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import narwhals as nw

from riskkit.declare import check
from riskkit.derived.used_accounts import uses
from riskkit.model import Moment, Rows, Verdict
from riskkit.tables import records
from riskkit.words import amount, count


@check(
    id="access.granted_not_used",
    title="Rights are held by those who use them",
    question="Which accounts hold rights on a system whose audit trail does not show them for a quarter?",
    subject="account",
    controls=("45 CFR 164.308(a)(4)(ii)(C)",),
    severity="low",
    remediation="Withdraw the rights, or have the head of the department say why they stay.",
    look_first="Whether the holder changed department since the rights were given.",
    usual_cause="Rights are added when people change their task, and nobody takes the old ones away.",
)
def access_granted_not_used(
    audit_events: nw.LazyFrame[Any],
    grants: nw.LazyFrame[Any],
    accounts: nw.LazyFrame[Any] | None,
    systems: nw.LazyFrame[Any] | None,
    *,
    days: int = 90,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per holder of rights; accounts that the account list shows as disabled are left out.

    The trail tells who acted, not by which right: whether a right is needed is not shown by its use.
    """
    used = uses(audit_events, grants, systems, days, at)
    off = {
        (row.system_id, row.account)
        for row in ([] if accounts is None else records(accounts))
        if not row.enabled or row.kind in ("service", "emergency")
    }
    held: dict[tuple[str, str], list[Any]] = {}
    for grant in records(grants):
        held.setdefault((grant.system_id, grant.account), []).append(grant)
    for (system, account), found in sorted(held.items()):
        if (system, account) in off:
            continue
        result, message, events = used.of(system, account)
        rows = sorted(found, key=lambda row: (row.source, row.offset or 0, row.n or 0))
        yield Verdict(
            subject=account,
            result=result,
            message=f"{count(len(found), 'right')} held. {message}",
            observed=count(events, "event"),
            expected=f"an event within {amount(days, 'day')}",
            scope=system,
            rows=(Rows.of("grants", rows),),
        )
