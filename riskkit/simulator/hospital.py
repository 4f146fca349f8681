"""The hospital: its systems, departments and people, and who is on duty when."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from riskkit.simulator import words
from riskkit.simulator.chance import Chance
from riskkit.simulator.span import Span, works

ORGANISATION = "Lakeside Memorial (simulated)"
DOMAIN = "lakeside-memorial.example"
ZONE = "America/Chicago"

RADIOLOGY, EMERGENCY, INTENSIVE = "Radiology", "Emergency", "Intensive Care"
MEDICINE, ORTHOPEDICS, ONCOLOGY = "Medicine", "Orthopedics", "Oncology"
REGISTRATION, RECORDS, INFORMATICS = "Registration", "Health Information", "Imaging Informatics"
FLOAT_POOL, RESEARCH, TRANSFERS = "Float Pool", "Clinical Research", "Transfer Center"
HEALTH_AT_WORK, SHORT_STAY = "Occupational Health", "Short Stay Unit"
WARDS = (EMERGENCY, INTENSIVE, MEDICINE)


@dataclass(frozen=True, slots=True)
class System:
    """A machine or application; `aet` is its AE title, `source` how it names itself in audit messages."""

    id: str
    name: str
    kind: str
    ip: str
    owner: str
    product: str
    version: str
    supported_until: str = ""
    location: str = "Data center A"
    criticality: str = "high"
    holds_ephi: bool = True
    covered: bool = True
    aet: str = ""
    source: str = ""
    operated_by: str = ""

    @property
    def host(self) -> str:
        """Fully qualified host name."""
        return f"{self.id}.{DOMAIN}"


SYSTEMS: Mapping[str, System] = {
    system.id: system
    for system in (
        System("pacs1", "Main image archive", "archive", "10.20.1.11", INFORMATICS, "Heronview Archive",
               "8.4.2", "2029-06-30", aet="LMPACS1", source="PACS1"),
        System("vna", "Second archive, vendor neutral", "archive", "10.20.1.12", INFORMATICS,
               "Stillwater VNA", "5.1.0", "2027-12-31", "Data center B", aet="LMVNA", source="VNA",
               operated_by="Stillwater"),
        System("viewer1", "Diagnostic and bedside viewer", "viewer", "10.20.1.21", INFORMATICS,
               "Heronview Viewer", "12.0.7", "2028-03-31", aet="LMVIEW1", source="VIEWER1"),
        System("ris1", "Radiology information system and worklist", "worklist", "10.20.1.31", RADIOLOGY,
               "Cattail RIS", "2025.3", "2027-09-30", aet="LMRIS1", source="RIS1"),
        System("router1", "Image router", "router", "10.20.1.41", INFORMATICS, "Millrace Router", "3.9.1",
               "2026-06-30", criticality="moderate", aet="LMROUTER", source="ROUTER1"),
        System("ct1", "CT scanner, room 2", "modality", "10.20.7.21", RADIOLOGY, "Tern CT 64", "7.2",
               "2028-12-31", "Radiology, room 2", aet="LMCT1", source="CT1"),
        System("mr1", "MR scanner, room 5", "modality", "10.20.7.51", RADIOLOGY, "Loon MR 1.5T", "VE9",
               "", "Radiology, room 5", "moderate", aet="LMMR1", source="MR1"),
        System("backup1", "Backup server", "backup", "10.20.2.11", "Infrastructure", "restic on Debian", "12",
               "2028-06-30", "Data center B", source="BACKUP1"),
        System("cardio1", "Cardiology mini-archive", "archive", "10.20.9.14", "Cardiology",
               "Sandpiper Echo", "2.2",
               "2024-12-31", "Cardiology, closet", "moderate", covered=False, aet="LMECHO"),
        System("hr1", "Human resources", "human resources", "10.20.4.11", "Human Resources", "Pierpoint HR",
               "21", "2028-12-31", criticality="moderate", holds_ephi=False),
    )
}  # fmt: skip

# Department, role, shift, people among 36.
STAFFING = (
    (RADIOLOGY, "radiologist", "day", 3), (RADIOLOGY, "radiologist", "evening", 1),
    (RADIOLOGY, "technologist", "day", 2), (RADIOLOGY, "technologist", "evening", 1),
    (RADIOLOGY, "technologist", "night", 1), (RADIOLOGY, "clerk", "day", 1),
    (EMERGENCY, "physician", "day", 1), (EMERGENCY, "physician", "evening", 1),
    (EMERGENCY, "physician", "night", 1), (EMERGENCY, "nurse", "day", 1),
    (EMERGENCY, "nurse", "evening", 1), (EMERGENCY, "nurse", "night", 1),
    (INTENSIVE, "physician", "day", 1), (INTENSIVE, "nurse", "day", 1),
    (INTENSIVE, "nurse", "evening", 1), (INTENSIVE, "nurse", "night", 1),
    (MEDICINE, "physician", "day", 1), (MEDICINE, "resident", "day", 1), (MEDICINE, "nurse", "day", 2),
    (MEDICINE, "nurse", "evening", 1), (MEDICINE, "nurse", "night", 1),
    (ORTHOPEDICS, "physician", "day", 2), (ORTHOPEDICS, "nurse", "day", 1),
    (ONCOLOGY, "physician", "day", 1),
    (REGISTRATION, "clerk", "day", 2), (REGISTRATION, "clerk", "evening", 1),
    (RECORDS, "clerk", "day", 2),
    (INFORMATICS, "administrator", "day", 2),
)  # fmt: skip
# What only a larger hospital has; the short stay unit has no staff of its own, it takes that of wards.
LARGE = 120
LARGE_STAFFING = (
    (FLOAT_POOL, "nurse", "day", 0.6), (FLOAT_POOL, "nurse", "evening", 0.3),
    (FLOAT_POOL, "nurse", "night", 0.3),
    (MEDICINE, "resident", "evening", 0.7), (MEDICINE, "resident", "night", 0.5),
    (RESEARCH, "researcher", "day", 0.3), (TRANSFERS, "coordinator", "day", 0.2),
    (TRANSFERS, "coordinator", "evening", 0.2), (HEALTH_AT_WORK, "nurse", "day", 0.25),
)  # fmt: skip
OFFICES = {ORTHOPEDICS, ONCOLOGY, RECORDS, INFORMATICS, RESEARCH, HEALTH_AT_WORK}  # closed at weekends
SHIFT_STARTS = {"day": 7.0, "evening": 15.0, "night": 23.0}
SHIFT_HOURS = 8.5
LOOKING_AT_THE_VNA = {ORTHOPEDICS, ONCOLOGY}  # their images are opened in the second archive's own viewer
AGENCY = 2  # people from an agency, whose log-in is a number with leading zeros
LEAVERS, USERS_PER_LEAVER = 2, 60
EMPLOYEE_PATIENTS = 0.4
FIRST_RECORD = 104_000
PATIENTS_PER_USER = 21
ON_LEAVE_OF = 40
"""In a large hospital, one in so many people comes back from a long leave, and another one does not yet."""
STATIONS_PER_PERSON = 3
"""People that share a workstation."""


@dataclass(frozen=True, slots=True)
class Person:
    """Someone of the workforce; `record` is the person's own patient_id, or empty."""

    user_id: str
    family_name: str
    given_name: str
    role: str
    department: str
    shift: str
    address: str
    employed_from: date
    employed_to: date | None
    record: str
    ip: str
    pattern: int
    away: tuple[date, date]

    @property
    def full_name(self) -> str:
        """Family name, given name."""
        return f"{self.family_name}, {self.given_name}"

    @property
    def viewer(self) -> str:
        """The system in which this person looks at images."""
        return "vna" if self.department in LOOKING_AT_THE_VNA else "viewer1"

    def on(self, day: date) -> bool:
        """Whether a shift of this person starts that day."""
        if self.employed_to and day > self.employed_to:
            return False
        if self.away[0] <= day <= self.away[1]:
            return False
        if self.department in OFFICES:
            return works(day)
        return (day.toordinal() + self.pattern) % 7 < 5  # noqa: PLR2004 - five days of seven


