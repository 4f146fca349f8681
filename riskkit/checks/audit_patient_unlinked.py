"""Accesses of which the audit trail does not say whose record it was."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import narwhals as nw

from riskkit.declare import check
from riskkit.derived.trail import UNNAMED_SOURCE, first_rows, flag, in_period, opens_record, row_key
from riskkit.model import Moment, Result, Verdict
from riskkit.tables import records
from riskkit.words import be, out_of, some


@check(
    id="audit.patient_unlinked",
    title="The audit trail names the patient of each access",
    question="For which audit sources do accesses not say whose images were opened?",
    subject="audit source",
    controls=("45 CFR 164.312(b)",),
    severity="medium",
    remediation="Let the product write patient and study into the events of accesses, or deliver a table "
    "of studies with their patients along with the trail.",
    look_first="Whether the events name a study, by which the archive can tell the patient.",
    usual_cause="Web interfaces address images by their UIDs, and the log holds only the address.",
    expects=("archive", "viewer", "worklist"),
    aliases=("C11",),
)
def audit_patient_unlinked(
    audit_events: nw.LazyFrame[Any], *, max_percent: int = 5, at: Moment
) -> Iterator[Verdict]:
    """One verdict per audit source with events in the period, on reads, transfers and exports.

    Queries are left out: they may ask for everybody. An event with a study and no patient can be
    linked by the archive, so it is unknown rather than a finding.
    """
    sources: dict[str, list[Any]] = {}
    for row in records(_counted(audit_events, at)):
        sources.setdefault(row.source_system or "", []).append(row)
    for source, found in sorted(sources.items()):
        accesses, unlinked, study = (
            sum(int(getattr(row, name)) for row in found) for name in ("accesses", "unlinked", "study")
        )
        result, message = _judged(accesses, unlinked, study, max_percent)
        keys = [(row.source, row.key) for row in found if row.key is not None]
        yield Verdict(
            subject=source or UNNAMED_SOURCE,
            result=result,
            message=message,
            observed=out_of(unlinked, accesses, "access"),
            expected=f"at most {max_percent} %",
            scope=source,
            rows=(first_rows(keys, unlinked, "source_system = :subject and the access names no patient"),),
        )


def _counted(audit_events: nw.LazyFrame[Any], at: Moment) -> nw.LazyFrame[Any]:
    access = opens_record() & (nw.col("event_category") != "query")
    unlinked = access & nw.col("patient_id").is_null()
    return (
        audit_events.filter(in_period(at))
        .with_columns(
            accesses=flag(access),
            unlinked=flag(unlinked),
            study=flag(unlinked & ~nw.col("study_uid").is_null()),
            key=nw.when(unlinked).then(row_key()),
        )
        .group_by("source_system", "source")
        .agg(
            nw.col("accesses").sum(), nw.col("unlinked").sum(), nw.col("study").sum(), nw.col("key").min()
        )
    )  # fmt: skip


def _judged(accesses: int, unlinked: int, study: int, max_percent: int) -> tuple[Result, str]:
    if not accesses:
        return "UNKNOWN", (
            "The source has no read, transfer or export in the period: nobody opened anything, or it is not "
            "recorded."
        )
    facts = f"{out_of(unlinked, accesses, 'access')} {be(unlinked, 'names', 'name')} no patient"
    if unlinked:
        facts += f"; {some(study)} of these {be(study, 'names', 'name')} a study"
    if (unlinked - study) * 100 > max_percent * accesses:
        return "FAIL", f"{facts}."
    if unlinked * 100 > max_percent * accesses:
        return "UNKNOWN", f"{facts}, by which the archive can tell whose it is."
    return "PASS", f"{facts}."
