"""Make a whole evidence pack, day by day, so that months fit into little memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from riskkit.errors import SettingsError
from riskkit.simulator.activity import Activity
from riskkit.simulator.care import Care, Relationship
from riskkit.simulator.chance import Chance
from riskkit.simulator.duty import Duties
from riskkit.simulator.events import OK, Event
from riskkit.simulator.hospital import ZONE, Hospital
from riskkit.simulator.incidents import Incidents
from riskkit.simulator.machines import Machines
from riskkit.simulator.span import Span
from riskkit.simulator.writers.audit import AuditWriter
from riskkit.simulator.writers.backup import write_backup
from riskkit.simulator.writers.care import relationships, write_patients
from riskkit.simulator.writers.custody import write_custody
from riskkit.simulator.writers.dicom import write_dicom
from riskkit.simulator.writers.facility import write_facility
from riskkit.simulator.writers.flows import write_flows
from riskkit.simulator.writers.inventory import write_inventory
from riskkit.simulator.writers.labels import write_labels
from riskkit.simulator.writers.network import write_network
from riskkit.simulator.writers.pack import Pack
from riskkit.simulator.writers.people import write_accounts, write_people
from riskkit.simulator.writers.places import write_places
from riskkit.simulator.writers.programme import write_programme
from riskkit.simulator.writers.rights import write_rights
from riskkit.simulator.writers.site import write_site
from riskkit.simulator.writers.storage import write_storage
from riskkit.simulator.writers.weaknesses import write_weaknesses

DEFAULT_PERIOD = "2026-10"
FEWEST_DAYS, FEWEST_USERS = 14, 10
WARM_UP_DAYS = 10
SMALL_EFFORT = 0.7
"""How much of a shift's looking at images a small pack records."""


def simulate(
    out: Path,
    *,
    seed: int,
    days: int = 61,
    users: int = 36,
    period: str | None = None,
    small: bool = True,
    incidents: int | None = None,
    strength: float = 1.0,
    missing: float = 0.0,
    schedule: bool = True,
    events_only: bool = False,
) -> Path:
    """Write the evidence pack of one fictional hospital into a new folder, and return the folder.

    The pack ends with the month `period` and covers `days` days of `users` people; the same
    arguments give the same bytes. `small` records fewer accesses a shift and walks fewer files.

    Planted incidents are told in `.labels/`, which readers of evidence leave alone. `incidents` plants
    so many of every kind, and as many hard negatives, in the last month, of this `strength`; without
    it, one of each common kind. `missing` is the share of relationships that were never written down;
    without `schedule` there is no duty roster; `events_only` leaves the audit trail alone. Raises
    SettingsError when the folder holds anything, the period is no month, or there is too little to
    simulate.
    """
    if days < FEWEST_DAYS or users < FEWEST_USERS:
        raise SettingsError(
            f"{days} days of {users} people are too few",
            do=f"Take {FEWEST_DAYS} days and {FEWEST_USERS} people or more",
        )
    span = Span.ending(period or DEFAULT_PERIOD, days, ZoneInfo(ZONE))
    pack = Pack(out, span)
    hospital = Hospital(seed, users, span)
    care = Care(seed, hospital)
    duties = Duties(seed, hospital, care.short_stay_opens)
    planted = Incidents(seed, hospital, care, duties, each=incidents, strength=strength)

    write_site(pack)
    if not events_only:
        write_inventory(pack)
        write_weaknesses(pack)
        write_people(pack, hospital)
        write_places(pack, hospital, duties, planted.all, schedule=schedule)
        write_patients(pack, care)
        write_network(pack, seed)
        write_flows(pack, seed)
        write_storage(pack, seed)
        write_dicom(pack, seed, care, small=small)
        write_backup(pack, seed)
        write_programme(pack, seed, hospital)
        write_facility(pack, seed, hospital)

    told = _Told(pack.moment(0, 20))
    work = Activity(seed, hospital, care, duties, SMALL_EFFORT if small else 1.0)
    keeping = nullcontext(_nothing) if events_only else relationships(pack, Chance(seed, "missing"), missing)
    with AuditWriter(pack) as audit, keeping as relate:
        for row in (row for one in planted.all for row in one.relationships):
            relate(row)
        for day_events, rows in _days(span, care, work, Machines(seed, care), planted):
            for row in rows:
                relate(row)
            for event in planted.apply(day_events):
                audit.write(event)
                told.hear(event)

    if not events_only:
        write_accounts(pack, seed, hospital, told.logins)
        write_rights(pack, seed, hospital)
    write_labels(pack, planted.all, told.labelled)
    write_custody(pack)
    options = "".join(
        f" {option}"
        for option, given in (
            ("--full", not small),
            (f"--incidents {incidents}", incidents is not None),
            (f"--strength {strength:g}", strength != 1),
            (f"--missing {missing:g}", missing),
            ("--no-schedule", not schedule),
            ("--events-only", events_only),
        )
        if given
    )
    pack.manifest(
        f"riskkit simulate --seed {seed} --days {days} --users {users} --period {span.name}{options}"
    )
    return out


def _nothing(row: Relationship) -> None:
    """A relationship that is not exported."""


@dataclass
class _Told:
    """What later files need to know: last log-ins up to a moment, labelled events."""

    until: datetime
    logins: dict[tuple[str, str], datetime] = field(default_factory=dict)
    labelled: list[Event] = field(default_factory=list)

    def hear(self, event: Event) -> None:
        if event.kind == "login" and event.outcome == OK and event.at < self.until:
            self.logins[event.system, event.actor.id] = event.at
        if event.incident:
            self.labelled.append(event)


def _days(
    span: Span, care: Care, work: Activity, machines: Machines, incidents: Incidents
) -> Iterator[tuple[list[Event], list[Relationship]]]:
    """The events of each local day in order of time, and the relationships that began that day.

    What a shift does after midnight waits for the next day.
    """
    waiting: list[Event] = []
    for day in span.days(WARM_UP_DAYS):
        begins, ends = span.at(day), span.at(day + timedelta(days=1))
        started = care.day(day)
        rows = [row for encounter in started for row in care.relationships(encounter)]
        events, more = work.day(day, started, incidents.deeds.get(day, ()))
        found = [*waiting, *events, *machines.day(day, started)]
        waiting = [event for event in found if event.at >= ends]
        today = [event for event in (*found, *incidents.added) if begins <= event.at < ends]
        rows = sorted([*rows, *more], key=_order)
        yield sorted(today, key=lambda event: event.order) if day >= span.first else [], rows


def _order(row: Relationship) -> tuple[object, ...]:
    return row.valid_from, row.patient.patient_id, row.user_id, row.department, row.kind