class Hospital:
    """Everyone who works here, found by department, role and time."""

    def __init__(self, seed: int, users: int, span: Span) -> None:
        self.span = span
        self.people = tuple(_people(seed, users, span))
        self.large = users >= LARGE
        self._shifts: dict[tuple[str, date], tuple[datetime, datetime]] = {}
        self._stations: dict[str, list[str]] = {}
        self._by_place: dict[tuple[str, str], list[Person]] = defaultdict(list)
        for person in self.people:
            self._by_place[person.department, person.role].append(person)

    def those(self, department: str, *roles: str) -> list[Person]:
        """People of a department in these roles, whether on duty or not."""
        return [person for role in roles for person in self._by_place[department, role]]

    def present(self, at: datetime, department: str, *roles: str) -> list[Person]:
        """People of a department in these roles who are on duty at an instant."""
        today = self.span.local(at).date()
        return [
            person
            for person in self.those(department, *roles)
            for day in (today - timedelta(days=1), today)
            if self.shift_start(person, day) <= at < self.shift_end(person, day) and person.on(day)
        ]

    def shift_start(self, person: Person, day: date) -> datetime:
        """When the person's shift of a day starts."""
        return self._shift(person.shift, day)[0]

    def shift_end(self, person: Person, day: date) -> datetime:
        """When the person's shift of a day ends."""
        return self._shift(person.shift, day)[1]

    def stations(self, department: str) -> list[str]:
        """Addresses of the workstations of a department, of which it has four at least."""
        known = self._stations.get(department)
        if known is None:
            net = f"10.20.{40 + _number(department)}"
            own = {person.ip for person in self.people if person.department == department}
            known = sorted(own | {f"{net}.{n}" for n in range(231, 235 - min(4, len(own)))})
            self._stations[department] = known
        return known

    @property
    def departments(self) -> list[str]:
        """Where people work, in the order of the staffing plan."""
        there = {person.department for person in self.people}
        return [name for name in _departments() if name in there or (self.large and name == SHORT_STAY)]

    def _shift(self, name: str, day: date) -> tuple[datetime, datetime]:
        # Asked for every person and event, and the same for all of them.
        known = self._shifts.get((name, day))
        if known is None:
            hour = SHIFT_STARTS[name]
            known = self.span.at(day, hour), self.span.at(day, hour + SHIFT_HOURS)
            self._shifts[name, day] = known
        return known


