"""Who opened whose record, and whether the care records know a reason.

An access without a known reason is neutral: it is unexplained and put up for review, no more.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import narwhals as nw
import pandas as pd

from riskkit.assess.registry import all_checks, joins_of
from riskkit.derived.explanations import TEMPLATES, TOLERANCE_HOURS, has_kind, near
from riskkit.derived.explanations import explained as known_reason
from riskkit.derived.trail import DAY_US, RECORD_OPENED, flag, hour, in_period, local_start
from riskkit.model import PERSONAL_SUBJECTS, SEVERITIES, Assessment, Outcome, Verdict
from riskkit.tables import records
from riskkit.views.charts import bars, day_and_hour, heat
from riskkit.views.findings import missing, of_part, subject
from riskkit.views.html import Html, join, paragraph
from riskkit.views.privacy import permit, pools, suppress
from riskkit.views.scope import inventory, present
from riskkit.views.tables import rows, table
from riskkit.words import be, count, have, listed, percent, share

INPUTS = ("audit_events", "relationships", "roster")
"""Without any one of these no access can be told to be explained."""

UNEXPLAINED = "access.unexplained"

NOWHERE = "not on the roster"

KIND_NAMES = {
    "encounter": "visit or stay",
    "care_team": "care team",
    "imaging": "acquisition or reading",
    "protocol": "protocol or quality",
    "release": "release of information",
    "schedule": "duty in another department",
    "other": "other kinds",
}
"""Kinds of explanation in words, where their names are none."""


def explained(assessment: Assessment) -> Html:
    """The share of accesses for which the care records know a reason, and which kind of reason."""
    if not present(assessment, *INPUTS):
        return missing(assessment, *INPUTS)
    reasons = nw.when(_personal(assessment)).then(nw.lit("own")).otherwise(
        nw.when(_shared(assessment)).then(nw.lit("department")).otherwise(nw.lit("none"))
    )  # fmt: skip
    found = {
        row.reason: row.events
        for row in records(
            _accesses(assessment).with_columns(reason=reasons).group_by("reason").agg(events=nw.len())
        )
    }
    total = sum(found.values())
    if not total:
        return paragraph(
            "Nobody opened the record of a patient in this period, as far as the audit trail tells."
        )
    known = total - found.get("none", 0)
    told = (
        f"{share(known, total, 'access')} {have(known)} a reason that the care records know; "
        f"{total - known:,} {be(total - known)} unexplained, which is neutral: to be reviewed, no more."
    )
    lines = [
        ("own order, appointment, consult", float(found.get("own", 0))),
        ("only through their department", float(found.get("department", 0))),
        ("unexplained", float(found.get("none", 0))),
    ]
    chart = bars(
        lines, unit="accesses of people to records of patients", alt=told,
        caption="Accesses of the period by the nearest reason that the care records know. Reasons that "
        "hold for a whole department explain most: they are also where an access without a need would not "
        "stand out.",
        told=[f"{number:,.0f} ({percent(number, total)})" for _, number in lines],
    )  # fmt: skip
    hours = _tolerance(assessment)
    note = f"A reason within {hours} hours before or after counts. No access explains another one."
    return join(
        [
            paragraph(told),
            *_passed_over(assessment),
            chart,
            _coverage(assessment, total),
            paragraph(note, note=True),
        ]
    )


def _passed_over(assessment: Assessment) -> list[Html]:
    """What the care records and the roster know too little of, so that the share means less."""
    joins = joins_of(next(check for check in all_checks() if check.id == UNEXPLAINED))
    short = [join.told() for join in assessment.engine.coverage if join.short and join.join in joins]
    if not short:
        return []
    return [paragraph(f"This share is too low, because ids do not match: {' '.join(short)}")]


def _coverage(assessment: Assessment, total: int) -> Html:
    """Which kinds of explanation lie near how many accesses; an access may have several."""
    accesses = _accesses(assessment).select(**{name: flag(has_kind(name)) for name in TEMPLATES})
    found = next(records(accesses.select(nw.all().sum())))
    lines = [(KIND_NAMES.get(name, name), float(getattr(found, name) or 0)) for name in TEMPLATES]
    lines = sorted((line for line in lines if line[1]), key=lambda line: (-line[1], line[0]))
    if not lines:
        return paragraph(f"No kind of relationship lies within {TOLERANCE_HOURS} hours of any access.")
    told = f"Of {count(total, 'access')}, by kind of explanation: " + listed(
        [f"{name} {percent(number, total)}" for name, number in lines]
    )
    return bars(
        lines, unit="accesses of people to records of patients", alt=f"{told}.",
        caption=f"Accesses by the kinds of relationship that lie within {TOLERANCE_HOURS} hours of them; an "
        "access may have several.",
        told=[f"{number:,.0f} ({percent(number, total)})" for _, number in lines],
    )  # fmt: skip


def people(assessment: Assessment, *, by: Literal["department", "role"] = "department") -> Html:
    """People who opened records, by department or role: how many have accesses for review.

    Numbers of 1 to 10 people are not shown and cannot be worked out.
    """
    if not present(assessment, *INPUTS):
        return missing(assessment, *INPUTS)
    groups = _groups(assessment, by)
    reviewed = {verdict.subject for _, verdict in _for_review(assessment)}
    users = list(records(_by_user(assessment)))
    numbers: dict[str, Counter[str]] = {}
    accesses: dict[str, Counter[str]] = {}
    for user in users:
        group = groups.get(user.user_id, NOWHERE)
        numbers.setdefault(group, Counter())[
            "for review" if user.user_id in reviewed else "not for review"
        ] += 1
        accesses.setdefault(group, Counter()).update(all=user.events, unexplained=int(user.unexplained))
    columns = ("for review", "not for review")
    counts = pd.DataFrame(
        {c: [numbers[g][c] for g in sorted(numbers)] for c in columns}, index=sorted(numbers)
    )
    if counts.empty:
        return paragraph(
            "Nobody opened the record of a patient in this period, as far as the audit trail tells."
        )
    shares = []
    for joined in pools(counts).values():
        events, open_ = (
            sum(accesses[g]["all"] for g in joined),
            sum(accesses[g]["unexplained"] for g in joined),
        )
        shares.append({"accesses": events, "explained": percent(events - open_, events)})
    safe = suppress(counts).rename_axis(by).reset_index()
    frame = pd.concat([safe, pd.DataFrame(shares)], axis=1)
    return table(
        assessment, frame, caption=f"People who opened records of patients, by {by}",
        numbers=(*columns, "people", "explained"),
        note=f"Numbers of 1 to 10 people are not shown: a {by} that has one stands together with others.",
    )  # fmt: skip


def queue(assessment: Assessment, *, top: int = 25, identities: bool = False) -> Html:
    """Who is put up for review and why, most reasons first; people under surrogates."""
    permit(identities)
    found = _for_review(assessment)
    reasons = Counter(verdict.subject for _, verdict in found)
    ordered = sorted(
        found,
        key=lambda item: (
            -reasons[item[1].subject],
            -_excess(item[1]),
            -SEVERITIES.index(item[0].severity_of(item[1])),
            item[1].subject,
            item[0].check.id,
        ),
    )
    systems = inventory(assessment)
    frame = rows(
        (
            {
                "who": subject(assessment, outcome, verdict, identities=identities),
                "not as expected": outcome.check.title,
                "what the evidence shows": verdict.message,
                "system": systems.name(verdict.scope) if verdict.scope else None,
                "finding": verdict.fingerprint,
            }
            for outcome, verdict in ordered
        ),
        ("who", "not as expected", "what the evidence shows", "system", "finding"),
    )
    frame = frame.drop(columns="system") if frame["system"].isna().all() else frame
    told = (
        f"For review: {count(len(found), 'finding')} about {count(len(reasons), 'person')}. Each is "
        "unexplained, not wrong: most have a reason that another system knows. Decisions go into "
        "programme/verdicts.csv, by the code in the column finding."
    )
    if not found:
        told = "Nobody is put up for review."
        if gone := [
            o.check.title for o in of_part(assessment, "access_patterns") if o.condition == "NOT_ASSESSED"
        ]:
            told += f" That is no all-clear: {count(len(gone), 'question')} could not be assessed "
            told += f"({listed(gone)})."
    return join([
        paragraph(told),
        table(assessment, frame, caption="Queue for review", limit=top, empty="it is empty.",
              rest="The others stand in findings.json."),
    ])  # fmt: skip


def first(assessment: Assessment) -> str | None:
    """The surrogate of whoever has most unexplained accesses in the queue; None when it is empty."""
    users = [(o, v) for o, v in _for_review(assessment) if o.check.subject == "user"]
    if not users:
        return None
    outcome, verdict = max(users, key=lambda item: (_excess(item[1]), item[1].subject))
    return subject(assessment, outcome, verdict)


def timeline(assessment: Assessment, who: str | None, *, top: int = 20, identities: bool = False) -> Html:
    """One person's accesses of the period: when, how many patients, and which are unexplained.

    who: a surrogate as the queue shows it (user-3F9A2C71), or a user id.
    """
    permit(identities)
    if not present(assessment, *INPUTS):
        return missing(assessment, *INPUTS)
    if who is None:
        return paragraph("Nobody is put up for review, so no timeline is shown.")
    user = _resolve(assessment, who)
    if user is None:
        return paragraph(f"Nobody who opened a record in this period goes by {who}.")
    name = user if identities else assessment.surrogate("user", user)
    unexplained = ~known_reason(_tolerance(assessment))
    found = list(
        records(
            _accesses(assessment)
            .filter(nw.col("user_id") == user)
            .with_columns(unexplained=flag(unexplained))
            .sort("event_time_us", "event_seq", "source", "offset", "n")
        )
    )
    open_ = [row for row in found if row.unexplained]
    patients, patients_open = (len({row.patient_id for row in part}) for part in (found, open_))
    told = (
        f"{name}: {count(len(found), 'access')} to {count(patients, 'patient')} in the period; "
        f"{share(len(open_), len(found))} {be(len(open_))} unexplained, to "
        f"{count(patients_open, 'patient')}."
    )
    moments = [(_local(assessment, row.event_time_us), bool(row.unexplained)) for row in found]
    chart = day_and_hour(
        moments, assessment.moment.period.first_day, assessment.moment.today, alt=told,
        caption="Each mark is an access, by day and hour of day; a cross has no reason that the care "
        "records know.",
    )  # fmt: skip
    systems = inventory(assessment)
    frame = rows(
        (
            {
                "when": pd.Timestamp(row.event_time_us, unit="us", tz="UTC"),
                "patient_id": row.patient_id,
                "what": row.event_category,
                "system": systems.name(row.source_system),
                "nearest reason": _gap(row),
                "emergency override": row.break_glass,
                "row": f"{row.source}:{row.offset}",
            }
            for row in open_
        ),
        ("when", "patient_id", "what", "system", "nearest reason", "emergency override", "row"),
    )
    return join([
        paragraph(told),
        chart,
        table(assessment, frame, caption="Unexplained accesses", limit=top,
              headings={"patient_id": "patient"}, rest="Raise `top` to see more.",
              empty="there is none.", identities=identities),
    ])  # fmt: skip


def rhythm(assessment: Assessment) -> Html:
    """Accesses by day of the week and hour of the day, in the site's time."""
    if not present(assessment, "audit_events"):
        return missing(assessment, "audit_events")
    moment = assessment.moment
    opened = nw.col("event_category").is_in(RECORD_OPENED)
    events = assessment.lazy("audit_events").filter(
        in_period(moment), opened, nw.col("user_type") == "person"
    )
    if assessment.department is not None:
        events = events.filter(nw.col("user_id").is_in(sorted(_groups(assessment, "department"))))
    found = events.group_by(hour(moment).alias("hour")).agg(events=nw.len())
    counted = Counter[tuple[int, int]]()
    for row in records(found):
        start = local_start(row.hour, moment)
        counted[start.weekday(), start.hour] += row.events
    total = counted.total()
    if not total:
        return paragraph("The audit trail shows no access of a person in this period.")
    hours = assessment.settings.working_hours
    names = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    outside = sum(
        events for (weekday, clock), events in counted.items()
        if names[weekday] not in hours.days or not hours.start.hour <= clock < hours.end.hour
    )  # fmt: skip
    whose = "people" if assessment.department is None else f"people of {assessment.department}"
    told = (
        f"{share(outside, total, 'access')} by {whose} lie outside the working hours of site.yaml "
        f"({hours.start:%H:%M} to {hours.end:%H:%M}, {', '.join(hours.days)}). A hospital works at night "
        "too: this is usual for some roles and rare for others."
    )
    lines = [(name, [counted[weekday, clock] for clock in range(24)]) for weekday, name in enumerate(names)]
    chart = heat(
        lines, [f"{clock:02d}" for clock in range(24)], noun="access", alt=told, per="in an hour of the week",
        caption="Accesses of people by day of the week and hour of the day.", gap=False,
    )  # fmt: skip
    return join([paragraph(told), chart])


