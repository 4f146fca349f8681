"""facility/: who may enter two rooms, who did, visitors, and what became of media."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from riskkit.simulator.chance import Chance
from riskkit.simulator.hospital import INFORMATICS, RADIOLOGY, Hospital, Person
from riskkit.simulator.writers.pack import Custody, Pack

SERVERS, READING = "Server room A", "Reading room"
FOUND_BADGE = "090210"
"""A badge that stands on no list and opens the server room twice."""

LIST_COLUMNS = (
    "area", "badge", "user_id", "active", "may_enter_from", "may_enter_to", "approved_by", "reviewed_on",
)  # fmt: skip
ACCESS_COLUMNS = ("passed", "area", "badge", "user_id", "door", "direction", "passage")
VISITOR_COLUMNS = ("visit_id", "area", "arrived_at", "left_at", "visitor", "company", "purpose", "escort")
MEDIA_COLUMNS = (
    "media_id", "medium", "event", "occurred_on", "system_id", "holds_ephi", "encrypted", "responsible",
    "destination", "due_back_on", "wipe_method", "certificate", "verified_by",
)  # fmt: skip

# Id, area, days ago, hour, hours (None: never signed out), visitor, company, purpose, escorted.
VISITS = (
    ("V-0611", SERVERS, 24, 9.0, 2.5, "visitor 1", "Cool Air Services", "air conditioning", True),
    ("V-0612", READING, 17, 13.0, 1.0, "visitor 2", "Heronview", "display calibration", True),
    ("V-0613", SERVERS, 9, 8.5, None, "visitor 3", "Stillwater", "disk exchange", False),
)
# Id, medium, event, days ago, system, holds ePHI, encrypted, responsible, destination, back in, method,
# certificate, verified by.
MEDIA = (
    ("D-2201", "disk", "received", 1500, "pacs1", True, False, "Infrastructure", "", None, "", "", ""),
    ("D-2201", "disk", "disposed", 40, "pacs1", True, False, "", "Riverbend Shredding", None,
     "NIST SP 800-88 destroy", "RS-40117", "Infrastructure"),
    ("D-2202", "disk", "disposed", 40, "vna", True, False, "", "Riverbend Shredding", None, "", "", ""),
    ("W-0915", "workstation", "reused", 30, "", True, False, "Registration", "Registration", None,
     "NIST SP 800-88 clear", "wipe log 915", "Infrastructure"),
    ("U-0031", "usb", "lent", 60, "", True, True, "Oncology", "Oncology", 20, "", "", ""),
    ("S-0102", "server", "moved", 12, "pacs1", True, True, "Infrastructure", "Data center B", None, "", "",
     ""),
)  # fmt: skip


def write_facility(pack: Pack, seed: int, hospital: Hospital) -> None:
    """Write facility/lists/doors.csv, access/doors.csv, visitors.csv and media.csv."""
    chance = Chance(seed, "doors")
    held = {area: _holders(hospital, area) for area in (SERVERS, READING)}
    badges = {one.user_id: f"{4100 + 7 * n:06d}" for n, one in enumerate(hospital.people)}
    doors = Custody(
        "Facilities", pack.moment(1, 10), "door system", "badges by area", "server and reading room"
    )
    pack.table("facility/lists/doors.csv", LIST_COLUMNS, _lists(pack, held, badges), doors)
    doors = Custody("Facilities", pack.moment(0, 22), "door system", "passages of the month")
    passages = sorted(_passages(pack, hospital, chance, held, badges), key=lambda row: (row[0], str(row[2])))
    pack.table("facility/access/doors.csv", ACCESS_COLUMNS, passages, doors)
    escort = held[SERVERS][0].user_id
    visits = (
        (
            name, area, pack.moment(ago, hour), None if hours is None else pack.moment(ago, hour + hours),
            visitor, company, purpose, escort if escorted else "",
        )
        for name, area, ago, hour, hours, visitor, company, purpose, escorted in VISITS
    )  # fmt: skip
    log = Custody("Facilities", pack.moment(0, 22), "visitor log", "visits of the month")
    pack.table("facility/visitors.csv", VISITOR_COLUMNS, visits, log)
    media = (
        (
            *row[:3],
            pack.span.back(row[3]),
            *row[4:9],
            None if row[9] is None else pack.span.back(row[9]),
            *row[10:],
        )
        for row in MEDIA
    )
    log = Custody("Infrastructure", pack.moment(2, 9), "asset register", "devices and media with ePHI")
    pack.table("facility/media.csv", MEDIA_COLUMNS, media, log)


def _holders(hospital: Hospital, area: str) -> list[Person]:
    """Those who work in an area; the first who left of the whole hospital was never taken off the list."""
    if area == SERVERS:
        return [one for one in hospital.people if one.department == INFORMATICS and not one.employed_to]
    left = sorted((one for one in hospital.people if one.employed_to), key=lambda one: one.user_id)
    stay = [one for one in hospital.people if one.department == RADIOLOGY and not one.employed_to]
    return [*stay, *left[:1]]


def _lists(pack: Pack, held: dict[str, list[Person]], badges: dict[str, str]) -> Iterator[tuple[object, ...]]:
    for area, people in held.items():
        # The list of the server room is overdue, that of the reading room is not.
        reviewed = pack.span.back(430 if area == SERVERS else 95)
        by = "Infrastructure" if area == SERVERS else "Chief of Radiology"
        for one in people:
            yield area, badges[one.user_id], one.user_id, True, one.employed_from, None, by, reviewed


def _passages(
    pack: Pack, hospital: Hospital, chance: Chance, held: dict[str, list[Person]], badges: dict[str, str]
) -> Iterator[tuple[datetime, str, str, str, str, str, str]]:
    first = pack.span.last.replace(day=1)
    for day in pack.span.days():
        if day < first:
            continue
        for area, people in held.items():
            for one in people:
                if one.on(day):
                    at = hospital.shift_start(one, day) + timedelta(minutes=chance.integer(2, 40))
                    if at < pack.span.as_of:
                        yield at, area, badges[one.user_id], one.user_id, f"{area[0]}-1", "in", "granted"
    for ago, outcome in ((15, "granted"), (11, "granted"), (11, "denied")):
        yield pack.moment(ago, 22.5), SERVERS, FOUND_BADGE, "", "S-1", "in", outcome
