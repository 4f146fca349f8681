"""Numbers that are missing in a trail whose producer numbers its records."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
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
    audit_events: nw.LazyFrame[Any], *, least_percent: int = 50, border_days: int = 31, at: Moment
) -> Iterator[Verdict]:
    """One verdict per audit source whose identifiers of events are whole numbers.

    Sources without numbers are no subject: of them this question cannot be asked. Where fewer than
    `least_percent` of the numbers between the first and the last occur, they do not count records,
    and it stays unknown. A number is used twice when two events of different times bear it; a copy
    of one event is no gap and no second use. What is missing to the next lower number from before the
    period counts when that event lies within `border_days` of it; else nobody can tell when it was lost,
    and it is unknown.
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
    earlier = {row.source_system: row for row in records(_earlier(audit_events, at))}
    for row in records(_gaps(audit_events, sources, at)):
        before = _before(row, earlier.get(row.source_system), border_days, at)
        result, message = _judged(row, before, least_percent)
        lost, gaps = int(row.lost) + before.lost, int(row.gaps) + (before.lost > 0)
        keys = [(file, key) for file, key in _keys(audit_events, row.source_system, at) if key is not None]
        yield Verdict(
            subject=row.source_system or UNNAMED_SOURCE,
            result=result,
            message=message,
            observed=f"{count(lost, 'number')} missing, {some(int(row.reused))} used twice",
            expected="every number from the first to the last, once",
            scope=row.source_system,
            rows=(first_rows(keys, gaps, "source_system = :subject, after a gap in event_id"),),
        )


@dataclass(frozen=True)
class _Before:
    """Numbers missing between the period and what came before it, and those lost at no known time."""

    lost: int = 0
    unclear: int = 0


def _before(row: Any, last: Any | None, border_days: int, at: Moment) -> _Before:
    if last is None:
        return _Before()
    missing = int(row.low) - int(last.number) - 1
    far = at.start_us - int(last.first_us) > border_days * DAY_US
    return _Before(unclear=missing) if far else _Before(missing)


def _single(audit_events: nw.LazyFrame[Any], at: Moment) -> nw.LazyFrame[Any]:
    """Each number of each file once inside of the period, and once outside."""
    numbered = nw.col("event_id").str.contains(NUMBER)
    return (
        audit_events.filter(numbered, nw.col("n").fill_null(0) == 0, ~nw.col("event_time_us").is_null())
        .with_columns(
            # Only what is a number is cast, whatever order an engine evaluates in.
            number=nw.when(numbered).then(nw.col("event_id")).cast(nw.Int64),
            source_system=nw.col("source_system").fill_null(""),
            inside=flag(in_period(at)),
            key=row_key(),
        )
        .group_by("source_system", "source", "number", "inside")
        .agg(
            nw.col("key").min(),
            nw.col("event_time_us").min().alias("first_us"),
            nw.col("event_time_us").max().alias("last_us"),
        )
    )


def _bounds(single: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    return (
        single.filter(nw.col("inside") == 1)
        .group_by("source_system")
        .agg(nw.col("number").min().alias("low"), nw.col("number").max().alias("high"))
    )


def _numbers(audit_events: nw.LazyFrame[Any], at: Moment) -> nw.LazyFrame[Any]:
    """The numbers of the period, and how far each is from the one before it.

    Numbers among them of the day before are there too, as `inside` 0: where two are written at once
    the later number may bear the earlier time.
    """
    single = _single(audit_events, at)
    near = nw.col("first_us") >= at.start_us - DAY_US
    among = (nw.col("number") > nw.col("low")) & (nw.col("number") < nw.col("high"))
    order = {"order_by": ["number", "first_us", "source"]}
    return (
        single.filter((nw.col("inside") == 1) | near)
        .join(_bounds(single), on="source_system", how="inner")
        .filter((nw.col("inside") == 1) | among)
        .with_columns(
            step=nw.col("number") - nw.col("number").shift(1).over("source_system", **order),
            away=nw.col("first_us") - nw.col("first_us").shift(1).over("source_system", **order),
            follows=nw.col("inside").shift(1).over("source_system", **order),
        )
        .with_columns(again=(nw.col("step") == 0) & (nw.col("inside") == 1) & (nw.col("follows") == 1))
    )


def _earlier(audit_events: nw.LazyFrame[Any], at: Moment) -> nw.LazyFrame[Any]:
    """The highest number from before the period that is lower than all of it, and the time of the last."""
    single = _single(audit_events, at)
    return (
        single.filter(nw.col("inside") == 0, nw.col("first_us") < at.start_us)
        .join(_bounds(single), on="source_system", how="inner")
        .filter(nw.col("number") < nw.col("low"))
        .group_by("source_system")
        .agg(nw.col("number").max(), nw.col("first_us").max())
    )


def _gaps(audit_events: nw.LazyFrame[Any], sources: list[str], at: Moment) -> nw.LazyFrame[Any]:
    inside, again = nw.col("inside") == 1, nw.col("again")
    twice = (inside & (nw.col("last_us") > nw.col("first_us"))) | (again & (nw.col("away") != 0))
    return (
        _numbers(audit_events, at)
        .filter(nw.col("source_system").is_in(sources))
        .with_columns(
            gaps=flag(nw.col("step") > 1),
            again=flag(again),
            reused=flag(twice),
            lost=nw.when(nw.col("step") > 1).then(nw.col("step") - 1).otherwise(0),
        )
        .group_by("source_system")
        .agg(
            *(nw.col(name).sum() for name in ("inside", "gaps", "again", "reused", "lost")),
            nw.col("number").min().alias("low"),
        )
        .sort("source_system")
    )


def _keys(audit_events: nw.LazyFrame[Any], source: str, at: Moment) -> list[tuple[str, int]]:
    here = _numbers(audit_events, at).filter(nw.col("source_system") == source, nw.col("inside") == 1)
    odd = here.with_columns(odd=nw.when((nw.col("step") > 1) | nw.col("again")).then(nw.col("key")))
    first = odd.group_by("source").agg(nw.col("odd").min(), nw.col("key").min())
    return [(row.source, row.key if row.odd is None else row.odd) for row in records(first)]


def _judged(row: Any, before: _Before, least_percent: int) -> tuple[Result, str]:
    numbers, lost, reused = int(row.inside) - int(row.again), int(row.lost), int(row.reused)
    facts = f"{out_of(numbers, numbers + lost, 'number')} between the first and the last"
    if numbers * 100 < least_percent * (numbers + lost):
        return "UNKNOWN", f"{facts}: these identifiers do not count records one by one."
    if before.unclear:
        facts += (
            f"; {before.unclear:,} more {be(before.unclear)} missing to the last number before the period, "
            "which is too long ago to tell when"
        )
    missing = f"{lost:,} {be(lost)} missing in {count(int(row.gaps), 'gap')}" if lost else "none is missing"
    if before.lost:
        missing += (
            f", and {before.lost:,} more to the last number before the period, lost or left out when numbers "
            "began anew"
        )
    if lost or reused or before.lost:
        return "FAIL", f"{facts}: {missing}; {some(reused)} {be(reused)} used twice."
    if before.unclear:
        return "UNKNOWN", f"{facts}. In the period none is missing, none is used twice."
    return "PASS", f"{facts}: none is missing, none is used twice."
