"""Studies that were stored again long after they had been stored."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import narwhals as nw

from riskkit.declare import check
from riskkit.derived.trail import HOUR_US, UNNAMED_SOURCE, arrived, first_rows, flag, row_key
from riskkit.model import Moment, Result, Verdict
from riskkit.tables import records
from riskkit.words import out_of

STORED = ("import", "create", "update")
"""Categories in which what a study holds may change."""


@check(
    id="audit.overwrite",
    title="Stored studies are not overwritten",
    question="In which archives were studies stored or changed again long after they had been stored?",
    subject="audit source",
    controls=("45 CFR 164.312(c)(1)",),
    severity="medium",
    remediation="Compare the images of these studies with those of a backup, and find out which instances "
    "were added, replaced or removed.",
    look_first="Who stored the study again, and whether instances with known UIDs came again.",
    usual_cause="Post-processing adds series later, or a prior came back from another archive.",
    signal=True,
)
def audit_overwrite(
    audit_events: nw.LazyFrame[Any],
    systems: nw.LazyFrame[Any] | None,
    *,
    after_hours: int = 24,
    max_percent: int = 5,
    least_studies: int = 5,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per audit source that stored studies in the period.

    Storing is an import, a creation or an update of a study, or its transfer to the very system that
    recorded it (its AE titles are in the inventory). A study that is stored more than `after_hours`
    after it was first seen stored is stored again: put up for review when that are more than
    `max_percent` of the studies and at least `least_studies`. The trail names studies, not instances:
    whether one was replaced or only added, the images tell. A study whose first storing lies before
    the trail looks new.
    """
    time = nw.col("event_time_us")
    refused = nw.col("event_outcome").fill_null("unknown") == "failure"
    stored = nw.col("event_category").is_in(STORED) | arrived(systems)
    studies = (
        audit_events.filter(stored, ~refused, time < at.end_us, ~nw.col("study_uid").is_null())
        .with_columns(source_system=nw.col("source_system").fill_null(""))
        .group_by("source_system", "study_uid")
        .agg(time.min().alias("first_us"), time.max().alias("last_us"))
        .filter(nw.col("last_us") >= at.start_us)
        .with_columns(again=flag(nw.col("last_us") - nw.col("first_us") > after_hours * HOUR_US))
    )
    keys = _keys(audit_events, studies, stored & ~refused, at)
    counted = studies.group_by("source_system").agg(nw.len().alias("studies"), nw.col("again").sum())
    for row in records(counted.sort("source_system")):
        total, again = row.studies, int(row.again)
        over = again >= least_studies and again * 100 > max_percent * total
        result: Result = "FAIL" if over else "PASS"
        facts = (
            f"{out_of(again, total, 'study')} stored in the period had been stored more than {after_hours} h "
            "before"
        )
        yield Verdict(
            subject=row.source_system or UNNAMED_SOURCE,
            result=result,
            message=f"{facts}, for review." if over else f"{facts}.",
            observed=out_of(again, total, "study"),
            expected=f"at most {max_percent} %",
            scope=row.source_system,
            signal={"stored_again": float(again)},
            rows=(
                first_rows(
                    keys.get(row.source_system, []),
                    max(again, len(keys.get(row.source_system, []))),
                    "source_system = :subject and the study is stored again",
                ),
            ),
        )


def _keys(
    audit_events: nw.LazyFrame[Any], studies: nw.LazyFrame[Any], stored: nw.Expr, at: Moment
) -> dict[str, list[tuple[str, int]]]:
    time, study = nw.col("event_time_us"), ["source_system", "study_uid"]
    again = studies.filter(nw.col("again") == 1).select(*study)
    found = (
        audit_events.filter(stored, time >= at.start_us, time < at.end_us)
        .with_columns(source_system=nw.col("source_system").fill_null(""), key=row_key())
        .join(again, on=study, how="inner")
        .group_by("source_system", "source")
        .agg(nw.col("key").min())
    )
    keys: dict[str, list[tuple[str, int]]] = {}
    for row in records(found):
        keys.setdefault(row.source_system, []).append((row.source, row.key))
    return keys
