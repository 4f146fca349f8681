"""Clocks of audit sources that run wrong, jump, or do not say in which zone they stand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import narwhals as nw

from riskkit.declare import check
from riskkit.derived.trail import (
    DAY_US,
    HOUR_US,
    MINUTE_US,
    UNNAMED_SOURCE,
    first_rows,
    flag,
    in_period,
    row_key,
)
from riskkit.model import Moment, Result, Verdict
from riskkit.tables import records
from riskkit.words import amount, be, count, have, out_of, some

SECOND_US = 1_000_000
ODD_OF_1000 = 1
"""Events of a thousand that may lie ahead of their receipt before it is a finding."""

SPREAD_US = 10 * MINUTE_US
"""Events of an hour that lie this far apart were not delivered in one heap after an outage."""

ENOUGH_PERCENT = 50
"""Of the events that must have a time of receipt for the clock to be judged."""

FLAGS = ("received", "ahead", "steps", "disordered", "unsure", "doubled")


@dataclass
class _Source:
    """Counts over the period, and first rows that show something."""

    events: int = 0
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(FLAGS, 0))
    late_days: int = 0
    late_hours: int = 0
    lag_us: int = 0
    longest_us: int = 0
    keys: list[tuple[str, int]] = field(default_factory=list)
    odd: list[tuple[str, int]] = field(default_factory=list)


@check(
    id="audit.clock",
    title="Clocks of audit sources agree",
    question="For which audit sources do times of events not fit the times of their receipt, step back, "
    "or lack a zone?",
    subject="audit source",
    controls=("45 CFR 164.312(b)",),
    severity="medium",
    remediation="Let the source take its time from the time server (IHE Consistent Time), and write the "
    "zone into each event.",
    look_first="The time service of the source on the first such day, and whether events were delivered "
    "late after an outage.",
    usual_cause="The time service stopped after a change of network, or the zone is set wrongly.",
    expects=("archive", "viewer", "worklist"),
    aliases=("C6",),
    whole_trail=True,
)
def audit_clock(
    audit_events: nw.LazyFrame[Any],
    *,
    skew_seconds: int = 60,
    step_seconds: int = 120,
    least_events: int = 5,
    unordered_percent: int = 5,
    zoneless_percent: int = 1,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per audit source with events in the period.

    The clock lags on a day on which every event, of at least `least_events`, was received more than
    `skew_seconds` after its time; and in an hour in which events spread over ten minutes or more all
    were, by the same time give or take `skew_seconds`: late delivery delays some events and each
    differently, a wrong clock all alike. It runs ahead when events lie that far after their receipt. A
    step back is an event more than `step_seconds` before the one above it in its file; a file in which
    more than `unordered_percent` of the events lie before the one above is in another order, and tells
    no steps. Without times of receipt the skew is unknown. Events from after the moment of judging are
    set aside before any check sees them.
    """
    sources = _read(audit_events, skew_seconds, step_seconds, least_events, at)
    for name, source in sorted(sources.items()):
        ordered = source.counts["disordered"] * 100 <= unordered_percent * source.events
        result, message = _judged(source, ordered, zoneless_percent)
        yield Verdict(
            subject=name or UNNAMED_SOURCE,
            result=result,
            message=message,
            observed=f"{amount(source.late_days, 'day')} and {amount(source.late_hours, 'hour')} late, "
            f"{count(source.counts['ahead'], 'event')} ahead, "
            f"{count(source.counts['steps'], 'step') if ordered else 'unknown steps'} back",
            expected=f"within {skew_seconds} s of the receipt, no step back of {step_seconds} s",
            scope=name,
            rows=(
                first_rows(
                    source.odd if source.odd and result == "FAIL" else source.keys,
                    source.events,
                    "source_system = :subject",
                ),
            ),
        )


def _read(
    audit_events: nw.LazyFrame[Any], skew_seconds: int, step_seconds: int, least_events: int, at: Moment
) -> dict[str, _Source]:
    found: dict[str, _Source] = {}
    late: dict[tuple[str, int], tuple[int, int]] = {}
    skew_us = skew_seconds * SECOND_US
    hours = _by_hour(audit_events, skew_us, step_seconds * SECOND_US, at)
    for row in records(hours.sort("source_system", "source", "hour")):
        source = found.setdefault(row.source_system or "", _Source())
        source.events += row.events
        for name in FLAGS:
            source.counts[name] += int(getattr(row, name))
        source.longest_us = max(source.longest_us, row.longest or 0)
        source.keys.append((row.source, row.key))
        if row.odd is not None:
            source.odd.append((row.source, row.odd))
        if not row.received:
            continue
        day = row.source_system or "", row.hour * HOUR_US // DAY_US
        events, least = late.get(day, (0, row.delay))
        late[day] = (events + int(row.received), min(least, row.delay))
        if row.delay > skew_us:
            source.odd.append((row.source, row.key))
            if row.longest_delay - row.delay <= skew_us and row.last_us - row.first_us >= SPREAD_US:
                source.late_hours += 1
                source.lag_us = min(source.lag_us or row.delay, row.delay)
    for (name, _), (events, least) in late.items():
        if events >= least_events and least > skew_us:
            found[name].late_days += 1
            found[name].lag_us = min(found[name].lag_us or least, least)
    return found