def _accesses(assessment: Assessment) -> nw.LazyFrame[Any]:
    found = assessment.lazy("explained_accesses").filter(in_period(assessment.moment))
    if assessment.department is None:
        return found
    return found.filter(nw.col("user_id").is_in(sorted(_groups(assessment, "department"))))


def _tolerance(assessment: Assessment) -> int:
    parameters = next((o.parameters for o in assessment.outcomes if o.check.id == UNEXPLAINED), {})
    return int(parameters.get("tolerance_hours", TOLERANCE_HOURS))


def _personal(assessment: Assessment) -> nw.Expr:
    return near("personal_gap_us", _tolerance(assessment))


def _shared(assessment: Assessment) -> nw.Expr:
    return near("department_gap_us", _tolerance(assessment))


def _by_user(assessment: Assessment) -> nw.LazyFrame[Any]:
    unexplained = flag(~known_reason(_tolerance(assessment)))
    return (
        _accesses(assessment)
        .with_columns(unexplained=unexplained)
        .group_by("user_id")
        .agg(nw.len().alias("events"), nw.col("unexplained").sum())
        .sort("user_id")
    )


def _for_review(assessment: Assessment) -> list[tuple[Outcome, Verdict]]:
    """Findings about people that rest on the audit trail; of the department in view, if one is."""
    department = set(_groups(assessment, "department")) if assessment.department else None
    return [
        (outcome, verdict)
        for outcome in of_part(assessment, "access_patterns")
        for verdict in outcome.findings
        if outcome.check.subject in PERSONAL_SUBJECTS and not verdict.engine
        and (department is None or verdict.subject in department)
    ]  # fmt: skip


def _groups(assessment: Assessment, by: str) -> dict[str, str]:
    """Department or role of each person; the latest employment counts."""
    if not present(assessment, "roster"):
        return {}
    people_ = sorted(records(assessment.table("roster")), key=lambda person: person.employed_from)
    return {
        person.user_id: getattr(person, by) or f"no {by} stated"
        for person in people_
        if assessment.department in (None, person.department)
    }


def _excess(verdict: Verdict) -> float:
    return verdict.signal.get("unexplained", 0.0) - verdict.signal.get("expected", 0.0)


def _resolve(assessment: Assessment, who: str) -> str | None:
    """The user id behind a surrogate, among those who opened a record."""
    users = [row.user_id for row in records(_by_user(assessment))]
    return next((user for user in users if who in (user, assessment.surrogate("user", user))), None)


def _local(assessment: Assessment, instant_us: int) -> datetime:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=instant_us)).astimezone(
        assessment.moment.zone
    )


def _gap(row: Any) -> str:
    gaps = [gap for gap in (row.personal_gap_us, row.department_gap_us) if gap is not None]
    if not gaps:
        return "none at all"
    return f"{count(max(min(gaps) // DAY_US, 1), 'day')} away"
