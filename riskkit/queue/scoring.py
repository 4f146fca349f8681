"""Evidence points: what speaks for looking at a day of a user, added up with its reasons."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from riskkit.model import Family, Outcome, Rows, Signal, Verdict
from riskkit.queue.rules import FAMILIES, QueueRules

PEOPLE = frozenset({"user", "person", "account"})
"""Subjects whose days are counted; a verdict about a patient has no user."""

OF_A_PATIENT = "\x1f"
"""Begins the key of what is about a patient and no one user."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One detector's word: how many points (log10 units) it adds, and what it saw."""

    check: str
    family: Family
    points: float
    text: str
    patient_id: str = ""
    rows: tuple[Rows, ...] = ()

    def told(self) -> str:
        """What is printed, such as `6 unexplained patients vs 0.4 expected, +3.1`."""
        return f"{self.text}, +{self.points:.1f}"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A day of a user with its points; `patient_id` names the patient whom most of them are about.

    `user_id` is empty when the behaviour is of many users with one patient.
    """

    day: date
    user_id: str
    patient_id: str
    family: Family
    score: float
    reasons: tuple[Reason, ...]

    @property
    def behaviour(self) -> tuple[str, str, Family]:
        """What stays the same when it happens again: user, patient and family."""
        return self.user_id, self.patient_id, self.family

    def told(self) -> str:
        """The reasons, most points first."""
        return "; ".join(reason.told() for reason in self.reasons)


def points(signal: Signal, weight: float, rules: QueueRules) -> float:
    """Weight x min(cap, -log10 p); 0 where p says nothing."""
    if signal.p > rules.largest_p:
        return 0.0
    return weight * min(rules.cap, -math.log10(max(signal.p, 10.0**-rules.cap)))


def candidates(outcomes: Iterable[Outcome], rules: QueueRules) -> list[Candidate]:
    """Every day of a user with a point, in order of day, then user.

    The score is the sum over what is about the day as a whole, and over what is about the one patient
    of that day for whom it is highest. Of a detector's signals about the same thing the strongest counts.
    """
    units: dict[tuple[date, str], dict[str, dict[str, Reason]]] = {}
    for outcome, verdict, signal in signals(outcomes):
        found = points(signal, rules.weight(outcome.check.id), rules)
        if signal.matched or not found:
            continue
        user, patient = _unit(outcome, verdict, signal)
        family = outcome.check.family or FAMILIES[0]
        reason = Reason(outcome.check.id, family, found, signal.reason, patient, signal.rows)
        unit = units.setdefault((signal.day, user or f"{OF_A_PATIENT}{patient}"), {}).setdefault(patient, {})
        known = unit.get(outcome.check.id, reason)
        unit[outcome.check.id] = max(known, reason, key=lambda one: (one.points, one.text))
    return [
        _candidate(day, "" if user.startswith(OF_A_PATIENT) else user, units[day, user])
        for day, user in sorted(units)
    ]


def matches(outcomes: Iterable[Outcome]) -> list[Candidate]:
    """What met a rule that knows no probability: outside the budget, one a day, user, patient and rule."""
    found: dict[tuple[date, str, str, str], Candidate] = {}
    for outcome, verdict, signal in signals(outcomes):
        if not signal.matched:
            continue
        user, patient = _unit(outcome, verdict, signal)
        family = outcome.check.family or FAMILIES[0]
        text = f"matched, not proven: {signal.reason}"
        reason = Reason(outcome.check.id, family, 0.0, text, patient, signal.rows)
        found.setdefault(
            (signal.day, user, patient, outcome.check.id),
            Candidate(signal.day, user, patient, family, 0.0, (reason,)),
        )
    return [found[key] for key in sorted(found)]


def signals(outcomes: Iterable[Outcome]) -> Iterator[tuple[Outcome, Verdict, Signal]]:
    """Every signal of the detectors, with the verdict that carries it; machines have none."""
    for outcome in outcomes:
        if not outcome.check.family or outcome.check.subject not in PEOPLE | {"patient"}:
            continue
        for verdict in outcome.verdicts:
            if not verdict.engine:
                yield from ((outcome, verdict, signal) for signal in verdict.signals)


def _unit(outcome: Outcome, verdict: Verdict, signal: Signal) -> tuple[str, str]:
    if outcome.check.subject == "patient":
        return "", verdict.subject
    return verdict.subject, signal.patient_id


def _candidate(day: date, user: str, of: dict[str, dict[str, Reason]]) -> Candidate:
    """Add up what is about the day and what is about its best patient.

    The strongest reason gives the family, and names the patient when it is about one.
    """
    whole = list(of.get("", {}).values())
    sums = {patient: sum(one.points for one in of[patient].values()) for patient in of if patient}
    best = min(sums, key=lambda patient: (-sums[patient], patient), default="")
    about = list(of[best].values()) if best else []
    reasons = sorted([*whole, *about], key=lambda one: (-one.points, one.check))
    score = sum(one.points for one in reasons)
    strongest = reasons[0]
    # Counts move together: their sum would hide the one reason that says what it is about.
    named = best if strongest.patient_id or sums.get(best, 0.0) * 2 > score or not user else ""
    family = strongest.family
    return Candidate(day, user, named, family, score, tuple(reasons))
