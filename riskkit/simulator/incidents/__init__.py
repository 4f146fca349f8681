"""What is planted in a pack, and told in its labels: incidents, hard negatives, faults of the trail.

To plant another kind, write one function that returns its incidents and name it in its module's list.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date

from riskkit.simulator.care import Care
from riskkit.simulator.duty import Duties
from riskkit.simulator.events import Event
from riskkit.simulator.hospital import Hospital
from riskkit.simulator.incidents.accounts import ACCOUNTS, guessed, shared_credential
from riskkit.simulator.incidents.innocent import INNOCENT, on_call, proxy
from riskkit.simulator.incidents.planted import PLANTED
from riskkit.simulator.incidents.scene import Incident, Scene
from riskkit.simulator.incidents.sealed import SEALED
from riskkit.simulator.incidents.snooping import SNOOPING, sequential
from riskkit.simulator.incidents.technical import TECHNICAL
from riskkit.simulator.sessions import Deed

__all__ = ["Incident", "Incidents"]

EARLIER = 4
"""Incidents in the days before the last month, which detectors take for usual."""


class Incidents:
    """The incidents of a pack, and what they do to the events of each day.

    Without `each`, one of every common kind is planted, for people to look at. With it, so many of
    every kind of incident and of hard negative fall into the last month, as strong as `strength`
    says, and a few incidents before it; 0 plants hard negatives only.
    """

    def __init__(
        self,
        seed: int,
        hospital: Hospital,
        care: Care,
        duties: Duties,
        *,
        each: int | None = None,
        strength: float = 1.0,
    ) -> None:
        scene = Scene(seed, hospital, care, duties, strength)
        month = [day for day in scene.days if f"{day:%Y-%m}" == hospital.span.name]
        before = [day for day in scene.days if day not in set(month)]
        scene.days = month
        planted = list(_some(scene) if each is None else _many(scene, each, month, before))
        self.all = tuple(replace(incident, id=f"I{n:02d}") for n, incident in enumerate(planted, 1))
        self.added = [
            replace(event, incident=incident.id) for incident in self.all for event in incident.events
        ]
        self.deeds: dict[date, list[Deed]] = defaultdict(list)
        for incident in self.all:
            for deed in incident.work:
                task = replace(deed.task, incident=incident.id)
                self.deeds[deed.day].append(replace(deed, task=task))
        self._faults = [one for one in self.all if one.silences or one.slow or one.flaw]
        self._left = {incident.id: incident.flawed for incident in self.all if incident.flaw}

    def apply(self, events: Iterable[Event]) -> Iterator[Event]:
        """The events as recorded: some missing, some late, some damaged. Call it in order of time."""
        for event in events:
            seen: Event | None = event
            for fault in self._faults:
                if seen and fault.system == seen.system and fault.starts <= seen.at < fault.ends:
                    seen = self._suffer(fault, seen)
            if seen:
                yield seen

    def _suffer(self, incident: Incident, event: Event) -> Event | None:
        if incident.silences:
            return None
        if incident.slow:
            return replace(event, slow=incident.slow)
        if self._left.get(incident.id) and event.patient and not event.incident:
            self._left[incident.id] -= 1
            return replace(event, flaw=incident.flaw, incident=incident.id)
        return event


def _some(scene: Scene) -> Iterator[Incident]:
    """One of each that the sample pack shows."""
    for plant in (*PLANTED, *TECHNICAL, shared_credential, guessed, sequential, proxy, on_call):
        yield from plant(scene)


def _many(scene: Scene, each: int, month: list[date], before: list[date]) -> Iterator[Incident]:
    """So many of each kind, hard negatives included, and the faults of the trail.

    Rare people first: leavers and those on leave are few.
    """
    wrong = (*ACCOUNTS, *SNOOPING, *SEALED)
    for _ in range(each):
        for plant in wrong:
            yield from plant(scene)
    for _ in range(max(each, 1)):
        for plant in INNOCENT:
            yield from plant(scene)
    if each and len(before) > len(month):
        scene.days = before[len(before) // 3 :]
        for plant in scene.chance.some((*SNOOPING, *SEALED), EARLIER):
            yield from plant(scene)
        scene.days = month
    for plant in TECHNICAL:
        yield from plant(scene)
