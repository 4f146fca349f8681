"""Records that were opened without anyone's name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import narwhals as nw

from riskkit.declare import check
from riskkit.derived.trail import MACHINES, UNNAMED_SOURCE, first_rows, flag, in_period, opens_record, row_key
from riskkit.model import Moment, Result, Verdict
from riskkit.tables import records
from riskkit.words import be, out_of


@check(
    id="audit.unattributed",
    title="The audit trail names the person behind each access",
    question="For which audit sources can accesses not be attributed to a person?",
    subject="audit source",
    controls=("45 CFR 164.312(b)", "45 CFR 164.312(a)(2)(i)"),
    severity="medium",
    remediation="Let the archive be reached through a log-in that writes the person's user id into each "
    "audit event.",
    look_first="Whether the accesses come from a viewer or router that queries under its own AE title.",
    usual_cause="Viewers open images with their own identity, and only they know who sat in front of them.",
    expects=("archive", "viewer", "worklist"),
)
def audit_unattributed(
    audit_events: nw.LazyFrame[Any], *, max_percent: int = 10, at: Moment
) -> Iterator[Verdict]:
    """One verdict per audit source with events in the period, on its queries, reads, transfers, exports.

    Transfers by machines are left out: modalities send and routers pass on by themselves. A user of
    whom nothing says whether it is a person leaves it unknown.
    """
    sources: dict[str, list[Any]] = {}
    for row in records(_counted(audit_events, at)):
        sources.setdefault(row.source_system or "", []).append(row)
    for source, found in sorted(sources.items()):
        accesses, nobody, machine, unclear = (
            sum(int(getattr(row, name)) for row in found)
            for name in ("accesses", "nobody", "machine", "unclear")
        )
        result, message = _judged(accesses, nobody, machine, unclear, max_percent)
        keys = [(row.source, row.key) for row in found if row.key is not None]
        predicate = "source_system = :subject and the access names no person"
        yield Verdict(
            subject=source or UNNAMED_SOURCE,
            result=result,
            message=message,
            observed=out_of(nobody + machine, accesses, "access"),
            expected=f"at most {max_percent} %",
            scope=source,
            rows=(first_rows(keys, nobody + machine + unclear, predicate),),
        )


def _counted(audit_events: nw.LazyFrame[Any], at: Moment) -> nw.LazyFrame[Any]:
    kind, named = nw.col("user_type").fill_null("unknown"), ~nw.col("user_id").is_null()
    machine, person = kind.is_in(MACHINES), (kind == "person") & named
    access = opens_record() & ~(machine & (nw.col("event_category") == "transfer"))
    return (
        audit_events.filter(in_period(at))
        .with_columns(
            accesses=flag(access),
            machine=flag(access & machine),
            nobody=flag(access & ~machine & ~named),
            unclear=flag(access & ~machine & ~person & named),
            key=nw.when(access & ~person).then(row_key()),
        )
        .group_by("source_system", "source")
        .agg(
            nw.col("accesses").sum(),
            nw.col("machine").sum(),
            nw.col("nobody").sum(),
            nw.col("unclear").sum(),
            nw.col("key").min(),
        )
    )


def _judged(accesses: int, nobody: int, machine: int, unclear: int, max_percent: int) -> tuple[Result, str]:
    if not accesses:
        return "UNKNOWN", (
            "The source has no access event in the period: nobody opened anything, or it is not recorded."
        )
    facts = (
        f"{out_of(nobody + machine, accesses, 'access')} {be(nobody + machine, 'names', 'name')} no person: "
        f"{machine:,} only a machine, {nobody:,} nobody"
    )
    if (nobody + machine) * 100 > max_percent * accesses:
        return "FAIL", f"{facts}."
    if unclear:
        facts = (
            f"{facts}; {unclear:,} {be(unclear, 'does not say whether its', 'do not say whether their')} "
            "user is a person"
        )
    over = (nobody + machine + unclear) * 100 > max_percent * accesses
    return ("UNKNOWN" if over else "PASS"), f"{facts}."
