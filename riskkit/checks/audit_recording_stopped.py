"""Times in which audit recording, or the application that records, was off."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import narwhals as nw

from riskkit.declare import check
from riskkit.derived.trail import (
    DAY_US,
    MINUTE_US,
    UNNAMED_SOURCE,
    first_rows,
    flag,
    in_period,
    row_key,
)
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.tables import records
from riskkit.words import amount, be, capital, count, some

MARKS = {"110133": ("recording", 0), "110134": ("recording", 1), "110121": ("application", 0),
         "110120": ("application", 1)}  # fmt: skip
"""DICOM PS3.16 CID 401: Audit Recording Stopped and Started, Application Stop and Start."""

ORDER = ("event_time_us", "event_seq", "source", "key")
UNIT = ("source_system", "what")


@check(
    id="audit.recording_stopped",
    title="Audit recording is never off",
    question="Which audit sources stopped recording, or stopped or restarted without saying so?",
    subject="audit source",
    controls=("45 CFR 164.312(b)",),
    severity="medium",
    worst="high",
    remediation="Find out who stopped the recording and why, and which work of that time can be shown "
    "otherwise.",
    look_first="Maintenance windows and crashes of that day.",
    usual_cause="An update or a full disk stopped the service, and it was restarted by hand.",
    expects=("archive", "viewer", "worklist"),
    aliases=("C5",),
    whole_trail=True,
)
def audit_recording_stopped(
    audit_events: nw.LazyFrame[Any], *, max_minutes: int = 60, look_back_days: int = 366, at: Moment
) -> Iterator[Verdict]:
    """One verdict per audit source with events in the period, or whose recording was off before it.

    Stops and starts of recording (110133, 110134) and of the application (110121, 110120) are paired
    in order of time. Fails when recording stopped for longer than `max_minutes`, or without a start;
    or when a start follows a start, or a stop a stop: then one was not recorded. Stops of the
    `look_back_days` before count when recording was still off as the period began. An application that
    was stopped properly for longer is off, not silent. A source without any such event is unknown: a
    crash leaves none.
    """
    seen = _sources(audit_events, at)
    named = {row.source_system or "" for row in seen}
    marks: dict[str, list[Any]] = {name: [] for name in named}
    for row in records(_paired(audit_events, look_back_days, max_minutes, at)):
        marks.setdefault(row.source_system or "", []).append(row)
    still = [found[0] for name, found in marks.items() if found and name not in named and _is_off(found)]
    for row in [*seen, *still]:
        name = row.source_system or ""
        found = marks[name]
        result, message = _judged(found, max_minutes)
        yield Verdict(
            subject=name or UNNAMED_SOURCE,
            result=result,
            message=message,
            observed=f"{count(_sum(found, 'stops'), 'stop')}, {count(_sum(found, 'starts'), 'start')}",
            expected="each stop followed by a start, recording off for no longer than "
            f"{amount(max_minutes, 'minute')}",
            scope=name,
            severity="high" if _is_off(found) and result == "FAIL" else None,
            rows=(_rows(found, row),),
        )


def _is_off(found: list[Any]) -> bool:
    """Whether recording itself was off for long, or is."""
    recording = [one for one in found if one.what == "recording"]
    return any(int(one.long) or int(one.unstarted) or int(one.off) for one in recording)


def _sources(audit_events: nw.LazyFrame[Any], at: Moment) -> list[Any]:
    counted = (
        audit_events.filter(in_period(at))
        .with_columns(key=row_key())
        .group_by("source_system", "source")
        .agg(nw.len().alias("events"), nw.col("key").min())
        .sort("source_system", "source")
    )
    first: dict[str, Any] = {}
    for row in records(counted):
        first.setdefault(row.source_system or "", row)
    return list(first.values())


def _paired(
    audit_events: nw.LazyFrame[Any], look_back_days: int, max_minutes: int, at: Moment
) -> nw.LazyFrame[Any]:
    """Stops and starts of the period, and those among them that lack their other half.

    A stop from before it belongs to it when recording was still off at its beginning.
    """
    time = nw.col("event_time_us")
    around = audit_events.filter(
        time >= at.start_us - look_back_days * DAY_US, time < at.end_us, nw.col("n").fill_null(0) == 0
    )
    marks = nw.concat([_of(around, code) for code in MARKS])
    before = nw.col("started").shift(1).over(*UNIT, order_by=list(ORDER))
    after = nw.col("started").shift(-1).over(*UNIT, order_by=list(ORDER))
    until = time.shift(-1).over(*UNIT, order_by=list(ORDER))
    stop, start = nw.col("started") == 0, nw.col("started") == 1
    still = stop & (nw.col("what") == "recording")
    return (
        marks.with_columns(before=before, after=after, until=until)
        .filter(
            (time >= at.start_us)
            | (still & nw.col("until").is_null())
            | (still & (nw.col("until") > at.start_us))
        )
        .with_columns(
            stops=flag(stop),
            earlier=flag(time < at.start_us),
            starts=flag(start),
            # The last mark of all may be a stop: whether the source is still off is told apart.
            unstarted=flag(stop & (nw.col("after") == 0)),
            off=flag(stop & nw.col("after").is_null()),
            unstopped=flag(start & (nw.col("before") == 1)),
            long=flag(stop & (nw.col("after") == 1) & (nw.col("until") - time > max_minutes * MINUTE_US)),
        )
        .group_by("source_system", "what", "source")
        .agg(
            *(
                nw.col(name).sum()
                for name in ("stops", "earlier", "starts", "unstarted", "off", "unstopped", "long")
            ),
            nw.col("key").min(),
        )
        .sort("source_system", "what", "source")
    )


def _of(events: nw.LazyFrame[Any], code: str) -> nw.LazyFrame[Any]:
    what, started = MARKS[code]
    subcodes = nw.concat_str(nw.lit("|"), nw.col("event_subcode").fill_null(""), nw.lit("|"))
    named = subcodes.str.contains(f"|{code}|", literal=True) | (nw.col("event_code").fill_null("") == code)
    return events.filter(named).select(
        "source_system", "source", "event_time_us", "event_seq",
        nw.lit(what).alias("what"), nw.lit(started).alias("started"), row_key().alias("key"),
    )  # fmt: skip


def _judged(found: list[Any], max_minutes: int) -> tuple[Result, str]:
    recording = [row for row in found if row.what == "recording"]
    application = [row for row in found if row.what == "application"]
    long = _sum(recording, "long")
    facts = (
        f"Recording stopped {_times(recording, 'stops')}, {some(long)} for more than "
        f"{amount(max_minutes, 'minute')}; the application stopped {_times(application, 'stops')} and "
        f"started {_times(application, 'starts')}"
    )
    if earlier := _sum(recording, "earlier"):
        facts += f"; {earlier:,} of the stops of recording {be(earlier, 'was', 'were')} before the period"
    unpaired = _sum(found, "unstarted") + _sum(found, "unstopped")
    off = _sum(recording, "off")
    if long or unpaired or off:
        odd = []
        if unpaired:
            odd.append(
                f"{count(unpaired, 'stop')} or {be(unpaired, 'start lacks', 'starts lack')} the other half"
            )
        if off:
            odd.append(f"recording is still off after {count(off, 'stop')}")
        told = ": ".join(
            filter(None, (" and ".join(odd), "for the time between, the trail may be incomplete."))
        )
        return "FAIL", f"{facts}. {capital(told)}"
    if not found:
        return "UNKNOWN", (
            "The source recorded neither stop nor start in the period: it ran on, or does not record them."
        )
    if _sum(application, "off"):
        return "PASS", f"{facts}. Each has its other half, but for the last stop."
    return "PASS", f"{facts}. Each has its other half."


def _times(found: list[Any], column: str) -> str:
    return amount(_sum(found, column), "time")


def _sum(rows: list[Any], column: str) -> int:
    return sum(int(getattr(row, column)) for row in rows)


def _rows(found: list[Any], first: Any) -> Rows:
    if not found:
        return first_rows([(first.source, first.key)], 1, "source_system = :subject")
    number = _sum(found, "stops") + _sum(found, "starts")
    predicate = "source_system = :subject and the event is a start or stop"
    return first_rows([(row.source, row.key) for row in found], number, predicate)
