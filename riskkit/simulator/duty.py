"""Where people really work, day by day, and what the duty roster says of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from riskkit.simulator.chance import Chance
from riskkit.simulator.hospital import (
    EMERGENCY,
    FLOAT_POOL,
    INTENSIVE,
    MEDICINE,
    RADIOLOGY,
    SHORT_STAY,
    WARDS,
    Hospital,
    Person,
)

FLOAT_SHARE = 0.04
"""Of the shifts of ward nurses, apart from the pool's."""
ROTATION = (MEDICINE, EMERGENCY, INTENSIVE)
ROTATION_DAYS = 28
OTHER_STATION_SHARE = 0.2
MISSING_SHARE, WRONG_FLOAT_SHARE = 0.08, 0.15
"""Shifts that the roster does not have, and float duty for which it names the home department."""
SHORT_STAY_STAFF = 5
"""One in so many of Medicine works in the short stay unit; the roster of people does not know it yet."""
ON_CALL_FROM, ON_CALL_HOURS = 22.0, 9.0


@dataclass(frozen=True, slots=True)
class Duty:
    """A shift: where it was, from when to when, and what the roster calls it."""

    person: Person
    department: str
    starts: datetime
    ends: datetime
    kind: str


class Duties:
    """Who works where on a day."""

    def __init__(self, seed: int, hospital: Hospital, opens: date) -> None:
        self.seed, self.hospital, self.span, self.opens = seed, hospital, hospital.span, opens
        self._known: dict[tuple[str, date], tuple[str, str]] = {}
        staff = [one for one in hospital.those(MEDICINE, "nurse", "physician") if hospital.large]
        self.moved = {one.user_id for one in staff[::SHORT_STAY_STAFF]}

    def place(self, person: Person, day: date) -> tuple[str, str]:
        """The department in which a person works that day, and the kind of duty."""
        known = self._known.get((person.user_id, day))
        if known is None:
            known = self._known[person.user_id, day] = self._place(person, day)
        return known

    def of(self, person: Person, day: date) -> Duty | None:
        """The person's shift of a day, if there is one."""
        if not person.on(day):
            return None
        department, kind = self.place(person, day)
        starts, ends = self.hospital.shift_start(person, day), self.hospital.shift_end(person, day)
        return Duty(person, department, starts, ends, kind)

    def station(self, person: Person, day: date) -> str:
        """The workstation of the day: the usual one, another of the department, or one of the float duty."""
        department = self.place(person, day)[0]
        chance = Chance(self.seed, "station", person.user_id, day)
        usual = not self.hospital.large or not chance.happens(OTHER_STATION_SHARE)
        if department == person.department and usual:
            return person.ip
        return chance.pick(self.hospital.stations(department))

    def on_call(self, day: date) -> list[Duty]:
        """Who reads at home in the night that begins that day."""
        readers = [one for one in self.hospital.those(RADIOLOGY, "radiologist") if one.shift == "day"]
        here = [one for one in readers if one.employed_to is None and not one.away[0] <= day <= one.away[1]]
        starts = self.span.at(day, ON_CALL_FROM)
        ends = self.span.at(day, ON_CALL_FROM + ON_CALL_HOURS)
        count = 1 + len(here) // 15
        first = day.toordinal() * count
        return [
            Duty(here[(first + n) % len(here)], "", starts, ends, "on-call")
            for n in range(min(count, len(here)))
        ]

    def roster(self, day: date) -> Iterator[Duty]:
        """The day's shifts as the duty roster tells them: some are not in it, some stand elsewhere."""
        for person in self.hospital.people:
            duty = self.of(person, day)
            chance = Chance(self.seed, "roster", person.user_id, day) if duty else None
            if duty is None or chance is None or chance.happens(MISSING_SHARE):
                continue
            told = "" if duty.department == person.department else duty.department
            if duty.kind == "float" and chance.happens(WRONG_FLOAT_SHARE):
                told = MEDICINE if person.department == FLOAT_POOL else ""
            yield Duty(person, told, duty.starts, duty.ends, duty.kind)
        yield from self.on_call(day)

    def _place(self, person: Person, day: date) -> tuple[str, str]:
        chance = Chance(self.seed, "duty", person.user_id, day)
        if person.department == FLOAT_POOL:
            return chance.pick(WARDS), "float"
        if person.role == "resident" and self.hospital.large:
            turn = (day.toordinal() // ROTATION_DAYS + person.pattern) % len(ROTATION)
            return ROTATION[turn], "rotation"
        if person.user_id in self.moved and day >= self.opens:
            return SHORT_STAY, "shift"
        if person.role == "nurse" and person.department in WARDS and chance.happens(FLOAT_SHARE):
            return chance.pick([ward for ward in WARDS if ward != person.department]), "float"
        return person.department, "shift"
