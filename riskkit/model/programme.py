"""What people plan, bear, decide and sign about risks. None of it changes what was found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

ActionState = Literal["planned", "in_progress", "done", "cancelled"]
ExceptionKind = Literal["acceptance", "not_applicable", "exception"]
OPEN_STATES: tuple[ActionState, ...] = ("planned", "in_progress")


@dataclass(frozen=True, slots=True)
class Action:
    """A measure against a risk, or for a control or a check; fields as in the table `actions`."""

    action_id: str
    title: str
    state: ActionState
    risk: str = ""
    control: str = ""
    owner: str = ""
    opened_on: date | None = None
    due_on: date | None = None
    milestones: str = ""
    resources: str = ""
    closed_on: date | None = None
    evidence: str = ""

    @property
    def open(self) -> bool:
        """Whether it is still to be done."""
        return self.state in OPEN_STATES

    def overdue(self, today: date) -> bool:
        """Whether it should have been done by now and is not; on its due date it is not yet late."""
        return self.open and self.due_on is not None and self.due_on < today


@dataclass(frozen=True, slots=True)
class Exemption:
    """An acceptance, an exception or a "not applicable"; fields as in the table `exceptions`."""

    exception_id: str
    subject: str
    kind: ExceptionKind
    reason: str
    requested_by: str
    approved_by: str
    approved_on: date
    expires_on: date
    withdrawn_on: date | None = None

    def in_force(self, today: date) -> bool:
        """From the day of approval to its last day, both included; it ends by itself."""
        ended = self.withdrawn_on is not None and self.withdrawn_on <= today
        return self.approved_on <= today <= self.expires_on and not ended

    def expired(self, today: date) -> bool:
        """Whether it ended by its date, and was not withdrawn before."""
        withdrawn = self.withdrawn_on is not None and self.withdrawn_on <= self.expires_on
        return self.expires_on < today and not withdrawn


LONGEST_DECISION = timedelta(days=1096)
"""Three years: a review planned for later is none (our choice; 164.306(e) asks for review as needed)."""


def decision_holds_until(decided_on: date, review_on: date) -> date:
    """The last day of a decision on a specification, whatever day of review was planned."""
    return min(review_on, decided_on + LONGEST_DECISION)


@dataclass(frozen=True, slots=True)
class SpecificationDecision:
    """A decision on an addressable specification; fields as in the table `decisions`."""

    specification: str
    decision: Literal["implement", "alternative", "not_reasonable"]
    rationale: str
    approved_by: str
    decided_on: date
    review_on: date
    equivalent_measure: str = ""

    def in_force(self, today: date) -> bool:
        """From the day of the decision to that of its review, both included."""
        return self.decided_on <= today <= self.until

    @property
    def until(self) -> date:
        """The last day on which it holds: that of its review, three years after the decision at most."""
        return decision_holds_until(self.decided_on, self.review_on)


@dataclass(frozen=True, slots=True)
class Signature:
    """Who signed which state of the risks; fields as in the table `signoff`."""

    risk_state: str
    signed_by: str
    role: str
    signed_at: datetime


@dataclass(frozen=True, slots=True)
class Programme:
    """All of it, as of a day."""

    today: date
    actions: tuple[Action, ...] = ()
    exceptions: tuple[Exemption, ...] = ()
    decisions: tuple[SpecificationDecision, ...] = ()
    signatures: tuple[Signature, ...] = ()

    def in_force(self, subjects: Iterable[str], *kinds: ExceptionKind) -> Exemption | None:
        """The exception for one of these subjects that holds longest from today on; None without."""
        wanted = set(subjects)
        found = [
            one
            for one in self.exceptions
            if one.subject in wanted and one.kind in kinds and one.in_force(self.today)
        ]
        return max(found, key=lambda one: (one.expires_on, one.exception_id), default=None)

    def lapsed(self, subjects: Iterable[str], *kinds: ExceptionKind) -> Exemption | None:
        """The exception that ended last by its date, when none holds; its subject is open again."""
        wanted = set(subjects)
        if self.in_force(wanted, *kinds):
            return None
        found = [
            one
            for one in self.exceptions
            if one.subject in wanted and one.kind in kinds and one.expired(self.today)
        ]
        return max(found, key=lambda one: (one.expires_on, one.exception_id), default=None)

    def decision(self, specification: str) -> SpecificationDecision | None:
        """The newest decision on a specification, in force or not; one after today is not taken yet."""
        found = [
            one
            for one in self.decisions
            if one.specification == specification and one.decided_on <= self.today
        ]
        return max(found, key=lambda one: one.decided_on, default=None)


NO_PROGRAMME = Programme(date.max)
"""Nothing is planned, borne, decided or signed."""
