"""Media whose whereabouts or keeper are not on record."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.derived.movements import GONE, encrypted, holds_ephi, movements
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.tables import records
from riskkit.words import amount


@check(
    id="places.media_unaccounted",
    title="For every medium that holds ePHI somebody answers",
    question="Which media that hold ePHI are lost, stolen, overdue, or without anybody who answers for them?",
    subject="medium",
    controls=(
        "45 CFR 164.310(d)(1)",
        "45 CFR 164.310(d)(2)(iii)",
    ),
    severity="high",
    remediation="Find the medium, or assess its loss as an incident that names it, and record who answers "
    "for it.",
    look_first="Who had it last.",
    usual_cause="Things are lent between rooms without a word in the log.",
)
def places_media_unaccounted(
    media: pd.DataFrame,
    incidents: pd.DataFrame | None,
    *,
    lent_days: int = 90,
    longest_days: int = 365,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per medium, by its last movement.

    A lost or stolen one fails, low when it is recorded as encrypted, until an incident discovered since
    takes it up: the row names it, or its title or outcome the medium. What is lent is due back on its day,
    `longest_days` after it left at most; without a day it fails after `lent_days` (our choices) and is
    unknown before.
    """
    known = [] if incidents is None else [one for one in records(incidents) if one.discovered_at < at.as_of]
    for name, rows in movements(media, at).items():
        last = rows[-1]
        taken = _incident(last, known, at) if last.event in GONE else None
        result, message = _judged(rows, taken, lent_days, longest_days, at)
        yield Verdict(
            subject=name,
            result=result,
            message=message,
            observed=last.event,
            expected="somebody who answers for it",
            severity="low" if result == "FAIL" and last.event in GONE and encrypted(rows) else None,
            rows=(Rows.of("media", [last]), Rows.of("incidents", [taken] if taken else [])),
        )


def _incident(lost: Any, incidents: list[Any], at: Moment) -> Any | None:
    """The first incident, discovered on the day of the loss or later, that is about the medium."""
    names = re.compile(rf"(?<![\w-]){re.escape(lost.media_id.strip())}(?![\w-])", re.IGNORECASE)
    about = [
        one
        for one in incidents
        if one.discovered_at.astimezone(at.zone).date() >= lost.occurred_on
        and (
            one.incident_id.casefold() == (lost.incident or "").strip().casefold()
            or names.search(f"{one.title or ''} {one.outcome or ''}")
        )
    ]
    return min(about, key=lambda one: (one.discovered_at, one.incident_id), default=None)


def _judged(
    rows: list[Any], incident: Any | None, lent_days: int, longest_days: int, at: Moment
) -> tuple[Result, str]:
    last, ephi = rows[-1], holds_ephi(rows)
    if ephi is False:
        return "NA", "It holds no ePHI."
    if last.event in GONE:
        wrong = "" if incident else _gone(last, encrypted(rows))
    else:
        wrong = _late(last, lent_days, longest_days, at) if last.event == "lent" else ""
        if not wrong and last.event != "disposed" and not last.responsible:
            wrong = "Nobody is recorded to answer for it since its last movement"
    if wrong and ephi is None:
        return "UNKNOWN", f"{wrong}; whether it holds ePHI is not recorded."
    if wrong:
        return "FAIL", f"{wrong}."
    if last.event == "lent" and last.due_back_on is None:
        return "UNKNOWN", f"It is lent since {last.occurred_on}, and when it is to be back is not recorded."
    taken = f" by incident {incident.incident_id}" if incident else ""
    return "PASS", f"Its last movement ({last.event}) is accounted for{taken}."


def _gone(last: Any, is_encrypted: bool | None) -> str:
    how = "that it was encrypted is not on record"
    if is_encrypted is not None:
        how = "it was encrypted" if is_encrypted else "it was not encrypted"
    return f"It is {last.event} since {last.occurred_on}, {how}, and no incident takes it up"


def _late(last: Any, lent_days: int, longest_days: int, at: Moment) -> str:
    """Why what is lent should be back; empty when it may still be out."""
    out, due = at.age_days(last.occurred_on), last.due_back_on
    if due is not None and due < at.today:
        return f"It was due back {amount(at.age_days(due), 'day')} before the end of the period"
    if due is None and out > lent_days:
        return f"It is lent for {amount(out, 'day')} without a day to be back"
    if due is not None and out > longest_days:
        return f"It is lent for {amount(out, 'day')}, and due back only on {due}"
    return ""
