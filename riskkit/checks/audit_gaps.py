"""Times in which an audit source was silent although it never is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from typing import Any, Literal

import narwhals as nw

from riskkit.declare import check
from riskkit.derived.trail import DAY_US, UNNAMED_SOURCE, first_rows, hour, hour_of, local_start, row_key
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.tables import records
from riskkit.words import capital, count, out_of

_Kind = Literal["missed", "usual", "mixed", "unknown"]

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
class _Seen:
    """In how many of how many weeks a source spoke at some time of the week.

    `long` counts the weeks in which it was silent for a week and more on end: no habit of the week shows
    itself in those.
    """

    weeks: int = 0
    busy: int = 0
    long: int = 0

    def and_(self, *, spoke: bool, long: bool) -> _Seen:
        return _Seen(self.weeks + 1, self.busy + spoke, self.long + long)


NEVER = _Seen()


@dataclass(frozen=True)
class _Silence:
    """Hours on end without an event, and how often the habit counts each time of the week in them."""

    hours: range
    own: Mapping[int, int]
    own_days: Mapping[int, int]

    @property
    def long(self) -> bool:
        return len(self.hours) >= HOURS_A_WEEK


@dataclass(frozen=True)
class _Habit:
    """How often a source spoke in each hour and on each day of the week."""

    hours: Mapping[int, _Seen]
    days: Mapping[int, _Seen]
    silences: Sequence[_Silence]
    learned_before: bool


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

    def kind(self, seen: _Seen, own: int, silence: _Silence) -> _Kind:
        """What a silence is at a time of the week, by the weeks other than its own.

        It is missed when nearly all others had an event. Of those left without the long silences, it is
        usual when most had none, else mixed; with too few it is unknown.
        """
        others = seen.weeks - own
        if others >= self.weeks and seen.busy * 100 >= self.percent * others:
            return "missed"
        others -= seen.long - (own if silence.long else 0)
        known = others + (0 if silence.long else own)
        if known < self.weeks or not others:
            return "unknown"
        return "usual" if seen.busy * 2 < others else "mixed"

    def idle(self, seen: _Seen) -> bool:
        """Whether so few of so many weeks make a habit of silence."""
        weeks = seen.weeks - seen.long
        return weeks >= self.weeks and seen.busy * 100 <= (100 - self.percent) * weeks


@dataclass(frozen=True)
class _Missing:
    """What a source did not say in the period; of the silences `unclear` the habit does not tell."""

    days: int
    days_without: int
    days_missed: int
    days_unclear: int
    days_uncovered: int
    gaps: int
    gaps_unclear: int
    longest_hours: int
    longest_from: str


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
    expects=("archive", "viewer", "worklist"),
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
    other weeks of the trail. No silence is part of the habit that it is judged by, and one of a week
    or longer shows none: a day or more at times when the source spoke in half of the weeks left is
    unknown, and so is a silence for which too few are left. So is a day, or so many hours of one, before
    the first event of a source or after the last event of its files, unless it is usually silent then.
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
        missing = _missing(source, span, habit, limits)
        result, message = _judged(source, missing, habit_percent, learned_before=habit.learned_before)
        yield Verdict(
            subject=name or UNNAMED_SOURCE,
            result=result,
            message=message,
            observed=f"{count(missing.gaps, 'gap')}, longest silence {missing.longest_hours} h",
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
    runs = [
        list(run)
        for silent, run in groupby(range(first, span.end), lambda number: number not in source.hours)
        if silent
    ]
    long = {number for run in runs if len(run) >= HOURS_A_WEEK for number in run}
    lived = sum(number not in long for number in range(first, span.begin))
    before = lived >= least_weeks * HOURS_A_WEEK
    learned = range(first, span.begin if before else span.end)
    hours: dict[int, _Seen] = {}
    spoke: dict[date, bool] = {}
    rests: dict[date, bool] = {}
    for number in learned:
        day, of_week = span.calendar[number]
        said = number in source.hours
        hours[of_week] = hours.get(of_week, NEVER).and_(spoke=said, long=number in long)
        spoke[day] = spoke.get(day, False) or said
        rests[day] = rests.get(day, True) and number in long
    days: dict[int, _Seen] = {}
    for day, said in spoke.items():
        days[day.weekday()] = days.get(day.weekday(), NEVER).and_(spoke=said, long=rests[day])
    silences = []
    for run in runs:
        inside = [span.calendar[number] for number in run if number in learned]
        whole = {day for day, _ in inside if not spoke[day]}
        silences.append(
            _Silence(
                range(run[0], run[-1] + 1),
                Counter(of_week for _, of_week in inside),
                Counter(day.weekday() for day in whole),
            )
        )
    return _Habit(hours, days, silences, before)


def _missing(source: _Source, span: _Span, habit: _Habit, limits: _Limits) -> _Missing:
    covered = range(max(span.begin, min(source.hours)), span.end)
    spoke: dict[date, bool] = {}
    inside: dict[date, bool] = {}
    for number in range(span.begin, span.close):
        day = span.calendar[number][0]
        spoke[day] = spoke.get(day, False) or number in source.hours
        inside[day] = inside.get(day, False) or number in covered
    days: dict[date, _Kind] = {}
    gaps = unclear = 0
    longest: list[int] = []
    for silence in habit.silences:
        kinds: Counter[_Kind] = Counter()
        heard = [number for number in silence.hours if number in covered]
        for number in heard:
            day, of_week = span.calendar[number]
            kinds[limits.kind(habit.hours.get(of_week, NEVER), silence.own.get(of_week, 0), silence)] += 1
            if not spoke[day] and day not in days:
                weekday = day.weekday()
                seen, own = habit.days.get(weekday, NEVER), silence.own_days.get(weekday, 0)
                days[day] = limits.kind(seen, own, silence)
        longest = max(longest, heard, key=len)
        gap = kinds["missed"] >= limits.hours
        gaps += gap
        # What is shorter than a day at times of many and of no events may be chance.
        mixed = kinds["mixed"] if kinds.total() >= HOURS_A_DAY else 0
        unclear += not gap and kinds["missed"] + kinds["unknown"] + mixed >= limits.hours
    beyond = [habit.days.get(day.weekday(), NEVER) for day in inside if not inside[day]]
    outside = Counter(
        day
        for number in range(span.begin, span.close)
        if number not in covered
        and inside[(day := span.calendar[number][0])]
        and not limits.idle(habit.hours.get(span.calendar[number][1], NEVER))
    )
    partly = sum(hours >= limits.hours for hours in outside.values())
    told = Counter(days.values())
    return _Missing(
        days=len(spoke),
        days_without=sum(not value for value in spoke.values()),
        days_missed=told["missed"],
        days_unclear=told["mixed"] + told["unknown"],
        days_uncovered=sum(not limits.idle(seen) for seen in beyond) + partly,
        gaps=gaps,
        gaps_unclear=unclear,
        longest_hours=len(longest),
        longest_from=_clock(span.calendar[longest[0]]) if longest else "",
    )


def _clock(hour_: tuple[date, int]) -> str:
    day, of_week = hour_
    return f"{day} {of_week % HOURS_A_DAY:02}:00"


def _judged(source: _Source, missing: _Missing, percent: int, *, learned_before: bool) -> tuple[Result, str]:
    weeks = "the weeks before the period" if learned_before else "the other weeks of the trail"
    facts = (
        f"Events on {out_of(missing.days - missing.days_without, missing.days, 'day')}; "
        f"longest silence {missing.longest_hours} h"
    )
    if missing.longest_hours:
        facts += f", from {missing.longest_from}"
    if missing.gaps or missing.days_missed:
        return "FAIL", (
            f"{facts}. {capital(count(missing.gaps, 'gap'))} and {count(missing.days_missed, 'silent day')} "
            f"at times that had events in at least {percent} % of {weeks}."
        )
    if missing.days_uncovered:
        return (
            "UNKNOWN",
            f"{facts}. The trail does not reach over {out_of(missing.days_uncovered, missing.days, 'day')}.",
        )
    if missing.gaps_unclear or missing.days_unclear:
        return (
            "UNKNOWN",
            f"{facts}. Whether {count(missing.gaps_unclear, 'silence')} and "
            f"{count(missing.days_unclear, 'silent day')} are its habit is not known: too few of {weeks} "
            "show it, or in half of them and more it had events at that time.",
        )
    if not source.events:
        return (
            "UNKNOWN",
            f"{facts}. The source was silent all period, and too rarely seen before to know its habit.",
        )
    return "PASS", f"{facts}. No silence against its habit in {weeks}."
