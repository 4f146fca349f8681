"""What each user did on each day of a pack, as the baselines of benchmarks/detection.py see it.

Nothing here is riskkit's own reading: events by regular expression, joins in SQL.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import pandas as pd

from benchmarks.made.hospitals import ZONE, Case

CODE = re.compile(rb'<EventID [^>]*?code="(\d+)"')
SUBCODE = re.compile(rb'<EventTypeCode [^>]*?code="(\d+)"')
WHEN = re.compile(rb'EventDateTime="([^"]+)" EventOutcomeIndicator="(\d+)"')
WHO = re.compile(
    rb'<ActiveParticipant UserID="([^"]*)" UserIsRequestor="true"( UserName="[^"]*")?'
    rb'(?: NetworkAccessPointID="([^"]*)")?'
)
WHOSE = re.compile(rb'ParticipantObjectID="([^"^]*)\^\^\^[^"]*" ParticipantObjectTypeCode="1"')
OPENS = ("110103", "110106", "110112")
COUNTS = ["events", "patients", "reads", "exports", "queries", "logins", "failed", "changes", "hours", "late"]
RICH = [
    *COUNTS, "unexplained", "household", "surname", "coworker", "vip", "neighbours", "repeats", "overrides",
    "off_duty", "stations", "departments", "gap_days",
]  # fmt: skip
TOLD = [*RICH, "elsewhere", "not_in_care"]
"""With the two facts that riskkit keeps beside an unexplained access."""


@dataclass
class Days:
    """`table`: a row per user and day; `accesses`: a row per user, day and patient, explained or not."""

    table: pd.DataFrame
    accesses: pd.DataFrame
    first: pd.Timestamp


def events(pack: Path) -> pd.DataFrame:
    """Every event of a person, from the syslog files of a simulated pack."""
    found = pd.DataFrame(
        _lines(pack), columns=["moment", "code", "subcode", "outcome", "person", "ip", "patient"]
    )
    found["moment"] = pd.to_datetime(found["moment"], utc=True, format="ISO8601")
    return found


def _lines(pack: Path) -> Iterator[tuple[object, ...]]:
    for path in sorted((pack / "audit").glob("*.log.gz")):
        with gzip.open(path) as file:
            for line in file:
                when, code, who = WHEN.search(line), CODE.search(line), WHO.search(line)
                if not when or not code or not who or not who[2]:
                    continue
                subcode, whose = SUBCODE.search(line), WHOSE.search(line)
                at = datetime.fromisoformat(when[1].decode())
                yield (
                    at if at.tzinfo else at.replace(tzinfo=ZONE), code[1].decode(),
                    subcode[1].decode() if subcode else "", int(when[2]), who[1].decode(),
                    who[3].decode() if who[3] else "", whose[1].decode() if whose else "",
                )  # fmt: skip


def read(case: Case, trail: pd.DataFrame | None = None) -> Days:
    """The days of a pack; columns whose evidence is not there are zero.

    trail: its events, where they were read before.
    """
    base = duckdb.connect()
    base.execute("set TimeZone = 'America/Chicago'")
    base.register("raw", events(case.pack) if trail is None else trail)
    base.execute(
        "create table ev as select *, row_number() over (order by moment) as id, "
        "moment::date as day, hour(moment) as hr from raw"
    )
    _load(base, case.pack)
    base.execute(EXPLAIN)
    base.execute(ACCESSES)
    table = base.execute(DAYS).df()
    accesses = base.execute("select * from accesses").df()
    for frame in (table, accesses):
        frame["day"] = pd.to_datetime(frame["day"])
    table[TOLD] = table[TOLD].fillna(0).astype(float)
    return Days(table.sort_values(["day", "person"], ignore_index=True), accesses, pd.Timestamp(case.first))


def _load(base: duckdb.DuckDBPyConnection, pack: Path) -> None:
    for name, columns in TABLES.items():
        path = pack / name
        table = path.stem
        text = ", ".join(f"{column} varchar" for column in columns)
        base.execute(f"create table {table} ({text})")
        if path.exists():
            names = ", ".join(columns)
            base.execute(
                f"insert into {table} by name select {names} from "  # noqa: S608 - names of this module
                f"read_csv('{path}', header = true, all_varchar = true, nullstr = '')"
            )


TABLES = {
    "people/roster.csv": (
        "user_id", "family_name", "role", "department", "shift", "address", "patient_id",
    ),
    "people/schedule.csv": ("user_id", "starts", "ends", "department"),
    "people/workstations.csv": ("host", "department"),
    "care/patients.csv": ("patient_id", "family_name", "address", "vip"),
    "care/relationships.csv": ("patient_id", "user_id", "department", "valid_from", "valid_to"),
}  # fmt: skip

EXPLAIN = """
create table opened as select id, moment, day, hr, ev.person, patient, code from ev
  where patient <> '' and code in ('110103', '110106', '110104') and outcome = 0;
