"""Accounts in the wrong hands, at the wrong time or with too many rights."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Final

from riskkit.simulator.events import Actor, Event, Kind
from riskkit.simulator.hospital import Person
from riskkit.simulator.incidents.scene import DAY, MINUTE, Incident, Scene, deeds, incident
from riskkit.simulator.sessions import Deed, Task, wrong_passwords
from riskkit.simulator.work import VPN

WRONG: Final = "inappropriate"
SILENT = 28 * DAY
"""An account is dormant when nobody used it for so long: a week's holiday is none."""


def shared_credential(scene: Scene) -> Iterator[Incident]:
    """A colleague of another unit works under an account while its owner does, on a few shifts."""
    if one := scene.anyone("nurse", "physician", "technologist"):
        ip = scene.elsewhere(one)
        work = []
        for duty in scene.shifts(one, scene.between(2, 4), within=14):
            work += scene.opens(duty, scene.strangers(scene.between(2, 4)), ip=ip)
            # What the owner does at the same time, at the usual place.
            begins = work[-1].task.at - 3 * MINUTE
            system = one.viewer
            work.append(scene.deed(duty, Task(begins, "query", system, query="limit=50")))
        yield from deeds("shared_credential", WRONG, "One account in two places", work)


def dormant(scene: Scene) -> Iterator[Incident]:
    """The account of somebody on a long leave is used in the evening."""
    since = scene.days[0] - SILENT
    away = [one for one in scene.hospital.people if one.away[0] <= since and one.away[1] > scene.span.last]
    if one := scene.someone(away):
        day = scene.chance.pick(scene.days)
        ip = scene.elsewhere(one) if scene.chance.happens(0.5) else one.ip
        events = [
            event
            for n in range(scene.chance.integer(1, 2))
            for event in scene.visit(
                one, _clear(scene, day, n, 18.5), scene.strangers(scene.between(2, 5)), ip=ip
            )
        ]
        yield from incident("dormant", WRONG, "Used during a long leave", events)


def off_hours(scene: Scene) -> Iterator[Incident]:
    """Somebody of the day shift comes back at night."""
    if one := scene.someone(_day_people(scene)):
        ip = f"{VPN}{scene.chance.integer(70, 90)}" if scene.chance.happens(0.4) else one.ip
        nights = sorted(scene.chance.some(scene.days[:-1], scene.between(2, 3)))
        events: list[Event] = []
        for night in nights:
            at = scene.span.at(night, scene.chance.between(24.5, 28))
            events += scene.visit(one, at, scene.strangers(scene.between(2, 4)), ip=ip)
        yield from incident("off_hours", WRONG, "At night, not on duty", events)


def terminated(scene: Scene) -> Iterator[Incident]:
    """An account is used after its owner left."""
    gone = [
        one
        for one in scene.hospital.people
        if one.employed_to and one.user_id not in scene.taken and one.employed_to < scene.days[-4]
    ]
    if gone:
        one = scene.chance.pick(gone)
        scene.taken.add(one.user_id)
        last = one.employed_to or scene.days[0]
        late = [day for day in scene.days if day > last + 2 * DAY]
        events: list[Event] = []
        for day in sorted(scene.chance.some(late, scene.between(1, 2))):
            at, ip = scene.span.at(day, scene.chance.between(17, 22)), f"{VPN}{scene.chance.integer(70, 90)}"
            events += scene.visit(one, at, scene.strangers(scene.between(2, 5)), ip=ip)
        yield from incident("terminated", WRONG, "Used after the last day of employment", events)


def privilege_drift(scene: Scene) -> Iterator[Incident]:
    """Someone uses rights that nobody in the role uses: deletes, merges, reads the audit log."""
    if one := scene.anyone("nurse", "technologist", "resident"):
        work: list[Deed] = []
        acts: tuple[Kind, ...] = ("delete", "audit_log", "merge", "order")
        for duty in scene.shifts(one, scene.between(3, 5)):
            at = duty.starts + scene.chance.integer(60, 400) * MINUTE
            for patient in scene.strangers(scene.between(1, 3)):
                kind = scene.chance.pick(acts)
                if kind == "audit_log":
                    task = Task(at, kind, "pacs1")
                else:
                    system = "ris1" if kind == "order" else "pacs1"
                    study = None if kind == "merge" else scene.care.earlier_study(patient)
                    task = Task(at, kind, system, patient, study)
                work.append(scene.deed(duty, task))
                at += scene.chance.integer(2, 9) * MINUTE
        yield from deeds("privilege_drift", WRONG, "Rights that the role does not use", work)


def guessed(scene: Scene) -> Iterator[Incident]:
    """Many wrong passwords, then the right one, and a few records."""
    if one := scene.anyone():
        at = scene.span.at(scene.free_day(one), scene.chance.between(19, 23))
        ip = scene.elsewhere(one) if scene.chance.happens(0.5) else f"{VPN}{scene.chance.integer(70, 90)}"
        tries = scene.between(9, 20)
        failed = wrong_passwords(scene.chance, at - 2 * MINUTE, one.viewer, Actor.person(one, ip), tries)
        opened = scene.visit(one, at, scene.strangers(scene.between(2, 5)), ip=ip)
        yield from incident("guessed", WRONG, "Failed log-ins, then a success", [*failed, *opened])


def _day_people(scene: Scene) -> list[Person]:
    roles = {"nurse", "physician", "technologist", "clerk"}
    return [
        one
        for one in scene.hospital.people
        if one.shift == "day" and one.role in roles and scene.works_much(one)
    ]


def _clear(scene: Scene, day: date, n: int, hour: float) -> datetime:
    index = min(scene.days.index(day) + n, len(scene.days) - 1)
    return scene.span.at(scene.days[index], hour) + timedelta(minutes=scene.chance.integer(0, 200))


ACCOUNTS: tuple[Callable[[Scene], Iterator[Incident]], ...] = (
    shared_credential, dormant, off_hours, terminated, privilege_drift, guessed,
)  # fmt: skip
