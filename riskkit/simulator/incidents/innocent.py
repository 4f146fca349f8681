"""Hard negatives: each looks like an incident, and is in order. Most are written down, some are not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import Final

from riskkit.simulator.care import Patient
from riskkit.simulator.duty import Duty
from riskkit.simulator.events import Actor
from riskkit.simulator.hospital import MEDICINE, RECORDS, REGISTRATION
from riskkit.simulator.incidents.scene import (
    DAY,
    MINUTE,
    Exemption,
    Incident,
    Scene,
    deeds,
    incident,
    reason,
)
from riskkit.simulator.incidents.snooping import at_home, someone_with
from riskkit.simulator.sessions import Deed, Task, override, wrong_passwords
from riskkit.simulator.work import VPN

FINE: Final = "innocent"
LISTED = 0.85
"""Share of the hard negatives' accesses that the records explain."""


def proxy(scene: Scene) -> Iterator[Incident]:
    """Someone is the health care proxy of a person at home, and looks: an exemption says so."""
    found = at_home(scene)
    if one := someone_with(scene, found):
        patient = scene.chance.pick(found[one.user_id])
        work = _opened(scene, scene.shifts(one, scene.chance.integer(1, 3)), [patient])
        exemption = Exemption(one.user_id, patient.patient_id, "health care proxy of the patient")
        yield from deeds("proxy", FINE, "Proxy, exempted", work, exemptions=[exemption])


def namesake(scene: Scene) -> Iterator[Incident]:
    """Registration tells namesakes of a clerk apart."""
    if one := scene.someone(scene.hospital.those(REGISTRATION, "clerk")):
        alike = scene.care.namesakes[one.family_name] or scene.care.quiet
        work = _opened(scene, scene.shifts(one, 2), scene.chance.some(alike, 3))
        yield from _documented(scene, "namesake", "Namesakes told apart", work, "registration")


def colleague_treated(scene: Scene) -> Iterator[Incident]:
    """A colleague is a patient here, with an appointment."""
    for_whom = {
        one.user_id: [
            scene.care.by_id[other.record]
            for other in scene.hospital.people
            if other.record and other.department == one.department and other.user_id != one.user_id
        ]
        for one in scene.hospital.people
    }
    if one := someone_with(scene, for_whom):
        work = _opened(scene, scene.shifts(one, 2, within=7), [scene.chance.pick(for_whom[one.user_id])])
        yield from _documented(scene, "colleague_treated", "A colleague, treated here", work, "appointment")


def vip_treated(scene: Scene) -> Iterator[Incident]:
    """A well-known patient, in a consult."""
    known = [patient for patient in scene.care.patients if patient.vip]
    if known and (one := scene.anyone("physician", "nurse")):
        work = _opened(scene, scene.shifts(one, 2, within=6), [scene.chance.pick(known)])
        yield from _documented(scene, "vip_treated", "A well-known patient, treated", work, "consult")


def followed(scene: Scene) -> Iterator[Incident]:
    """One patient on many days, by appointment."""
    if one := scene.anyone("physician", "nurse"):
        shifts = scene.shifts(one, scene.chance.integer(5, 8), within=20)
        work = _opened(scene, shifts, [scene.chance.pick(scene.care.quiet)])
        yield from _documented(scene, "followed", "One patient, many appointments", work, "appointment")


def case_series(scene: Scene) -> Iterator[Incident]:
    """Record after record, for a registered protocol."""
    if one := scene.anyone("physician", "radiologist", "resident"):
        work = _opened(scene, scene.shifts(one, 1), scene.strangers(scene.chance.integer(15, 30)))
        yield from _documented(scene, "case_series", "Registered protocol", work, "protocol")


def patient_copies(scene: Scene) -> Iterator[Incident]:
    """A clerk writes a stack of discs that patients asked for."""
    if one := scene.someone(scene.hospital.those(RECORDS, "clerk")):
        work = []
        for duty in scene.shifts(one, 1):
            at = duty.starts + 100 * MINUTE
            for patient in scene.strangers(scene.chance.integer(8, 14)):
                study = scene.care.earlier_study(patient)
                work.append(scene.deed(duty, Task(at, "export", "viewer1", patient, study, media="110033")))
                at += 3 * MINUTE
        yield from _documented(scene, "patient_copies", "Copies that patients asked for", work, "release")