create table reasons as select patient_id, user_id, department, valid_from::timestamptz as starts,
  coalesce(valid_to::timestamptz, timestamptz '2100-01-01') as ends from relationships;
create table placed as
  select user_id, department, timestamptz '1990-01-01' as starts, timestamptz '2100-01-01' as ends from roster
  union all
  select user_id, department, starts::timestamptz - interval 2 hour, ends::timestamptz + interval 2 hour
  from schedule where department is not null;
create table explained as
  select distinct o.id from opened o join reasons r on r.patient_id = o.patient and r.user_id = o.person
    and o.moment between r.starts and r.ends
  union
  select distinct o.id from opened o join placed p on p.user_id = o.person
    and o.moment between p.starts and p.ends
    join reasons r on r.patient_id = o.patient and r.department = p.department
    and o.moment between r.starts and r.ends;
create table duties as select user_id, starts::timestamptz - interval 2 hour as starts,
  ends::timestamptz + interval 2 hour as ends from schedule;
create table on_duty as select distinct ev.id from ev join duties d on d.user_id = ev.person
  and ev.moment between d.starts and d.ends;
"""

ACCESSES = """
create table cared as select distinct o.id from opened o join reasons r on r.patient_id = o.patient
  and o.moment between r.starts - interval 30 day and r.ends + interval 30 day;
create table bedside as select distinct o.id from opened o join ev using (id)
  join workstations w on w.host = ev.ip join reasons r on r.patient_id = o.patient
  and r.department = w.department and o.moment between r.starts - interval 1 day and r.ends + interval 1 day;
create table workforce as select distinct patient_id, department from roster where patient_id is not null;
create table accesses as
  select o.person, o.day, o.patient, bool_or(e.id is not null) as explained,
    bool_or(p.address = r.address and p.patient_id <> coalesce(r.patient_id, '')) as household,
    bool_or(p.family_name = r.family_name) as surname, bool_or(w.department = r.department) as coworker,
    bool_or(p.vip = 'yes') as vip, bool_or(c.id is not null) as in_care,
    bool_and(b.id is not null) as on_ward, min(o.moment) as moment
  from opened o left join explained e using (id) left join roster r on r.user_id = o.person
    left join cared c using (id) left join bedside b using (id)
    left join patients p on p.patient_id = o.patient
    left join workforce w on w.patient_id = o.patient and w.patient_id <> coalesce(r.patient_id, '')
  group by all;
"""

DAYS = """
with base as (
  select person, day, count(*) as events, count(distinct patient) filter (patient <> '') as patients,
    count(*) filter (code = '110103') as reads, count(*) filter (code = '110106') as exports,
    count(*) filter (code = '110112') as queries,
    count(*) filter (subcode = '110122' and outcome = 0) as logins,
    count(*) filter (subcode = '110122' and outcome > 0) as failed,
    count(*) filter (code in ('110105', '110110', '110109', '110101')) as changes,
    count(distinct hr) as hours, count(*) filter (hr < 6 or hr > 21) as late,
    count(*) filter (subcode = '110127') as overrides,
    count(distinct ip) as stations, count(distinct w.department) as departments,
    count(*) filter (not exists (select 1 from on_duty d where d.id = ev.id)
                     and exists (select 1 from duties limit 1)) as off_duty
  from ev left join workstations w on w.host = ev.ip group by all),
open as (
  select person, day, count(*) as unexplained, sum(household::int) as household, sum(surname::int) as surname,
    sum(coworker::int) as coworker, sum(vip::int) as vip, sum((not on_ward)::int) as elsewhere,
    sum((not in_care)::int) as not_in_care from accesses where not explained group by all),
near as (
  select person, day, count(*) as neighbours from (
    select person, day, try_cast(patient as bigint) - lag(try_cast(patient as bigint))
      over (partition by person, day order by patient) as step from accesses where not explained)
  where step between 1 and 2 group by all),
again as (
  select a.person, a.day, max(b.days) as repeats from accesses a join (
    select x.person, x.patient, x.day, count(distinct y.day) as days from accesses x join accesses y
      on x.person = y.person and x.patient = y.patient and y.day between x.day - 13 and x.day
    where not x.explained and not y.explained group by all) b
    on a.person = b.person and a.day = b.day group by all)
select base.*, unexplained, elsewhere, not_in_care, household, surname, coworker, vip, neighbours, repeats,
  least(60, day - lag(day) over (partition by person order by day)) as gap_days,
  r.role, r.shift, r.department, r.family_name
from base left join open using (person, day) left join near using (person, day)
  left join again using (person, day) left join roster r on r.user_id = person
"""
