"""Rights granted against rights used: accounts and grants joined with the audit trail in the engine.

python -m benchmarks.access            100,000 accounts, 10,000,000 events of 90 days
python -m benchmarks.access --quick    100,000 accounts, 1,000,000 events

DuckDB makes the events as Parquet, the same ones every time. Each question runs in a process of its own;
seconds include reading the Parquet, memory is the peak of the process (Linux). The counts are compared
with those that the generator promises, so that a fast wrong answer fails.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from riskkit.model import Evidence, Moment, Period, TableState
from riskkit.tables import TABLES

AT = Moment.closing(Period.parse("2026-10"), ZoneInfo("America/Chicago"))
ACCOUNTS, EVENTS, QUICK = 100_000, 10_000_000, 1_000_000
SYSTEMS, DAYS, DAY_US = 6, 90, 86_400_000_000
IDLE_OF = 10
"""One account of so many is in no event."""
QUESTIONS = ("access.granted_not_used", "access.account_not_used")
SQL_TYPES = {"string": "VARCHAR", "integer": "BIGINT", "number": "DOUBLE", "boolean": "BOOLEAN",
             "date": "DATE", "instant": "TIMESTAMP", "instant_us": "BIGINT"}  # fmt: skip


def make(folder: Path, events: int) -> None:
    """Write accounts, grants, systems and the audit trail as ingestion would."""
    begins = AT.end_us - DAYS * DAY_US
    system = f"'s' || (i % {SYSTEMS})"
    # Accounts whose number ends in 0 never act. All others act in turn, so that none is missing.
    actor = f"(i % {ACCOUNTS * (IDLE_OF - 1) // IDLE_OF})"
    number = f"({actor} // {IDLE_OF - 1} * {IDLE_OF} + {actor} % {IDLE_OF - 1} + 1)"
    _write(folder, "audit_events", events, {
        "event_time_us": f"{begins} + (i * {DAYS * DAY_US // events})",
        "event_seq": "i",
        "event_category": "CASE i % 4 WHEN 0 THEN 'query' WHEN 1 THEN 'authentication' ELSE 'read' END",
        "event_outcome": "'success'",
        "user_id": f"printf('u%06d', {number})",
        "user_type": "'person'",
        "source_system": f"'s' || ({number} % {SYSTEMS})",
        "source": "'audit/bench.log'", "\"offset\"": "i", "n": "0",
    })  # fmt: skip
    provenance = {"source": "'people/bench.csv'", '"offset"': "i", "n": "0"}
    account = {"system_id": system, "account": "printf('u%06d', i)"}
    person = {"user_id": "printf('u%06d', i)", "enabled": "true", "kind": "'person'"}
    _write(folder, "accounts", ACCOUNTS, {**account, **person, **provenance})
    _write(folder, "grants", ACCOUNTS, {**account, "permission": "'view'", **provenance})
    _write(folder, "systems", SYSTEMS, {
        "system_id": system, "name": system, "kind": "'archive'", "holds_ephi": "true", **provenance,
    })  # fmt: skip


def _write(folder: Path, table: str, rows: int, values: dict[str, str]) -> None:
    given = {name.strip('"'): sql for name, sql in values.items()}
    columns = ", ".join(
        f'CAST({given.get(name, "NULL")} AS {SQL_TYPES[column.dtype]}) AS "{name}"'
        for name, column in TABLES[table].by_name.items()
    )
    query = f"SELECT {columns} FROM range({rows}) r(i)"  # noqa: S608 - the text is ours
    duckdb.execute(f"COPY ({query}) TO '{folder / table}.parquet' (FORMAT parquet)")


def evidence_of(folder: Path) -> Evidence:
    """What `make` wrote; all other tables are missing."""
    files = {path.stem: (path,) for path in folder.glob("*.parquet")}
    states = {name: TableState(name, "present" if name in files else "missing", "") for name in TABLES}
    return Evidence(folder, (), states, files, TABLES)


def ask(question: str, folder: Path) -> None:
    """In a process of its own: one line of JSON with the counts, seconds and megabytes."""
    from riskkit.assess import all_checks  # noqa: PLC0415 - its import is no part of the question
    from riskkit.assess.engine import Engine  # noqa: PLC0415

    check = next(one for one in all_checks() if one.id == question)
    tunables = {name: parameter.default for name, parameter in check.parameters.items()}
    engine = Engine(evidence_of(folder), AT, folder / "spill")
    begin = time.perf_counter()
    counts: dict[str, int] = {}
    for verdict in check.run(**engine.tables_for(check), **tunables, at=AT):
        counts[verdict.result] = counts.get(verdict.result, 0) + 1
    seconds = time.perf_counter() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"counts": counts, "seconds": seconds, "peak": peak}))


def main() -> None:
    """Make the evidence, ask each question, print a line for each; fails on a wrong count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK:,} events")
    parser.add_argument("--ask", nargs=2, metavar=("QUESTION", "FOLDER"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.ask:
        ask(options.ask[0], Path(options.ask[1]))
        return
    events = QUICK if options.quick else EVENTS
    with tempfile.TemporaryDirectory() as made:
        begin = time.perf_counter()
        make(Path(made), events)
        size = (Path(made) / "audit_events.parquet").stat().st_size / (1 << 20)
        print(f"{ACCOUNTS:,} accounts, {events:,} events: made in {time.perf_counter() - begin:.1f} s, "
              f"{size:,.0f} MiB of Parquet")  # fmt: skip
        for question in QUESTIONS:
            found = _measured(question, Path(made))
            wanted = {"FAIL": ACCOUNTS // IDLE_OF, "PASS": ACCOUNTS - ACCOUNTS // IDLE_OF}
            print(f"{question:26} {found['seconds']:6.1f} s {found['peak']:7,.0f} MiB  {found['counts']}")
            if found["counts"] != wanted:
                sys.exit(f"{question}: {wanted} were promised")


def _measured(question: str, folder: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.access", "--ask", question, str(folder)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    main()
