"""Accesses to patients for which the care records know no reason."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import narwhals as nw

from riskkit.declare import check
from riskkit.derived.explanations import TOLERANCE_HOURS, explained
from riskkit.derived.trail import first_rows, flag, in_period, row_key
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.tables import records
from riskkit.words import out_of


@check(
    id="access.unexplained",
    title="Accesses to patients have a reason that the care records know",
    question="Which users opened records of many patients with whom neither they nor their department "
    "had to do?",
    subject="user",
    controls=("45 CFR 164.308(a)(1)(ii)(D)", "45 CFR 164.312(b)"),
    severity="medium",
    remediation="Review the unexplained accesses with the user's manager and record the decision in "
    "programme/verdicts.csv.",
    look_first="The unexplained patients one by one: orders of other systems, conferences, registration, "
    "float duty.",
    usual_cause="The order or duty exists but is in a system whose export is not part of the pack.",
    standing=False,
    signal=True,
    aliases=("A00",),
)
def access_unexplained(
    explained_accesses: nw.LazyFrame[Any],
    *,
    min_patients: int = 5,
    min_percent: int = 20,
    tolerance_hours: int = TOLERANCE_HOURS,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per user who opened a patient's record in the period.

    Put up for review when distinct patients with an unexplained access reach both `min_patients`
    and `min_percent` of the user's distinct patients. An access within `tolerance_hours` of a
    relationship counts as explained. `expected` is what the user would have at everyone's rate.
    """
    accesses = explained_accesses.filter(in_period(at)).with_columns(
        unexplained=flag(~explained(tolerance_hours)), key=row_key()
    )
    users = list(records(_by_user(accesses)))
    unexplained, patients = sum(int(user.unexplained) for user in users), sum(user.patients for user in users)
    events, open_events = sum(user.events for user in users), sum(int(user.open_events) for user in users)
    flagged = {user.user_id for user in users if _exceeds(user, min_patients, min_percent)}
    keys = _first_unexplained(accesses) if flagged else {}
    overall = f"Of all {events:,} accesses of the period, {events - open_events:,} are explained."
    for user in users:
        result, message = _judged(user, exceeds=user.user_id in flagged)
        expected = user.patients * unexplained / patients
        yield Verdict(
            subject=user.user_id,
            result=result,
            message=f"{message} {overall}",
            observed=out_of(int(user.unexplained), user.patients, "patient"),
            expected=f"fewer than {min_patients} patients or fewer than {min_percent} %",
            signal={"unexplained": float(user.unexplained), "expected": round(expected, 2)},
            rows=(
                first_rows(
                    keys.get(user.user_id, []) if user.user_id in flagged else (),
                    int(user.open_events),
                    "user_id = :subject and unexplained",
                ),
            ),
        )


def _by_user(accesses: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Distinct patients and accesses per user, those with an unexplained one apart; in the engine."""
    pairs = accesses.group_by("user_id", "patient_id").agg(
        nw.len().alias("events"),
        nw.col("unexplained").sum().alias("open_events"),
        nw.col("unexplained").max(),
        nw.col("on_roster").max(),
    )
    return (
        pairs.group_by("user_id")
        .agg(
            nw.len().alias("patients"),
            nw.col("unexplained").sum(),
            nw.col("events").sum(),
            nw.col("open_events").sum(),
            nw.col("on_roster").max(),
        )
        .sort("user_id")
    )


def _exceeds(user: Any, min_patients: int, min_percent: int) -> bool:
    many = user.unexplained >= min_patients
    return bool(many and user.unexplained * 100 >= min_percent * user.patients)


def _first_unexplained(accesses: nw.LazyFrame[Any]) -> dict[str, list[tuple[str, int]]]:
    """The first rows of every user with an unexplained access, each of another patient."""
    found = (
        accesses.filter(nw.col("unexplained") == 1)
        .group_by("user_id", "patient_id", "source")
        .agg(nw.col("key").min())
        .with_columns(
            place=nw.col("key").cum_count().over("user_id", order_by=["source", "key", "patient_id"])
        )
        .filter(nw.col("place") <= Rows.FIRST)
    )
    keys: dict[str, list[tuple[str, int]]] = {}
    for row in records(found):
        keys.setdefault(row.user_id, []).append((row.source, row.key))
    return keys


def _judged(user: Any, *, exceeds: bool) -> tuple[Result, str]:
    share = out_of(int(user.unexplained), user.patients, "patient")
    if exceeds and not user.on_roster:
        return "UNKNOWN", (
            f"Accesses to {share} are unexplained, but the roster does not know this user, so no "
            "department can explain any."
        )
    if exceeds:
        return "FAIL", f"Accesses to {share} are unexplained, for review."
    return "PASS", f"Accesses to {share} are unexplained, which is within the limit."
