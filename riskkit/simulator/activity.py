"""Who does what when: the people's work with images, in sessions at their workstations."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from riskkit.simulator.care import Care, Encounter, Patient, Relationship, Study
from riskkit.simulator.chance import Chance
from riskkit.simulator.events import MINOR, Actor, Event, Kind
from riskkit.simulator.hospital import (
    EMERGENCY,
    INFORMATICS,
    RADIOLOGY,
    RECORDS,
    REGISTRATION,
    Hospital,
    Person,
)
from riskkit.simulator.span import FRIDAY

LOOKS_A_SHIFT = {"nurse": 2.4, "physician": 3.6, "resident": 4.5}
UNDOCUMENTED_SHARE = 0.03
"""Of the looks of ward and clinic: honest, but no record says why."""
CONSULT_SHARE, CONSULT_DOCUMENTED = 0.05, 0.7
PRIOR_SHARE, CHECKED_SHARE = 0.3, 0.4
WRONG_PASSWORD_SHARE, NO_LOGOUT_SHARE, SEARCH_SHARE = 0.03, 0.08, 0.3
IDLE, SEARCH = timedelta(hours=3), timedelta(seconds=9)
RELEASES_A_DAY, CHECKS_A_DAY, DELETES_A_DAY = 0.8, 0.6, 0.12
"""For each clerk or administrator on duty, deletions for all of them."""
OVERRIDE_SHARE = 0.08
"""Of the arrivals in the emergency department: records opened before there is an order."""
MEDIA = (("110033", 6.0), ("110032", 2.0), ("110030", 1.0), ("110037", 3.0))  # DVD, CD, USB, URI


@dataclass(frozen=True, slots=True)
class Task:
    """One thing a person does in a system."""

    at: datetime
    kind: Kind
    system: str
    patient: Patient | None = None
    study: Study | None = None
    media: str = ""
    purpose: str = ""
    reason: str = ""


class Activity:
    """Turns the encounters of a day into what people did; `effort` scales how much they look at."""

    def __init__(self, seed: int, hospital: Hospital, care: Care, effort: float) -> None:
        self.seed, self.hospital, self.care, self.effort = seed, hospital, care, effort
        self.span = hospital.span

    def day(self, day: date, started: Sequence[Encounter]) -> tuple[list[Event], list[Relationship]]:
        """The events of one day's shifts, and the relationships that arose at work."""
        chance = Chance(self.seed, "activity", day)
        tasks: dict[Person, list[Task]] = defaultdict(list)
        found: list[Relationship] = []
        for encounter in started:
            self._register(chance, encounter, tasks)
            self._image(chance, encounter, tasks)
            self._override(chance, encounter, tasks)
        for person in self.hospital.people:
            if person.on(day) and person.role in LOOKS_A_SHIFT:
                self._look(chance, person, day, tasks, found)
        self._release(chance, day, tasks, found)
        self._administer(chance, day, tasks, found)
        events = [
            event
            for person in self.hospital.people
            if person in tasks
            for event in sessions(Chance(self.seed, "sessions", person.user_id, day), person, tasks[person])
        ]
        return events, found

    def _register(self, chance: Chance, encounter: Encounter, tasks: dict[Person, list[Task]]) -> None:
        arrives = encounter.arrives
        if clerks := self.hospital.present(arrives, REGISTRATION, "clerk"):
            at = arrives - timedelta(minutes=chance.integer(1, 15))
            tasks[chance.pick(clerks)].append(Task(at, "patient_record", "ris1", encounter.patient))

    def _image(self, chance: Chance, encounter: Encounter, tasks: dict[Person, list[Task]]) -> None:
        study, present = encounter.study, self.hospital.present
        if study is None:
            return
        if encounter.attending and encounter.attending in present(
            study.ordered, encounter.attending.department, encounter.attending.role
        ):
            tasks[encounter.attending].append(Task(study.ordered, "order", "ris1", study.patient, study))
        if technologists := present(study.performed, RADIOLOGY, "technologist"):
            one = chance.pick(technologists)
            tasks[one].append(Task(study.performed, "procedure", "ris1", study.patient, study))
            if chance.happens(CHECKED_SHARE):
                sent = study.performed + timedelta(minutes=chance.integer(25, 60))
                tasks[one].append(Task(sent, "read", "viewer1", study.patient, study))
        reading = study.performed + timedelta(minutes=chance.integer(15, 300))
        for _ in range(12):  # until the next reading shift
            if readers := present(reading, RADIOLOGY, "radiologist"):
                one = chance.pick(readers)
                tasks[one].append(Task(reading, "read", "viewer1", study.patient, study))
                if chance.happens(PRIOR_SHARE):
                    prior = self.care.earlier_study(study.patient)
                    later = reading + timedelta(minutes=2)
                    tasks[one].append(Task(later, "read", "viewer1", study.patient, prior))
                break
            reading += timedelta(hours=2)

    def _override(self, chance: Chance, encounter: Encounter, tasks: dict[Person, list[Task]]) -> None:
        one = encounter.attending
        if encounter.department == EMERGENCY and one and chance.happens(OVERRIDE_SHARE):
            at = encounter.arrives + timedelta(minutes=1)
            tasks[one] += override(one, at, self.care.earlier_study(encounter.patient))

    def _look(
        self,
        chance: Chance,
        person: Person,
        day: date,
        tasks: dict[Person, list[Task]],
        found: list[Relationship],
    ) -> None:
        start = self.hospital.shift_start(person, day)
        here = [
            encounter
            for encounter in self.care.current
            if encounter.department == person.department
            and encounter.arrives < start + timedelta(hours=8)
            and encounter.leaves > start - timedelta(hours=36)
        ]
        elsewhere = [e for e in self.care.current if e.department != person.department]
        for _ in range(chance.count(LOOKS_A_SHIFT[person.role] * self.effort)):
            at = start + timedelta(seconds=chance.integer(600, 8 * 3600))
            if chance.happens(UNDOCUMENTED_SHARE):
                # A name mixed up, a call from another ward, a teaching case.
                patient = chance.pick(self.care.patients)
            elif elsewhere and chance.happens(CONSULT_SHARE):
                patient = chance.pick(elsewhere).patient
                if chance.happens(CONSULT_DOCUMENTED):
                    found.append(_reason(patient, person, at, "consult"))
            elif here:
                encounter = chance.pick(here)
                patient, at = encounter.patient, max(at, encounter.arrives + timedelta(minutes=12))
            else:
                continue
            tasks[person].append(self._read(chance, person, at, patient))

    def _read(self, chance: Chance, person: Person, at: datetime, patient: Patient) -> Task:
        recent = [
            encounter.study
            for encounter in self.care.current
            if encounter.patient is patient and encounter.study and encounter.study.performed < at
        ]
        study = recent[-1] if recent and not chance.happens(PRIOR_SHARE) else self.care.earlier_study(patient)
        return Task(at, "read", person.viewer, patient, study)

    def _release(
        self, chance: Chance, day: date, tasks: dict[Person, list[Task]], found: list[Relationship]
    ) -> None:
        clerks = [person for person in self.hospital.those(RECORDS, "clerk") if person.on(day)]
        done = [e.study for e in self.care.current if e.study and e.study.performed < self.span.at(day, 8)]
        if not clerks or not done:
            return
        for _ in range(chance.count(RELEASES_A_DAY * len(clerks) * self.effort)):
            study, person = chance.pick(done), chance.pick(clerks)
            at = self.span.at(day, chance.between(8.5, 15))
            found.append(_reason(study.patient, person, at, "release"))
            media = chance.weighted(MEDIA)
            tasks[person].append(Task(at, "export", "viewer1", study.patient, study, media=media))

    def _administer(
        self, chance: Chance, day: date, tasks: dict[Person, list[Task]], found: list[Relationship]
    ) -> None:
        admins = [person for person in self.hospital.those(INFORMATICS, "administrator") if person.on(day)]
        done = [e.study for e in self.care.current if e.study and e.study.performed < self.span.at(day, 8)]
        if not admins or not done:
            return
        for _ in range(chance.count(CHECKS_A_DAY * len(admins) * self.effort)):
            study, person = chance.pick(done), chance.pick(admins)
            at = self.span.at(day, chance.between(8, 15))
            found.append(_reason(study.patient, person, at, "protocol"))
            tasks[person].append(Task(at, "read", "viewer1", study.patient, study))
        if chance.happens(DELETES_A_DAY):
            study, person = chance.pick(done), chance.pick(admins)
            at = self.span.at(day, chance.between(9, 15))
            found.append(_reason(study.patient, person, at, "protocol"))
            tasks[person].append(
                Task(at, "delete", "pacs1", study.patient, study, reason="Wrong orientation")
            )
        if day.weekday() == FRIDAY:
            at = self.span.at(day, chance.between(13, 15))
            tasks[chance.pick(admins)].append(Task(at, "audit_log", "pacs1"))


