"""Times in which an audit source was silent although it never is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from typing import Any

import narwhals as nw

from riskkit.declare import check
from riskkit.derived.trail import DAY_US, UNNAMED_SOURCE, first_rows, hour, hour_of, local_start, row_key
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.tables import records
from riskkit.words import capital, count, out_of

HOURS_A_DAY = 24
HOURS_A_WEEK = 7 * HOURS_A_DAY


@dataclass
class _Source:
    """What the trail holds of one audit source."""

    hours: set[int] = field(default_factory=set)
    files: set[str] = field(default_factory=set)
    keys: list[tuple[str, int]] = field(default_factory=list)
    earlier: list[tuple[str, int]] = field(default_factory=list)
    events: int = 0


@dataclass(frozen=True)
class _Habit:
    """How often a source spoke in each hour and on each day of the week: (weeks, of them with events)."""

    hours: Mapping[int, tuple[int, int]]
    days: Mapping[int, tuple[int, int]]
    learned_before: bool

    def hour(self, of_week: int) -> tuple[int, int]:
        return self._others(self.hours.get(of_week, (0, 0)))

    def day(self, of_week: int) -> tuple[int, int]:
        return self._others(self.days.get(of_week, (0, 0)))

    def _others(self, seen: tuple[int, int]) -> tuple[int, int]:
        # The silent hour that asks is itself among those counted, unless the habit is from before.
        return seen if self.learned_before else (max(seen[0] - 1, 0), seen[1])


@dataclass(frozen=True)
class _Span:
    """Hours: the period from `begin` to before `close`, the source's files to before `end`."""

    begin: int
    close: int
    end: int
    calendar: Mapping[int, tuple[date, int]]


@dataclass(frozen=True)
class _Limits:
    """The tunables: from when on something is usual, and how much silence is a gap."""

    percent: int
    weeks: int
    hours: int

    def busy(self, seen: tuple[int, int]) -> bool:
        """Whether so many of so many weeks make a habit."""
        weeks, busy = seen
        return weeks >= self.weeks and busy * 100 >= self.percent * weeks

    def idle(self, seen: tuple[int, int]) -> bool:
        """Whether so few of so many weeks make a habit of silence."""
        weeks, busy = seen
        return weeks >= self.weeks and busy * 100 <= (100 - self.percent) * weeks


@dataclass(frozen=True)
class _Silence:
    """What a source did not say in the period."""

    days: int
    days_without: int
    days_missed: int
    days_unknown: int
    days_uncovered: int
    gaps: int
    longest_hours: int