def _by_hour(audit_events: nw.LazyFrame[Any], skew_us: int, step_us: int, at: Moment) -> nw.LazyFrame[Any]:
    time, received = nw.col("event_time_us"), nw.col("event_received_us")
    above = time.shift(1).over("source", "source_system", order_by="event_seq")
    unsure = nw.col("time_quality").is_in(("assumed_tz", "assumed_year"))
    doubled = nw.lit(False)
    for begin, end in _doubled_hours(at):
        doubled = doubled | ((time >= begin) & (time < end))
    ahead, steps = time - received > skew_us, nw.col("above") - time > step_us
    return (
        audit_events.filter(in_period(at), nw.col("n").fill_null(0) == 0)
        .with_columns(above=above)
        .with_columns(
            hour=time // HOUR_US,
            received=flag(~received.is_null()),
            delay=received - time,
            ahead=flag(ahead),
            steps=flag(steps),
            disordered=flag(nw.col("above") > time),
            longest=nw.when(steps).then(nw.col("above") - time),
            unsure=flag(unsure),
            doubled=flag(unsure & doubled),
            key=row_key(),
            odd=nw.when(ahead | steps).then(row_key()),
        )
        .group_by("source_system", "source", "hour")
        .agg(
            nw.len().alias("events"),
            *(nw.col(name).sum() for name in FLAGS),
            nw.col("delay").min(),
            nw.col("delay").max().alias("longest_delay"),
            time.min().alias("first_us"),
            time.max().alias("last_us"),
            nw.col("longest").max(),
            nw.col("key").min(),
            nw.col("odd").min(),
        )
    )


def _doubled_hours(at: Moment) -> list[tuple[int, int]]:
    """Spans of the period that the wall clock shows twice, as the first of the two, in µs."""
    found = []
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    start = at.start_us // HOUR_US * HOUR_US
    offset = None
    for hour in range(start, at.end_us + 1, HOUR_US):
        now = (epoch + timedelta(microseconds=hour)).astimezone(at.zone).utcoffset() or timedelta()
        if offset is not None and now < offset:
            found.append((hour - (offset - now) // timedelta(microseconds=1), hour))
        offset = now
    return found


def _judged(source: _Source, ordered: bool, zoneless_percent: int) -> tuple[Result, str]:
    counts, events = source.counts, source.events
    steps = f"{count(counts['steps'], 'step')} back" if ordered else "the order of the files tells no steps"
    if ordered and counts["steps"]:
        steps += f", the longest {source.longest_us // SECOND_US} s"
    received = counts["received"]
    facts = f"{out_of(received, events, 'event')} {have(received)} a time of receipt; {steps}"
    if wrong := _wrong(source, ordered):
        return "FAIL", f"{facts}. {wrong}"
    if counts["unsure"] * 100 > zoneless_percent * events:
        return "UNKNOWN", (
            f"{facts}. {counts['unsure']:,} {be(counts['unsure'], 'was', 'were')} written without zone or "
            f"year and {be(counts['unsure'], 'rests', 'rest')} on the zone of the site; "
            f"{some(counts['doubled'])} {be(counts['doubled'], 'falls', 'fall')} into an hour that the clock "
            "shows twice."
        )
    if counts["received"] * 100 < events * ENOUGH_PERCENT:
        return "UNKNOWN", f"{facts}. Too few to tell whether the clock is right."
    if not ordered:
        return "UNKNOWN", f"{facts}."
    return "PASS", f"{facts}; the clock fits the receipt on every day."


def _wrong(source: _Source, ordered: bool) -> str:
    counts = source.counts
    if source.late_days or source.late_hours:
        days, hours = count(source.late_days, "day"), count(source.late_hours, "hour")
        spans = f"On {days}" if source.late_days else f"In {hours}"
        return (
            f"{spans} every event was received at least {source.lag_us // SECOND_US} s after its time: "
            "the clock lags."
        )
    if counts["ahead"] * 1000 > ODD_OF_1000 * counts["received"]:
        return (
            f"{count(counts['ahead'], 'event')} {be(counts['ahead'], 'lies after its', 'lie after their')} "
            "receipt: the clock ran ahead."
        )
    if ordered and counts["steps"]:
        return "The clock was set back, or events were delivered late."
    return ""
