"""Many deletions by one user in a short time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import narwhals as nw

from riskkit.declare import check
from riskkit.derived.trail import (
    MINUTE_US,
    first_rows,
    flag,
    gives_no_reason,
    hour,
    in_period,
    local_day,
    row_key,
)
from riskkit.model import Moment, Result, Verdict
from riskkit.tables import records
from riskkit.words import amount, count, some

UNIT = ("user_id", "source_system")
STUDIES = " studies, the first is given"
"""How a reader ends the note on an event of several studies; their number stands before it."""

NOBODY = "no user named"
"""The subject of deletions that name nobody."""


@check(
    id="audit.mass_deletion",
    title="Nobody deletes images in great number",
    question="Which users deleted many studies or records within an hour or a day?",
    subject="user",
    controls=("45 CFR 164.312(c)(1)",),
    severity="high",
    remediation="Ask the user and the owner of the archive why; until it is explained, stop the account "
    "and compare the archive with its backup.",
    look_first="Whether a retention rule or an agreed clean-up ran at that time, and under which ticket.",
    usual_cause="A clean-up of test studies or of a wrongly imported disc.",
    standing=False,
    signal=True,
)
def audit_mass_deletion(
    audit_events: nw.LazyFrame[Any],
    *,
    burst: int = 10,
    burst_minutes: int = 60,
    per_day: int = 20,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per user and system with deletions in the period that were not refused.

    Put up for review when `burst` deletions lie within `burst_minutes`, or `per_day` on one local
    day. Machines are judged as well: a retention job that begins to delete more is worth a look. A message
    counts for as many as it names, patients or studies, whichever are more.
    """
    refused = nw.col("event_outcome").fill_null("unknown") == "failure"
    deletions = audit_events.filter(in_period(at), nw.col("event_category") == "delete", ~refused)
    units: dict[tuple[str | None, str | None], list[Any]] = {}
    for row in records(_by_hour(deletions, burst, burst_minutes, at)):
        units.setdefault((row.user_id, row.source_system), []).append(row)
    for (user, source), found in units.items():
        days: dict[date, int] = {}
        for row in found:
            day = local_day(row.hour, at)
            days[day] = days.get(day, 0) + int(row.deletions)
        deleted, most = sum(days.values()), max(days.values())
        bursts, unexplained = (sum(int(getattr(row, name)) for row in found) for name in ("bursts", "bare"))
        facts = (
            f"{count(deleted, 'deletion')}, at most {most:,} on one day; {some(unexplained)} without a reason"
        )
        result: Result = "FAIL" if bursts or most >= per_day else "PASS"
        if bursts:
            facts += f"; {burst} or more lie within {amount(burst_minutes, 'minute')}"
        yield Verdict(
            subject=user or NOBODY,
            result=result,
            message=f"{facts}, for review." if result == "FAIL" else f"{facts}.",
            observed=f"{count(deleted, 'deletion')}, at most {most:,} a day",
            expected=f"fewer than {burst} in {amount(burst_minutes, 'minute')} and fewer than {per_day} a "
            "day",
            scope=source or "",
            signal={"deletions": float(deleted)},
            rows=(
                first_rows(
                    [(row.source, row.key) for row in found],
                    deleted,
                    "user_id = :subject and source_system = :scope and event_category = 'delete'",
                ),
            ),
        )


def _by_hour(deletions: nw.LazyFrame[Any], burst: int, burst_minutes: int, at: Moment) -> nw.LazyFrame[Any]:
    time = nw.col("event_time_us")
    earlier = time.shift(burst - 1).over(*UNIT, order_by=["event_time_us", "event_seq", "offset", "n"])
    return (
        deletions.with_columns(earlier=earlier, named=_named())
        .with_columns(
            hour=hour(at),
            key=row_key(),
            bursts=flag(
                (time - nw.col("earlier") <= burst_minutes * MINUTE_US).fill_null(False)
                | (nw.col("named") >= burst)
            ),
            bare=flag(gives_no_reason()),
        )
        .group_by(*UNIT, "source", "hour")
        .agg(
            nw.col("named").sum().alias("deletions"),
            nw.col("bursts").sum(),
            nw.col("bare").sum(),
            nw.col("key").min(),
        )
        .sort(*UNIT, "source", "hour")
    )


def _named() -> nw.Expr:
    """How many a message deletes, told in the first of its rows, of which there is one for each patient."""
    patients = nw.col("n").fill_null(0).max().over("source", "offset") + 1
    notes = nw.col("parse_notes").fill_null("")
    told = notes.str.contains(f"[0-9]{STUDIES}")
    number = notes.str.replace_all(f"{STUDIES}.*$", "").str.replace_all("^.*[^0-9]", "")
    studies = nw.when(told).then(number).cast(nw.Int64).fill_null(0)
    more = nw.when(studies > patients).then(studies).otherwise(patients)
    return nw.when(nw.col("n").fill_null(0) == 0).then(more).otherwise(0)
