"""Sealed kinds: written without regard to any detector, and none that weights may be chosen by.

They tell how detectors fare against what nobody had in mind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from riskkit.simulator.events import Event
from riskkit.simulator.incidents.scene import MINUTE, Incident, Scene, deeds, incident
from riskkit.simulator.sessions import Task

WRONG: Final = "inappropriate"


def former_partner(scene: Scene) -> Iterator[Incident]:
    """Two people at one address that is not the user's own (any more), looked up about once a week."""
    if one := scene.anyone():
        first = scene.chance.pick(scene.care.quiet)
        near = scene.care.patients[(scene.care.number(first) + 1) % len(scene.care.patients)]
        work = []
        for duty in scene.shifts(one, scene.between(4, 5)):
            work += scene.opens(duty, [first, near] if scene.chance.happens(0.4) else [first])
        yield from deeds("former_partner", WRONG, "Two people, about once a week", work, sealed=True)


def borrowed_badge(scene: Scene) -> Iterator[Incident]:
    """An account is used in its own department by day, while its owner is off."""
    if one := scene.anyone("nurse", "physician", "technologist"):
        stations = scene.hospital.stations(one.department)
        events: list[Event] = []
        for day in sorted({scene.free_day(one) for _ in range(scene.between(2, 3))}):
            at = scene.span.at(day, scene.chance.between(9, 15))
            patients = scene.strangers(scene.between(2, 4))
            events += scene.visit(one, at, patients, ip=scene.chance.pick(stations))
        yield from incident("borrowed_badge", WRONG, "Used while its owner is off", events, sealed=True)


def small_exports(scene: Scene) -> Iterator[Incident]:
    """A study a shift leaves on a disc."""
    if one := scene.anyone("technologist", "physician", "nurse"):
        work = []
        for duty in scene.shifts(one, scene.between(8, 10)):
            at = duty.starts + scene.chance.integer(60, 420) * MINUTE
            (patient,) = scene.strangers(1)
            study = scene.care.earlier_study(patient)
            work.append(scene.deed(duty, Task(at, "export", "viewer1", patient, study, media="110033")))
        yield from deeds("small_exports", WRONG, "An export a shift", work, sealed=True)


def neighbourhood(scene: Scene) -> Iterator[Incident]:
    """The people of the user's own street, in two sittings."""
    if one := scene.anyone():
        street = one.address.split(" ", 1)[1]
        same = [patient for patient in scene.care.patients if patient.address.split(" ", 1)[1] == street]
        work = []
        for duty in scene.shifts(one, 2, within=10):
            work += scene.opens(duty, scene.chance.some(same, scene.between(3, 5)))
        yield from deeds("neighbourhood", WRONG, "The user's own street", work, sealed=True)


SEALED: tuple[Callable[[Scene], Iterator[Incident]], ...] = (
    former_partner, borrowed_badge, small_exports, neighbourhood,
)  # fmt: skip
