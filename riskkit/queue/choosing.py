"""Choosing a day's alerts: room for each family first, then whoever has most points."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Literal

from riskkit.model import Family
from riskkit.queue.decisions import Behaviour, Fingerprint, alert_text
from riskkit.queue.rules import QueueRules
from riskkit.queue.scoring import Candidate

Line = Literal["alert", "matched", "below", "repeat", "closed"]


@dataclass(frozen=True, slots=True)
class Choice:
    """A candidate and where it stands: `rank` from 1 within its day, 0 outside the budget.

    `repeat_of` is the alert of the same behaviour that stands before it.
    """

    candidate: Candidate
    line: Line
    rank: int
    alert: str
    repeat_of: str = ""


def choose(
    found: Iterable[Candidate],
    budget: int,
    rules: QueueRules,
    fingerprint: Fingerprint,
    closed: Mapping[Behaviour, Sequence[tuple[date, date, str]]] | None = None,
) -> list[Choice]:
    """Go through the days in order and choose at most `budget` alerts for each.

    A behaviour that was surfaced is not surfaced again within `repeat_days` unless its points rose by
    `repeat_rise`; the span starts anew with each surfacing, not with each repeat, so that what goes on
    comes back. What many people do with one record is one behaviour, and stands once for all of them. Later
    days never change an earlier day's alerts. What was not chosen is kept, best first.
    """
    surfaced: dict[Behaviour, tuple[date, float, str]] = {}
    chosen: list[Choice] = []
    rooms = rules.rooms(budget - 1)
    for day, group in groupby(sorted(found, key=_order), key=lambda one: one.day):
        free: list[tuple[Candidate, str]] = []
        aside: list[Choice] = []
        for one in group:
            alert = fingerprint(alert_text(day, one.behaviour))
            ending = _closing(one, closed or {})
            before = surfaced.get(_topic(one, rules))
            if ending:
                aside.append(Choice(one, "closed", 0, alert, ending))
            elif before and _repeats(one, before, rules):
                aside.append(Choice(one, "repeat", 0, alert, before[2]))
            else:
                free.append((one, before[2] if before else ""))
        best: dict[Behaviour, Candidate] = {}
        for one, _ in free:
            if one.score >= rules.least_points:
                best.setdefault(_topic(one, rules), one)
        taken = _taken(list(best.values()), budget, rooms, rules.quota_share)
        ranks = {id(one): rank for rank, one in enumerate(taken, start=1)}
        for one, before_alert in free:
            alert, topic = fingerprint(alert_text(day, one.behaviour)), _topic(one, rules)
            rank = ranks.get(id(one), 0)
            if rank:
                surfaced[topic] = day, one.score, alert
                chosen.append(Choice(one, "alert", rank, alert, before_alert))
            elif topic in best and id(best[topic]) in ranks:
                aside.append(Choice(one, "repeat", 0, alert, surfaced[topic][2]))
            else:
                chosen.append(Choice(one, "below", 0, alert, before_alert))
        chosen += aside
    return chosen


def _order(one: Candidate) -> tuple[date, float, str, str]:
    return one.day, -one.score, one.user_id, one.patient_id


def _topic(one: Candidate, rules: QueueRules) -> Behaviour:
    """What stands in the queue once: the behaviour, without its user where many do the same."""
    user, patient, family = one.behaviour
    return ("" if one.reasons[0].check in rules.shared else user), patient, family


def _taken(
    eligible: Sequence[Candidate], budget: int, rooms: Mapping[Family, int], least_share: float
) -> list[Candidate]:
    """The best of all, then the best of each family as far as it has room, then whoever is left; best first.

    Room is kept only for who has `least_share` of the points with which the budget would end without it.
    """
    left = dict(rooms)
    ends = eligible[budget - 1].score if len(eligible) >= budget else 0.0
    taken = list(eligible[:1])
    for one in eligible[1:]:
        if left.get(one.family, 0) and one.score >= least_share * ends:
            left[one.family] -= 1
            taken.append(one)
    rest = [one for one in eligible if not any(one is other for other in taken)]
    return sorted([*taken, *rest[: budget - len(taken)]], key=_order)


def _repeats(one: Candidate, before: tuple[date, float, str], rules: QueueRules) -> bool:
    day, score, _ = before
    return one.day - day <= timedelta(days=rules.repeat_days) and one.score < score + rules.repeat_rise


def _closing(one: Candidate, closed: Mapping[Behaviour, Sequence[tuple[date, date, str]]]) -> str:
    spans = closed.get(one.behaviour, ())
    return next((alert for first, last, alert in spans if first <= one.day <= last), "")
