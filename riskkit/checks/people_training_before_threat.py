"""Courses that people took before a threat which concerns them was known."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.derived.employment import employed_on, employments
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.tables import records
from riskkit.words import amount, folded, out_of


@check(
    id="people.training_before_threat",
    title="People are trained again when a threat concerns their training",
    question="How many people have not taken a course since a threat that concerns it became known?",
    subject="course and threat",
    controls=(
        "45 CFR 164.308(a)(5)(i)",
        "45 CFR 164.308(a)(5)(ii)(A)",
    ),
    severity="medium",
    remediation="Assign the course, or a reminder of the threat, to everybody who took it before.",
    look_first="Whether a reminder was sent in another way.",
    usual_cause="Courses follow the calendar and not what happens.",
)
def people_training_before_threat(
    threats: pd.DataFrame,
    training: pd.DataFrame,
    roster: pd.DataFrame,
    *,
    within_days: int = 90,
    share_percent: int = 90,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per open threat and course that it names, of people employed; limits are our choice."""
    people = {user for user, rows in employments(roster).items() if employed_on(rows, at.today)}
    taken: dict[tuple[str, str], Any] = {}
    for row in records(training):
        if row.completed_on is None or row.completed_on > at.today or row.user_id not in people:
            continue
        key = folded(row.course), row.user_id
        if key not in taken or row.completed_on > taken[key].completed_on:
            taken[key] = row
    for threat in records(threats):
        if threat.known_on > at.today or (threat.settled_on and threat.settled_on <= at.today):
            continue
        for course in sorted({part.strip() for part in (threat.courses or "").split(";")} - {""}):
            since = [
                row
                for (name, _), row in sorted(taken.items(), key=lambda one: one[0])
                if name == folded(course) and row.completed_on >= threat.known_on
            ]
            age = at.age_days(threat.known_on)
            enough = bool(people) and 100 * len(since) >= share_percent * len(people)
            late: Result = "FAIL" if age > within_days else "UNKNOWN"
            yield Verdict(
                subject=f"{course}, {threat.threat_id}",
                result="PASS" if enough else late,
                message=f"{out_of(len(since), len(people), 'person')} completed the course in the "
                f"{amount(age, 'day')} since the threat is known; {share_percent} % within "
                f"{amount(within_days, 'day')} are expected.",
                observed=f"{len(since)} of {len(people)}",
                expected=f"{share_percent} %",
                rows=(Rows.of("threats", [threat]), Rows.of("training", since)),
            )
