"""What honest people do now and then: much of it looks odd, and some of it no record explains.

To add a habit, write a function of the day's work and name it in HABITS.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from riskkit.simulator.care import Study
from riskkit.simulator.chance import Chance
from riskkit.simulator.duty import Duty
from riskkit.simulator.hospital import (
    HEALTH_AT_WORK,
    INTENSIVE,
    ONCOLOGY,
    ORTHOPEDICS,
    RADIOLOGY,
    RECORDS,
    REGISTRATION,
    RESEARCH,
    TRANSFERS,
)
from riskkit.simulator.span import works
from riskkit.simulator.work import VPN, Work

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
CLINICAL = ("nurse", "physician", "resident")
DOCTORS = ("physician", "resident", "radiologist")
TUESDAY, THURSDAY = 1, 3


def tumour_board(work: Work) -> None:
    """Thursdays at noon: oncologists, surgeons and radiologists go through cases; seven of ten are listed."""
    if work.day.weekday() != THURSDAY:
        return
    cases = [encounter.patient for encounter in work.here[ONCOLOGY]]
    members = [
        *work.people("physician", department=ONCOLOGY),
        *work.people("physician", department=ORTHOPEDICS)[:2],
        *work.people("radiologist", department=RADIOLOGY)[:3],
    ]
    for patient in work.chance.some(list(dict.fromkeys(cases)), 3 + len(members)):
        listed = work.chance.happens(0.7)
        for duty in members:
            if work.chance.happens(0.6):
                at = work.at(12.2) + work.chance.integer(0, 50) * MINUTE
                work.read(duty.person, at, patient)
                if listed:
                    work.because(patient, duty.person, at, "conference", DAY)


def teaching(work: Work) -> None:
    """Residents and radiologists collect old cases for teaching files; most are registered."""
    for duty in work.sometimes(work.people("resident", "radiologist"), 0.015):
        _series(work, duty, work.chance.integer(3, 7), "protocol", 0.75)


def peer_review(work: Work) -> None:
    """Physicians review colleagues' old cases."""
    for duty in work.sometimes(work.people("physician", "radiologist"), 0.012):
        _series(work, duty, work.chance.integer(4, 8), "protocol", 0.9)


def study_export(work: Work) -> None:
    """Researchers export the studies of approved protocols, many at a time."""
    for duty in work.people("researcher", department=RESEARCH):
        at = duty.starts + work.chance.integer(60, 300) * MINUTE
        burst = work.chance.integer(12, 30) if work.chance.happens(0.2) else work.chance.integer(2, 8)
        for patient in work.chance.some(work.care.patients, burst):
            if work.chance.happens(0.95):
                work.because(patient, duty.person, at, "protocol", 5 * DAY)
            work.export(duty.person, at, work.care.earlier_study(patient), "110030")
            at += work.chance.integer(20, 90) * MINUTE / 30


def transfers(work: Work) -> None:
    """The transfer centre sends images to other hospitals; some days bring many."""
    for duty in work.people("coordinator", department=TRANSFERS):
        count = work.chance.integer(12, 20) if work.chance.happens(0.07) else work.chance.integer(1, 5)
        for study in work.chance.some(work.done, count):
            at = work.during(duty)
            if work.chance.happens(0.92):
                work.because(study.patient, duty.person, at, "transfer")
            work.export(duty.person, at, study, "110037")


def wrong_patient(work: Work) -> None:
    """Somebody opens a namesake or the next record number, and goes back at once."""
    for duty in work.sometimes(work.people(*CLINICAL, "technologist"), 0.01):
        if here := work.here[duty.department]:
            meant = work.chance.pick(here).patient
            alike = work.care.namesakes[meant.family_name]
            near = work.care.number(meant) + work.chance.pick((-1, 1))
            neighbour = work.care.patients[near % len(work.care.patients)]
            wrong = work.chance.pick(alike) if work.chance.happens(0.7) else neighbour
            at = work.during(duty)
            work.read(duty.person, at, wrong)
            work.read(duty.person, at + 2 * MINUTE, meant)


def unit_hop(work: Work) -> None:
    """Someone helps out in another unit, or looks after a patient who was moved; nobody writes it down."""
    for duty in work.sometimes(work.people(*CLINICAL), 0.012):
        others = [one for name, ones in work.here.items() if name != duty.department for one in ones[-40:]]
        for encounter in work.chance.some(others, work.chance.integer(1, 2)):
            ip = work.chance.pick(work.hospital.stations(encounter.department))
            work.read(duty.person, work.during(duty), encounter.patient, ip=ip)


def follow_up(work: Work) -> None:
    """A ward physician looks how a former patient is doing, on two days; half of it is an appointment."""
    for duty in work.sometimes(work.people("physician", "resident"), 0.012):
        patient = work.chance.pick(work.care.patients)
        at = work.during(duty)
        work.read(duty.person, at, patient)
        if work.chance.happens(0.6):
            work.because(patient, duty.person, at, "appointment", 10 * DAY)


def repeat_clinic(work: Work) -> None:
    """Chronic patients: a clinic's physician opens the same few records every week, by appointment."""
    if not works(work.day):
        return
    for duty in work.people("physician", department=ONCOLOGY):
        own = Chance(work.care.seed, "chronic", duty.person.user_id).some(work.care.patients, 8)
        for patient in own:
            if work.chance.happens(0.16 * work.effort):
                at = work.during(duty)
                work.read(duty.person, at, patient)
                if work.chance.happens(0.95):
                    work.because(patient, duty.person, at, "appointment", DAY)


