"""Kinds of events that an audit source does not record, or no longer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import narwhals as nw

from riskkit.declare import check
from riskkit.derived.inventory import system_names, system_of
from riskkit.derived.trail import DAY_US, UNNAMED_SOURCE, first_rows, flag, row_key
from riskkit.model import Moment, Result, Verdict
from riskkit.tables import records
from riskkit.words import count

ACCESS = "read or transfer"
KINDS = {"read": ACCESS, "transfer": ACCESS, "import": ACCESS}
"""Categories that stand for each other: products differ in which they write when images are fetched."""

ALWAYS = ("application", "audit log used")
EXPECTED: Mapping[str, tuple[str, ...]] = {
    "archive": (*ALWAYS, "query", ACCESS, "delete", "security alert"),
    "viewer": (*ALWAYS, "authentication", "query", ACCESS, "export", "security alert"),
    "worklist": (*ALWAYS, "authentication", "query"),
    "router": ("application", ACCESS),
    "modality": ("application", "authentication", ACCESS),
}
"""What each kind of system is expected to record (IHE ATNA triggers): our own choice."""


@dataclass
class _Source:
    """Events by kind, in the period and before it, and first rows."""

    now: dict[str, int] = field(default_factory=dict)
    before: dict[str, int] = field(default_factory=dict)
    keys: list[tuple[str, int]] = field(default_factory=list)
    earlier: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    first_us: int = 1 << 62


@check(
    id="audit.event_class_missing",
    title="Each system records every kind of event that it should",
    question="Which audit sources hold no log-ins, queries, accesses, deletions or other kinds of events "
    "that such a system should record?",
    subject="audit source",
    controls=("45 CFR 164.312(b)",),
    severity="medium",
    remediation="Switch on the recording of the missing kinds of events, and test each with one action.",
    look_first="The audit settings of the product: most let single kinds of events be left out.",
    usual_cause="Noisy kinds of events were switched off to save space, or an update reset the choice.",
    expects=("archive", "viewer", "worklist"),
    aliases=("C4",),
    whole_trail=True,
)
def audit_event_class_missing(
    audit_events: nw.LazyFrame[Any],
    systems: nw.LazyFrame[Any] | None,
    *,
    least_expected: int = 10,
    look_back_weeks: int = 13,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per audit source with events in the period.

    A kind of event that at the rate of the weeks before would have occurred `least_expected` times
    and did not at all fails: recording stopped, or the work did. A kind that is expected of such a
    system and missing is unknown: nothing may have happened, or it is not recorded. Absence alone
    never shows that nothing happened.
    """
    kinds = {} if systems is None else {row.system_id: row.kind for row in records(systems)}
    names = system_names(systems)
    begin = at.start_us - look_back_weeks * 7 * DAY_US
    for name, source in sorted(_read(audit_events, begin, at).items()):
        if not source.now:
            continue
        stopped = _stopped(source, least_expected, at)
        kind = kinds.get(system_of(name, names))
        absent = [wanted for wanted in EXPECTED.get(kind or "", ()) if wanted not in source.now]
        result, message = _judged(source, kind, stopped, absent)
        keys = [key for one in stopped for key in source.earlier[one]] if stopped else source.keys
        yield Verdict(
            subject=name or UNNAMED_SOURCE,
            result=result,
            message=message,
            observed=", ".join(sorted(source.now)),
            expected=", ".join(EXPECTED.get(kind or "", ())) or "the kinds of events of the weeks before",
            scope=name,
            rows=(first_rows(keys, max(sum(source.now.values()), len(keys)), "source_system = :subject"),),
        )


def _read(audit_events: nw.LazyFrame[Any], begin: int, at: Moment) -> dict[str, _Source]:
    time = nw.col("event_time_us")
    counted = (
        audit_events.filter(time >= begin, time < at.end_us)
        .with_columns(now=flag(time >= at.start_us), key=row_key())
        .group_by("source_system", "event_category", "source", "now")
        .agg(nw.len().alias("events"), nw.col("key").min(), time.min().alias("first_us"))
        .sort("source_system", "event_category", "source", "now")
    )
    found: dict[str, _Source] = {}
    for row in records(counted):
        source = found.setdefault(row.source_system or "", _Source())
        category = row.event_category or "other"
        kind = KINDS.get(category, category.replace("_", " "))
        counts = source.now if row.now else source.before
        counts[kind] = counts.get(kind, 0) + row.events
        keys = source.keys if row.now else source.earlier.setdefault(kind, [])
        keys.append((row.source, row.key))
        source.first_us = min(source.first_us, row.first_us)
    return found


def _stopped(source: _Source, least_expected: int, at: Moment) -> list[str]:
    """Kinds that were usual before the period, and of which it holds none."""
    before, period = at.start_us - source.first_us, at.end_us - at.start_us
    return [
        kind
        for kind, events in sorted(source.before.items())
        if kind not in source.now and kind != "other" and events * period >= least_expected * before
    ]


def _judged(
    source: _Source, kind: str | None, stopped: Sequence[str], absent: Sequence[str]
) -> tuple[Result, str]:
    events = sum(source.now.values())
    facts = f"{count(events, 'event')} of {count(len(source.now), 'kind')} in the period"
    if stopped:
        told = ", ".join(f"{one} ({source.before[one]:,} before)" for one in stopped)
        return "FAIL", f"{facts}; none any more of what was usual in the weeks before: {told}."
    if absent:
        told = ", ".join(
            f"{one} ({source.before[one]:,} before)" if one in source.before else one for one in absent
        )
        return "UNKNOWN", (
            f"{facts}; none of {told}, which a system of the kind {kind} should record: none happened, or it "
            "is not recorded."
        )
    if not EXPECTED.get(kind or ""):
        return "UNKNOWN", f"{facts}; which kinds to expect of this source is not known."
    return "PASS", f"{facts}; none that a system of the kind {kind} should record is missing."
