"""What the audit trails record: which systems, on which days, what, and of whom."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import Any

import narwhals as nw
import pandas as pd

from riskkit.derived.announced_probes import ELSEWHERE, SET_ASIDE, WENT_FURTHER
from riskkit.derived.inventory import NO_TRAIL
from riskkit.derived.trail import RECORD_OPENED, UNNAMED_SOURCE, flag, hour, in_period, local_day
from riskkit.model import RESULTS, Assessment
from riskkit.tables import records
from riskkit.views.charts import bars, calendar
from riskkit.views.evidence import lost, reconciliation
from riskkit.views.findings import missing, of_part
from riskkit.views.html import Html, bullets, join, paragraph
from riskkit.views.scope import in_view, inventory, present
from riskkit.views.tables import rows, table
from riskkit.words import be, count, have, listed, percent, share

TABLE = "audit_events"

MOST = 24
"""Sources that are drawn; the others are counted."""

MOST_COLUMNS = 10
"""Sources that stand side by side in the matrix of answers."""

AUDIT_CONTROLS = "45 CFR 164.312(b)"
OF_SOURCES = frozenset({"audit source", "system"})
"""Subjects of questions about sources, rather than about people."""

ANSWERS = {
    "FAIL": ("✗ finding", "findings"),
    "UNKNOWN": ("? unknown", "unknown"),
    "PASS": ("✓ pass", "pass"),
    "NA": ("– not applicable", "not applicable"),
    "": ("– not assessed", "not assessed"),
}
"""What a source shows of one question, in a cell and in a sentence."""

LONG = 100
"""Days of a period beyond which the calendar shows weeks."""


def sources(assessment: Assessment) -> Html:
    """The audit files and how every record of them ended."""
    pieces = [reconciliation(assessment, TABLE), lost(assessment, TABLE)]
    return join(pieces if present(assessment, TABLE) else [missing(assessment, TABLE), *pieces])


def systems(assessment: Assessment) -> Html:
    """Which systems that hold ePHI wrote an audit trail in the period, and which did not."""
    if not present(assessment, TABLE):
        return missing(assessment, TABLE)
    known = inventory(assessment)
    if not known.systems:
        return missing(assessment, "systems")
    seen: dict[str, list[Any]] = {}
    for row in _per_system(assessment):
        seen.setdefault(known.of(row.source_system) or "", []).append(row)
    frame = rows(
        (
            {
                "system": known.name(system.system_id),
                "kind": system.kind,
                "audit trail": "✓ yes" if system.system_id in seen else _without_trail(system.kind),
                "events": sum(row.events for row in seen.get(system.system_id, ())),
            }
            for system in known.covered
            if in_view(assessment, known, system.system_id)
        ),
        ("system", "kind", "audit trail", "events"),
    )
    recording = [system for system in known.covered if system.kind not in NO_TRAIL]
    heard = [system for system in recording if system.system_id in seen]
    strangers = seen.get("", [])
    told = [
        f"{share(len(heard), len(recording), 'covered system')} that hold ePHI"
        f"{', backups apart,' if len(recording) < len(known.covered) else ''} "
        "wrote an audit trail in the period."
    ]
    if strangers:
        names = listed([row.source_system or "no system named" for row in strangers])
        told.append(
            f"{count(sum(row.events for row in strangers), 'event')} come from "
            f"{count(len(strangers), 'source')} that the inventory does not know: {names}."
        )
    return join(
        [
            paragraph(" ".join(told)),
            table(assessment, frame, caption="Audit trail by system", badges={"audit trail": "sign"}),
        ]
    )


def days(assessment: Assessment) -> Html:
    """Events a day and source, with days on which a source recorded nothing."""
    if not present(assessment, TABLE):
        return missing(assessment, TABLE)
    moment = assessment.moment
    span = _days(moment.period.first_day, moment.today)
    hours = (
        assessment.lazy(TABLE)
        .filter(in_period(moment))
        .group_by("source_system", hour(moment).alias("hour"))
        .agg(events=nw.len())
    )
    counted: dict[str, dict[date, int]] = {}
    known = inventory(assessment)
    for row in records(hours):
        if in_view(assessment, known, row.source_system):
            of_source = counted.setdefault(row.source_system or "no system named", {})
            day = local_day(row.hour, moment)
            of_source[day] = of_source.get(day, 0) + row.events
    if not counted:
        return paragraph("No audit event happened in this period.")
    silent = {name: [day for day in span if not per_day.get(day)] for name, per_day in counted.items()}
    gaps = [
        f"{known.name(name)}: {count(len(missed), 'day')} without an event ({_spans(missed)})"
        for name, missed in sorted(silent.items())
        if missed
    ]
    lead = (
        f"{count(len(counted), 'source')} recorded "
        f"{sum(sum(found.values()) for found in counted.values()):,} events on {len(span)} days; "
        f"{len(gaps)} of them had days without any event."
    )
    step = 7 if len(span) > LONG else 1
    starts = span[::step]
    largest = sorted(counted, key=lambda name: (-sum(counted[name].values()), name))[:MOST]
    drawn = [
        (
            name,
            [
                sum(per_day.get(day, 0) for day in span[index : index + step])
                for index in range(0, len(span), step)
            ],
        )
        for name, per_day in sorted(counted.items())
        if name in largest
    ]
    part = "" if len(drawn) == len(counted) else f" Drawn: the {MOST} largest of {len(counted)} sources."
    chart = calendar(
        drawn, starts, noun="event", alt=lead, per="a week" if step > 1 else "a day",
        caption=f"Events by {'week' if step > 1 else 'day'} and source; a cross where there was none. A "
        "day without events can be a quiet day, a stopped audit service or an export that lacks it." + part,
    )  # fmt: skip
    return join([paragraph(lead), chart, bullets(gaps)])


def mix(assessment: Assessment) -> Html:
    """What was recorded: events by category, and how they ended."""
    if not present(assessment, TABLE):
        return missing(assessment, TABLE)
    found = records(
        _events(assessment)
        .group_by("event_category")
        .agg(
            events=nw.len(),
            failed=flag(nw.col("event_outcome") == "failure").sum(),
            people=nw.col("user_id").n_unique(),
        )
    )
    kinds = sorted(found, key=lambda row: (-row.events, row.event_category or ""))
    total = sum(row.events for row in kinds)
    if not total:
        return paragraph("No audit event happened in this period.")
    named = [(str(row.event_category or "not stated").replace("_", " "), row.events) for row in kinds]
    alt = (
        f"Of {total:,} events, "
        + listed([f"{number:,} {be(number)} {name}" for name, number in named], most=4)
        + "."
    )
    frame = rows(
        (
            {
                "category": name,
                "events": row.events,
                "share": percent(row.events, total),
                "ended in failure": int(row.failed),
                "different users": row.people,
            }
            for (name, _), row in zip(named, kinds, strict=True)
        ),
        ("category", "events", "share", "ended in failure", "different users"),
    )
    chart = bars(
        named, unit="events", alt=alt, caption="Events of the period by what was done.",
        told=[f"{number:,} ({percent(number, total)})" for _, number in named],
    )  # fmt: skip
    return join([chart, table(assessment, frame, caption="Events by category", numbers=("share",))])


def attribution(assessment: Assessment) -> Html:
    """How many events say who, whose record, from where, and exactly when."""
    if not present(assessment, TABLE):
        return missing(assessment, TABLE)
    opened = nw.col("event_category").is_in(RECORD_OPENED)
    found = records(
        _events(assessment)
        .group_by("source_system")
        .agg(
            events=nw.len(),
            user=flag(~nw.col("user_id").is_null()).sum(),
            person=flag(nw.col("user_type") == "person").sum(),
            place=flag(~nw.col("source_ip").is_null() | ~nw.col("source_host").is_null()).sum(),
            outcome=flag(nw.col("event_outcome").is_in(("success", "failure"))).sum(),
            zoned=flag(nw.col("time_quality") == "zoned").sum(),
            accesses=flag(opened).sum(),
            patient=flag(opened & ~nw.col("patient_id").is_null()).sum(),
        )
        .sort("source_system")
    )
    known = inventory(assessment)
    names = ("who", "of a person", "from where", "how it ended", "exact time")
    listed_rows = [
        {
            "source": known.name(row.source_system),
            "events": row.events,
            "who": percent(row.user, row.events),
            "of a person": percent(row.person, row.events),
            "from where": percent(row.place, row.events),
            "how it ended": percent(row.outcome, row.events),
            "exact time": percent(row.zoned, row.events),
            "whose record": percent(row.patient, row.accesses),
        }
        for row in found
        if in_view(assessment, known, row.source_system)
    ]
    return table(
        assessment,
        rows(listed_rows, ("source", "events", *names, "whose record")),
        caption="What the events of each source tell, as shares of its events",
        headings={"whose record": "whose record (of accesses)"},
        numbers=(*names, "whose record"),
        note="Who: a user is named. Of a person: the user is not an application or a node. Exact time: "
        "written with its time zone. A source that does not say who or whose record cannot show who "
        "looked at what.",
        empty="no audit event happened in this period.",
    )


def completeness(assessment: Assessment) -> Html:
    """What each source answers to each question about the audit trail: a matrix."""
    if not present(assessment, TABLE):
        return missing(assessment, TABLE)
    known = inventory(assessment)
    answers: dict[str, dict[str, str]] = {}
    asked = [
        outcome
        for outcome in of_part(assessment, "audit_trail")
        if outcome.check.subject in OF_SOURCES and AUDIT_CONTROLS in outcome.check.controls
    ]
    copies = {system.system_id for system in known.covered if system.kind in NO_TRAIL}
    for outcome in asked:
        for verdict in outcome.verdicts:
            name = known.of(verdict.scope) or verdict.scope
            if name and name not in copies and in_view(assessment, known, verdict.scope):
                of_source = answers.setdefault(name, {})
                before = of_source.get(outcome.check.id, "NA")
                of_source[outcome.check.id] = max(before, verdict.result, key=RESULTS.index)
    if not answers:
        return paragraph("No source of the audit trail could be asked anything.")
    events = dict.fromkeys(answers, 0)
    for row in _per_system(assessment):
        name = known.of(row.source_system) or row.source_system
        events[name] = events.get(name, 0) + row.events
    columns = sorted(sorted(answers, key=lambda name: (-events[name], name))[:MOST_COLUMNS])
    asked.sort(key=lambda outcome: outcome.check.id)
    put = [o for o in asked if any(o.check.id in answers[name] for name in columns)]
    said = {o.check.id: [answers[name].get(o.check.id, "") for name in columns] for o in put}
    told = [result for results in said.values() for result in results]
    numbers = [f"{told.count(result)} {words}" for result, (_, words) in ANSWERS.items() if result in told]
    frame = rows(
        (
            {"question": o.check.title}
            | {name: ANSWERS[result][0] for name, result in zip(columns, said[o.check.id], strict=True)}
            for o in put
        ),
        ("question", *columns),
    )
    rest = "" if len(columns) == len(answers) else f" Shown: the {MOST_COLUMNS} largest of {len(answers)}."
    return join(
        [
            paragraph(
                f"{count(len(put), 'question')} put to {count(len(columns), 'source')} give "
                f"{count(len(told), 'answer')}: {listed(numbers)}."
            ),
            table(
                assessment,
                frame,
                caption="What each source shows of its own completeness",
                headings={"question": "what should hold", **{name: name for name in columns}},
                badges=dict.fromkeys(columns, "sign"),
                note="Not assessed: nothing of this source could be put to the question. Signs of gaps and "
                f"of changes are looked for; that there are none proves nothing.{rest}",
            ),
            bullets(f"Not assessed for any source: {o.check.title}." for o in asked if o not in put),
        ]
    )


def set_aside(assessment: Assessment) -> Html:
    """How many events were set aside as those of announced scans, and what was not although it lay there."""
    if not present(assessment, TABLE):
        return missing(assessment, TABLE)
    if not present(assessment, "probe_windows"):
        return paragraph("No scan of listeners was announced, so no event is set aside.")
    known = inventory(assessment)
    counted: dict[str, Counter[str]] = {}
    for row in records(assessment.lazy("announced_probes")):
        if in_view(assessment, known, row.source_system):
            name = known.name(row.source_system) if row.source_system else UNNAMED_SOURCE
            counted.setdefault(name, Counter())[row.kind] += row.events
    total = sum(kinds[SET_ASIDE] for kinds in counted.values())
    odd = sum(sum(kinds.values()) - kinds[SET_ASIDE] for kinds in counted.values())
    told = (
        f"{count(total, 'event')} of announced scans {have(total)} been set aside: questions about people "
        "and devices do not see them, questions about the trail itself do."
    )
    if odd:
        told += (
            f" {count(odd, 'event')} {be(odd)} not set aside although the time fits: from the scanner's "
            "address and more than a scan does, or under its AE title from another address."
        )
    frame = rows(
        (
            {"source": name, "set aside": kinds[SET_ASIDE], "went further": kinds[WENT_FURTHER],
             "its title from elsewhere": kinds[ELSEWHERE]}
            for name, kinds in sorted(counted.items())
        ),
        ("source", "set aside", "went further", "its title from elsewhere"),
    )  # fmt: skip
    return join(
        [
            paragraph(told),
            table(
                assessment, frame, caption="Events in windows of announced scans",
                empty="no event of the period lies in a window of an announced scan.",
            ),
        ]
    )  # fmt: skip


def around(
    assessment: Assessment, source: str, offset: int, *, rows_each_side: int = 5, identities: bool = False
) -> Html:
    """The events around one row of one audit file, for tracing a finding back by hand."""
    if not present(assessment, TABLE):
        return missing(assessment, TABLE)
    near = assessment.lazy(TABLE).filter(nw.col("source") == source)
    before = near.filter(nw.col("offset") < offset).sort("offset", "n", descending=True).head(rows_each_side)
    after = near.filter(nw.col("offset") >= offset).sort("offset", "n").head(rows_each_side + 1)
    columns = ("offset", "time", "event_category", "event_outcome", "user_id", "patient_id", "source_host")
    found = [*reversed(list(records(before))), *records(after)]
    frame = rows(
        (
            {name: getattr(row, name, None) for name in columns}
            | {
                "time": pd.Timestamp(row.event_time_us, unit="us", tz="UTC")
                if row.event_time_us is not None
                else None
            }
            for row in found
        ),
        columns,
    )
    return table(
        assessment, frame, caption=f"Rows around offset {offset} of {source}", identities=identities,
        empty="that file has no such row.",
    )  # fmt: skip


def _events(assessment: Assessment) -> nw.LazyFrame[Any]:
    return assessment.lazy(TABLE).filter(in_period(assessment.moment))


def _per_system(assessment: Assessment) -> list[Any]:
    found = _events(assessment).group_by("source_system").agg(events=nw.len()).sort("source_system")
    return list(records(found))


def _without_trail(kind: str) -> str:
    return "– in that of the systems it copies" if kind in NO_TRAIL else "✗ none in this period"


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _spans(days_: list[date]) -> str:
    """Days as spans, such as `2026-10-05 to 2026-10-06 and 2026-10-12`."""
    spans: list[list[date]] = []
    for day in days_:
        if spans and day - spans[-1][-1] == timedelta(days=1):
            spans[-1].append(day)
        else:
            spans.append([day])
    return listed([str(span[0]) if len(span) == 1 else f"{span[0]} to {span[-1]}" for span in spans], most=4)
