"""people/: the roster from human resources, and the account lists of the systems."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from riskkit.simulator.chance import Chance
from riskkit.simulator.hospital import (
    INFORMATICS,
    LOOKING_AT_THE_VNA,
    RADIOLOGY,
    REGISTRATION,
    Hospital,
    Person,
)
from riskkit.simulator.writers.pack import Custody, Pack
from riskkit.simulator.writers.workbook import write_workbook

ACCOUNT_COLUMNS = (
    "system_id", "account", "user_id", "enabled", "mfa", "privileged", "remote", "kind", "last_login",
    "created_on", "disabled_at",
)  # fmt: skip
EXPORTED_BACK, EXPORTED_HOUR = 0, 20.0
PHYSICIANS = {"physician", "radiologist", "resident"}
WITHOUT_MFA = 0.2
"""Of the viewer's accounts of people."""
UNUSED_SHARE = 0.15
"""Of the accounts that did not log in meanwhile: not for months."""

LastLogins = Mapping[tuple[str, str], datetime]
"""The last successful log-in by system and account."""


@dataclass(frozen=True, slots=True)
class Account:
    """A row of an account list; None is unknown."""

    system_id: str
    account: str
    user_id: str
    enabled: bool
    mfa: bool | None
    privileged: bool
    remote: bool
    kind: str
    last_login: datetime | None
    created_on: date
    disabled_at: datetime | None = None

    def cells(self) -> tuple[object, ...]:
        """The values in the order of ACCOUNT_COLUMNS."""
        return tuple(getattr(self, name) for name in ACCOUNT_COLUMNS)


def write_people(pack: Pack, hospital: Hospital) -> None:
    """Write people/roster.csv."""
    columns = (
        "user_id", "family_name", "given_name", "role", "department", "employed_from", "employed_to", "shift",
        "address", "patient_id",
    )  # fmt: skip
    rows = (
        (
            one.user_id, one.family_name, one.given_name, one.role, one.department, one.employed_from,
            one.employed_to, one.shift, one.address, one.record,
        )
        for one in sorted(hospital.people, key=lambda one: one.user_id)
    )  # fmt: skip
    custody = Custody(
        "Human Resources", pack.moment(1, 9.5), "hr1", "report: workforce, leavers of 12 months included",
        approved_by="Privacy Officer",
    )  # fmt: skip
    pack.table("people/roster.csv", columns, rows, custody)


def write_accounts(pack: Pack, seed: int, hospital: Hospital, logins: LastLogins) -> None:
    """Write people/accounts/: CSV for most systems, a workbook for the RIS."""
    for system in ("pacs1", "viewer1", "vna"):
        found = sorted(_accounts(pack, seed, hospital, logins, system), key=lambda one: one.account)
        custody = _custody(pack, system, f"{system}: export accounts")
        pack.table(f"people/accounts/{system}.csv", ACCOUNT_COLUMNS, (one.cells() for one in found), custody)
    found = sorted(_accounts(pack, seed, hospital, logins, "ris1"), key=lambda one: one.account)
    sheets = {
        "Accounts": [ACCOUNT_COLUMNS, *(one.cells() for one in found if one.enabled)],
        "Disabled": [ACCOUNT_COLUMNS, *(one.cells() for one in found if not one.enabled)],
    }
    with pack.open("people/accounts/ris1.xlsx", _custody(pack, "ris1", "Users, export to workbook")) as file:
        write_workbook(file, sheets, pack.moment(EXPORTED_BACK, EXPORTED_HOUR), pack.span.zone)


def _custody(pack: Pack, system: str, command: str) -> Custody:
    at = pack.moment(EXPORTED_BACK, EXPORTED_HOUR)
    return Custody("Imaging Informatics", at, system, command, approved_by="Security Officer")


def _accounts(
    pack: Pack, seed: int, hospital: Hospital, logins: LastLogins, system: str
) -> Iterator[Account]:
    chance = Chance(seed, "accounts", system)
    left_open = max((one.employed_to for one in hospital.people if one.employed_to), default=None)
    for one in hospital.people:
        if not needs(one, system):
            continue
        created = one.employed_from + timedelta(days=chance.integer(0, 5))
        remote = one.role in PHYSICIANS | {"administrator"} and system != "pacs1"
        before = chance.integer(60, 160) if chance.happens(UNUSED_SHARE) else chance.integer(1, 20)
        idle = pack.moment((pack.span.last - pack.span.first).days + before, 10)
        gone = one.employed_to is not None and one.employed_to != left_open
        yield Account(
            system_id=system,
            account=one.user_id,
            user_id=one.user_id,
            enabled=not gone,
            mfa=_second_factor(chance, system),
            privileged=one.role == "administrator",
            remote=remote,
            kind="person",
            last_login=logins.get((system, one.user_id), idle),
            created_on=created,
            disabled_at=pack.span.at(one.employed_to, 17.5) if gone and one.employed_to else None,
        )
    yield from _others(pack, system)


def needs(one: Person, system: str) -> bool:
    """Whether a person has an account of a system."""
    admin = one.department == INFORMATICS
    if system == "pacs1":
        return admin
    if system == "vna":
        return admin or one.department in LOOKING_AT_THE_VNA
    if system == "viewer1":
        return one.department not in LOOKING_AT_THE_VNA
    if one.user_id.isdigit():  # agency staff look up appointments
        return True
    return admin or one.role in PHYSICIANS or one.department in {RADIOLOGY, REGISTRATION}


def _second_factor(chance: Chance, system: str) -> bool | None:
    """Whether a person's account needs one: the second archive does not tell, the RIS asks everyone."""
    missing = chance.happens(WITHOUT_MFA)
    return None if system == "vna" else system == "ris1" or not missing


def _others(pack: Pack, system: str) -> Iterator[Account]:
    """Accounts that are nobody's own, and one whose owner no roster knows."""
    old = pack.span.first - timedelta(days=900)
    yesterday = pack.moment(1, 3.2)
    if system == "pacs1":
        yield Account(system, "svc-router", "", True, None, False, False, "service", yesterday, old)
        yield Account(
            system, "heronview-support", "", True, False, True, True, "vendor", pack.moment(40, 15), old
        )
    if system == "viewer1":
        yield Account(system, "svc-ai", "", True, None, False, False, "service", yesterday, old)
        yield Account(system, "ctroom", "", True, False, False, False, "shared", pack.moment(2, 14.3), old)
        yield Account(system, "breakglass1", "", True, False, True, False, "emergency", None, old)
        student = pack.moment(203, 16)
        yield Account(system, "tmpstudent3", "tmpstudent3", True, False, False, False, "person", student, old)
    if system == "ris1":
        yield Account(system, "frontdesk", "", True, False, False, False, "shared", yesterday, old)
