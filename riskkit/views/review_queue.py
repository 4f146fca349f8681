"""The review queue of the period: alerts with reasons, one patient's accesses, peers, and what was decided.

An alert is a reason to look, no more. People and patients stand under surrogates.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from riskkit.assess import ReviewQueue, queue_of
from riskkit.derived.clock_days import day_number
from riskkit.derived.explanations import explained as known_reason
from riskkit.derived.trail import flag, in_period
from riskkit.model import Assessment
from riskkit.queue import Choice
from riskkit.tables import records
from riskkit.views import access_patterns
from riskkit.views.findings import missing
from riskkit.views.html import Html, bullets, join, paragraph, rendering
from riskkit.views.privacy import permit
from riskkit.views.scope import inventory, present
from riskkit.views.tables import rows, table
from riskkit.words import count, percent

BUDGET = 5
"""Alerts a day that the report shows; `riskkit triage --budget` takes another."""

BELOW = 5
"""Rows below the line that the report shows."""

CONFIRMED = ("inappropriate", "escalated")

HEADINGS = {"user_id": "who", "patient_id": "patient"}


def alerts(assessment: Assessment, *, budget: int = BUDGET, top: int = 25, identities: bool = False) -> Html:
    """The alerts of the period with most points, what matched a rule, and what stayed just below the line.

    budget: alerts a day; top: rows that are shown. The whole list is what `riskkit triage` writes.
    """
    permit(identities)
    if not present(assessment, "audit_events"):
        return missing(assessment, "audit_events")
    queue = _queue(assessment, budget)
    by_line = Counter(choice.line for choice in queue.choices)
    lead = (
        f"{count(by_line['alert'], 'alert')} for review in the period, at most {budget} a day; "
        f"{by_line['below']:,} stayed below the line, {by_line['repeat']:,} repeat what was surfaced in the "
        f"{queue.rules.repeat_days} days before, {by_line['closed']:,} were closed by an earlier decision. "
        "Each is unexplained, not wrong. Decisions go into programme/verdicts.csv, by the code in the "
        "column alert."
    )
    parts = (
        ("alert", f"Alerts with most points, of {by_line['alert']:,}", top),
        ("matched", "Matched a rule, not proven: outside the budget", top),
        ("below", "Just below the line", BELOW),
    )
    listings = [_listing(assessment, queue, *part, identities) for part in parts]
    return join([paragraph(lead), *listings, unused(assessment, budget=budget)])


def unused(assessment: Assessment, *, budget: int = BUDGET) -> Html:
    """Detectors that did not run, with the reason, and evidence that others went without."""
    queue = _queue(assessment, budget)
    titles = {outcome.check.id: outcome.check.title for outcome in assessment.outcomes}
    if not queue.not_run and not queue.unused and not queue.in_part:
        return paragraph(f"All {len(queue.ran)} detectors ran with all evidence that they can use.")
    without = (f"without {name}: {count(len(checks), 'detector')}" for name, checks in queue.unused)
    return join([
        paragraph(
            f"{count(len(queue.ran), 'detector')} ran, {count(len(queue.not_run), 'detector')} did not: "
            "what they look for would not be in this queue."
        ),
        bullets([f"NOT RUN: {titles[check]}: {reason}" for check, reason in queue.not_run]),
        bullets([f"IN PART: {count(len(checks), 'detector')}: {told}" for told, checks in queue.in_part]),
        bullets(without),
    ])  # fmt: skip


def first(assessment: Assessment) -> str | None:
    """The surrogate of whom the alert with most points is about; None when there is none."""
    best = _best(assessment, lambda choice: bool(choice.candidate.user_id))
    return None if best is None else assessment.surrogate("user", best.candidate.user_id)


def first_patient(assessment: Assessment) -> str | None:
    """The surrogate of the patient of the alert with most points that names one; None when there is none."""
    best = _best(assessment, lambda choice: bool(choice.candidate.patient_id))
    return None if best is None else assessment.surrogate("patient", best.candidate.patient_id)


def patient(
    assessment: Assessment, who: str | None = None, *, top: int = 25, identities: bool = False
) -> Html:
    """Who opened one patient's record in the period, and for whom the care records know no reason.

    who: a surrogate (patient-3F9A2C71) or a record number; without it, the patient of the first alert
    that names one.
    """
    permit(identities)
    if not present(assessment, *access_patterns.INPUTS):
        return missing(assessment, *access_patterns.INPUTS)
    who = who or first_patient(assessment)
    if who is None:
        return paragraph("No alert names a patient, so none is shown.")
    found = _accesses(assessment)
    named = [row.patient_id for row in records(found.select("patient_id").unique())]
    number = next((one for one in named if who in (one, assessment.surrogate("patient", one))), None)
    if number is None:
        return paragraph(f"Nobody opened a record in this period that goes by {who}.")
    grouped = (
        found.filter(nw.col("patient_id") == number)
        .with_columns(open=flag(~known_reason()))
        .group_by("user_id", "source_system")
        .agg(
            nw.len().alias("events"),
            nw.col("open").sum(),
            nw.col("event_time_us").min().alias("first"),
            nw.col("event_time_us").max().alias("last"),
        )
    )
    listed_ = sorted(records(grouped), key=lambda row: (-int(row.open), row.first, row.user_id))
    systems, groups = inventory(assessment), _departments(assessment)
    frame = rows(
        (
            {
                "user_id": row.user_id,
                "department": groups.get(row.user_id),
                "system": systems.name(row.source_system),
                "accesses": row.events,
                "without known reason": int(row.open),
                "first": pd.Timestamp(row.first, unit="us", tz="UTC"),
                "last": pd.Timestamp(row.last, unit="us", tz="UTC"),
            }
            for row in listed_
        ),
        ("user_id", "department", "system", "accesses", "without known reason", "first", "last"),
    )
    people = len({row.user_id for row in listed_})
    open_ = len({row.user_id for row in listed_ if row.open})
    name = number if identities else assessment.surrogate("patient", number)
    told = (
        f"{name}: {count(people, 'person')} opened the record; for {open_} of them some access has no reason "
        "that the care records know."
    )
    return join([
        paragraph(told),
        table(assessment, frame, caption="Accesses to one record", headings=HEADINGS, limit=top,
              numbers=("accesses", "without known reason"), rest="Raise `top` to see more.",
              identities=identities),
    ])  # fmt: skip


def peers(assessment: Assessment, who: str | None = None, *, identities: bool = False) -> Html:
    """What one person does on an active day, beside people of the same role and shift.

    who: a surrogate or a user id; without it, whom the first alert is about.
    """
    permit(identities)
    if not present(assessment, "audit_events"):
        return missing(assessment, "audit_events")
    who = who or first(assessment)
    if who is None:
        return paragraph("Nobody is put up for review, so nobody is compared.")
    measures = ("accesses", "patients", "unexplained", "exports", "failed", "off_hours")
    begins = day_number(assessment.moment.period.first_day)
    days = (
        assessment.lazy("user_days")
        .filter(nw.col("day") >= begins)
        .group_by("user_id")
        .agg(nw.len().alias("days"), *(nw.col(name).sum() for name in measures))
    )
    by_user = {row.user_id: row for row in records(days)}
    user = next((one for one in by_user if who in (one, assessment.surrogate("user", one))), None)
    if user is None:
        return paragraph(f"Nobody who did anything in this period goes by {who}.")
    groups = (
        {row.user_id: row.peer_group for row in records(assessment.lazy("peer_groups"))}
        if present(assessment, "roster")
        else {}
    )
    group = groups.get(user)
    others = [row for name, row in by_user.items() if name != user and groups.get(name) == group]
    if not others:
        return paragraph("Nobody else of the same role and shift did anything in this period.")
    frame = rows(
        (
            {
                "on an active day": name.replace("_", " "),
                "this person": _rate(by_user[user], name),
                "median of peers": round(float(np.median([_rate(row, name) for row in others])), 2),
                "nine of ten peers below": round(
                    float(np.quantile([_rate(row, name) for row in others], 0.9)), 2
                ),
            }
            for name in measures
            if getattr(by_user[user], name) is not None
        ),
        ("on an active day", "this person", "median of peers", "nine of ten peers below"),
    )
    name = user if identities else assessment.surrogate("user", user)
    told = f"{name} was active on {count(by_user[user].days, 'day')}; {count(len(others), 'peer')} "
    told += f"({group})." if group else "(people whom the roster does not know)."
    columns = ("this person", "median of peers", "nine of ten peers below")
    return join([
        paragraph(told), table(assessment, frame, caption="Beside peers", numbers=columns),
    ])  # fmt: skip


def decisions(assessment: Assessment) -> Html:
    """What became of alerts that were surfaced, by month: decided, confirmed, disputed, repeated.

    Precision is confirmed among decided alerts: it tells of the decisions, not of what was never surfaced.
    """
    if not present(assessment, "alerts"):
        return missing(assessment, "alerts")
    known = _queue(assessment, BUDGET).decisions
    seen: dict[str, Any] = {}
    for row in records(assessment.table("alerts")):
        if row.line in (None, "alert", "matched"):
            seen.setdefault(row.alert, row)
    months: dict[str, Counter[str]] = {}
    for alert, row in sorted(seen.items()):
        tally = months.setdefault(f"{row.day:%Y-%m}", Counter())
        outcome = known.outcome(alert)
        tally["alerts"] += 1
        tally["decided"] += outcome not in ("", "undecided")
        tally["confirmed"] += outcome in CONFIRMED
        tally["reviewers disagree"] += outcome == "disagreement"
        tally["repeats"] += bool(row.repeat_of)
        tally["decided by who is close"] += known.not_counted.get(alert, 0)
    columns = (
        "alerts", "decided", "confirmed", "reviewers disagree", "repeats", "decided by who is close",
    )  # fmt: skip
    frame = rows(
        (
            {"month": month, **{name: tally[name] for name in columns},
             "precision": percent(tally["confirmed"], tally["decided"]) if tally["decided"] else None}
            for month, tally in sorted(months.items())
        ),
        ("month", *columns, "precision"),
    )  # fmt: skip
    return table(
        assessment, frame, caption="Alerts and decisions", numbers=(*columns, "precision"),
        note="A disagreement counts as decided and as neither confirmed nor explained. A decision of the "
        "subject or of who leads the subject closes nothing.",
    )  # fmt: skip


def explore(assessment: Assessment, *, identities: bool = False) -> Any:
    """Choose a person of the queue and see their days and peers: by hand with widgets, else the first one.

    A report, and a notebook without ipywidgets, show what stands below for the first alert.
    """
    permit(identities)
    names = _people(assessment)
    static = join([
        access_patterns.timeline(assessment, names[0] if names else None, identities=identities),
        peers(assessment, names[0] if names else None, identities=identities),
    ])  # fmt: skip
    if rendering() or not names:
        return static
    try:
        import ipywidgets  # type: ignore[import-untyped]  # noqa: PLC0415 - only by hand, and only where it is installed
    except ImportError:
        return static

    def shown(who: str) -> Html:
        return access_patterns.timeline(assessment, who, identities=identities) + peers(
            assessment, who, identities=identities
        )

    return ipywidgets.interactive(shown, who=ipywidgets.Dropdown(options=names, description="person"))


def _people(assessment: Assessment) -> list[str]:
    """Surrogates of everybody with an alert, most points first."""
    chosen = [
        one for one in _queue(assessment, BUDGET).choices if one.line == "alert" and one.candidate.user_id
    ]
    ordered = sorted(chosen, key=lambda one: (-one.candidate.score, one.candidate.user_id))
    return list(dict.fromkeys(assessment.surrogate("user", one.candidate.user_id) for one in ordered))


def _queue(assessment: Assessment, budget: int) -> ReviewQueue:
    return queue_of(assessment, budget=budget)


def _best(assessment: Assessment, wanted: Any) -> Choice | None:
    """The alert with most points among those that are wanted; of the department in view, if one is."""
    groups = _departments(assessment)
    found = [
        choice
        for choice in _queue(assessment, BUDGET).choices
        if choice.line == "alert" and wanted(choice)
        and assessment.department in (None, groups.get(choice.candidate.user_id))
    ]  # fmt: skip
    return min(found, key=lambda one: (-one.candidate.score, one.candidate.day, one.alert), default=None)


def _listing(
    assessment: Assessment, queue: ReviewQueue, line: str, caption: str, top: int, identities: bool
) -> Html:
    groups = _departments(assessment)
    chosen = [
        one
        for one in queue.choices
        if one.line == line and assessment.department in (None, groups.get(one.candidate.user_id))
    ]
    if not chosen:
        return paragraph(f"{caption}: none.")
    ordered = sorted(chosen, key=lambda one: (-one.candidate.score, one.candidate.day, one.alert))
    frame = rows(
        (
            {
                "day": one.candidate.day,
                "user_id": one.candidate.user_id or None,
                "patient_id": one.candidate.patient_id or None,
                "why": one.candidate.told() if line != "matched" else one.candidate.reasons[0].text,
                "points": round(one.candidate.score, 1),
                "kind": one.candidate.family,
                "decision": queue.decisions.outcome(one.alert) or None,
                "alert": one.alert,
            }
            for one in ordered[:top]
        ),
        ("day", "user_id", "patient_id", "why", "points", "kind", "decision", "alert"),
    )
    empty = [name for name in ("patient_id", "decision") if frame[name].isna().all()]
    more = len(chosen) - len(frame)
    return table(
        assessment, frame.drop(columns=empty), caption=caption, headings=HEADINGS, numbers=("points",),
        identities=identities,
        note=f"{more:,} more with fewer points: riskkit triage writes them all." if more else "",
    )  # fmt: skip


def _accesses(assessment: Assessment) -> nw.LazyFrame[Any]:
    found = assessment.lazy("explained_accesses").filter(in_period(assessment.moment))
    if assessment.department is None:
        return found
    groups = _departments(assessment)
    users = sorted(user for user, place in groups.items() if place == assessment.department)
    return found.filter(nw.col("user_id").is_in(users))


def _departments(assessment: Assessment) -> dict[str, str]:
    if not present(assessment, "roster"):
        return {}
    people = sorted(records(assessment.table("roster")), key=lambda person: person.employed_from)
    return {person.user_id: person.department or "" for person in people}


def _rate(row: Any, measure: str) -> float:
    return round(float(getattr(row, measure) or 0) / int(row.days), 2)
