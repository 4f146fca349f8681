"""people/: who was on duty where, where workstations stand, whose records are the workforce's, exemptions."""

from __future__ import annotations

from collections.abc import Iterable

from riskkit.simulator.duty import Duties
from riskkit.simulator.hospital import (
    EMERGENCY,
    HEALTH_AT_WORK,
    ONCOLOGY,
    ORTHOPEDICS,
    REGISTRATION,
    SYSTEMS,
    Hospital,
)
from riskkit.simulator.incidents import Incident
from riskkit.simulator.writers.pack import Custody, Pack

SCHEDULE_COLUMNS = ("user_id", "starts", "ends", "department", "duty")
WORKSTATION_COLUMNS = (
    "host", "zone", "department", "site", "public", "secured", "screen_shielded", "inspected_on",
)  # fmt: skip
SELF_MATCH_COLUMNS = ("user_id", "patient_id")
EXEMPTION_COLUMNS = (
    "detector", "user_id", "patient_id", "role", "department", "network", "system_id", "reason",
    "approved_by", "valid_from", "valid_to",
)  # fmt: skip
WEST = {ORTHOPEDICS, ONCOLOGY}


def write_places(
    pack: Pack, hospital: Hospital, duties: Duties, incidents: Iterable[Incident], *, schedule: bool
) -> None:
    """Write people/schedule.csv, workstations.csv, self_match.csv and exemptions.csv."""
    if schedule:
        shifts = [duty for day in pack.span.days() for duty in duties.roster(day)]
        shifts += [duty for one in incidents for duty in one.duties]
        pack.table(
            "people/schedule.csv",
            SCHEDULE_COLUMNS,
            (
                (duty.person.user_id, duty.starts, duty.ends, duty.department, duty.kind)
                for duty in sorted(shifts, key=lambda duty: (duty.starts, duty.person.user_id, duty.kind))
            ),
            Custody("Staffing Office", pack.moment(0, 18), "hr1", "duty roster as worked, on-call included"),
        )
    pack.table(
        "people/workstations.csv",
        WORKSTATION_COLUMNS,
        (
            (
                host,
                department.casefold(),
                department,
                "west campus" if department in WEST else "main",
                *_seen(pack, department, n),
            )
            for department in hospital.departments
            for n, host in enumerate(hospital.stations(department))
        ),
        Custody("Imaging Informatics", pack.moment(41, 11), "asset register", "workstations by address"),
    )
    pack.table(
        "people/self_match.csv",
        SELF_MATCH_COLUMNS,
        sorted((one.user_id, one.record) for one in hospital.people if one.record),
        Custody("Privacy Officer", pack.moment(1, 14), "ris1", "record numbers of the workforce, matched"),
    )
    pack.table(
        "people/exemptions.csv",
        EXEMPTION_COLUMNS,
        _exemptions(pack, hospital, incidents),
        Custody("Privacy Officer", pack.moment(1, 15), "privacy office", "exemptions from the access review"),
    )


def _seen(pack: Pack, department: str, n: int) -> tuple[object, ...]:
    """Whether strangers come by, whether it is locked, and shielded; oncology was not walked through."""
    if department == ONCOLOGY:
        return None, None, None, None
    public = department in {REGISTRATION, EMERGENCY}
    # The first desk of the registration faces the waiting room.
    bare = department == REGISTRATION and n == 0
    return public, True, not bare if public else None, pack.span.back(160)


def _exemptions(
    pack: Pack, hospital: Hospital, incidents: Iterable[Incident]
) -> Iterable[tuple[object, ...]]:
    since = pack.span.first
    if HEALTH_AT_WORK in hospital.departments:
        yield (
            "*",
            "",
            "",
            "",
            HEALTH_AT_WORK,
            "",
            "",
            "examines the workforce",
            "privacy office",
            since,
            None,
        )
    yield (
        "*", "", "", "", "", SYSTEMS["ct1"].ip, "ct1", "console of the scanner, one log-in for the room",
        "security office", since, None,
    )  # fmt: skip
    for one in sorted(
        (row for incident in incidents for row in incident.exemptions), key=lambda row: row.user_id
    ):
        yield (
            "*", one.user_id, one.patient_id, "", "", "", "", one.reason, "privacy office", since, None,
        )  # fmt: skip
