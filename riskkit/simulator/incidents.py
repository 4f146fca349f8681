"""Planted incidents: what an assessment of the pack should find, and what it should leave alone.

An incident adds events, takes some away or damages them. To plant another kind, write one function
that returns its incidents and name it in PLANTED.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain
from typing import Literal

from riskkit.simulator.activity import Task, override, sessions
from riskkit.simulator.care import Care, Patient, Relationship
from riskkit.simulator.chance import Chance
from riskkit.simulator.events import SERIOUS, Actor, Event
from riskkit.simulator.hospital import (
    EMERGENCY,
    INFORMATICS,
    INTENSIVE,
    MEDICINE,
    ORTHOPEDICS,
    RECORDS,
    REGISTRATION,
    Hospital,
    Person,
)

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
TUESDAY, WEDNESDAY, THURSDAY = 1, 2, 3
FULL_DAYS = 42
"""In a span of so many days or more, incidents happen as many days before the end as they say."""


@dataclass(frozen=True, slots=True)
class Incident:
    """A labelled incident.

    `label` is inappropriate (an access that a review should find), innocent (it looks like one, but
    the records explain it) or technical. `silences` drops what `system` recorded between `starts`
    and `ends`, `slow` lets its clock lag, and `flaw` damages or doubles its first `flawed` messages.
    """

    kind: str
    label: Literal["inappropriate", "innocent", "technical"]
    note: str
    starts: datetime
    ends: datetime
    system: str = ""
    user_id: str = ""
    patient_id: str = ""
    events: tuple[Event, ...] = ()
    relationships: tuple[Relationship, ...] = ()
    silences: bool = False
    slow: timedelta = timedelta()
    flaw: Literal["", "truncated", "zoneless", "doubled"] = ""
    flawed: int = 0
    id: str = ""


class Scene:
    """What incidents are planted in; nobody takes part in two."""

    def __init__(self, seed: int, hospital: Hospital, care: Care) -> None:
        self.hospital, self.care, self.span = hospital, care, hospital.span
        self.chance = Chance(seed, "incidents")
        self.taken: set[str] = set()

    def someone(self, people: Iterable[Person]) -> Person | None:
        """One of these people who stays and takes part in nothing yet."""
        free = [one for one in people if one.user_id not in self.taken and one.employed_to is None]
        if not free:
            return None
        one = self.chance.pick(free)
        self.taken.add(one.user_id)
        return one

    def back(self, days: int) -> int:
        """Days before the end at which something happens; sooner in a short span."""
        return min(days, days * (self.span.last - self.span.first).days // FULL_DAYS)

    def at(self, days: int, hour: float, weekday: int | None = None) -> datetime:
        """A local hour some days before the end, on a weekday if one is given."""
        return self.span.at(self.span.back(self.back(days), weekday), hour)

    def shift(self, person: Person, days: int) -> datetime:
        """The start of a shift of the person, some days before the end or as near to that as there is one."""
        back, longest = self.back(days), (self.span.last - self.span.first).days
        near = [self.span.back(n) for n in (*range(back, -1, -1), *range(back + 1, longest))]
        day = next((day for day in near if person.on(day)), near[0])
        return self.hospital.shift_start(person, day)

    def visit(
        self, person: Person, at: datetime, patients: Iterable[Patient], ip: str = ""
    ) -> Iterator[Event]:
        """Open the records of these patients one after the other."""
        tasks = []
        for patient in patients:
            tasks.append(Task(at, "read", person.viewer, patient, self.care.earlier_study(patient)))
            at += self.chance.integer(70, 400) * MINUTE / 60
        yield from sessions(self.chance, person, tasks, ip=ip)


def _incident(kind: str, label: Literal["inappropriate", "innocent"], note: str, events: Iterable[Event],
              relationships: tuple[Relationship, ...] = ()) -> Iterator[Incident]:  # fmt: skip
    found = tuple(sorted(events, key=lambda event: event.order))
    patients = {event.patient.patient_id for event in found if event.patient}
    yield Incident(
        kind=kind,
        label=label,
        note=note,
        starts=found[0].at,
        ends=found[-1].at,
        system=found[0].system,
        user_id=found[0].actor.id,
        patient_id=patients.pop() if len(patients) == 1 else "",
        events=found,
        relationships=relationships,
    )


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
        yield from _incident("browsing", "inappropriate", "Strangers and a VIP, no relationship", events)


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
        yield from _incident("same_household", "inappropriate", "Same address, again and again", events)


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
        yield from _incident("coworker", "inappropriate", "A colleague's record", events)


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
        yield from _incident("leaver", "inappropriate", "Used after the last day of employment", events)


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
        yield from _incident("failed_logins", "inappropriate", "27 failed log-ins in minutes", events)


def needless_override(scene: Scene) -> Iterator[Incident]:
    """Emergency access to the record of somebody who is not in the hospital."""
    if one := scene.someone(scene.hospital.those(EMERGENCY, "physician", "nurse")):
        at = scene.shift(one, 17) + 260 * MINUTE
        study = scene.care.earlier_study(scene.chance.pick(scene.care.quiet))
        events = sessions(scene.chance, one, override(one, at, study))
        yield from _incident("needless_override", "inappropriate", "Emergency access, no emergency", events)


def unknown_station(scene: Scene) -> Iterator[Incident]:
    """A station that nobody knows asks the archive for studies."""
    actor = Actor("ECHOSCU2", "unknown station", "10.20.66.6", "10.20.66.6", machine=True)
    at = scene.at(8, 22.7)
    events = [
        Event(at + n * 7 * MINUTE, "pacs1", "query", actor, to="pacs1", query="PatientName=*&limit=100")
        for n in range(3)
    ]
    yield from _incident("unknown_station", "inappropriate", "AE title not in the inventory", events)


def merged_record(scene: Scene) -> Iterator[Incident]:
    """A registration clerk opens the record of a namesake, to tell two patients apart: documented."""
    if one := scene.someone(scene.hospital.those(REGISTRATION, "clerk")):
        alike = [patient for patient in scene.care.quiet if patient.family_name == one.family_name]
        patient = scene.chance.pick(alike or scene.care.quiet)
        at = scene.shift(one, 12) + 150 * MINUTE
        reason = Relationship(patient, one.user_id, "", at - DAY / 4, at + DAY, "registration")
        events = scene.visit(one, at, [patient])
        yield from _incident("merged_record", "innocent", "Registration merge, documented", events, (reason,))


def peer_review(scene: Scene) -> Iterator[Incident]:
    """A physician opens a series of old cases for peer review: documented as a protocol."""
    if one := scene.someone(scene.hospital.those(ORTHOPEDICS, "physician")):
        at = scene.shift(one, 16) + 120 * MINUTE
        patients = scene.chance.some(scene.care.patients, 7)
        reasons = tuple(
            Relationship(patient, one.user_id, "", at - DAY, at + 7 * DAY, "protocol") for patient in patients
        )
        events = scene.visit(one, at, patients)
        yield from _incident("peer_review", "innocent", "Case series, documented", events, reasons)


def silent_source(scene: Scene) -> Iterator[Incident]:
    """The router records nothing on two weekdays, while images went through it."""
    day = scene.span.back(scene.back(14), TUESDAY)
    starts = scene.span.at(day)
    yield Incident("silent_source", "technical", "Nothing recorded on two weekdays", starts,
                   scene.span.at(day + 2 * DAY), "router1", silences=True)  # fmt: skip


def slow_clock(scene: Scene) -> Iterator[Incident]:
    """The clock of the CT scanner lags from a day on."""
    starts = scene.at(20, 0, WEDNESDAY)
    yield Incident("slow_clock", "technical", "Clock lags 192 s", starts, scene.span.as_of, "ct1",
                   slow=timedelta(seconds=192))  # fmt: skip


def damaged_messages(scene: Scene) -> Iterator[Incident]:
    """One message is cut off, and two carry a time without a zone."""
    cut = scene.at(7, 9, THURSDAY)
    yield Incident("truncated_message", "technical", "One message cut off", cut, cut + DAY, "viewer1",
                   flaw="truncated", flawed=1)  # fmt: skip
    bare = scene.at(11, 8)
    yield Incident("time_without_zone", "technical", "Two times without a zone", bare, bare + 2 * DAY, "vna",
                   flaw="zoneless", flawed=2)  # fmt: skip


def mass_deletion(scene: Scene) -> Iterator[Incident]:
    """An administrator deletes study after study in an evening, without a reason."""
    if one := scene.someone(scene.hospital.those(INFORMATICS, "administrator")):
        at, tasks = scene.at(4, 21.4, THURSDAY), []
        for patient in scene.chance.some(scene.care.patients, 22):
            tasks.append(Task(at, "delete", "pacs1", patient, scene.care.earlier_study(patient)))
            at += scene.chance.integer(40, 95) * MINUTE / 60
        events = sessions(scene.chance, one, tasks)
        yield from _incident("mass_deletion", "inappropriate", "22 studies deleted in an evening", events)


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
            yield from _incident(kind, label, note, events)  # type: ignore[arg-type]


def clock_step(scene: Scene) -> Iterator[Incident]:
    """The clock of the RIS is set back by an hour, and put right after some hours."""
    starts = scene.at(24, 9, WEDNESDAY)
    yield Incident("clock_step", "technical", "Clock set back 61 min for 4 h", starts, starts + DAY / 6,
                   "ris1", slow=timedelta(minutes=61))  # fmt: skip


def sent_twice(scene: Scene) -> Iterator[Incident]:
    """The router gets no acknowledgement and sends some messages again."""
    starts = scene.at(5, 6)
    yield Incident("sent_twice", "technical", "12 messages sent twice", starts, starts + 4 * DAY, "router1",
                   flaw="doubled", flawed=12)  # fmt: skip


PLANTED: tuple[Callable[[Scene], Iterator[Incident]], ...] = (
    browsing, same_household, coworker, leaver, guessed_password, needless_override, unknown_station,
    merged_record, peer_review, silent_source, slow_clock, damaged_messages, mass_deletion, merges,
    clock_step, sent_twice,
)  # fmt: skip


class Incidents:
    """The incidents of a pack, and what they do to the events of each day."""

    def __init__(self, seed: int, hospital: Hospital, care: Care) -> None:
        scene = Scene(seed, hospital, care)
        planted = chain.from_iterable(plant(scene) for plant in PLANTED)
        self.all = tuple(replace(incident, id=f"I{n:02d}") for n, incident in enumerate(planted, 1))
        self.added = [
            replace(event, incident=incident.id) for incident in self.all for event in incident.events
        ]
        self._left = {incident.id: incident.flawed for incident in self.all if incident.flaw}

    def apply(self, events: Iterable[Event]) -> Iterator[Event]:
        """The events as recorded: some missing, some late, some damaged. Call it in order of time."""
        for event in events:
            seen: Event | None = event
            for incident in self.all:
                if seen and incident.system == seen.system and incident.starts <= seen.at < incident.ends:
                    seen = self._suffer(incident, seen)
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
