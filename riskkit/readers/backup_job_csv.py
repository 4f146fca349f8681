"""Job lists of Veeam (`Get-VBRBackupSession | Export-Csv`) and of Bacula or Bareos, as CSV."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from riskkit.declare import reader
from riskkit.errors import EvidenceError
from riskkit.model import Batch, Context, Member, Quarantined
from riskkit.readers.canonical.lines import (
    DELIMITERS,
    cells_of,
    encoding_of,
    encoding_of_file,
    split,
    text_lines,
)
from riskkit.readers.directory_facts import day_first, instant
from riskkit.readers.items import IgnoredError, whole
from riskkit.tables import TABLES

VEEAM = frozenset({"jobname", "creationtime", "endtime", "result"})
BACULA = frozenset({"jobid", "starttime", "endtime", "jobstatus"})

RESULTS = {"success": "success", "warning": "warning", "failed": "failed", "none": "unknown"}
STATUSES = {"T": "success", "W": "warning", "f": "failed", "E": "failed", "A": "failed", "R": "running"}
"""Of Bacula's job status codes those of jobs that ended or run; others wait."""

OUTCOMES = {"success": "success", "warning": "partial", "failed": "failed"}
TRUTH = {"true": "yes", "yes": "yes", "1": "yes", "false": "no", "no": "no", "0": "no"}
_YEARS = range(1971, 10_000)
"""Veeam writes 1900 for a session that has no end yet."""

Cells = Mapping[str, str]
Row = dict[str, Any]


def _recognize(head: bytes, _name: str) -> bool:
    text = head.decode(encoding_of(head) or "utf-8", errors="replace")
    header = next((line for line in re.split(r"\r\n?|\n", text) if not _leads(line)), "")
    return _columns(header) is not None


def _columns(header: str) -> tuple[str, list[str]] | None:
    """Delimiter and columns in lower case, when the header is one of these tools."""
    for delimiter in DELIMITERS:
        names = [cell.strip().casefold() for cell in cells_of(header, delimiter) or ()]
        if set(names) >= VEEAM or set(names) >= BACULA:
            return delimiter, names
    return None


@reader(
    id="backup_job_csv",
    title="Job lists of Veeam, Bacula or Bareos, as CSV",
    version=2,
    tables=("backups", "restore_tests"),
    recognize=_recognize,
    offset_unit="line",
)
def read(member: Member, context: Context) -> Iterator[Batch]:
    """One row per job that ended or runs; Bacula's restores become restore tests.

    The system is Bacula's client, or Veeam's job: an alias in inventory/systems.csv. Times have no zone and
    are read in that of the site. Whether a copy is encrypted is told only where the list has a column
    (IsEncrypted, Encrypted), and where it lies only as Veeam's repository or Bacula's storage: a pool is a
    set of volumes, which may lie beside those of another. No list tells whether restored objects were
    compared.
    Raises EvidenceError when the header is neither.
    """
    lines = text_lines(member, encoding_of_file(member))
    header = next((line for _, line in lines if line is None or not _leads(line)), None)
    found = header and _columns(header)
    if not found:
        raise EvidenceError("its header is not one of Veeam or Bacula", file=member.name)
    delimiter, names = found
    listed = list(split(lines, delimiter))
    taken = [
        (record, dict(zip(names, (cell.strip() for cell in record.cells), strict=False))) for record in listed
    ]
    dates = (cells.get(name, "") for _, cells in taken for name in ("creationtime", "starttime", "endtime"))
    order = day_first(dates)
    row_of = _veeam if set(names) >= VEEAM else _bacula

    def when(text: str) -> datetime | None:
        found = instant(text, context.zone, days_first=order) if text else None
        return found if found and found.year in _YEARS else None

    rows: dict[str, list[Row]] = {"backups": [], "restore_tests": []}
    quarantined: list[Quarantined] = []
    ignored: Counter[str] = Counter()
    for record, cells in taken:
        if record.fault:
            quarantined.append(Quarantined(record.line, record.fault, record.detail))
        elif not any(cells.values()):
            ignored["blank_line"] += 1
        elif len(record.cells) > len(names) and any(cell.strip() for cell in record.cells[len(names) :]):
            quarantined.append(Quarantined(record.line, "bad_framing", "more cells than the header has"))
        else:
            try:
                table, row = row_of(cells, when)
            except IgnoredError as error:
                ignored[error.reason] += 1
            except KeyError as error:
                quarantined.append(Quarantined(record.line, "missing_required", str(error.args[0])))
            except ValueError:
                quarantined.append(Quarantined(record.line, "bad_value", "a time that is none, or two"))
            else:
                rows[table].append({**row, "source": member.name, "offset": record.line, "n": 0})
    notes = (f"times have no zone and were read in {context.zone.key}",)
    restores = rows["restore_tests"]
    if restores:
        ended = max(row["finished_at"] for row in restores)
        yield Batch(
            "restore_tests",
            TABLES["restore_tests"].rows(restores),
            len(restores),
            len(restores),
            (),
            {},
            ended,
        )
    ended = max((row["finished_at"] for row in rows["backups"]), default=None)
    yield Batch(
        "backups", TABLES["backups"].rows(rows["backups"]), len(listed) - len(restores), len(rows["backups"]),
        tuple(quarantined), dict(ignored), ended, notes,
    )  # fmt: skip


