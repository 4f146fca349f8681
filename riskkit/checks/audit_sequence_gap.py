"""Numbers that are missing in a trail whose producer numbers its records."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import narwhals as nw

from riskkit.declare import check
from riskkit.derived.trail import DAY_US, UNNAMED_SOURCE, first_rows, flag, in_period, row_key
from riskkit.model import Moment, Result, Verdict
from riskkit.tables import records
from riskkit.words import be, count, out_of, some

NUMBER = "^[0-9]{1,18}$"
NUMBERED_PERCENT = 99
"""So many of its events have a number as identifier when a source numbers its records."""

GAPS_ARE_NORMAL = "^(orthanc|fhir)"
"""Formats (`source_format`) in which numbers are left out in normal use: Orthanc's changes, and servers of
FHIR, which number all kinds of resources in one sequence."""


@check(
    id="audit.sequence_gap",
    title="Numbered audit trails have no gap",
    question="In which audit sources that number their records are numbers missing or used twice?",
    subject="audit source",
    controls=("45 CFR 164.312(b)",),
    severity="high",
    remediation="Ask the owner of the system for the missing records, and find out who can delete from "
    "the log.",
    look_first="Whether the export left out a kind of event, which leaves regular gaps.",
    usual_cause="The export was filtered, or the log is pruned by a retention job.",
    aliases=("C7",),
    whole_trail=True,
)
def audit_sequence_gap(
    audit_events: nw.LazyFrame[Any], *, least_percent: int = 50, look_back_days: int = 31, at: Moment
) -> Iterator[Verdict]:
    """One verdict per audit source whose identifiers of events are whole numbers.

    Sources without numbers are no subject: of them this question cannot be asked. Where fewer than
    `least_percent` of the numbers between the first and the last occur, they do not count records,
    and it stays unknown. A number is used twice when two events of different times bear it; a copy
    of one event is no gap and no second use. The highest number of the `look_back_days` before the period
    is taken in where it is below all of the period: what is missing between them was to come in it.
    """
    events = audit_events.filter(in_period(at), nw.col("n").fill_null(0) == 0)
    numbered = nw.col("event_id").str.contains(NUMBER)
    sources = [
        row.source_system
        for row in records(
            events.with_columns(
                numbers=flag(numbered),
                normal=flag(nw.col("source_format").str.contains(GAPS_ARE_NORMAL)),
                source_system=nw.col("source_system").fill_null(""),
            )
            .group_by("source_system")
            .agg(nw.len().alias("events"), nw.col("numbers").sum(), nw.col("normal").sum())
        )
        if row.numbers * 100 >= NUMBERED_PERCENT * row.events and not row.normal
    ]
    if not sources:
        return
    before = _last_before(audit_events, look_back_days, at)
    for row in records(_gaps(events, sources)):
        border = max(int(row.low) - before.get(row.source_system, int(row.low)) - 1, 0)
        lost, gaps = int(row.lost) + border, int(row.gaps) + (border > 0)
        result, message = _judged(row, lost, gaps, least_percent)
        keys = [(file, key) for file, key in _keys(events, row.source_system) if key is not None]
        yield Verdict(
            subject=row.source_system or UNNAMED_SOURCE,
            result=result,
            message=message,
            observed=f"{count(lost, 'number')} missing, {some(int(row.reused))} used twice",
            expected="every number from the first to the last, once",
            scope=row.source_system,
            rows=(first_rows(keys, gaps, "source_system = :subject, after a gap in event_id"),),
        )


def _numbers(events: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Each number of each file once, and how far it is from the one before it."""
    numbered = nw.col("event_id").str.contains(NUMBER)
    order = {"order_by": ["number", "source"]}
    single = (
        events.filter(numbered)
        .with_columns(
            # Only what is a number is cast, whatever order an engine evaluates in.
            number=nw.when(numbered).then(nw.col("event_id")).cast(nw.Int64),
            source_system=nw.col("source_system").fill_null(""),
            key=row_key(),
        )
        .group_by("source_system", "source", "number")
        .agg(
            nw.col("key").min(),
            nw.col("event_time_us").min().alias("first_us"),
            nw.col("event_time_us").max().alias("last_us"),
        )
    )
    return single.with_columns(
        step=nw.col("number") - nw.col("number").shift(1).over("source_system", **order),
        away=nw.col("first_us") - nw.col("first_us").shift(1).over("source_system", **order),
    )


def _last_before(audit_events: nw.LazyFrame[Any], days: int, at: Moment) -> dict[str, int]:
    """The highest number of each source in the days before the period."""
    time = nw.col("event_time_us")
    earlier = audit_events.filter(time >= at.start_us - days * DAY_US, time < at.start_us)
    found = _numbers(earlier).group_by("source_system").agg(nw.col("number").max())
    return {row.source_system: int(row.number) for row in records(found)}


def _gaps(events: nw.LazyFrame[Any], sources: list[str]) -> nw.LazyFrame[Any]:
    twice = (nw.col("last_us") > nw.col("first_us")) | ((nw.col("step") == 0) & (nw.col("away") != 0))
    return (
        _numbers(events)
        .filter(nw.col("source_system").is_in(sources))
        .with_columns(
            gaps=flag(nw.col("step") > 1),
            again=flag(nw.col("step") == 0),
            reused=flag(twice),
            lost=nw.when(nw.col("step") > 1).then(nw.col("step") - 1).otherwise(0),
        )
        .group_by("source_system")
        .agg(
            nw.len().alias("rows"),
            *(nw.col(name).sum() for name in ("gaps", "again", "reused", "lost")),
            nw.col("number").min().alias("low"),
        )
        .sort("source_system")
    )


def _keys(events: nw.LazyFrame[Any], source: str) -> list[tuple[str, int]]:
    odd = _numbers(events).filter(nw.col("source_system") == source)
    odd = odd.with_columns(odd=nw.when((nw.col("step") > 1) | (nw.col("step") == 0)).then(nw.col("key")))
    first = odd.group_by("source").agg(nw.col("odd").min(), nw.col("key").min())
    return [(row.source, row.key if row.odd is None else row.odd) for row in records(first)]


def _judged(row: Any, lost: int, gaps: int, least_percent: int) -> tuple[Result, str]:
    numbers, reused = int(row.rows) - int(row.again), int(row.reused)
    span = numbers + lost
    facts = f"{out_of(numbers, span, 'number')} between the first and the last"
    if numbers * 100 < least_percent * span:
        return "UNKNOWN", f"{facts}: these identifiers do not count records one by one."
    if lost or reused:
        missing = f"{lost:,} {be(lost)} missing in {count(gaps, 'gap')}" if lost else "none is missing"
        return "FAIL", f"{facts}: {missing}, and {some(reused)} {be(reused)} used twice."
    return "PASS", f"{facts}: none is missing, none is used twice."
