"""Time and peak memory of `riskkit triage` as a trail grows, each in a process of its own."""

from __future__ import annotations

import gzip
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.made import hospitals
from benchmarks.made.figures import markdown
from benchmarks.made.hospitals import Case

SEED = hospitals.seeds("riskkit growth", 1)[0]
"""Of its own: time does not hang on which incidents there are."""
TITLE = "## Time and memory of `riskkit triage`"
LARGE = (1_000_000, 10_000_000)
USER = re.compile(rb'UserID="([a-z0-9]+)" UserIsRequestor="true" UserName=')
PATIENT = re.compile(rb'ParticipantObjectID="00(\d{6})\^')
TABLES = {
    "people/roster.csv": ("user_id", "patient_id", "manager"),
    "people/schedule.csv": ("user_id",),
    "people/self_match.csv": ("user_id", "patient_id"),
    "people/exemptions.csv": ("user_id", "patient_id"),
    "care/patients.csv": ("patient_id",),
    "care/relationships.csv": ("user_id", "patient_id"),
}


def table(scratch: Path, *, large: bool) -> str:
    """Simulate one hospital, measure it, and as many hospitals of its like as make more events.

    Raises RuntimeError with what riskkit said when a run fails.
    """
    folder = scratch / "growth"
    case = hospitals.make(folder, SEED)
    whole = _events(case.pack)
    rows = [_measured(case, whole)]
    for wanted in LARGE if large else ():
        many = several(case, folder / str(wanted), -(-wanted // whole))
        rows.append(_measured(many, _events(many.pack)))
        shutil.rmtree(many.pack)
    note = (
        f"{os.cpu_count()} cores. The first run reads everything; the second finds the rows in the work "
        "folder. Larger trails are several hospitals in one, with users and patients of their own."
    )
    head = ["events", "people", "first run, s", "second run, s", "peak memory, MB", "s per 100,000 events"]
    return markdown(TITLE.removeprefix("## "), head, rows, note)


def several(case: Case, pack: Path, copies: int) -> Case:
    """So many hospitals in one pack: each copy has users and patients of its own, and the same places."""
    shutil.copytree(case.pack, pack, ignore=shutil.ignore_patterns(".riskkit", "audit", "accounts"))
    (pack / "audit").mkdir()
    for path in sorted((case.pack / "audit").glob("*.log.gz")):
        lines = gzip.decompress(path.read_bytes())
        for n in range(copies):
            with gzip.open(pack / "audit" / f"{n:02d}-{path.name}", "wb", compresslevel=1) as file:
                file.write(_renamed(lines, n))
    for name, columns in TABLES.items():
        _repeat(case.pack / name, pack / name, columns, copies)
    return Case(pack, case.period, case.truth)


def _renamed(lines: bytes, n: int) -> bytes:
    if not n:
        return lines
    lines = USER.sub(rb'UserID="\1.%d" UserIsRequestor="true" UserName=' % n, lines)
    return PATIENT.sub(rb'ParticipantObjectID="%02d\1^' % n, lines)


def _repeat(source: Path, target: Path, columns: tuple[str, ...], copies: int) -> None:
    """Rows of each copy, with its users and patients; cells of a simulated pack have no line breaks."""
    import csv  # noqa: PLC0415 - only here

    with source.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]) if rows else columns)
        writer.writeheader()
        for n in range(copies):
            for row in rows:
                writer.writerow({key: _mine(key, value, n, columns) for key, value in row.items()})


def _mine(column: str, value: str, n: int, columns: tuple[str, ...]) -> str:
    if not n or not value or column not in columns:
        return value
    return f"{n:02d}{value[2:]}" if column == "patient_id" else f"{value}.{n}"


def _events(pack: Path) -> int:
    return sum(gzip.decompress(path.read_bytes()).count(b"\n") for path in (pack / "audit").glob("*.log.gz"))


def _measured(case: Case, events: int) -> list[object]:
    people = sum(1 for _ in (case.pack / "people/roster.csv").open("rb")) - 1
    work, seconds, peak = case.pack / ".riskkit", [], 0.0
    for _ in range(2):
        begins = time.perf_counter()
        command = [sys.executable, "-m", "riskkit", "triage", str(case.pack), "--work", str(work)]
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said:
            process = subprocess.Popen([*command, "--since", str(case.first)], stdout=said, stderr=said)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            said.seek(0)
            text = said.read()
        if process.returncode or "the check failed" in text:
            raise RuntimeError(f"riskkit triage ended with {process.returncode}:\n{text}")
        seconds.append(time.perf_counter() - begins)
        peak = max(peak, usage.ru_maxrss / 1024)
    return [events, people, *(f"{one:.0f}" for one in seconds), f"{peak:.0f}",
            f"{seconds[0] * 100_000 / events:.1f}"]  # fmt: skip