def record_number(number: int) -> str:
    """The patient_id of the nth patient: eight digits, leading zeros included, one after the other."""
    return f"{FIRST_RECORD + number:08d}"


def _slots(users: int) -> list[tuple[str, str, str]]:
    """One (department, role, shift) a person, in the shares of STAFFING (largest remainders)."""
    staffing = (*STAFFING, *(LARGE_STAFFING if users >= LARGE else ()))
    total = sum(weight for *_, weight in staffing)
    exact = [users * weight / total for *_, weight in staffing]
    counts = [int(share) for share in exact]
    by_rest = sorted(range(len(exact)), key=lambda n: (counts[n] - exact[n], n))
    for n in by_rest[: users - sum(counts)]:
        counts[n] += 1
    return [row[:3] for row, count in zip(staffing, counts, strict=True) for _ in range(count)]


def _people(seed: int, users: int, span: Span) -> Iterable[Person]:
    slots = _slots(users)
    chance = Chance(seed, "people")
    nurses = [
        n for n, (department, role, _) in enumerate(slots) if role == "nurse" and department == MEDICINE
    ]
    agency = nurses[-AGENCY:]
    leavers = [
        n for n, (_, role, _) in enumerate(slots) if role in {"nurse", "technologist"} and n not in agency
    ]
    left = _leaving(leavers, users)
    sizes = Counter(department for department, *_ in slots)
    # In a small hospital everyone has a workstation.
    shared = {name: max(2, size // STATIONS_PER_PERSON) for name, size in sizes.items() if users >= LARGE}
    taken: set[str] = set()
    for n, (department, role, shift) in enumerate(slots):
        family, given = words.family_name(chance), chance.pick(words.GIVEN)
        days_off = chance.integer(3, 9)
        away = span.first + timedelta(days=chance.integer(0, (span.last - span.first).days))
        until = away + timedelta(days=days_off)
        if users >= LARGE and n % ON_LEAVE_OF in {7, 27}:  # a leave: one comes back, the other not yet
            away = span.first + timedelta(days=2)
            until = span.last + timedelta(days=20 if n % ON_LEAVE_OF == 7 else -3 - days_off)  # noqa: PLR2004
        person = Person(
            user_id=_user_id(family, given, taken) if n not in agency else f"{417 + 31 * n:06d}",
            family_name=family,
            given_name=given,
            role=role,
            department=department,
            shift=shift,
            address=words.address(chance),
            employed_from=span.first - timedelta(days=chance.integer(40, 4200)),
            employed_to=span.last - timedelta(days=left[n]) if n in left else None,
            record=record_number(PATIENTS_PER_USER * n) if chance.happens(EMPLOYEE_PATIENTS) else "",
            ip=f"10.20.{40 + _number(department)}.{11 + n % shared.get(department, 200)}",
            pattern=chance.integer(0, 6),
            away=(away, until),
        )
        yield person


def _leaving(leavers: list[int], users: int) -> dict[int, int]:
    """Who leaves how many days before the end."""
    count = max(LEAVERS, users // USERS_PER_LEAVER)
    days = [22 + 15 * n if n < LEAVERS else 8 + 5 * n for n in range(count)]
    return dict(zip(leavers[1 :: max(1, len(leavers) // count)], days, strict=False))


def _departments() -> list[str]:
    return [*dict.fromkeys(row[0] for row in (*STAFFING, *LARGE_STAFFING)), SHORT_STAY]


def _number(department: str) -> int:
    return _departments().index(department)


def _user_id(family: str, given: str, taken: set[str]) -> str:
    plain = f"{given[0]}{family}".lower().translate(str.maketrans("éğćöüáñı", "egcouani"))
    name, n = plain, 2
    while name in taken:
        name, n = f"{plain}{n}", n + 1
    taken.add(name)
    return name
