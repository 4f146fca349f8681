"""From incidents to the clocks of 45 CFR 164.404 to 164.412: who was to be told until when."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.tables import records
from riskkit.words import amount

OUTER_DAYS = 60
"""164.404(b), 164.406(b), 164.410(b): calendar days from discovery, the outer limit and not the goal."""

MANY = 500
"""164.408(b): with 500 people or more the Secretary is told with them; 164.406: more than 500 of a State."""

ORAL_DELAY_DAYS = 30
"""164.412(b): an oral statement of law enforcement delays the notices for 30 days and no longer."""

FACTORS = ("factor_information", "factor_recipient", "factor_acquired", "factor_mitigation")
"""164.402(2)(i) to (iv)."""

_NUMBER = re.compile(r"\d{1,9}|\d{1,3}(?:[, ]\d{3}){1,3}", re.ASCII)

NO_BREACH = frozenset({"none", "secured", "not a breach"})


@dataclass(frozen=True, slots=True)
class Clock:
    """A duty to tell somebody: `due` is the last day, None while it is not known or no duty.

    `applies` is False when there is no such duty, and None when the register does not say; `why` tells.
    """

    name: str
    discovered: date
    due: date | None = None
    told: date | None = None
    applies: bool | None = True
    why: str = ""


def standing(incident: Any) -> str:
    """none, secured, not a breach, breach, presumed, or undecided.

    What is not permitted is presumed a breach unless the record shows otherwise (164.402(2)); what somebody
    decided to be a breach is one, whatever else the record says.
    """
    if incident.decision == "breach":
        return "breach"
    if incident.impermissible is None and incident.decision is None:
        return "undecided"
    if incident.impermissible is False:
        return "none"
    if incident.secured:
        return "secured"
    return "presumed" if lacking(incident) else "not a breach"


def lacking(incident: Any) -> list[str]:
    """What the record of a decision lacks: decision, who, when, and the factors unless it needs none."""
    names = ["decision", "decided_by", "decided_on"]
    if incident.decision not in {"exclusion", "breach"}:
        names += FACTORS
    return [name for name in names if getattr(incident, name) in (None, "")]


def discovery(incident: Any, at: Moment) -> date:
    """The local day that starts the clocks; that of the associate when it is an agent (164.404(a)(2))."""
    found = incident.discovered_at
    if incident.associate_is_agent and incident.associate_discovered_at:
        found = min(found, incident.associate_discovered_at)
    return _day(found, at)


def people_clock(incident: Any, at: Moment, state_days: int = OUTER_DAYS) -> Clock:
    """164.404: everybody affected, within 60 days, or fewer where the law of the State says so."""
    start = discovery(incident, at)
    due = _delayed(start + timedelta(days=min(state_days, OUTER_DAYS)), incident)
    return Clock("people affected", start, due, incident.people_told_on)


def media_clock(incident: Any, at: Moment) -> Clock:
    """164.406: the media, when more than 500 residents of one State are affected."""
    start, told = discovery(incident, at), incident.media_told_on
    residents, unread = by_state(incident)
    if residents and max(residents.values()) > MANY:
        return Clock("media", start, _delayed(start + timedelta(days=OUTER_DAYS), incident), told)
    if incident.affected is not None and incident.affected <= MANY:
        return Clock("media", start, applies=False, why=f"Not more than {MANY} people are affected")
    if unread:
        return Clock("media", start, applies=None, why="Not all numbers by State could be read")
    if residents and (incident.affected is None or sum(residents.values()) >= incident.affected):
        return Clock("media", start, applies=False, why=f"No State has more than {MANY} residents affected")
    return Clock("media", start, applies=None, why="How many residents of each State are affected is open")


def secretary_clock(incident: Any, at: Moment) -> Clock:
    """164.408: with the people when 500 or more are affected, else 60 days after the year of discovery."""
    start, told = discovery(incident, at), incident.secretary_told_on
    if incident.affected is None:
        return Clock("Secretary", start, told=told, applies=None, why="How many people are affected is open")
    if incident.affected >= MANY:
        return Clock("Secretary", start, _delayed(start + timedelta(days=OUTER_DAYS), incident), told)
    return Clock("Secretary", start, date(start.year, 12, 31) + timedelta(days=OUTER_DAYS), told)


def associate_clock(incident: Any, at: Moment, notice_days: int | None = None) -> Clock:
    """164.410: the associate tells within 60 days of its own discovery, or as its contract says, if fewer."""
    name = "organisation, by its associate"
    if not incident.associate:
        return Clock(name, discovery(incident, at), applies=False, why="No business associate is involved")
    if incident.associate_discovered_at is None:
        why = "When the associate discovered it is not on record"
        return Clock(name, discovery(incident, at), applies=None, why=why)
    start = _day(incident.associate_discovered_at, at)
    days = OUTER_DAYS if notice_days is None else min(notice_days, OUTER_DAYS)
    return Clock(name, start, _delayed(start + timedelta(days=days), incident), incident.associate_told_on)


def by_state(incident: Any) -> tuple[dict[str, int], int]:
    """Residents affected by State, and how many parts are not written as TX=620 or TX=1,620."""
    found: dict[str, int] = {}
    parts = [part for part in (incident.affected_by_state or "").split(";") if part.strip()]
    for part in parts:
        state, _, number = part.partition("=")
        if state.strip() and _NUMBER.fullmatch(number.strip()):
            found[state.strip().upper()] = int(re.sub(r"\D", "", number))
    return found, len(parts) - len(found)


def breach_verdicts(
    incidents: Any, at: Moment, clock_of: Callable[[Any], Clock], *, always: bool = False
) -> Iterator[Verdict]:
    """One verdict per incident by one of its clocks; `always` judges it even when it was no breach of ours.

    A clock that runs is UNKNOWN: within the outer limit the evidence cannot show that it was kept, and
    the duty is without unreasonable delay.
    """
    for incident in records(incidents):
        stands = standing(incident)
        clock = clock_of(incident)
        result, message = _outside(stands) if not always and stands in NO_BREACH else judged(clock, at)
        if result == "FAIL" and not always and stands == "undecided":
            result, message = "UNKNOWN", f"Whether it is a breach is not recorded. {message}"
        elif result == "FAIL" and not always and stands == "presumed":
            message = f"Presumed a breach, since no decision with all that it needs is on record. {message}"
        yield Verdict(
            subject=incident.incident_id,
            result=result,
            message=message,
            observed=f"told on {clock.told}" if clock.told else "not told",
            expected=f"without unreasonable delay, {clock.due} at the latest" if clock.due else "",
            rows=(Rows.of("incidents", [incident]),),
        )


def judged(clock: Clock, at: Moment) -> tuple[Result, str]:
    """How a clock stands at the end of the period, with its numbers."""
    if clock.due is None:
        return ("NA" if clock.applies is False else "UNKNOWN"), f"{clock.why}."
    limit = (clock.due - clock.discovered).days
    allowed = f"day {limit} is the outer limit, the duty is without unreasonable delay"
    if clock.told is not None and clock.told < clock.discovered:
        early = amount((clock.discovered - clock.told).days, "day")
        return "UNKNOWN", f"Told {early} before the discovery: one of the two dates is wrong."
    if clock.told is not None and clock.told <= at.today:
        told = f"Told on day {(clock.told - clock.discovered).days} after the discovery; {allowed}."
        return ("PASS" if clock.told <= clock.due else "FAIL"), told
    age = at.age_days(clock.discovered)
    if clock.due < at.today:
        return "FAIL", f"Not told on day {age} after the discovery; {allowed}."
    return "UNKNOWN", f"The clock runs: day {age} after the discovery, not told yet; {allowed}."


def delay_end(incident: Any) -> date | None:
    """Last day of a delay that law enforcement asked for and that is documented (164.412), else None."""
    if incident.delay_asked_on is None or not incident.delay_document:
        return None
    if incident.delay_form == "written":
        end: date | None = incident.delay_until
        return end
    longest: date = incident.delay_asked_on + timedelta(days=ORAL_DELAY_DAYS)
    return min(incident.delay_until or longest, longest)


def _delayed(due: date, incident: Any) -> date:
    return max(due, delay_end(incident) or due)


def _outside(stands: str) -> tuple[Result, str]:
    return "NA", {
        "none": "Nothing was used or disclosed against the rule.",
        "secured": "What was disclosed was unusable to others: secured information.",
        "not a breach": "By a decision with all that it needs it is no breach.",
    }[stands]


def _day(when: datetime, at: Moment) -> date:
    return when.astimezone(at.zone).date()
