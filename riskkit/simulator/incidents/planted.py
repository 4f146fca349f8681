"""One incident of each common kind, days before the end: what the sample pack shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

from riskkit.simulator.care import Relationship
from riskkit.simulator.events import SERIOUS, Actor, Event
from riskkit.simulator.hospital import (
    EMERGENCY,
    INFORMATICS,
    INTENSIVE,
    MEDICINE,
    ORTHOPEDICS,
    RECORDS,
    REGISTRATION,
)
from riskkit.simulator.incidents.scene import DAY, MINUTE, Incident, Scene, incident
from riskkit.simulator.sessions import Task, override, sessions

THURSDAY = 3


def browsing(scene: Scene) -> Iterator[Incident]:
    """A ward nurse opens the records of strangers, some of them well known, on four shifts."""
    if one := scene.someone(scene.hospital.those(MEDICINE, "nurse")):
        vips = [patient for patient in scene.care.quiet if patient.vip]
        others = [patient for patient in scene.care.quiet if not patient.vip]
        events = [
            event
            for back in (26, 19, 13, 6)
            for event in scene.visit(
                one,
                scene.shift(one, back) + 390 * MINUTE,
                scene.chance.some(vips, 1) + scene.chance.some(others, scene.chance.integer(5, 8)),
            )
        ]
        yield from incident("browsing", "inappropriate", "Strangers and a VIP, no relationship", events)


def same_household(scene: Scene) -> Iterator[Incident]:
    """Someone opens the record of a person at the same address on six days."""
    homes = [
        (person, patient)
        for person in scene.hospital.people
        for patient in scene.care.quiet
        if patient.address == person.address and patient.patient_id != person.record
    ]
    ready = {person.user_id: patient for person, patient in homes}
    if one := scene.someone(person for person, _ in homes if person.role != "administrator"):
        shifts = sorted({scene.shift(one, back) for back in (21, 18, 14, 11, 7, 3)})
        events = [
            event
            for shift in shifts
            for event in scene.visit(
                one,
                shift + scene.chance.integer(90, 420) * MINUTE,
                [ready[one.user_id]],
            )
        ]
        yield from incident("same_household", "inappropriate", "Same address, again and again", events)


def coworker(scene: Scene) -> Iterator[Incident]:
    """Someone opens the record of a colleague of the same department, once."""
    records = {
        person.record: person for person in scene.hospital.people if person.record and not person.employed_to
    }
    pairs = {
        one.user_id: patient
        for patient in scene.care.quiet
        if patient.patient_id in records
        for one in scene.hospital.people
        if one.department == records[patient.patient_id].department and one.record != patient.patient_id
    }
    if one := scene.someone(person for person in scene.hospital.people if person.user_id in pairs):
        at = scene.shift(one, 10) + 200 * MINUTE
        events = scene.visit(one, at, [pairs[one.user_id]])
        yield from incident("coworker", "inappropriate", "A colleague's record", events)


def leaver(scene: Scene) -> Iterator[Incident]:
    """An account is used after its owner left, from outside."""
    gone = [person for person in scene.hospital.people if person.employed_to]
    if gone:
        one = max(gone, key=lambda person: (person.employed_to or scene.span.first, person.user_id))
        events = [
            event
            for back in (15, 5)
            for event in scene.visit(
                one,
                scene.at(back, 21.2),
                scene.chance.some(scene.care.quiet, 3),
                ip="10.20.200.44",
            )
        ]
        yield from incident("leaver", "inappropriate", "Used after the last day of employment", events)


def guessed_password(scene: Scene) -> Iterator[Incident]:
    """Somebody tries passwords of one account at night."""
    if one := scene.someone(scene.hospital.those(INTENSIVE, "nurse", "physician")):
        actor = Actor.person(one, "10.20.250.37")
        at, events = scene.at(9, 2.67), []
        for _ in range(27):
            at += timedelta(milliseconds=scene.chance.integer(6_000, 19_000))
            events.append(
                Event(
                    at, "viewer1", "login", actor, outcome=SERIOUS, reason="Wrong password or unknown account"
                )
            )
        yield from incident("failed_logins", "inappropriate", "27 failed log-ins in minutes", events)


def needless_override(scene: Scene) -> Iterator[Incident]:
    """Emergency access to the record of somebody who is not in the hospital."""
    if one := scene.someone(scene.hospital.those(EMERGENCY, "physician", "nurse")):
        at = scene.shift(one, 17) + 260 * MINUTE
        study = scene.care.earlier_study(scene.chance.pick(scene.care.quiet))
        events = sessions(scene.chance, one, override(one, at, study))
        yield from incident("needless_override", "inappropriate", "Emergency access, no emergency", events)


def unknown_station(scene: Scene) -> Iterator[Incident]:
    """A station that nobody knows asks the archive for studies."""
    actor = Actor("ECHOSCU2", "unknown station", "10.20.66.6", "10.20.66.6", machine=True)
    at = scene.at(8, 22.7)
    events = [
        Event(at + n * 7 * MINUTE, "pacs1", "query", actor, to="pacs1", query="PatientName=*&limit=100")
        for n in range(3)
    ]
    yield from incident("unknown_station", "inappropriate", "AE title not in the inventory", events)


def merged_record(scene: Scene) -> Iterator[Incident]:
    """A registration clerk opens the record of a namesake, to tell two patients apart: documented."""
    if one := scene.someone(scene.hospital.those(REGISTRATION, "clerk")):
        alike = [patient for patient in scene.care.quiet if patient.family_name == one.family_name]
        patient = scene.chance.pick(alike or scene.care.quiet)
        at = scene.shift(one, 12) + 150 * MINUTE
        reason = Relationship(patient, one.user_id, "", at - DAY / 4, at + DAY, "registration")
        events = scene.visit(one, at, [patient])
        yield from incident("merged_record", "innocent", "Registration merge, documented", events, (reason,))


def peer_review(scene: Scene) -> Iterator[Incident]:
    """A physician opens a series of old cases for peer review: documented as a protocol."""
    if one := scene.someone(scene.hospital.those(ORTHOPEDICS, "physician")):
        at = scene.shift(one, 16) + 120 * MINUTE
        patients = scene.chance.some(scene.care.patients, 7)
        reasons = tuple(
            Relationship(patient, one.user_id, "", at - DAY, at + 7 * DAY, "protocol") for patient in patients
        )
        events = scene.visit(one, at, patients)
        yield from incident("peer_review", "innocent", "Case series, documented", events, reasons)


def mass_deletion(scene: Scene) -> Iterator[Incident]:
    """An administrator deletes study after study in an evening, without a reason."""
    if one := scene.someone(scene.hospital.those(INFORMATICS, "administrator")):
        at, tasks = scene.at(4, 21.4, THURSDAY), []
        for patient in scene.chance.some(scene.care.patients, 22):
            tasks.append(Task(at, "delete", "pacs1", patient, scene.care.earlier_study(patient)))
            at += scene.chance.integer(40, 95) * MINUTE / 60
        events = sessions(scene.chance, one, tasks)
        yield from incident("mass_deletion", "inappropriate", "22 studies deleted in an evening", events)


def merges(scene: Scene) -> Iterator[Incident]:
    """Two clerks each merge two patients' records in the archive; one of them says why."""
    for kind, label, note, reason in (
        ("bare_merge", "inappropriate", "Records merged, no reason given", ""),
        ("reasoned_merge", "innocent", "Records merged, with the reason", "Duplicate registration, MPI-2231"),
    ):
        hospital = scene.hospital
        clerks = [*hospital.those(RECORDS, "clerk"), *hospital.those(REGISTRATION, "clerk")]
        if one := scene.someone(clerks):
            at = scene.shift(one, 9) + 100 * MINUTE
            stays, goes = scene.chance.some(scene.care.patients, 2)
            tasks = [
                Task(at, "merge", "pacs1", stays, reason=reason),
                Task(at + MINUTE / 60, "vanish", "pacs1", goes, reason=reason),
            ]
            events = sessions(scene.chance, one, tasks)
            yield from incident(kind, label, note, events)  # type: ignore[arg-type]


PLANTED: tuple[Callable[[Scene], Iterator[Incident]], ...] = (
    browsing, same_household, coworker, leaver, guessed_password, needless_override, unknown_station,
    merged_record, peer_review, mass_deletion, merges,
)  # fmt: skip