def override(person: Person, at: datetime, study: Study) -> list[Task]:
    """Emergency access: the override, and the study that is opened with it."""
    return [
        Task(at, "emergency", person.viewer, study.patient, reason="Emergency access"),
        Task(at + SEARCH, "read", person.viewer, study.patient, study, purpose="ETREAT"),
    ]


def sessions(
    chance: Chance, person: Person, tasks: Iterable[Task], *, ip: str = "", incident: str = ""
) -> Iterable[Event]:
    """A person's tasks between log-in and log-out; a long pause ends a session."""
    actor = Actor.person(person, ip)
    by_system: dict[str, list[Task]] = defaultdict(list)
    for task in sorted(tasks, key=lambda task: (task.at, task.kind)):
        by_system[task.system].append(task)
    for system in sorted(by_system):
        last: datetime | None = None
        for task in by_system[system]:
            if last is None or task.at - last > IDLE:
                if last and not chance.happens(NO_LOGOUT_SHARE):
                    yield Event(_soon(chance, last), system, "logout", actor, incident=incident)
                begins = task.at - timedelta(
                    seconds=chance.integer(20, 90), milliseconds=chance.integer(0, 999)
                )
                if chance.happens(WRONG_PASSWORD_SHARE):
                    wrong = begins - timedelta(seconds=chance.integer(8, 20))
                    yield Event(
                        wrong,
                        system,
                        "login",
                        actor,
                        outcome=MINOR,
                        reason="Wrong password",
                        incident=incident,
                    )
                yield Event(begins, system, "login", actor, incident=incident)
                if task.kind == "read" and chance.happens(SEARCH_SHARE):
                    today = f"StudyDate={begins:%Y%m%d}&limit=50"
                    yield Event(begins + SEARCH, system, "query", actor, query=today, incident=incident)
            yield Event(
                task.at + timedelta(milliseconds=chance.integer(0, 999)), system, task.kind, actor,
                task.patient, task.study, reason=task.reason, media=task.media,
                purpose=task.purpose, incident=incident,
            )  # fmt: skip
            last = task.at
        if last and not chance.happens(NO_LOGOUT_SHARE):
            yield Event(_soon(chance, last), system, "logout", actor, incident=incident)


def _soon(chance: Chance, at: datetime) -> datetime:
    return at + timedelta(minutes=chance.integer(2, 25), milliseconds=chance.integer(0, 999))


def _reason(patient: Patient, person: Person, at: datetime, kind: str) -> Relationship:
    day = timedelta(days=1)
    return Relationship(patient, person.user_id, "", at - day / 4, at + 2 * day, kind)
