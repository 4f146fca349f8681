"""What analysts decided on earlier alerts, and what that closes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from riskkit.derived.reviewers import Reviewers
from riskkit.model import Moment
from riskkit.queue.scoring import Candidate
from riskkit.tables import records

CLOSES = "explained"
DISAGREEMENT = "disagreement"

Fingerprint = Callable[[str], str]
Behaviour = tuple[str, str, str]


def alert_text(day: date, behaviour: Behaviour) -> str:
    """What the fingerprint of an alert is made of: day, user, patient and family."""
    user, patient, family = behaviour
    return "\x1f".join(("alert", day.isoformat(), user, patient, family))


@dataclass(frozen=True)
class Decisions:
    """Decisions by alert, and alerts that were surfaced before.

    `said` holds, for each alert, (decided_at, verdict, decided_by) in order of time, those of a
    reviewer who is the subject or leads the subject left out and kept in `not_counted`.
    """

    said: Mapping[str, tuple[tuple[datetime, str, str], ...]] = field(default_factory=dict)
    surfaced: Mapping[str, datetime] = field(default_factory=dict)
    behaviours: Mapping[str, tuple[date, Behaviour]] = field(default_factory=dict)
    not_counted: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, verdicts: Any | None, alerts: Any | None, roster: Any | None, moment: Moment) -> Decisions:
        """Read the tables verdicts, alerts and roster (any may be None) as of a moment."""
        surfaced: dict[str, datetime] = {}
        behaviours: dict[str, tuple[date, Behaviour]] = {}
        for row in () if alerts is None else records(alerts):
            if row.line in (None, "alert", "matched"):
                first = surfaced.get(row.alert, row.first_surfaced)
                surfaced[row.alert] = min(first, row.first_surfaced)
            behaviours[row.alert] = row.day, (row.user_id or "", row.patient_id or "", row.family or "")
        reviewers = Reviewers.of(roster)
        said: dict[str, list[tuple[datetime, str, str]]] = {}
        not_counted: dict[str, int] = {}
        for row in () if verdicts is None else records(verdicts):
            if row.decided_at >= moment.as_of:
                continue
            user = behaviours[row.alert][1][0] if row.alert in behaviours else ""
            if reviewers.close(user, row.decided_by):
                not_counted[row.alert] = not_counted.get(row.alert, 0) + 1
            else:
                said.setdefault(row.alert, []).append((row.decided_at, row.verdict, row.decided_by))
        return cls(
            {alert: tuple(sorted(rows)) for alert, rows in said.items()}, surfaced, behaviours, not_counted
        )

    def first(self, alert: str, *verdicts: str) -> datetime | None:
        """When the first of these decisions on an alert was taken (any without names)."""
        return next(
            (when for when, what, _ in self.said.get(alert, ()) if not verdicts or what in verdicts), None
        )

    def outcome(self, alert: str) -> str:
        """What holds of an alert: its reviewers' latest decision, or `disagreement`; empty for none."""
        latest = {who: what for _, what, who in self.said.get(alert, ()) if what != "undecided"}
        if len(set(latest.values())) > 1:
            return DISAGREEMENT
        return next(iter(latest.values()), "undecided" if alert in self.said else "")

    def closed(
        self, found: Iterable[Candidate], fingerprint: Fingerprint, days: int
    ) -> dict[Behaviour, list[tuple[date, date, str]]]:
        """Spans in which a behaviour is closed, as (first day, last day, alert), by behaviour.

        The span begins on the day after the alert: the alert itself keeps its place.
        """
        known = dict(self.behaviours)
        if self.said:
            for one in found:
                alert = fingerprint(alert_text(one.day, one.behaviour))
                known.setdefault(alert, (one.day, one.behaviour))
        spans: dict[Behaviour, list[tuple[date, date, str]]] = {}
        for alert in sorted(self.said):
            if alert in known and self.outcome(alert) == CLOSES:
                day, behaviour = known[alert]
                span = day + timedelta(days=1), day + timedelta(days=days), alert
                spans.setdefault(behaviour, []).append(span)
        return spans
