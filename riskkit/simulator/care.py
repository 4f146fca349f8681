"""Patients, their encounters and imaging orders, and the relationships that those leave in the records."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from riskkit.simulator import words
from riskkit.simulator.chance import Chance, digest
from riskkit.simulator.hospital import (
    EMERGENCY,
    FIRST_RECORD,
    INTENSIVE,
    MEDICINE,
    ONCOLOGY,
    ORTHOPEDICS,
    PATIENTS_PER_USER,
    RADIOLOGY,
    REGISTRATION,
    SHORT_STAY,
    Hospital,
    Person,
    record_number,
)
from riskkit.simulator.span import works

HOUSEHOLD_SHARE, SAME_NAME_SHARE = 0.3, 0.85
QUIET_SHARE, QUIET_SHARE_AT_HOME = 0.2, 0.6
"""Patients without any encounter, employees and who lives with them apart: whoever opens their record
has no documented reason."""
VIP_SHARE = 0.015

ENCOUNTERS_A_DAY = 0.26  # per user of the hospital, on a weekday
LOOK_BACK_DAYS = 3
SHORT_STAY_DAYS, SHORT_STAY_SHARE = 17, 0.35
"""The short stay unit of a large hospital opens so many days before the end, for a share of Medicine."""
MISSING_SHARE = 0.006
"""Relationships that were never written down."""

# Department, kind in the records, weight, hours of day, length in hours, share with imaging, share CT.
KINDS = (
    (EMERGENCY, "admission", 0.34, (0.0, 24.0), (2, 9), 0.6, 0.9),
    (MEDICINE, "admission", 0.13, (8.0, 21.0), (30, 150), 0.6, 0.6),
    (INTENSIVE, "admission", 0.06, (0.0, 24.0), (40, 200), 0.8, 0.8),
    (ORTHOPEDICS, "appointment", 0.17, (8.0, 15.0), (1, 2), 0.65, 0.3),
    (ONCOLOGY, "appointment", 0.08, (8.0, 15.0), (1, 3), 0.7, 0.7),
    (RADIOLOGY, "appointment", 0.22, (7.5, 16.5), (1, 2), 1.0, 0.55),
)
OFFICE_HOURS_ONLY = {ORTHOPEDICS, ONCOLOGY, RADIOLOGY}

MODALITIES = {
    "CT": ("1.2.840.10008.5.1.4.1.1.2", (120, 640)),
    "MR": ("1.2.840.10008.5.1.4.1.1.4", (90, 420)),
}


@dataclass(frozen=True, slots=True)
class Patient:
    """Someone whose images the archive holds."""

    patient_id: str
    family_name: str
    given_name: str
    address: str
    vip: bool
    quiet: bool


@dataclass(frozen=True, slots=True)
class Study:
    """One imaging study; `ordered_by` is None for one of earlier years."""

    uid: str
    accession: str
    modality: str
    instances: int
    patient: Patient
    performed: datetime
    ordered: datetime
    ordered_by: Person | None = None

    @property
    def sop_class(self) -> str:
        """SOPClassUID of its images."""
        return MODALITIES[self.modality][0]


@dataclass(frozen=True, slots=True)
class Encounter:
    """A visit or stay in a department."""

    patient: Patient
    department: str
    kind: str
    arrives: datetime
    leaves: datetime
    attending: Person | None
    study: Study | None


@dataclass(frozen=True, slots=True)
class Relationship:
    """A row of care/relationships.csv: a person or a department, not both."""

    patient: Patient
    user_id: str
    department: str
    valid_from: datetime
    valid_to: datetime
    kind: str


class Care:
    """The patients and, day by day, what happens to them."""

    def __init__(self, seed: int, hospital: Hospital) -> None:
        self.seed, self.hospital, self.span = seed, hospital, hospital.span
        self.patients = _patients(seed, hospital.people)
        self.by_id = {patient.patient_id: patient for patient in self.patients}
        self.namesakes: dict[str, list[Patient]] = defaultdict(list)
        for patient in self.patients:
            self.namesakes[patient.family_name].append(patient)
        self.quiet = [patient for patient in self.patients if patient.quiet]
        self._seen = [patient for patient in self.patients if not patient.quiet]
        self.short_stay_opens = self.span.last - timedelta(days=SHORT_STAY_DAYS)
        self.current: list[Encounter] = []
        """Encounters that are running or ended a few days ago."""

    def number(self, patient: Patient) -> int:
        """The patient's place in the index, which is ordered by record number."""
        return int(patient.patient_id) - FIRST_RECORD

    def day(self, day: date) -> list[Encounter]:
        """The encounters that start on a day, in order; call it for each day in order."""
        chance = Chance(self.seed, "care", day)
        self.current = [
            encounter
            for encounter in self.current
            if encounter.leaves > self.span.at(day) - timedelta(days=LOOK_BACK_DAYS)
        ]
        season = 1 + 0.1 * math.sin(2 * math.pi * day.timetuple().tm_yday / 365)
        mean = ENCOUNTERS_A_DAY * len(self.hospital.people) * season
        started = []
        for _ in range(chance.count(mean)):
            encounter = self._encounter(chance, day)
            if encounter.department not in OFFICE_HOURS_ONLY or works(day):
                started.append(encounter)
        started.sort(key=lambda encounter: (encounter.arrives, encounter.patient.patient_id))
        self.current += started
        return started

    def relationships(self, encounter: Encounter) -> list[Relationship]:
        """What an encounter leaves in the records: who had a reason, and for how long."""
        patient, arrives, leaves = encounter.patient, encounter.arrives, encounter.leaves
        chance = Chance(self.seed, "relationships", patient.patient_id, arrives)
        hour, day = timedelta(hours=1), timedelta(days=1)
        rows = [
            Relationship(patient, "", encounter.department, arrives - hour, leaves + 3 * day, encounter.kind),
            Relationship(patient, "", REGISTRATION, arrives - day, arrives + day, "registration"),
        ]
        if study := encounter.study:
            until = study.performed + 14 * day
            rows.append(Relationship(patient, "", RADIOLOGY, study.ordered, until, "order"))
            if study.ordered_by:
                rows.append(
                    Relationship(patient, study.ordered_by.user_id, "", study.ordered, until, "order")
                )
        return [row for row in rows if not chance.happens(MISSING_SHARE)]

    def earlier_study(self, patient: Patient) -> Study:
        """The patient's study of an earlier year, always the same one."""
        chance = Chance(self.seed, "earlier", patient.patient_id)
        performed = self.span.at(self.span.first - timedelta(days=chance.integer(60, 1500)), 11)
        return self.study(patient, chance.pick(("CT", "MR")), performed, performed - timedelta(days=3), None)

    def study(
        self, patient: Patient, modality: str, performed: datetime, ordered: datetime, by: Person | None
    ) -> Study:
        """A study of a patient at a time; the same arguments give the same study."""
        number = digest(self.seed, "study", patient.patient_id, performed)
        low, high = MODALITIES[modality][1]
        return Study(
            uid=f"2.25.{int.from_bytes(number[:10])}",
            accession=f"A{performed:%y%m%d}{int.from_bytes(number[10:13]) % 10_000:04d}",
            modality=modality,
            instances=low + number[13] * (high - low) // 255,
            patient=patient,
            performed=performed,
            ordered=ordered,
            ordered_by=by,
        )

    def _encounter(self, chance: Chance, day: date) -> Encounter:
        row = chance.weighted([(row, row[2]) for row in KINDS])
        department, kind, _, hours, length, imaging, ct = row
        patient = chance.pick(self._seen)
        arrives = self.span.at(day, chance.between(*hours))
        staff = department
        if self.hospital.large and department == MEDICINE and day >= self.short_stay_opens:
            department = SHORT_STAY if chance.happens(SHORT_STAY_SHARE) else department
        stay = timedelta(minutes=int(60 * chance.between(*length)))
        physicians = self.hospital.those(staff, "physician", "resident")
        here = self.hospital.present(arrives, staff, "physician", "resident") or physicians
        if department == RADIOLOGY:  # sent by a clinic
            here = self.hospital.those(chance.pick((ORTHOPEDICS, ONCOLOGY, MEDICINE)), "physician")
        attending = chance.pick(here) if here else None
        with_study, is_ct = chance.happens(imaging), chance.happens(ct)
        waits = timedelta(minutes=chance.integer(8, max(20, int(stay / timedelta(minutes=2)))) % 600 + 8)
        study = None
        if with_study:
            performed = arrives + waits
            ordered = arrives - timedelta(days=2) if department == RADIOLOGY else arrives + waits / 4
            study = self.study(patient, "CT" if is_ct else "MR", performed, ordered, attending)
        return Encounter(patient, department, kind, arrives, arrives + stay, attending, study)


def _patients(seed: int, people: Sequence[Person]) -> tuple[Patient, ...]:
    chance = Chance(seed, "patients")
    employees = {person.record: person for person in people if person.record}
    found: list[Patient] = []
    for n in range(PATIENTS_PER_USER * len(people)):
        record = record_number(n)
        family, given, home = words.family_name(chance), chance.pick(words.GIVEN), words.address(chance)
        at_home = record in employees or bool(found and found[-1].patient_id in employees)
        shares = chance.happens(2 * HOUSEHOLD_SHARE if at_home else HOUSEHOLD_SHARE)
        same_name, vip = chance.happens(SAME_NAME_SHARE), chance.happens(VIP_SHARE)
        quiet = chance.happens(QUIET_SHARE_AT_HOME if at_home else QUIET_SHARE)
        if person := employees.get(record):
            family, given, home = person.family_name, person.given_name, person.address
        elif shares and found:
            home = found[-1].address
            family = found[-1].family_name if same_name else family
        found.append(Patient(record, family, given, home, vip, quiet))
    return tuple(found)
