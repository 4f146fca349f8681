"""One day of the hospital as its people see it: who is where, which patients are here, what is done."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from riskkit.simulator.care import Care, Encounter, Patient, Relationship, Study
from riskkit.simulator.chance import Chance
from riskkit.simulator.duty import Duties, Duty
from riskkit.simulator.hospital import Hospital, Person
from riskkit.simulator.sessions import Task

VPN = "10.20.200."
"""Network from which people work at home."""
PRIOR_SHARE = 0.3
EIGHT_HOURS, DAY = timedelta(hours=8), timedelta(days=1)


@dataclass
class Work:
    """A day: draws of its own, the duties, the encounters by department; collects tasks and reasons."""

    day: date
    chance: Chance
    hospital: Hospital
    care: Care
    duties: Duties
    effort: float
    tasks: dict[Person, list[Task]] = field(default_factory=lambda: defaultdict(list))
    found: list[Relationship] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.span = self.hospital.span
        self.on_duty: list[Duty] = [
            duty for person in self.hospital.people if (duty := self.duties.of(person, self.day))
        ]
        self.here: dict[str, list[Encounter]] = defaultdict(list)
        self.scanned: dict[str, list[Study]] = defaultdict(list)
        self.done: list[Study] = []
        morning = self.at(8)
        for encounter in self.care.current:
            self.here[encounter.department].append(encounter)
            if study := encounter.study:
                self.scanned[encounter.patient.patient_id].append(study)
                if study.performed < morning:
                    self.done.append(study)

    def at(self, hour: float) -> datetime:
        """A local hour of the day."""
        return self.span.at(self.day, hour)

    def during(self, duty: Duty) -> datetime:
        """Some moment of a shift."""
        return duty.starts + timedelta(seconds=self.chance.integer(600, 8 * 3600))

    def people(self, *roles: str, department: str = "") -> list[Duty]:
        """The shifts of people in these roles, in one department or all."""
        return [
            duty for duty in self.on_duty if duty.person.role in roles and department in {"", duty.department}
        ]

    def read(
        self, person: Person, at: datetime, patient: Patient, *, ip: str = "", study: Study | None = None
    ) -> None:
        """Open a study of a patient: a recent one, or an earlier one."""
        if study is None:
            recent = [one for one in self.scanned.get(patient.patient_id, ()) if one.performed < at]
            new = recent and not self.chance.happens(PRIOR_SHARE)
            study = recent[-1] if new else self.care.earlier_study(patient)
        self.tasks[person].append(Task(at, "read", person.viewer, patient, study, ip=ip))

    def export(self, person: Person, at: datetime, study: Study, media: str) -> None:
        """Write a study to a medium."""
        self.tasks[person].append(Task(at, "export", "viewer1", study.patient, study, media=media))

    def because(
        self, patient: Patient, person: Person, at: datetime, kind: str, before: timedelta = DAY / 4
    ) -> None:
        """Put down why a person opens a record about that time."""
        self.found.append(Relationship(patient, person.user_id, "", at - before, at + 2 * DAY, kind))

    def sometimes(self, people: Sequence[Duty], share: float) -> list[Duty]:
        """Those of the people who do a thing today that they do in this share of their shifts."""
        return [duty for duty in people if self.chance.happens(share * self.effort)]
