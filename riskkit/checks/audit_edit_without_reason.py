"""Changes of patient or study data, and merges of patients, without a reason."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import narwhals as nw

from riskkit.declare import check
from riskkit.derived.trail import (
    MACHINES,
    UNNAMED_SOURCE,
    first_rows,
    flag,
    gives_no_reason,
    in_period,
    row_key,
)
from riskkit.model import Moment, Result, Verdict
from riskkit.tables import records
from riskkit.words import be, count, out_of

PATIENT_RECORD = "110110"
"""The event of a merge: an update of the record that stays and a deletion of the other (IHE ITI-8)."""


@check(
    id="audit.edit_without_reason",
    title="Changes of stored data carry a reason",
    question="For which audit sources were patient or study data changed, or patients merged, without a "
    "reason on record?",
    subject="audit source",
    controls=("45 CFR 164.312(c)(1)",),
    severity="medium",
    remediation="Trace each such change to its order or ticket, compare the images with their patient, "
    "and let the product ask for a reason.",
    look_first="Merges first: images that hang under the wrong patient are read as that patient's.",
    usual_cause="The product lets registration correct data without asking why.",
)
def audit_edit_without_reason(
    audit_events: nw.LazyFrame[Any], *, max_percent: int = 0, at: Moment
) -> Iterator[Verdict]:
    """One verdict per audit source that recorded such changes in the period.

    A change is an update of images or of a patient's record, or the deletion of a patient's record
    (the vanishing half of a merge), not refused. A reason is an outcome description that tells more than
    that it went well, or a purpose of use. Changes by machines follow messages of another system and are
    counted apart. A source without changes is no subject: whether none were made or none are recorded,
    audit.event_class_missing asks.
    """
    sources: dict[str, list[Any]] = {}
    for row in records(_counted(audit_events, at)):
        sources.setdefault(row.source_system or "", []).append(row)
    for source, found in sorted(sources.items()):
        edits, bare, machine = (
            sum(int(getattr(row, name)) for row in found) for name in ("edits", "bare", "machine")
        )
        result: Result = "FAIL" if bare * 100 > max_percent * edits else "PASS"
        keys = [
            (row.source, key)
            for row in found
            if (key := row.bare_key if result == "FAIL" else row.key) is not None
        ]
        yield Verdict(
            subject=source or UNNAMED_SOURCE,
            result=result,
            message=f"{_told(bare, edits)}; {count(machine, 'more change')} {be(machine, 'was', 'were')} "
            "made by machines.",
            observed=out_of(bare, edits, "change"),
            expected=f"at most {max_percent} % without a reason",
            scope=source,
            rows=(
                first_rows(
                    keys, bare or edits + machine, "source_system = :subject and the event is an edit"
                ),
            ),
        )


def _told(bare: int, edits: int) -> str:
    of_people = "change of patient or study data by people"
    if not edits:
        return f"No {of_people}"
    return f"{out_of(bare, edits, of_people)} {be(bare, 'gives', 'give')} no reason"


def _counted(audit_events: nw.LazyFrame[Any], at: Moment) -> nw.LazyFrame[Any]:
    category = nw.col("event_category")
    merged = (category == "delete") & (nw.col("event_code").fill_null("") == PATIENT_RECORD)
    refused = nw.col("event_outcome").fill_null("unknown") == "failure"
    machine = nw.col("user_type").fill_null("unknown").is_in(MACHINES)
    bare = ~machine & gives_no_reason()
    return (
        audit_events.filter(in_period(at), (category == "update") | merged, ~refused)
        .with_columns(
            edits=flag(~machine),
            machine=flag(machine),
            bare=flag(bare),
            key=row_key(),
            bare_key=nw.when(bare).then(row_key()),
        )
        .group_by("source_system", "source")
        .agg(
            nw.col("edits").sum(),
            nw.col("machine").sum(),
            nw.col("bare").sum(),
            nw.col("key").min(),
            nw.col("bare_key").min(),
        )
    )
