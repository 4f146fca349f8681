"""The same audit event more than once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import narwhals as nw

from riskkit.declare import check
from riskkit.derived.trail import UNNAMED_SOURCE, first_rows, flag, in_period, row_key
from riskkit.model import Moment, Result, Verdict
from riskkit.tables import records
from riskkit.words import be, out_of, some

SAME = ("source_system", "event_id")


@check(
    id="audit.duplicates",
    title="Each event stands in the audit trail once",
    question="Which audit sources hold the same event more than once?",
    subject="audit source",
    controls=("45 CFR 164.312(b)",),
    severity="low",
    remediation="Find out whether exports overlap or the source sends again, and export each span of time "
    "once.",
    look_first="Whether the copies stand in one file (sent again) or in two (exported twice).",
    usual_cause="The source got no acknowledgement and sent the message again, or two exports overlap.",
    expects=("archive", "viewer", "worklist"),
    aliases=("C8",),
    whole_trail=True,
)
def audit_duplicates(
    audit_events: nw.LazyFrame[Any], *, max_percent: int = 1, at: Moment
) -> Iterator[Verdict]:
    """One verdict per audit source with events in the period; more than `max_percent` of copies fail.

    Copies share the identifier of the producer or, without one, the digest of the whole message. Equal
    messages of one time in one file may be several events: nothing tells, unless it is to the millisecond.
    Nothing is taken out: counts of accesses include the copies. An event that client and server both
    recorded (same `correlation_id`, two sources) is legitimate and only counted.
    """
    events = audit_events.filter(in_period(at), nw.col("n").fill_null(0) == 0)
    copies = _copies(events)
    doubled = _doubled(copies)
    found = {row.source_system or "": row for row in records(_totals(doubled))}
    keys = _keys(copies, doubled)
    told = {row.source_system or "": row.events for row in records(_told_by_two(events))}
    for row in records(
        events.with_columns(unnamed=flag(nw.col("event_id").is_null()), key=row_key())
        .group_by("source_system", "source")
        .agg(nw.len().alias("events"), nw.col("unnamed").sum(), nw.col("key").min())
        .group_by("source_system")
        .agg(nw.col("events").sum(), nw.col("unnamed").sum())
        .sort("source_system")
    ):
        name = row.source_system or ""
        extra = int(found[name].extra) if name in found else 0
        across = int(found[name].across) if name in found else 0
        number, unnamed, also = int(row.events), int(row.unnamed), told.get(name, 0)
        facts = (
            f"{out_of(extra, number, 'event')} {be(extra, 'is a copy', 'are copies')} of another, "
            f"{some(across)} in another file; {some(also)} {be(also, 'was', 'were')} also recorded by "
            "another source, as client and server may"
        )
        result, message = _judged(facts, extra, unnamed, number, max_percent)
        yield Verdict(
            subject=name or UNNAMED_SOURCE,
            result=result,
            message=message,
            observed=out_of(extra, number, "event"),
            expected=f"at most {max_percent} %",
            scope=name,
            rows=(
                first_rows(keys.get(name, []), extra * 2, "source_system = :subject and event_id repeats"),
            ),
        )


def _copies(events: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    return (
        events.filter(~nw.col("event_id").is_null())
        .with_columns(source_system=nw.col("source_system").fill_null(""), key=row_key())
        .group_by(*SAME, "source")
        .agg(nw.len().alias("rows"), nw.col("key").min())
    )


def _doubled(copies: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    return (
        copies.group_by(*SAME)
        .agg(nw.col("rows").sum().alias("total"), nw.len().alias("files"))
        .filter(nw.col("total") > 1)
    )


def _totals(doubled: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    return (
        doubled.with_columns(extra=nw.col("total") - 1, across=nw.col("files") - 1)
        .group_by("source_system")
        .agg(nw.col("extra").sum(), nw.col("across").sum())
    )


def _keys(copies: nw.LazyFrame[Any], doubled: nw.LazyFrame[Any]) -> dict[str, list[tuple[str, int]]]:
    keys: dict[str, list[tuple[str, int]]] = {}
    first = (
        copies.join(doubled, on=list(SAME), how="inner")
        .group_by("source_system", "source")
        .agg(nw.col("key").min())
    )
    for row in records(first):
        keys.setdefault(row.source_system, []).append((row.source, row.key))
    return keys


def _told_by_two(events: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Events of each source that another source recorded too."""
    pairs = (
        events.filter(~nw.col("correlation_id").is_null(), ~nw.col("source_system").is_null())
        .group_by("source_system", "correlation_id")
        .agg(nw.len().alias("rows"))
    )
    shared = pairs.group_by("correlation_id").agg(nw.len().alias("sources")).filter(nw.col("sources") > 1)
    return (
        pairs.join(shared, on="correlation_id", how="inner")
        .group_by("source_system")
        .agg(nw.len().alias("events"))
    )


def _judged(facts: str, extra: int, unnamed: int, events: int, max_percent: int) -> tuple[Result, str]:
    if extra * 100 > max_percent * events:
        return "FAIL", f"{facts}."
    if unnamed * 100 > max_percent * events:
        return "UNKNOWN", f"{facts}; of {unnamed:,} nothing tells whether they are copies."
    return "PASS", f"{facts}."
