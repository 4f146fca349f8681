"""Clocks that run, what is due next, coverage over time, and who went through which door."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import narwhals as nw

from riskkit.derived.breaches import (
    NO_BREACH,
    Clock,
    associate_clock,
    judged,
    media_clock,
    people_clock,
    secretary_clock,
    standing,
)
from riskkit.derived.contract_terms import in_force, same_vendor
from riskkit.derived.done_reviews import not_done
from riskkit.derived.doors import granted
from riskkit.derived.employment import employed_on, employments
from riskkit.model import Assessment
from riskkit.tables import records
from riskkit.views.charts import trend
from riskkit.views.courses import security_training
from riskkit.views.findings import missing
from riskkit.views.html import Html, join, paragraph
from riskkit.views.privacy import SMALL
from riskkit.views.scope import present
from riskkit.views.tables import rows, table
from riskkit.words import be, count

AHEAD = 31
"""Days after the end of the period that count as the next month."""

YEAR = 365
STEP = 10
"""Shares of people are shown in steps of so many percent, so that no small number can be worked out."""

MONTHS = 12
SIGNS = {"FAIL": "✗", "PASS": "✓", "UNKNOWN": "?", "NA": "–"}


def clocks(assessment: Assessment) -> Html:
    """The duties to tell of each breach, or presumed one: since when, until when, and how it stands."""
    if not present(assessment, "incidents"):
        return missing(assessment, "incidents")
    found = list(_clocks(assessment))
    frame = rows(
        (
            {
                "incident": incident,
                "to be told": clock.name,
                "discovered": clock.discovered,
                "day": ((clock.told or assessment.moment.today) - clock.discovered).days,
                "outer limit": clock.due,
                "told": clock.told,
                "state": state,
            }
            for incident, clock, state in found
        ),
        ("incident", "to be told", "discovered", "day", "outer limit", "told", "state"),
    )
    number = sum(True for _ in records(assessment.table("incidents")))
    runs = sum(state.startswith("?") and clock.due is not None for _, clock, state in found)
    late = sum(state.startswith("✗") for _, _, state in found)
    return join([
        paragraph(
            f"Of {count(number, 'incident')} on record, {count(runs, 'clock')} {be(runs)} running and "
            f"{count(late, 'notice')} {be(late)} late. The duty is to tell without unreasonable delay; the "
            "limit is the last day and not the goal. What is not permitted is presumed a breach until "
            "the four factors are assessed."
        ),
        table(assessment, frame, caption="Who is to be told of breaches", badges={"state": "sign"},
              empty="no incident on record asks for a notice."),
    ])  # fmt: skip


def _clocks(assessment: Assessment) -> Iterator[tuple[str, Clock, str]]:
    at = assessment.moment
    signed = list(records(assessment.table("contracts"))) if present(assessment, "contracts") else []
    outcome = next(o for o in assessment.outcomes if o.check.id == "programme.breach_people_told_late")
    state_days = int(outcome.parameters["state_days"])
    for incident in sorted(records(assessment.table("incidents")), key=lambda row: row.discovered_at):
        own = [one for one in signed if same_vendor(one.vendor, incident.associate or "")]
        days = [one.notice_days for one in in_force(own, at) if one.notice_days is not None]
        told = [associate_clock(incident, at, min(days, default=None))]
        if standing(incident) not in NO_BREACH:
            told = [
                people_clock(incident, at, state_days), media_clock(incident, at),
                secretary_clock(incident, at), *told,
            ]  # fmt: skip
        for clock in told:
            if clock.applies is False:
                continue
            result, message = judged(clock, at)
            words = "told in time" if result == "PASS" else "told late" if clock.told else "overdue"
            if result == "UNKNOWN":
                words = "running" if clock.due else message.rstrip(".").lower()
            yield (
                incident.incident_id,
                clock,
                f"{'✗' if result == 'FAIL' else '✓' if result == 'PASS' else '?'} {words}",
            )


@dataclass(frozen=True, slots=True)
class _Due:
    on: date
    kind: str
    what: str
    owner: str | None = None


def due(assessment: Assessment) -> Html:
    """What falls due in the month after the period: reviews, contracts, answers, notices, courses."""
    today = assessment.moment.today
    until = today + timedelta(days=AHEAD)
    found = sorted(
        (one for one in _dates(assessment) if today < one.on <= until),
        key=lambda one: (one.on, one.kind, one.what),
    )
    frame = rows(
        ({"due": one.on, "kind": one.kind, "what": one.what, "with": one.owner} for one in found),
        ("due", "kind", "what", "with"),
    )
    return join([
        paragraph(
            f"{count(len(found), 'date')} {be(len(found), 'falls', 'fall')} between "
            f"{today + timedelta(days=1)} and {until}. What is overdue already stands among the findings."
        ),
        table(assessment, frame, caption="Due in the month after the period", empty="nothing falls due."),
    ])  # fmt: skip


def _dates(assessment: Assessment) -> Iterator[_Due]:
    yield from _registered(assessment)
    yield from _renewed(assessment)
    yield from _courses(assessment)
    if present(assessment, "incidents"):
        for incident, clock, state in _clocks(assessment):
            if clock.due and state.startswith("?"):
                yield _Due(
                    clock.due, "outer limit of a notice", f"{incident}: {clock.name}", "Privacy office"
                )


_REGISTERS = (
    ("policies", "next_review_on", "review of a policy", ("title",), "owner"),
    ("contracts", "expires_on", "end of a contract", ("vendor", "system_id"), "owner"),
    ("answers", "valid_until", "end of an attestation", ("control",), "answered_by"),
    ("actions", "due_on", "measure", ("title",), "owner"),
    ("exceptions", "expires_on", "end of an exception", ("subject",), "requested_by"),
    ("decisions", "review_on", "review of a decision", ("specification",), "approved_by"),
    ("media", "due_back_on", "medium to be back", ("media_id",), "responsible"),
)
"""Table, column of the date, what falls due, what names it, and who answers for it."""


def _registered(assessment: Assessment) -> Iterator[_Due]:
    """Dates that stand in a register."""
    for name, column, kind, named, owner in _REGISTERS:
        for row in _rows(assessment, name):
            over = getattr(row, "state", "") in {"done", "cancelled"} or getattr(row, "terminated_on", None)
            if getattr(row, column) and not over and getattr(row, "event", "lent") == "lent":
                what = " ".join(filter(None, (getattr(row, part) for part in named)))
                yield _Due(getattr(row, column), kind, _titled(assessment, what), getattr(row, owner))


def _renewed(assessment: Assessment) -> Iterator[_Due]:
    """A year after the last: lists of who may enter, risk analysis, evaluation."""
    areas: dict[str, date] = {}
    for row in _rows(assessment, "facility_lists"):
        if row.reviewed_on and row.active is not False:
            areas[row.area] = min(row.reviewed_on, areas.get(row.area, row.reviewed_on))
    for area, reviewed in areas.items():
        yield _Due(reviewed + timedelta(days=YEAR), "review of who may enter", area)
    last: dict[str, date] = {}
    for row in _rows(assessment, "reviews"):
        on = row.performed_at.astimezone(assessment.moment.zone).date()
        if row.kind in {"evaluation", "risk_analysis"} and not not_done(row):
            last[row.kind] = max(on, last.get(row.kind, on))
    for kind, on in last.items():
        yield _Due(on + timedelta(days=YEAR), kind.replace("_", " "), "a year after the last one")


def _courses(assessment: Assessment) -> Iterator[_Due]:
    """Courses by their day, with how many people have not completed them."""
    courses: dict[tuple[str, date], int] = {}
    for row in _rows(assessment, "training"):
        if row.due_on and row.completed_on is None:
            courses[row.course, row.due_on] = courses.get((row.course, row.due_on), 0) + 1
    for (course, on), people in courses.items():
        many = str(people) if people > SMALL else f"1 to {SMALL}"
        yield _Due(on, "training", f"{course}: {many} people have not completed it")


def _rows(assessment: Assessment, name: str) -> Iterator[Any]:
    return records(assessment.table(name)) if present(assessment, name) else iter(())


def _titled(assessment: Assessment, what: str) -> str:
    control = assessment.catalog.controls.get(what)
    return f"{control.title} ({what})" if control else what


def coverage(assessment: Assessment) -> Html:
    """Shares of people trained, and of policies reviewed, within a year of the end of each month."""
    names = [name for name in ("training", "policies") if present(assessment, name)]
    if not names or ("training" in names and not present(assessment, "roster")):
        return missing(assessment, "training", "roster", "policies")
    ends = _month_ends(assessment.moment.today)
    lines: dict[str, list[float]] = {}
    if "training" in names:
        people = employments(assessment.table("roster"))
        done: dict[str, list[date]] = {}
        for row in security_training(assessment):
            if row.completed_on:
                done.setdefault(row.user_id, []).append(row.completed_on)
        values = []
        for end in ends:
            there = [user for user, spells in people.items() if employed_on(spells, end)]
            had = sum(_within(done.get(user, ()), end) for user in there)
            values.append(float(_step(had, len(there))))
        lines["people trained"] = values
    if "policies" in names:
        dates = [[day for day in (row.approved_on, row.reviewed_on) if day]
                 for row in records(assessment.table("policies"))]  # fmt: skip
        lines["policies reviewed"] = [
            100.0 * sum(_within(days, end) for days in dates) / max(len(dates), 1) for end in ends
        ]
    told = "; ".join(f"{name}: {values[-1]:.0f} % at the end" for name, values in lines.items())
    return join([
        trend(
            [_month(end, first=not n) for n, end in enumerate(ends)], lines, unit="%",
            caption="Completed or reviewed within the year before, by month",
            alt=f"Lines over {len(ends)} months. {told}.",
        ),
        paragraph(
            f"Shares of people are shown in steps of {STEP} %, and where 1 to {SMALL} people lack it, at the "
            "least that this can mean. As a rule the registers hold the last date of each person and policy: "
            "earlier months then look emptier than they were.",
            note=True,
        ),
    ])  # fmt: skip


def doors(assessment: Assessment) -> Html:
    """Areas: badges on their list, its review, and how many badges went in that it does not hold."""
    if not present(assessment, "facility_lists"):
        return missing(assessment, "facility_lists", "facility_access")
    areas: dict[str, list[Any]] = {}
    for row in records(assessment.table("facility_lists")):
        areas.setdefault(row.area, []).append(row)
    entered: dict[str, dict[str, int]] = {area: {} for area in areas}
    seen = present(assessment, "facility_access")
    if seen:
        found = granted(assessment.lazy("facility_access"), assessment.moment).group_by("area", "badge")
        for row in records(found.agg(nw.len().alias("entries"))):
            entered.setdefault(row.area, {})[row.badge] = int(row.entries)
    frame = rows(
        (
            {
                "area": area,
                "badges on the list": sum(row.active is not False for row in areas.get(area, ())),
                "oldest review": min(
                    (row.reviewed_on for row in areas.get(area, ()) if row.reviewed_on), default=None
                ),
                "entries": sum(badges.values()) if seen else None,
                "badges not on the list": len(badges.keys() - {row.badge for row in areas.get(area, ())})
                if seen
                else None,
            }
            for area, badges in sorted(entered.items())
        ),
        ("area", "badges on the list", "oldest review", "entries", "badges not on the list"),
    )
    return table(assessment, frame, caption="Areas and who enters them", empty="no area is listed.")


def _within(days: Any, end: date) -> bool:
    return any(0 <= (end - day).days <= YEAR for day in days)


def _step(part: int, whole: int) -> int:
    """A share in percent, down to the next step; a small number stands as the largest small one."""
    if whole <= SMALL or part <= SMALL:
        return 0
    if 0 < whole - part <= SMALL:
        part = whole - SMALL
    return STEP * (100 * part // (whole * STEP))


def _month(end: date, *, first: bool) -> str:
    return f"{end:%b}\n{end.year}" if first or end.month == 1 else f"{end:%b}"


def _month_ends(today: date) -> list[date]:
    ends = [today]
    while len(ends) < MONTHS:
        ends.append(ends[-1].replace(day=1) - timedelta(days=1))
    return ends[::-1]