def claims(work: Work) -> None:
    """Clerks of the records office code what was done, in the order of the record numbers."""
    for duty in work.people("clerk", department=RECORDS):
        batch: list[Study] = work.chance.some(work.done, work.chance.count(5 * work.effort))
        at = duty.starts + work.chance.integer(60, 200) * MINUTE
        for study in sorted(batch, key=lambda one: one.patient.patient_id):
            if work.chance.happens(0.97):
                work.because(study.patient, duty.person, at, "claim")
            work.read(duty.person, at, study.patient, study=study)
            at += work.chance.integer(2, 9) * MINUTE


def registration_merge(work: Work) -> None:
    """Registration tells namesakes and neighbours in the index apart, record by record: documented."""
    for duty in work.sometimes(work.people("clerk", department=REGISTRATION), 0.04):
        first = work.chance.integer(0, len(work.care.patients) - 5)
        at = work.during(duty)
        for patient in work.care.patients[first : first + work.chance.integer(2, 4)]:
            work.because(patient, duty.person, at, "registration")
            work.read(duty.person, at, patient)
            at += 3 * MINUTE


def at_work(work: Work) -> None:
    """Occupational health opens records of the workforce: by appointment, or under its exemption."""
    records = [person.record for person in work.hospital.people if person.record]
    for duty in work.people("nurse", department=HEALTH_AT_WORK):
        for record in work.chance.some(records, work.chance.integer(1, 3)):
            at, patient = work.during(duty), work.care.by_id[record]
            work.read(duty.person, at, patient)
            if work.chance.happens(0.6):
                work.because(patient, duty.person, at, "appointment")


def asked(work: Work) -> None:
    """A colleague asks to have a result looked up; now and then there is an appointment for it."""
    records = [person for person in work.hospital.people if person.record]
    for duty in work.sometimes(work.people(*CLINICAL), 0.0006):
        near = [one for one in records if one.department == duty.person.department and one is not duty.person]
        if near:
            patient = work.care.by_id[work.chance.pick(near).record]
            at = work.during(duty)
            work.read(duty.person, at, patient)
            if work.chance.happens(0.4):
                work.because(patient, duty.person, at, "appointment")


def emergency_call(work: Work) -> None:
    """Code blue or a case conference: many people open one record within hours; most are listed."""
    if not work.chance.happens(0.3) or not work.hospital.large or not work.here[INTENSIVE]:
        return
    patient = work.chance.pick(work.here[INTENSIVE]).patient
    at = work.at(work.chance.between(9, 20))
    for duty in work.chance.some(work.people(*DOCTORS, "nurse"), work.chance.integer(5, 10)):
        if duty.starts <= at < duty.ends:
            moment = at + work.chance.integer(0, 120) * MINUTE
            work.read(duty.person, moment, patient)
            if work.chance.happens(0.8):
                work.because(patient, duty.person, moment, "conference")


def famous(work: Work) -> None:
    """A well-known patient is in: the department looks more often."""
    for department, encounters in work.here.items():
        for encounter in encounters:
            if encounter.patient.vip and encounter.arrives < work.at(20) and encounter.leaves > work.at(8):
                for duty in work.sometimes(work.people(*CLINICAL, department=department), 0.1):
                    moment = max(work.during(duty), encounter.arrives + 15 * MINUTE)
                    work.read(duty.person, moment, encounter.patient)


def after_hours(work: Work) -> None:
    """Physicians finish their notes at home, hours after the shift."""
    for duty in work.sometimes(work.people("physician", "resident"), 0.03):
        if here := work.here[duty.department]:
            at = duty.ends + work.chance.integer(30, 240) * MINUTE
            ip = f"{VPN}{work.chance.integer(20, 60)}" if work.chance.happens(0.7) else ""
            for encounter in work.chance.some(here, work.chance.integer(1, 3)):
                work.read(duty.person, at, encounter.patient, ip=ip)
                at += 4 * MINUTE


def badge_tap(work: Work) -> None:
    """Someone walks from one unit to the next within minutes and logs in at both."""
    for duty in work.sometimes(work.people(*DOCTORS), 0.012):
        if here := work.here[duty.department]:
            at = work.during(duty)
            for encounter in work.chance.some(here, 2):
                there = work.chance.pick([name for name in work.here if work.here[name]])
                ip = work.chance.pick(work.hospital.stations(there))
                work.read(duty.person, at, encounter.patient, ip=ip)
                at += work.chance.integer(5, 12) * MINUTE


def _series(work: Work, duty: Duty, count: int, kind: str, registered: float) -> None:
    """Old cases, one after the other: all of them registered, or none."""
    at, listed = work.during(duty), work.chance.happens(registered)
    for patient in work.chance.some(work.care.patients, count):
        work.read(duty.person, at, patient, study=work.care.earlier_study(patient))
        if listed:
            work.because(patient, duty.person, at, kind, DAY)
        at += work.chance.integer(90, 400) * MINUTE / 60


HABITS: tuple[Callable[[Work], None], ...] = (
    tumour_board, teaching, peer_review, study_export, transfers, wrong_patient, unit_hop, follow_up,
    repeat_clinic, claims, registration_merge, at_work, asked, emergency_call, famous, after_hours, badge_tap,
)  # fmt: skip