def _leads(line: str) -> bool:
    return not line.strip() or line.lstrip("\ufeff").startswith("#") or line.casefold().startswith("sep=")


def _needed(cells: Cells, *names: str) -> str:
    for name in names:
        if cells.get(name):
            return cells[name]
    raise KeyError(names[0])


def _veeam(cells: Cells, when: Callable[[str], datetime | None]) -> tuple[str, Row]:
    begun, ended = when(cells.get("creationtime", "")), when(cells.get("endtime", ""))
    job = _needed(cells, "jobname")
    going = cells.get("state", "").casefold() not in {"", "stopped"} or ended is None
    finished = ended or begun
    if finished is None:
        raise KeyError("creationtime")
    return "backups", {
        "system_id": cells.get("vmname") or cells.get("objectname") or job,
        "backup_id": cells.get("id") or f"{job} {cells['creationtime']}",
        "job": job,
        "started_at": begun,
        "finished_at": finished,
        "status": "running" if going else RESULTS.get(_needed(cells, "result").casefold(), "unknown"),
        "size_bytes": whole(cells.get("backupsize") or None),
        "encrypted": _said(cells, "isencrypted", "encrypted"),
        "immutable": _said(cells, "isimmutable", "immutable"),
        "location": cells.get("repository") or cells.get("repositoryname") or None,
        "tool": "Veeam",
    }


def _bacula(cells: Cells, when: Callable[[str], datetime | None]) -> tuple[str, Row]:
    status = STATUSES.get(_needed(cells, "jobstatus"))
    kind = cells.get("type") or "B"
    if kind not in {"B", "C", "R"}:
        raise IgnoredError("neither a backup, a copy nor a restore")
    if status is None:
        raise IgnoredError("has not begun")
    begun, ended = when(cells.get("starttime", "")), when(cells.get("endtime", ""))
    finished = ended or begun
    if finished is None:
        raise KeyError("starttime")
    system = _needed(cells, "client", "clientname", "name")
    size = whole(cells.get("jobbytes") or None)
    if kind == "R":
        if status not in OUTCOMES or ended is None:
            raise IgnoredError("a restore that still runs")
        return "restore_tests", {
            "system_id": system,
            "started_at": begun,
            "finished_at": ended,
            "outcome": OUTCOMES[status],
            "size_bytes": size,
        }
    return "backups", {
        "system_id": system,
        "backup_id": _needed(cells, "jobid"),
        "job": cells.get("name") or None,
        "started_at": begun,
        "finished_at": finished,
        "status": status,
        "size_bytes": size,
        "encrypted": _said(cells, "encrypted", "isencrypted"),
        "immutable": "unknown",
        "location": cells.get("storage") or cells.get("storagename") or None,
        "tool": "Bacula",
    }


def _said(cells: Cells, *names: str) -> str:
    return next(
        (TRUTH.get(cells[name].casefold(), "unknown") for name in names if cells.get(name)), "unknown"
    )
