"""Weaknesses that are open, from the scans of all periods: what a later scan did not find is mended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import pyarrow as pa

from riskkit.declare import derive
from riskkit.derived.custody_dates import exported
from riskkit.derived.inventory import system_names, system_of
from riskkit.tables import records

ROUND = timedelta(days=3)
"""Scans of one system by one scanner this close together are parts of one look at it."""

GRADES = ("critical", "high", "medium", "low", "none")
"""From worst to best."""

SCHEMA = pa.schema(
    [
        ("system_id", pa.string()),  # id of the inventory, else the name that the scanner used
        ("vulnerability", pa.string()),
        ("package", pa.string()),
        ("severity", pa.string()),  # the worst of what is open; null when none is told
        ("fix_available", pa.bool_()),
        ("first_seen", pa.timestamp("us", tz="UTC")),
        ("last_seen", pa.timestamp("us", tz="UTC")),
        ("source", pa.string()),
        ("offset", pa.int64()),
        ("n", pa.int64()),
    ]
)


@derive(
    name="open_weaknesses",
    doc="One row per system, weakness and package that the newest scan of a scanner found, with the day on "
    "which any scan of the pack saw it first.",
)
def open_weaknesses(
    vulnerabilities: pd.DataFrame,
    vulnerability_scans: pd.DataFrame | None,
    systems: pd.DataFrame | None,
    custody: pd.DataFrame | None,
) -> pd.DataFrame:
    """A weakness is mended when a later scan of its system by the same scanner does not list it.

    Not when that scan could not log in and the earlier one could: it sees less. What has no date stays
    open.
    """
    names, when = system_names(systems), _when(custody)
    scans: dict[tuple[str, str], list[tuple[datetime, bool | None]]] = {}
    for scan in () if vulnerability_scans is None else records(vulnerability_scans):
        if at := when(scan):
            scans.setdefault((system_of(scan.system_id, names), scan.scanner), []).append(
                (at, scan.logged_in)
            )
    found: dict[tuple[str, str, str], list[Any]] = {}
    for row in records(vulnerabilities):
        key = system_of(row.system_id, names), row.vulnerability, row.package or ""
        found.setdefault(key, []).append(row)
    rows = [
        line
        for (system, weakness, package), seen in sorted(found.items())
        if (line := _row(system, weakness, package, seen, scans, when))
    ]
    frame: pd.DataFrame = pa.Table.from_pylist(rows, schema=SCHEMA).to_pandas(types_mapper=pd.ArrowDtype)
    return frame


def newest_scans(scans: Any, systems: Any | None, custody: Any | None) -> dict[str, list[Any]]:
    """The newest scan of each system, of several of one moment all; one without a date where none has one.

    What the newest scan did not find rests on it alone: older ones make it no older.
    """
    names, when = system_names(systems), _when(custody)
    found: dict[str, list[Any]] = {}
    for scan in records(scans):
        found.setdefault(system_of(scan.system_id, names), []).append(scan)
    kept = {}
    for system, rows in found.items():
        last = max(filter(None, map(when, rows)), default=None)
        newest = [row for row in rows if when(row) == last]
        kept[system] = sorted(newest, key=lambda row: (row.source, row.offset or 0, row.n or 0))
    return kept


def _when(custody: Any | None) -> Callable[[Any], datetime | None]:
    of = exported(custody)
    return lambda row: row.observed_at or of(row.source)


def _row(
    system: str,
    weakness: str,
    package: str,
    seen: Sequence[Any],
    scans: dict[tuple[str, str], list[tuple[datetime, bool | None]]],
    when: Callable[[Any], datetime | None],
) -> dict[str, Any] | None:
    still = [row for row in seen if not _mended(when(row), scans.get((system, row.scanner), ()))]
    if not still:
        return None
    last = max(still, key=lambda row: (when(row) is not None, when(row), row.source, row.offset or 0))
    graded = [row.severity for row in still if row.severity]
    dates = [at for row in seen for at in (row.first_seen, when(row)) if at]
    fixes = {row.fix_available for row in still}
    return {
        "system_id": system,
        "vulnerability": weakness,
        "package": package or None,
        "severity": min(graded, key=GRADES.index, default=None),
        "fix_available": True if True in fixes else False if False in fixes else None,
        "first_seen": min(dates, default=None),
        "last_seen": when(last),
        "source": last.source,
        "offset": last.offset,
        "n": last.n,
    }


def _mended(at: datetime | None, scans: Sequence[tuple[datetime, bool | None]]) -> bool:
    """Whether a later scan, that could see as much, did not find it any more."""
    if at is None:
        return False
    logged_in = any(login for other, login in scans if other == at)
    return any(later > at + ROUND and not (logged_in and login is False) for later, login in scans)
