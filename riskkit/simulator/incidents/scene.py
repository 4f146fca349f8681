"""Where and when incidents are planted, and what one is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from riskkit.simulator.care import Care, Patient, Relationship
from riskkit.simulator.chance import Chance
from riskkit.simulator.duty import Duties, Duty
from riskkit.simulator.events import Event
from riskkit.simulator.hospital import Hospital, Person
from riskkit.simulator.sessions import Deed, Task, sessions

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
Label = Literal["inappropriate", "innocent"]
LOOKING = ("nurse", "physician", "resident", "technologist", "radiologist")
FULL_DAYS = 42
"""In a span of so many days or more, incidents happen as many days before the end as they say."""


@dataclass(frozen=True, slots=True)
class Exemption:
    """A row of people/exemptions.csv: this user may open this patient's record."""

    user_id: str
    patient_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Incident:
    """A labelled incident.

    `label` is inappropriate (an access that a review should find), innocent (it looks like one, but
    the records explain it) or technical. `silences` drops what `system` recorded between `starts`
    and `ends`, `slow` lets its clock lag, and `flaw` damages or doubles its first `flawed` messages.
    `work` is done within the person's usual sessions of a day, `events` happen beside them; `duties` go
    to the duty roster, `exemptions` to people/exemptions.csv. A `sealed` kind was written without regard
    to any detector and is none that weights may be chosen by.
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
    sealed: bool = False
    work: tuple[Deed, ...] = ()
    duties: tuple[Duty, ...] = ()
    exemptions: tuple[Exemption, ...] = ()


class Scene:
    """What incidents are planted in; nobody takes part in two."""

    def __init__(
        self, seed: int, hospital: Hospital, care: Care, duties: Duties, strength: float = 1.0
    ) -> None:
        self.hospital, self.care, self.span, self.duties = hospital, care, hospital.span, duties
        self.strength = strength
        self.chance = Chance(seed, "incidents")
        self.taken: set[str] = set()
        self.days: list[date] = [*self.span.days()]
        """On which `shifts` and `free_day` may fall."""

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

    def anyone(self, *roles: str) -> Person | None:
        """Someone in one of these roles, of all who look at images where none is named."""
        wanted = roles or LOOKING
        return self.someone(
            one for one in self.hospital.people if one.role in wanted and self.works_much(one)
        )

    def works_much(self, person: Person) -> bool:
        """Whether a person is on duty on a third of the days."""
        return 3 * sum(person.on(day) for day in self.days) > len(self.days)

    def shifts(self, person: Person, count: int, within: int = 0) -> list[Duty]:
        """Different shifts of a person, in order; all within so many days, if that is given."""
        days = self.days
        if within and len(days) > within:
            start = self.chance.integer(0, len(days) - within)
            days = days[start : start + within]
        found = [duty for day in days if (duty := self.duties.of(person, day))]
        return sorted(self.chance.some(found, count), key=lambda duty: duty.starts)

    def free_day(self, person: Person) -> date:
        """A day on which the person does not work."""
        free = [day for day in self.days[1:] if not person.on(day)]
        return self.chance.pick(free or self.days)

    def between(self, low: int, high: int) -> int:
        """A number of things from low to high, more or fewer as incidents are stronger or weaker."""
        return max(1, round(self.chance.integer(low, high) * self.strength))

    def strangers(self, count: int) -> list[Patient]:
        """Patients; most have no encounter at all."""
        quiet = sum(self.chance.happens(0.6) for _ in range(count))
        some = self.chance.some
        return [*some(self.care.quiet, quiet), *some(self.care.patients, count - quiet)]

    def opens(
        self, duty: Duty, patients: Iterable[Patient], *, pause: tuple[int, int] = (70, 400), ip: str = ""
    ) -> list[Deed]:
        """Open these records during a shift; `pause` in seconds."""
        at = duty.starts + timedelta(seconds=self.chance.integer(1200, 6 * 3600))
        deeds = []
        for patient in patients:
            study = self.care.earlier_study(patient)
            deeds.append(self.deed(duty, Task(at, "read", duty.person.viewer, patient, study, ip=ip)))
            at += timedelta(seconds=self.chance.integer(*pause))
        return deeds

    def deed(self, duty: Duty, task: Task) -> Deed:
        """A task of a shift."""
        return Deed(duty.person, self.span.local(duty.starts).date(), task)

    def elsewhere(self, person: Person) -> str:
        """A workstation of another department."""
        others = [name for name in self.hospital.departments if name != person.department]
        return self.chance.pick(self.hospital.stations(self.chance.pick(others)))

    def visit(
        self, person: Person, at: datetime, patients: Iterable[Patient], ip: str = ""
    ) -> Iterator[Event]:
        """Open the records of these patients one after the other."""
        tasks = []
        for patient in patients:
            tasks.append(Task(at, "read", person.viewer, patient, self.care.earlier_study(patient)))
            at += self.chance.integer(70, 400) * MINUTE / 60
        yield from sessions(self.chance, person, tasks, ip=ip)


def deeds(
    kind: str,
    label: Label,
    note: str,
    work: Iterable[Deed],
    *,
    relationships: Iterable[Relationship] = (),
    duties: Iterable[Duty] = (),
    exemptions: Iterable[Exemption] = (),
    sealed: bool = False,
) -> Iterator[Incident]:
    """An incident of things that people do amid their work."""
    found = tuple(sorted(work, key=lambda deed: (deed.task.at, deed.person.user_id)))
    if found:
        patients = {deed.task.patient.patient_id for deed in found if deed.task.patient}
        users = {deed.person.user_id for deed in found}
        yield Incident(
            kind=kind, label=label, note=note, starts=found[0].task.at, ends=found[-1].task.at,
            system=found[0].task.system, user_id=users.pop() if len(users) == 1 else "",
            patient_id=patients.pop() if len(patients) == 1 else "", relationships=tuple(relationships),
            sealed=sealed, work=found, duties=tuple(duties), exemptions=tuple(exemptions),
        )  # fmt: skip


def reason(patient: Patient, person: Person, at: datetime, kind: str) -> Relationship:
    """A documented reason for an access about that time."""
    return Relationship(patient, person.user_id, "", at - DAY / 4, at + 2 * DAY, kind)


def incident(
    kind: str,
    label: Label,
    note: str,
    events: Iterable[Event],
    relationships: tuple[Relationship, ...] = (),
    *,
    sealed: bool = False,
) -> Iterator[Incident]:
    """An incident of events beside the usual work of its person."""
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
        sealed=sealed,
    )
