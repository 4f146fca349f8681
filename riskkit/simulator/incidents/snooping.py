"""Curiosity and worse: records that someone has no reason to open."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from riskkit.simulator.care import Patient
from riskkit.simulator.hospital import Person
from riskkit.simulator.incidents.scene import MINUTE, Incident, Scene, deeds
from riskkit.simulator.sessions import Deed, Task, override

WRONG: Final = "inappropriate"


def browsing(scene: Scene) -> Iterator[Incident]:
    """Strangers' records, a handful on a few shifts."""
    if one := scene.anyone("nurse", "technologist", "resident"):
        work = [
            deed
            for duty in scene.shifts(one, 3, within=21)
            for deed in scene.opens(duty, scene.strangers(scene.between(4, 7)))
        ]
        yield from deeds("browsing", WRONG, "Strangers, no relationship", work)


def household(scene: Scene) -> Iterator[Incident]:
    """Somebody at the same address, on one to three shifts."""
    yield from _known(scene, "household", "Same address", at_home(scene), (1, 3))


def surname(scene: Scene) -> Iterator[Incident]:
    """A relative of the same name who lives elsewhere."""
    found = {
        one.user_id: [
            patient
            for patient in scene.care.namesakes[one.family_name]
            if patient.address != one.address and patient.patient_id != one.record
        ]
        for one in scene.hospital.people
    }
    yield from _known(scene, "surname", "Same family name", found, (1, 2))


def coworker(scene: Scene) -> Iterator[Incident]:
    """A colleague of the same department."""
    found = {
        one.user_id: [
            scene.care.by_id[other.record]
            for other in scene.hospital.people
            if other.record and other.department == one.department and other.user_id != one.user_id
        ]
        for one in scene.hospital.people
    }
    yield from _known(scene, "coworker", "A colleague's record", found, (1, 2))


def vip(scene: Scene) -> Iterator[Incident]:
    """A well-known patient."""
    known = [patient for patient in scene.care.patients if patient.vip]
    found = {one.user_id: known for one in scene.hospital.people}
    yield from _known(scene, "vip", "A well-known patient", found, (1, 2))


def stalking(scene: Scene) -> Iterator[Incident]:
    """The same stranger again and again, within three weeks."""
    if one := scene.anyone():
        patient = scene.chance.pick(scene.care.quiet)
        shifts = scene.shifts(one, scene.between(5, 8), within=20)
        work = [deed for duty in shifts for deed in scene.opens(duty, [patient])]
        yield from deeds("stalking", WRONG, "One patient, again and again", work)


def volume(scene: Scene) -> Iterator[Incident]:
    """Record after record in one shift."""
    if one := scene.anyone():
        (duty,) = scene.shifts(one, 1)
        strangers = scene.strangers(scene.between(20, 40))
        yield from deeds(
            "volume", WRONG, "Many records in a shift", scene.opens(duty, strangers, pause=(20, 90))
        )


def export(scene: Scene) -> Iterator[Incident]:
    """Somebody who never exports writes studies to a stick."""
    if one := scene.anyone("nurse", "technologist", "physician"):
        work: list[Deed] = []
        for duty in scene.shifts(one, 2, within=10):
            at = duty.starts + scene.chance.integer(60, 400) * MINUTE
            for patient in scene.strangers(scene.between(4, 9)):
                study = scene.care.earlier_study(patient)
                work.append(scene.deed(duty, Task(at, "export", "viewer1", patient, study, media="110030")))
                at += scene.chance.integer(1, 3) * MINUTE
        yield from deeds("export", WRONG, "Studies to a stick", work)


def sequential(scene: Scene) -> Iterator[Incident]:
    """One record number after the other."""
    if one := scene.anyone():
        work = []
        for duty in scene.shifts(one, 2, within=14):
            count = scene.between(7, 12)
            first = scene.chance.integer(0, len(scene.care.patients) - count - 1)
            work += scene.opens(duty, scene.care.patients[first : first + count], pause=(15, 70))
        yield from deeds("sequential", WRONG, "Neighbouring record numbers", work)


def low_and_slow(scene: Scene) -> Iterator[Incident]:
    """A stranger or two on most shifts, for weeks."""
    if one := scene.anyone():
        work = [
            deed
            for duty in scene.shifts(one, 16)
            for deed in scene.opens(duty, scene.strangers(scene.between(1, 2)))
        ]
        yield from deeds("low_and_slow", WRONG, "A little on most days", work)


def break_glass(scene: Scene) -> Iterator[Incident]:
    """Emergency access to patients who are not here."""
    if one := scene.anyone("nurse", "physician", "resident"):
        work = []
        for duty in scene.shifts(one, 2, within=12):
            at = duty.starts + scene.chance.integer(60, 300) * MINUTE
            for patient in scene.chance.some(scene.care.quiet, scene.between(1, 3)):
                tasks = override(one, at, scene.care.earlier_study(patient))
                work += [scene.deed(duty, task) for task in tasks]
                at += 20 * MINUTE
        yield from deeds("break_glass", WRONG, "Emergency access, no emergency", work)


def swarm(scene: Scene) -> Iterator[Incident]:
    """A person in the news: people of many departments look within two days."""
    patient = scene.chance.pick([one for one in scene.care.quiet if one.vip] or scene.care.quiet)
    day = scene.chance.pick(scene.days[:-1])
    work = []
    for _ in range(scene.between(6, 9)):
        crowd = [one for one in scene.hospital.people if one.role != "radiologist" and one.on(day)]
        if (one := scene.someone(crowd)) and (duty := scene.duties.of(one, day)):
            work += scene.opens(duty, [patient])
    yield from deeds("swarm", WRONG, "Many people, one patient", work)


def at_home(scene: Scene) -> dict[str, list[Patient]]:
    """Who lives with whom, by user."""
    by_address: dict[str, list[Patient]] = {}
    for patient in scene.care.patients:
        by_address.setdefault(patient.address, []).append(patient)
    return {
        one.user_id: [
            patient for patient in by_address.get(one.address, ()) if patient.patient_id != one.record
        ]
        for one in scene.hospital.people
    }


def _known(
    scene: Scene, kind: str, note: str, found: dict[str, list[Patient]], times: tuple[int, int]
) -> Iterator[Incident]:
    """Someone opens the record of somebody they know, on some shifts."""
    if one := someone_with(scene, found):
        patient = scene.chance.pick(found[one.user_id])
        shifts = scene.shifts(one, scene.between(*times), within=14)
        yield from deeds(
            kind, WRONG, note, [deed for duty in shifts for deed in scene.opens(duty, [patient])]
        )


def someone_with(scene: Scene, found: dict[str, list[Patient]]) -> Person | None:
    """Someone at work who looks at images and knows one of the patients."""
    return scene.someone(
        one
        for one in scene.hospital.people
        if found[one.user_id] and one.role != "administrator" and any(one.on(day) for day in scene.days[-9:])
    )


SNOOPING: tuple[Callable[[Scene], Iterator[Incident]], ...] = (
    browsing, household, surname, coworker, vip, stalking, volume, export, sequential, low_and_slow,
    break_glass, swarm,
)  # fmt: skip
