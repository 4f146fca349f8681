"""What an audit source can record, before any format is chosen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from riskkit.simulator.care import Patient, Study
from riskkit.simulator.hospital import DOMAIN, SYSTEMS, Person

Kind = Literal[
    "start", "stop", "login", "logout", "query", "begin", "transfer", "read", "export", "delete",
    "patient_record", "order", "procedure", "emergency", "audit_log", "merge", "vanish",
]  # fmt: skip
OK, MINOR, SERIOUS = 0, 4, 8  # EventOutcomeIndicator


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it: a person at a workstation, or a machine known by its AE title."""

    id: str
    name: str
    ip: str
    host: str
    machine: bool = False

    @classmethod
    def person(cls, person: Person, ip: str = "") -> Actor:
        """A person at the usual workstation, or at another."""
        at = ip or person.ip
        return cls(person.user_id, person.full_name, at, f"ws-{at.replace('.', '-')}.{DOMAIN}")

    @classmethod
    def system(cls, system_id: str) -> Actor:
        """A system, named by its AE title."""
        system = SYSTEMS[system_id]
        return cls(system.aet or system.source, system.name, system.ip, system.host, machine=True)


@dataclass(frozen=True, slots=True)
class Event:
    """One event as `system` records it.

    `to` is the system at the other end, `purpose` a stated one (ETREAT: emergency treatment), `slow`
    how far the recording clock lags. `incident` ties the event to the labels and is never exported;
    `flaw` says how the message was damaged on its way.
    """

    at: datetime
    system: str
    kind: Kind
    actor: Actor
    patient: Patient | None = None
    study: Study | None = None
    to: str = ""
    outcome: int = OK
    reason: str = ""
    media: str = ""
    purpose: str = ""
    query: str = ""
    slow: timedelta = timedelta()
    incident: str = ""
    flaw: Literal["", "truncated", "zoneless", "doubled"] = ""

    @property
    def order(self) -> tuple[datetime, str, str, str, str]:
        """Sorts the events of a day the same way in every run."""
        return self.at, self.system, self.kind, self.actor.id, self.study.uid if self.study else ""