def worklist_order(scene: Scene) -> Iterator[Incident]:
    """Neighbouring record numbers, because the list of claims is in that order."""
    if one := scene.someone(scene.hospital.those(RECORDS, "clerk")):
        first = scene.chance.integer(0, len(scene.care.patients) - 15)
        shifts = scene.shifts(one, 1)
        work = _opened(scene, shifts, scene.care.patients[first : first + scene.chance.integer(6, 12)])
        yield from _documented(scene, "worklist_order", "Claims in order", work, "claim")


def on_call(scene: Scene) -> Iterator[Incident]:
    """At night from home, on call: the duty roster says so."""
    if one := scene.someone([*scene.hospital.those(MEDICINE, "physician", "resident")]):
        nights = sorted(scene.chance.some(scene.days[:-1], 2))
        calls = [
            Duty(one, "", scene.span.at(night, 22), scene.span.at(night, 31), "on-call") for night in nights
        ]
        work = [
            deed
            for call in calls
            for deed in scene.opens(call, scene.strangers(3), ip=f"{VPN}{scene.chance.integer(20, 60)}")
        ]
        yield from _documented(scene, "on_call", "Night, on call", work, "consult", duties=calls)


def conference(scene: Scene) -> Iterator[Incident]:
    """Many people open one record for a case conference."""
    day, patient = scene.chance.pick(scene.days[:-1]), scene.chance.pick(scene.care.quiet)
    crowd = [
        duty
        for one in scene.hospital.people
        if one.role in {"physician", "resident", "nurse", "radiologist"}
        and one.user_id not in scene.taken
        and (duty := scene.duties.of(one, day))
    ]
    work = _opened(scene, scene.chance.some(crowd, scene.chance.integer(6, 9)), [patient])
    yield from _documented(scene, "conference", "Case conference", work, "conference")


def true_emergency(scene: Scene) -> Iterator[Incident]:
    """Emergency access to a patient who is admitted within the hour."""
    if one := scene.anyone("physician", "nurse"):
        work = []
        for duty in scene.shifts(one, 2, within=12):
            at = duty.starts + scene.chance.integer(60, 300) * MINUTE
            study = scene.care.earlier_study(scene.chance.pick(scene.care.quiet))
            work += [scene.deed(duty, task) for task in override(one, at, study)]
        yield from _documented(scene, "true_emergency", "Emergency, then an order", work, "order", late=True)


def forgotten(scene: Scene) -> Iterator[Incident]:
    """A forgotten password on Monday at the usual workstation."""
    if one := scene.anyone():
        (duty,) = scene.shifts(one, 1)
        ip = scene.duties.station(one, scene.span.local(duty.starts).date())
        at = duty.starts + 20 * MINUTE
        tries = scene.chance.integer(6, 11)
        events = wrong_passwords(scene.chance, at, one.viewer, Actor.person(one, ip), tries)
        yield from incident("forgotten", FINE, "Forgotten password", events)


def two_wards(scene: Scene) -> Iterator[Incident]:
    """Someone works in two units in one shift: consults that are written down."""
    if one := scene.anyone("physician", "nurse"):
        ip = scene.elsewhere(one)
        work = [
            deed
            for duty in scene.shifts(one, 3, within=14)
            for deed in scene.opens(duty, scene.strangers(2), ip=ip)
        ]
        yield from _documented(scene, "two_wards", "Two units in one shift", work, "consult")


def _opened(scene: Scene, shifts: Iterable[Duty], patients: Iterable[Patient]) -> list[Deed]:
    ones = list(patients)
    return [deed for duty in shifts for deed in scene.opens(duty, ones)]


def _documented(
    scene: Scene,
    kind: str,
    note: str,
    work: list[Deed],
    why: str,
    *,
    duties: Iterable[Duty] = (),
    late: bool = False,
) -> Iterator[Incident]:
    """An incident whose accesses the records explain, most of them; an hour `late` in an emergency."""
    delay = DAY / 4 + timedelta(hours=1) if late else timedelta()
    rows = [
        reason(deed.task.patient, deed.person, deed.task.at + delay, why)
        for deed in work
        if deed.task.patient and (late or scene.chance.happens(LISTED))
    ]
    yield from deeds(kind, FINE, note, work, relationships=rows, duties=duties)


INNOCENT: tuple[Callable[[Scene], Iterator[Incident]], ...] = (
    proxy, namesake, colleague_treated, vip_treated, followed, case_series, patient_copies, worklist_order,
    on_call, conference, true_emergency, forgotten, two_wards,
)  # fmt: skip
