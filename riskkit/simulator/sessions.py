"""What a person does in a system, from log-in to log-out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from riskkit.simulator.care import Patient, Study
from riskkit.simulator.chance import Chance
from riskkit.simulator.events import MINOR, Actor, Event, Kind
from riskkit.simulator.hospital import Person

WRONG_PASSWORD_SHARE, FORGOTTEN_SHARE, NO_LOGOUT_SHARE, SEARCH_SHARE = 0.03, 0.004, 0.08, 0.3
FORGOTTEN_TRIES = 3, 7
IDLE, SEARCH = timedelta(hours=3), timedelta(seconds=9)


@dataclass(frozen=True, slots=True)
class Task:
    """One thing a person does in a system, at the usual workstation or at another; perhaps of an incident."""

    at: datetime
    kind: Kind
    system: str
    patient: Patient | None = None
    study: Study | None = None
    media: str = ""
    purpose: str = ""
    reason: str = ""
    ip: str = ""
    query: str = ""
    incident: str = ""


@dataclass(frozen=True, slots=True)
class Deed:
    """What a person does amid the other work of a day."""

    person: Person
    day: date
    task: Task


def override(person: Person, at: datetime, study: Study) -> list[Task]:
    """Emergency access: the override, and the study that is opened with it."""
    return [
        Task(at, "emergency", person.viewer, study.patient, reason="Emergency access"),
        Task(at + SEARCH, "read", person.viewer, study.patient, study, purpose="ETREAT"),
    ]


def sessions(
    chance: Chance, person: Person, tasks: Iterable[Task], *, ip: str = "", incident: str = ""
) -> Iterator[Event]:
    """A person's tasks between log-in and log-out; a long pause or another workstation ends a session."""
    by_system: dict[tuple[str, str], list[Task]] = defaultdict(list)
    for task in sorted(tasks, key=lambda task: (task.at, task.kind)):
        by_system[task.system, task.ip].append(task)
    for (system, where), ones in sorted(by_system.items()):
        actor = Actor.person(person, where or ip)
        last: datetime | None = None
        for task in ones:
            if last is None or task.at - last > IDLE:
                if last and not chance.happens(NO_LOGOUT_SHARE):
                    yield Event(_soon(chance, last), system, "logout", actor, incident=incident)
                yield from _begin(chance, task, actor, incident)
            yield Event(
                task.at + timedelta(milliseconds=chance.integer(0, 999)), system, task.kind, actor,
                task.patient, task.study, reason=task.reason, media=task.media,
                purpose=task.purpose, query=task.query, incident=task.incident or incident,
            )  # fmt: skip
            last = task.at
        if last and not chance.happens(NO_LOGOUT_SHARE):
            yield Event(_soon(chance, last), system, "logout", actor, incident=incident)


def wrong_passwords(
    chance: Chance, until: datetime, system: str, actor: Actor, tries: int, incident: str = ""
) -> Iterator[Event]:
    """Failed log-ins, some seconds apart, the last one just before a moment."""
    at = until
    for _ in range(tries):
        at -= timedelta(seconds=chance.integer(8, 20))
        yield Event(at, system, "login", actor, outcome=MINOR, reason="Wrong password", incident=incident)


def _begin(chance: Chance, task: Task, actor: Actor, incident: str) -> Iterator[Event]:
    begins = task.at - timedelta(seconds=chance.integer(20, 90), milliseconds=chance.integer(0, 999))
    tries = chance.integer(*FORGOTTEN_TRIES) if chance.happens(FORGOTTEN_SHARE) else 0
    if tries or chance.happens(WRONG_PASSWORD_SHARE):
        yield from wrong_passwords(chance, begins, task.system, actor, max(tries, 1), incident)
    yield Event(begins, task.system, "login", actor, incident=incident)
    if task.kind == "read" and chance.happens(SEARCH_SHARE):
        today = f"StudyDate={begins:%Y%m%d}&limit=50"
        yield Event(begins + SEARCH, task.system, "query", actor, query=today, incident=incident)


def _soon(chance: Chance, at: datetime) -> datetime:
    return at + timedelta(minutes=chance.integer(2, 25), milliseconds=chance.integer(0, 999))