@check(
    id="audit.gaps",
    title="The audit trail has no gap",
    question="Were audit sources silent at times when they usually write events?",
    subject="audit source",
    controls=("45 CFR 164.312(b)",),
    severity="high",
    remediation="Find out why the source was silent; recover the events, or record why there are none.",
    look_first="Events 110133 (audit recording stopped) and restarts around the gap, and the disk of the "
    "audit record repository.",
    usual_cause="The connection to the audit record repository broke and the source did not buffer.",
    expects=("archive", "viewer"),
    aliases=("C1", "C2"),
    whole_trail=True,
)
def audit_gaps(
    audit_events: nw.LazyFrame[Any],
    *,
    habit_percent: int = 90,
    habit_weeks: int = 3,
    look_back_weeks: int = 13,
    silent_hours: int = 6,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per audit source (AuditSourceID) that the trail knows.

    An hour of the week is usually busy when at least `habit_percent` of the weeks looked at, of at
    least `habit_weeks`, had an event in it; a day likewise. A gap is a silence that takes in
    `silent_hours` usually busy hours: a source that is closed at night or on weekends has none
    then. The habit comes from the weeks before the period if there are enough, else from the
    other weeks of the trail. A silent day without known habit is unknown; so is one before the
    first event of a source or after the last event of its files, unless that day of the week is
    usually silent.
    """
    sources, ends = _read(audit_events, look_back_weeks, at)
    limits = _Limits(habit_percent, habit_weeks, silent_hours)
    begin, close = hour_of(at.start_us, at), hour_of(at.end_us - 1, at) + 1
    first = min((min(source.hours) for source in sources.values()), default=begin)
    calendar = _calendar(min(first, begin), close, at)
    for name, source in sorted(sources.items()):
        end = max(begin, max(ends[file] for file in source.files) + 1)
        span = _Span(begin, close, end, calendar)
        habit = _habit(source, span, habit_weeks)
        silence = _silence(source, span, habit, limits)
        result, message = _judged(source, silence, habit_percent, learned_before=habit.learned_before)
        yield Verdict(
            subject=name or UNNAMED_SOURCE,
            result=result,
            message=message,
            observed=f"{count(silence.gaps, 'gap')}, longest silence {silence.longest_hours} h",
            expected="no gap against its own habit, on every day of the period",
            scope=name,
            rows=(_rows(source),),
        )


def _read(
    audit_events: nw.LazyFrame[Any], look_back_weeks: int, at: Moment
) -> tuple[dict[str, _Source], dict[str, int]]:
    """Busy hours by source, and the last hour of each file."""
    time = nw.col("event_time_us")
    hours = (
        audit_events.filter(time >= at.start_us - look_back_weeks * 7 * DAY_US, time < at.end_us)
        .with_columns(hour=hour(at), key=row_key())
        .group_by("source_system", "source", "hour")
        .agg(nw.len().alias("events"), nw.col("key").min())
    )
    sources: dict[str, _Source] = {}
    ends: dict[str, int] = {}
    begin = hour_of(at.start_us, at)
    for row in records(hours):
        source = sources.setdefault(row.source_system or "", _Source())
        source.hours.add(row.hour)
        source.files.add(row.source)
        if row.hour >= begin:
            source.events += row.events
            source.keys.append((row.source, row.key))
        else:
            source.earlier.append((row.source, row.key))
        ends[row.source] = max(row.hour, ends.get(row.source, row.hour))
    return sources, ends


def _rows(source: _Source) -> Rows:
    """The events of the period; of a source that was silent throughout, those before."""
    keys, number = (source.keys, source.events) if source.events else (source.earlier, len(source.earlier))
    return first_rows(keys, number, "source_system = :subject")


def _calendar(begin: int, end: int, at: Moment) -> Mapping[int, tuple[date, int]]:
    """The local day, and the hour of the week, of each hour."""
    starts = {number: local_start(number, at) for number in range(begin, end)}
    return {
        number: (start.date(), start.weekday() * HOURS_A_DAY + start.hour) for number, start in starts.items()
    }


def _habit(source: _Source, span: _Span, least_weeks: int) -> _Habit:
    first = min(source.hours)
    before = span.begin - first >= least_weeks * HOURS_A_WEEK
    hours: dict[int, tuple[int, int]] = {}
    by_day: dict[date, bool] = {}
    for number in range(first, span.begin if before else span.end):
        day, of_week = span.calendar[number]
        weeks, busy = hours.get(of_week, (0, 0))
        hours[of_week] = (weeks + 1, busy + (number in source.hours))
        by_day[day] = by_day.get(day, False) or number in source.hours
    days: dict[int, tuple[int, int]] = {}
    for day, spoke in by_day.items():
        weeks, busy = days.get(day.weekday(), (0, 0))
        days[day.weekday()] = (weeks + 1, busy + spoke)
    return _Habit(hours, days, before)


def _silence(source: _Source, span: _Span, habit: _Habit, limits: _Limits) -> _Silence:
    covered = range(max(span.begin, min(source.hours)), span.end)
    spoke: dict[date, bool] = {}
    inside: dict[date, bool] = {}
    for number in range(span.begin, span.close):
        day = span.calendar[number][0]
        spoke[day] = spoke.get(day, False) or number in source.hours
        inside[day] = inside.get(day, False) or number in covered
    runs = [
        list(run) for silent, run in groupby(covered, lambda number: number not in source.hours) if silent
    ]
    missed = [sum(limits.busy(habit.hour(span.calendar[number][1])) for number in run) for run in runs]
    without = [habit.day(day.weekday()) for day in spoke if not spoke[day] and inside[day]]
    beyond = [habit.days.get(day.weekday(), (0, 0)) for day in inside if not inside[day]]
    return _Silence(
        days=len(spoke),
        days_without=sum(not value for value in spoke.values()),
        days_missed=sum(map(limits.busy, without)),
        days_unknown=sum(weeks < limits.weeks for weeks, _ in without),
        days_uncovered=sum(not limits.idle(seen) for seen in beyond),
        gaps=sum(hours >= limits.hours for hours in missed),
        longest_hours=max(map(len, runs), default=0),
    )


def _judged(source: _Source, silence: _Silence, percent: int, *, learned_before: bool) -> tuple[Result, str]:
    weeks = "the weeks before the period" if learned_before else "the other weeks of the trail"
    facts = (
        f"Events on {out_of(silence.days - silence.days_without, silence.days, 'day')}; "
        f"longest silence {silence.longest_hours} h"
    )
    if silence.gaps or silence.days_missed:
        return "FAIL", (
            f"{facts}. {capital(count(silence.gaps, 'gap'))} and {count(silence.days_missed, 'silent day')} "
            f"at times that had events in at least {percent} % of {weeks}."
        )
    if silence.days_uncovered:
        return (
            "UNKNOWN",
            f"{facts}. The trail does not reach over {out_of(silence.days_uncovered, silence.days, 'day')}.",
        )
    if silence.days_unknown:
        return (
            "UNKNOWN",
            f"{facts}. {count(silence.days_unknown, 'silent day')}, and too few weeks to know the habit.",
        )
    if not source.events:
        return (
            "UNKNOWN",
            f"{facts}. The source was silent all period, and too rarely seen before to know its habit.",
        )
    return "PASS", f"{facts}. No silence against its habit in {weeks}."
