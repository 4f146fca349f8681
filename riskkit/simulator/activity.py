"""Who does what when: the people's daily work with images; what is rarer stands in `habits`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from riskkit.simulator.care import Care, Encounter, Relationship, Study
from riskkit.simulator.chance import Chance
from riskkit.simulator.duty import Duties, Duty
from riskkit.simulator.events import Event
from riskkit.simulator.habits import HABITS
from riskkit.simulator.hospital import (
    EMERGENCY,
    INFORMATICS,
    RADIOLOGY,
    RECORDS,
    REGISTRATION,
    Hospital,
    Person,
)
from riskkit.simulator.sessions import Deed, Task, override, sessions
from riskkit.simulator.span import FRIDAY
from riskkit.simulator.work import EIGHT_HOURS, PRIOR_SHARE, VPN, Work

LOOKS_A_SHIFT = {"nurse": 2.4, "physician": 3.6, "resident": 4.5}
UNDOCUMENTED_SHARE = 0.012
"""Of the looks of ward and clinic: honest, but no record says why; habits add to it."""
CONSULT_SHARE, CONSULT_DOCUMENTED, CONSULT_THERE = 0.05, 0.7, 0.3
CHECKED_SHARE = 0.4
RELEASES_A_DAY, CHECKS_A_DAY, DELETES_A_DAY = 0.8, 0.6, 0.12
"""For each clerk or administrator on duty, deletions for all of them."""
OVERRIDE_SHARE = 0.08
"""Of the arrivals in the emergency department: records opened before there is an order."""
MEDIA = (("110033", 6.0), ("110032", 2.0), ("110030", 1.0), ("110037", 3.0))  # DVD, CD, USB, URI
JUST_ARRIVED, LEFT_LATELY = timedelta(minutes=12), timedelta(hours=36)


class Activity:
    """Turns the encounters of a day into what people did; `effort` scales how much they look at."""

    def __init__(self, seed: int, hospital: Hospital, care: Care, duties: Duties, effort: float) -> None:
        self.seed, self.hospital, self.care, self.duties = seed, hospital, care, duties
        self.effort = effort

    def day(
        self, day: date, started: Sequence[Encounter], deeds: Iterable[Deed] = ()
    ) -> tuple[list[Event], list[Relationship]]:
        """The events of one day's shifts, planted deeds among them, and the relationships that arose."""
        chance = Chance(self.seed, "activity", day)
        work = Work(day, chance, self.hospital, self.care, self.duties, self.effort)
        for encounter in started:
            self._register(work, encounter)
            self._image(work, encounter)
            self._override(work, encounter)
        current = self.care.current
        for duty in work.on_duty:
            if duty.person.role in LOOKS_A_SHIFT:
                self._look(work, duty, current)
        self._release(work)
        self._administer(work)
        for habit in HABITS:
            habit(work)
        for deed in deeds:
            work.tasks[deed.person].append(deed.task)
        events: list[Event] = []
        for person in self.hospital.people:
            if person in work.tasks:
                one = Chance(self.seed, "sessions", person.user_id, day)
                events += sessions(one, person, work.tasks[person], ip=self.duties.station(person, day))
        return events, work.found

    def _register(self, work: Work, encounter: Encounter) -> None:
        arrives = encounter.arrives
        if clerks := self.hospital.present(arrives, REGISTRATION, "clerk"):
            at = arrives - timedelta(minutes=work.chance.integer(1, 15))
            work.tasks[work.chance.pick(clerks)].append(Task(at, "patient_record", "ris1", encounter.patient))

    def _image(self, work: Work, encounter: Encounter) -> None:
        study, present, chance = encounter.study, self.hospital.present, work.chance
        if study is None:
            return
        if encounter.attending and encounter.attending in present(
            study.ordered, encounter.attending.department, encounter.attending.role
        ):
            order = Task(study.ordered, "order", "ris1", study.patient, study)
            work.tasks[encounter.attending].append(order)
        if technologists := present(study.performed, RADIOLOGY, "technologist"):
            one = chance.pick(technologists)
            work.tasks[one].append(Task(study.performed, "procedure", "ris1", study.patient, study))
            work.because(study.patient, one, study.performed, "acquisition")
            if chance.happens(CHECKED_SHARE):
                sent = study.performed + timedelta(minutes=chance.integer(25, 60))
                work.read(one, sent, study.patient, study=study)
        reading = study.performed + timedelta(minutes=chance.integer(15, 300))
        if encounter.department == EMERGENCY and (at_home := self._at_home(work, reading)):
            self._interpret(work, chance.pick(at_home), reading, study, f"{VPN}{chance.integer(20, 60)}")
            return
        for _ in range(12):  # until the next reading shift
            if readers := present(reading, RADIOLOGY, "radiologist"):
                self._interpret(work, chance.pick(readers), reading, study, "")
                break
            reading += timedelta(hours=2)

    def _at_home(self, work: Work, at: datetime) -> list[Person]:
        nights = (work.day - timedelta(days=1), work.day)
        called = (duty for night in nights for duty in self.duties.on_call(night))
        return [duty.person for duty in called if duty.starts <= at < duty.ends]

    def _interpret(self, work: Work, reader: Person, at: datetime, study: Study, ip: str) -> None:
        work.read(reader, at, study.patient, study=study, ip=ip)
        work.because(study.patient, reader, at, "read")
        if work.chance.happens(PRIOR_SHARE):
            prior = self.care.earlier_study(study.patient)
            work.read(reader, at + timedelta(minutes=2), study.patient, study=prior, ip=ip)

    def _override(self, work: Work, encounter: Encounter) -> None:
        one = encounter.attending
        if encounter.department == EMERGENCY and one and work.chance.happens(OVERRIDE_SHARE):
            at = encounter.arrives + timedelta(minutes=1)
            work.tasks[one] += override(one, at, self.care.earlier_study(encounter.patient))

    def _look(self, work: Work, duty: Duty, current: Sequence[Encounter]) -> None:
        chance, person = work.chance, duty.person
        here = [
            encounter
            for encounter in work.here[duty.department]
            if encounter.arrives < duty.starts + EIGHT_HOURS and encounter.leaves > duty.starts - LEFT_LATELY
        ]
        for _ in range(chance.count(LOOKS_A_SHIFT[person.role] * self.effort)):
            at, ip = work.during(duty), ""
            if chance.happens(UNDOCUMENTED_SHARE):
                patient = chance.pick(self.care.patients)  # a name mixed up, a call from another ward
            elif chance.happens(CONSULT_SHARE):
                other = chance.pick(current) if current else None
                if other is None or other.department == duty.department:
                    continue
                patient = other.patient
                if chance.happens(CONSULT_THERE):
                    ip = chance.pick(self.hospital.stations(other.department))
                if chance.happens(CONSULT_DOCUMENTED):
                    work.because(patient, person, at, "consult")
            elif here:
                encounter = chance.pick(here)
                patient, at = encounter.patient, max(at, encounter.arrives + JUST_ARRIVED)
            else:
                continue
            work.read(person, at, patient, ip=ip)

    def _release(self, work: Work) -> None:
        clerks = work.people("clerk", department=RECORDS)
        if not clerks or not work.done:
            return
        for _ in range(work.chance.count(min(60.0, RELEASES_A_DAY * len(clerks) * self.effort))):
            study, duty = work.chance.pick(work.done), work.chance.pick(clerks)
            at = work.at(work.chance.between(8.5, 15))
            work.because(study.patient, duty.person, at, "release")
            work.export(duty.person, at, study, work.chance.weighted(MEDIA))

    def _administer(self, work: Work) -> None:
        chance, admins = work.chance, work.people("administrator", department=INFORMATICS)
        if not admins or not work.done:
            return
        for _ in range(chance.count(min(60.0, CHECKS_A_DAY * len(admins) * self.effort))):
            study, person = chance.pick(work.done), chance.pick(admins).person
            at = work.at(chance.between(8, 15))
            work.because(study.patient, person, at, "ticket")
            work.read(person, at, study.patient, study=study)
        if chance.happens(DELETES_A_DAY):
            study, person = chance.pick(work.done), chance.pick(admins).person
            at = work.at(chance.between(9, 15))
            work.because(study.patient, person, at, "ticket")
            work.tasks[person].append(
                Task(at, "delete", "pacs1", study.patient, study, reason="Wrong orientation")
            )
        if work.day.weekday() == FRIDAY:
            at = work.at(chance.between(13, 15))
            work.tasks[chance.pick(admins).person].append(Task(at, "audit_log", "pacs1"))
