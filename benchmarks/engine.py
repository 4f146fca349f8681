"""The audit checks on DuckDB beside the same questions in plain pandas, and on Spark where it is installed.

python -m benchmarks.engine            1e6 events of 13 weeks
python -m benchmarks.engine --large    1e7 events

Every question runs in a process of its own (all of Spark's in one, whose start is told apart); all engines
must give the same verdicts. Wall and CPU seconds are of the question, reading Parquet included; memory is
the peak of the process, on Linux.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa

from riskkit.model import Evidence, Moment, Period, TableState
from riskkit.store import Store
from riskkit.tables import TABLES

AT = Moment.closing(Period.parse("2026-10"), ZoneInfo("America/Chicago"))
WEEKS, HOUR_US, DAY_US = 13, 3_600_000_000, 86_400_000_000
USERS, DEPARTMENTS, SYSTEMS = 2000, 12, 6
EVENTS_PER_PATIENT, RELATIONSHIPS_PER_PATIENT = 20, 3
SHARE_PERSONAL, SHARE_MACHINE, SHARE_BREAK_GLASS = 0.2, 0.05, 0.001
DEFAULT, LARGE = 1_000_000, 10_000_000
LOCAL_SPARK = (
    "--master local[2] --driver-memory 4g --conf spark.ui.enabled=false "
    "--conf spark.sql.shuffle.partitions=4 pyspark-shell"
)
Answer = dict[str, str]
"""What is observed of each subject."""


# ---------------------------------------------------------------- evidence


def make_pack(folder: Path, events: int) -> None:
    """Write tables of a hospital that does not exist, the same ones every time, as ingestion would."""
    store, random = Store(folder), np.random.default_rng(1)
    related = _relationships(random, events // EVENTS_PER_PATIENT)
    _write(store, "roster", _roster())
    _write(store, "relationships", related)
    for system in range(SYSTEMS):
        _write(store, "audit_events", _events(random, events // SYSTEMS, system, related), f"{system}")


def evidence_of(folder: Path) -> Evidence:
    """What `make_pack` wrote; all other tables are missing."""
    store = Store(folder)
    parts = [("roster", ""), ("relationships", ""), *(("audit_events", f"{n}") for n in range(SYSTEMS))]
    files: dict[str, tuple[Path, ...]] = {}
    for table, part in parts:
        files[table] = (*files.get(table, ()), *store.files(table + part, table))
    states = {name: TableState(name, "present" if name in files else "missing", "") for name in TABLES}
    return Evidence(folder, (), states, files, TABLES)


def _write(store: Store, table: str, rows: pa.Table, part: str = "") -> None:
    schema = TABLES[table]
    with store.write(table + part) as entry:
        for batch in schema.conform(rows).to_batches(max_chunksize=1 << 17):
            chunk = pa.Table.from_batches([batch])
            entry.append(table, chunk, by_month=schema.event_time if schema.lazy else None)


def _roster() -> pa.Table:
    # A tenth is not on the roster. The first department is as large as all others together.
    numbers = np.arange(USERS * 9 // 10)
    return pa.table(
        {
            "user_id": _named("u", numbers),
            "role": pa.array(["radiologist"] * len(numbers)),
            "department": _named("d", _department(numbers)),
            "employed_from": pa.array([date(2020, 1, 1)] * len(numbers), pa.date32()),
            **_provenance("people/roster.csv", len(numbers)),
        }
    )


def _department(users: np.ndarray) -> np.ndarray:
    return np.where(users % 2 == 0, 0, users % DEPARTMENTS)


def _relationships(random: np.random.Generator, patients: int) -> pa.Table:
    number = patients * RELATIONSHIPS_PER_PATIENT
    begin = _start_us() + random.integers(0, WEEKS * 7, number) * DAY_US
    of_a_person = random.random(number) < SHARE_PERSONAL
    user = random.integers(0, USERS, number)
    return pa.table(
        {
            "patient_id": _named("p", random.integers(0, patients, number)),
            "user_id": _named("u", user, where=of_a_person),
            "department": _named("d", _department(user), where=~of_a_person),
            "valid_from_us": begin,
            "valid_to_us": begin + random.integers(1, 30, number) * DAY_US,
            "kind": pa.array(["order"] * number),
            **_provenance("care/relationships.csv", number),
        }
    )


def _events(random: np.random.Generator, number: int, system: int, related: pa.Table) -> pa.Table:
    """Events in order of time; most accesses follow a relationship, none does by night."""
    day = random.integers(0, WEEKS * 7, number)
    time_us = np.sort(_start_us() + day * DAY_US + random.integers(7 * HOUR_US, 19 * HOUR_US, number))
    category = random.choice(["read", "query", "export", "authentication"], number, p=[0.6, 0.25, 0.1, 0.05])
    login = category == "authentication"
    failed = random.random(number) < np.where(login, 0.1, 0.01)
    machine = random.random(number) < SHARE_MACHINE
    patient = related["patient_id"].take(pa.array(random.integers(0, len(related), number)))
    return pa.table(
        {
            "event_time_us": time_us,
            "event_seq": np.arange(number),
            "event_id": pa.array([f"{value:016x}" for value in random.integers(0, 1 << 62, number)]),
            "event_category": pa.array(category),
            "event_outcome": pa.array(np.where(failed, "failure", "success")),
            "user_id": _named("u", (random.random(number) ** 2 * USERS).astype(int)),
            "user_type": pa.array(np.where(machine, "node", "person")),
            "patient_id": pa.compute.if_else(pa.array(login), None, patient.combine_chunks()),
            "source_system": _named("s", np.full(number, system)),
            "break_glass": random.random(number) < SHARE_BREAK_GLASS,
            **_provenance(f"audit/{system}.log", number),
        }
    )


def _named(letter: str, numbers: np.ndarray, where: np.ndarray | None = None) -> pa.Array:
    names = pa.array([f"{letter}{number:06d}" for number in range(int(numbers.max()) + 1)])
    return names.take(pa.array(numbers, mask=None if where is None else ~where))


def _provenance(source: str, number: int) -> dict[str, Any]:
    return {"source": pa.array([source] * number), "offset": np.arange(number), "n": np.zeros(number, int)}


def _start_us() -> int:
    return AT.end_us - WEEKS * 7 * DAY_US


# ---------------------------------------------------------------- the questions in pandas


def pandas_unattributed(evidence: Evidence) -> Answer:
    """The question of audit.unattributed."""
    events = _in_period(evidence, "source_system", "user_id", "user_type", "event_category", "event_outcome")
    accesses = _opened(events)
    accesses = accesses[~(accesses.user_type.eq("node") & accesses.event_category.eq("transfer"))]
    nameless = accesses.user_type.eq("node") | accesses.user_id.isna()
    found = nameless.groupby(accesses.source_system).agg(["sum", "size"])
    return {row.Index: f"{row.sum} of {row.size} accesses" for row in _rows(found)}


def pandas_failed_logins(evidence: Evidence) -> Answer:
    """The question of audit.failed_logins."""
    events = _in_period(evidence, "source_system", "user_id", "event_category", "event_outcome")
    logins = events[events.event_category.eq("authentication")].copy()
    logins["failed"] = logins.event_outcome.eq("failure")
    local = pd.to_datetime(logins.event_time_us, unit="us", utc=True).dt.tz_convert(str(AT.zone))
    days = logins.groupby(["user_id", "source_system", local.dt.date]).failed.sum()
    units = days.groupby(level=[0, 1]).agg(["sum", "max"])
    return {"|".join(row.Index): f"{row.sum} failures, at most {row.max} a day" for row in _rows(units)}


def pandas_not_in_roster(evidence: Evidence) -> Answer:
    """The question of access.user_not_in_roster."""
    events = _in_period(evidence, "user_id", "user_type", "event_outcome")
    events = events[events.event_outcome.ne("failure") & events.user_type.ne("node")]
    return {str(user): f"{count} events" for user, count in events.groupby("user_id").size().items()}


def pandas_unexplained(evidence: Evidence) -> Answer:
    """The question of access.unexplained."""
    accesses = _explained(evidence, tolerance_us=24 * HOUR_US)
    pairs = (~accesses.explained).groupby([accesses.user_id, accesses.patient_id]).max()
    users = pairs.groupby(level=0).agg(["sum", "size"])
    return {row.Index: f"{row.sum} of {row.size} patients" for row in _rows(users)}


def pandas_break_glass(evidence: Evidence) -> Answer:
    """The question of access.break_glass_unexplained."""
    accesses = _explained(evidence, tolerance_us=72 * HOUR_US)
    accesses = accesses[accesses.break_glass]
    users = (~accesses.explained).groupby(accesses.user_id).agg(["sum", "size"])
    return {row.Index: f"{row.sum} of {row.size}" for row in _rows(users)}


def _explained(evidence: Evidence, tolerance_us: int) -> pd.DataFrame:
    """Accesses of the period, and whether a relationship of person or department lies near enough."""
    events = _in_period(
        evidence, "user_id", "user_type", "patient_id", "event_category", "event_outcome", "break_glass"
    )
    accesses = _opened(events)
    accesses = accesses[
        accesses.user_type.eq("person") & accesses.user_id.notna() & accesses.patient_id.notna()
    ]
    accesses = accesses.reset_index(drop=True).reset_index(names="row")
    related = _read(
        evidence, "relationships", "patient_id", "user_id", "department", "valid_from_us", "valid_to_us"
    )
    roster = _read(evidence, "roster", "user_id", "department")
    personal = accesses.merge(related[related.user_id.notna()], on=["patient_id", "user_id"])
    working = accesses.merge(roster, on="user_id")
    shared = working.merge(related[related.department.notna()], on=["patient_id", "department"])
    near = [
        joined.row[
            joined.event_time_us.between(
                joined.valid_from_us - tolerance_us, joined.valid_to_us + tolerance_us
            )
        ]
        for joined in (personal, shared)
    ]
    accesses["explained"] = accesses.row.isin(pd.concat(near).unique())
    return accesses


def _opened(events: pd.DataFrame) -> pd.DataFrame:
    opening = events.event_category.isin(["query", "read", "transfer", "export"])
    return events[opening & events.event_outcome.ne("failure")]


def _in_period(evidence: Evidence, *columns: str) -> pd.DataFrame:
    events = _read(evidence, "audit_events", "event_time_us", *columns)
    return events[(events.event_time_us >= AT.start_us) & (events.event_time_us < AT.end_us)]


def _read(evidence: Evidence, table: str, *columns: str) -> pd.DataFrame:
    return pd.concat([pd.read_parquet(file, columns=list(columns)) for file in evidence.files[table]])


def _rows(frame: pd.DataFrame) -> Iterator[Any]:
    return frame.itertuples()


QUESTIONS: dict[str, Callable[[Evidence], Answer] | None] = {
    "audit.gaps": None,  # most of it is no question to a table
    "audit.unattributed": pandas_unattributed,
    "audit.failed_logins": pandas_failed_logins,
    "access.user_not_in_roster": pandas_not_in_roster,
    "access.unexplained": pandas_unexplained,
    "access.break_glass_unexplained": pandas_break_glass,
}


# ---------------------------------------------------------------- processes


def answer(engine: str, questions: list[str], folder: Path) -> None:
    """In a process of its own: print one line of JSON per question."""
    evidence = evidence_of(folder)
    asked = _pandas(evidence) if engine == "pandas" else _checks(evidence, folder, engine)
    for question in questions:
        begin, cpu = time.perf_counter(), _cpu()
        found = asked(question)
        cost = {"wall": time.perf_counter() - begin, "cpu": _cpu() - cpu, "peak": _peak()}
        print(json.dumps({"question": question, "answer": found, **cost}), flush=True)


def _pandas(evidence: Evidence) -> Callable[[str], Answer]:
    def ask(question: str) -> Answer:
        function = QUESTIONS[question]
        assert function is not None
        return function(evidence)

    return ask


def _checks(evidence: Evidence, folder: Path, engine: str) -> Callable[[str], Answer]:
    from riskkit.assess import all_checks  # noqa: PLC0415 - pandas does without
    from riskkit.assess.engine import Engine  # noqa: PLC0415

    checks = {check.id: check for check in all_checks()}
    tables = Engine(evidence, AT, folder / f"spill-{os.getpid()}", engine=engine)  # type: ignore[arg-type]
    if engine == "spark":
        tables.lazy("roster").collect("pyarrow")  # the start of the cluster is no part of a question

    def ask(question: str) -> Answer:
        check = checks[question]
        tunables = {name: parameter.default for name, parameter in check.parameters.items()}
        verdicts = check.run(**tables.tables_for(check), **tunables, at=AT)
        named = question == "audit.failed_logins"  # its subject is a user of one system
        return {
            f"{verdict.subject}|{verdict.scope}" if named else verdict.subject: verdict.observed
            for verdict in verdicts
        }

    return ask


def _processes() -> list[Path]:
    """This process and those under it (Spark's Java is one), as Linux lists them; none elsewhere."""
    found, here = [], [str(os.getpid())]
    while here:
        folder = Path("/proc") / here.pop()
        if folder.exists():
            found.append(folder)
            here += (folder / "task" / folder.name / "children").read_text().split()
    return found


def _cpu() -> float:
    ticks = 0
    for folder in _processes():
        fields = (folder / "stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK") if ticks else time.process_time()


def _peak() -> float:
    lines = [line for folder in _processes() for line in (folder / "status").read_text().splitlines()]
    return sum(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def measure(engine: str, questions: list[str], folder: Path) -> dict[str, dict[str, Any]]:
    """Ask in a process of its own; what it printed, by question."""
    command = [sys.executable, __file__, "--ask", engine, "--folder", str(folder), *questions]
    environment = {"PYSPARK_SUBMIT_ARGS": LOCAL_SPARK, **os.environ}
    run = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment)
    lines = [json.loads(line) for line in run.stdout.splitlines() if line.startswith('{"question"')]
    return {line["question"]: line for line in lines}


def main() -> None:
    """Make the tables, ask every engine, compare the answers, print the costs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--large", action="store_true", help=f"{LARGE:,} events instead of {DEFAULT:,}")
    parser.add_argument("--ask", choices=("duckdb", "pandas", "spark"), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("questions", nargs="*", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.ask:
        answer(given.ask, given.questions, given.folder)
        return
    with tempfile.TemporaryDirectory() as folder:
        compare(Path(folder), LARGE if given.large else DEFAULT)


def compare(folder: Path, events: int) -> None:
    """Print a table of costs; raises AssertionError when two engines do not agree."""
    begin = time.perf_counter()
    make_pack(folder, events)
    size = sum(path.stat().st_size for path in folder.rglob("*.parquet")) / 1e6
    print(f"{events:,} events, {size:.0f} MB of Parquet, written in {time.perf_counter() - begin:.1f} s")
    costs = {(name, "duckdb"): measure("duckdb", [name], folder)[name] for name in QUESTIONS}
    plain = [name for name, function in QUESTIONS.items() if function]
    costs |= {(name, "pandas"): measure("pandas", [name], folder)[name] for name in plain}
    if importlib.util.find_spec("pyspark") and shutil.which("java"):
        costs |= {(name, "spark"): cost for name, cost in measure("spark", list(QUESTIONS), folder).items()}
    else:
        print("spark: not asked, since pyspark or Java is not installed")
    print(f"{'question':<32}{'engine':<8}{'wall s':>8}{'CPU s':>8}{'peak MB':>9}  subjects")
    for name in QUESTIONS:
        for engine in ("duckdb", "pandas", "spark"):
            if cost := costs.get((name, engine)):
                print(
                    f"{name:<32}{engine:<8}{cost['wall']:>8.2f}{cost['cpu']:>8.2f}{cost['peak']:>9.0f}"
                    f"  {len(cost['answer']):,}"
                )
                expected = costs[name, "duckdb"]["answer"]
                assert cost["answer"] == expected, f"{engine} does not agree with duckdb on {name}"
    print("all engines gave the same answers")


if __name__ == "__main__":
    main()
