"""Audit logs that are opened, exported or deleted without a trace."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import narwhals as nw

from riskkit.declare import check
from riskkit.derived.trail import UNNAMED_SOURCE, first_rows, flag, in_period, row_key
from riskkit.model import Moment, Result, Verdict
from riskkit.tables import records
from riskkit.words import amount, count, some


@check(
    id="audit.log_access_unwatched",
    title="Use of the audit log is itself recorded",
    question="Which audit sources do not record that their log is read, or record that it was changed or "
    "deleted?",
    subject="audit source",
    controls=("45 CFR 164.312(b)", "45 CFR 164.308(a)(1)(ii)(D)"),
    severity="medium",
    worst="high",
    remediation="Record each opening, export and deletion of the audit log (Audit Log Used, 110101), and "
    "let only people who do not administer the system delete from it.",
    look_first="Who was on duty at that time, and whether a retention job deletes under that name.",
    usual_cause="The log is read in the database or on disk, where the application does not see it.",
    expects=("archive", "viewer", "worklist"),
    aliases=("C13",),
)
def audit_log_access_unwatched(audit_events: nw.LazyFrame[Any], *, at: Moment) -> Iterator[Verdict]:
    """One verdict per audit source with events in the period.

    A change or deletion of the log (EventActionCode U or D, not refused) fails. Without any event on
    the log it is unknown: nobody looked, or looking leaves no trace.
    """
    sources: dict[str, list[Any]] = {}
    for row in records(_counted(audit_events, at)):
        sources.setdefault(row.source_system or "", []).append(row)
    for source, found in sorted(sources.items()):
        used, changed, people = (
            sum(int(getattr(row, name)) for row in found) for name in ("used", "changed", "named")
        )
        result, message = _judged(used, changed, people)
        keys = [(row.source, key) for row in found if (key := row.bad if changed else row.key) is not None]
        predicate = "source_system = :subject and event_category = 'audit_log_used'"
        yield Verdict(
            subject=source or UNNAMED_SOURCE,
            result=result,
            message=message,
            observed=f"{count(used, 'use of the log')}, {count(changed, 'change')}",
            expected="uses of the log are recorded, none changes it",
            scope=source,
            severity="high" if changed else None,
            rows=(first_rows(keys, used, predicate),),
        )


def _counted(audit_events: nw.LazyFrame[Any], at: Moment) -> nw.LazyFrame[Any]:
    used = nw.col("event_category") == "audit_log_used"
    refused = nw.col("event_outcome").fill_null("unknown") == "failure"
    changed = used & ~refused & nw.col("event_action").is_in(("U", "D"))
    return (
        audit_events.filter(in_period(at))
        .with_columns(
            used=flag(used),
            changed=flag(changed),
            named=flag(used & ~nw.col("user_id").is_null()),
            key=nw.when(used).then(row_key()),
            bad=nw.when(changed).then(row_key()),
        )
        .group_by("source_system", "source")
        .agg(
            nw.col("used").sum(),
            nw.col("changed").sum(),
            nw.col("named").sum(),
            nw.col("key").min(),
            nw.col("bad").min(),
        )
    )


def _judged(used: int, changed: int, named: int) -> tuple[Result, str]:
    facts = f"The log was used {amount(used, 'time')}, {some(named)} by somebody who is named"
    if changed:
        return "FAIL", f"{facts}; {count(changed, 'time')} it was changed or deleted from, for review."
    if not used:
        return "UNKNOWN", (
            "No event tells that the audit log was read, exported or deleted: nobody did, or it leaves no "
            "trace in this source."
        )
    return "PASS", f"{facts}; none changed it."
