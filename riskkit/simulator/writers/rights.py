"""people/grants and people/configurations: what accounts may do, and how systems ask people who they are."""

from __future__ import annotations

from collections.abc import Iterator

from riskkit.simulator.chance import Chance
from riskkit.simulator.hospital import RADIOLOGY, RECORDS, REGISTRATION, Hospital, Person
from riskkit.simulator.writers.pack import Custody, Pack
from riskkit.simulator.writers.people import EXPORTED_BACK, EXPORTED_HOUR, PHYSICIANS, needs

GRANT_COLUMNS = (
    "system_id", "account", "permission", "granted_on", "granted_by", "approved", "approved_by",
)  # fmt: skip
CONFIGURATION_COLUMNS = ("system_id", "part", "key", "value")
UNAPPROVED_SHARE = 0.06
SETTINGS = {
    "viewer1": {
        "authentication.enabled": "yes", "registration.allowed": "no", "second_factor.required": "enrolled",
        "password.min_length": "12", "password.history": "5", "password.reversible": "no",
        "lockout.enabled": "yes", "lockout.attempts": "5", "session.idle_seconds": "900",
        "session.max_seconds": "36000", "session.remember_me": "no", "ssl.required": "all",
    },
    "vna": {
        "authentication.enabled": "yes", "registration.allowed": "no", "second_factor.required": "none",
        "password.min_length": "8", "password.history": "0", "lockout.enabled": "no",
        "session.idle_seconds": "14400", "ssl.required": "external",
    },
    "ris1": {
        "authentication.enabled": "yes", "second_factor.required": "all", "password.min_length": "14",
        "password.history": "10", "password.reversible": "no", "lockout.enabled": "yes",
        "lockout.attempts": "10", "session.idle_seconds": "1200", "session.max_seconds": "28800",
    },
}  # fmt: skip


def write_rights(pack: Pack, seed: int, hospital: Hospital) -> None:
    """Write people/grants/*.csv and people/configurations/*.csv for the viewer, the VNA and the RIS."""
    at = pack.moment(EXPORTED_BACK, EXPORTED_HOUR)
    for system, settings in SETTINGS.items():
        custody = Custody("Imaging Informatics", at, system, "roles by account", "", "Security Officer")
        rows = sorted(_grants(pack, seed, hospital, system), key=lambda row: (str(row[1]), str(row[2])))
        pack.table(f"people/grants/{system}.csv", GRANT_COLUMNS, rows, custody)
        custody = Custody("Imaging Informatics", at, system, "settings for log-in", "", "Security Officer")
        pack.table(
            f"people/configurations/{system}.csv",
            CONFIGURATION_COLUMNS,
            ((system, "", key, value) for key, value in settings.items()),
            custody,
        )


def _grants(pack: Pack, seed: int, hospital: Hospital, system: str) -> Iterator[tuple[object, ...]]:
    chance = Chance(seed, "grants", system)
    admins = [one for one in hospital.people if one.role == "administrator" and not one.employed_to]
    for person in hospital.people:
        if not needs(person, system) or person.employed_to:
            continue
        given = max(person.employed_from, pack.span.back(chance.integer(60, 1400)))
        for permission in _permissions(person, system):
            by = chance.pick(admins)
            approver = chance.pick([one for one in hospital.people if one.role in PHYSICIANS])
            agreed = not chance.happens(UNAPPROVED_SHARE)
            yield (
                system, person.user_id, permission, given, by.user_id, agreed,
                approver.user_id if agreed and approver != person else by.user_id if agreed else "",
            )  # fmt: skip


def _permissions(person: Person, system: str) -> Iterator[str]:
    yield "view"
    if person.role == "administrator":
        yield "administer"
    if person.role == "administrator" and system == "viewer1":
        yield "review audit log"  # planted: whoever changes the viewer also reads its trail
    if person.role in PHYSICIANS and system == "ris1":
        yield "order"
    if person.department == RECORDS and system == "viewer1":
        yield "export"
    if person.department in {RADIOLOGY, REGISTRATION} and system == "ris1":
        yield "edit"
