"""Weaknesses that are open, from the scans of all periods: what a later scan did not find is mended."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import pandas as pd
import pyarrow as pa

from riskkit.declare import derive
from riskkit.derived.inventory import system_names, system_of
from riskkit.derived.scan_looks import ROUND, Look, close, looks, moment_of
from riskkit.model import Moment
from riskkit.tables import records
from riskkit.words import folded

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
        ("seen_clean", pa.bool_()),  # a scan before first_seen could have seen it, and did not
        ("published_on", pa.date32()),  # when it was made known, as a scanner says
        ("known_after", pa.date32()),  # published_on, else the first day of the year of its CVE
        ("system_since", pa.timestamp("us", tz="UTC")),  # the first scan or list of software of the system
        ("last_seen", pa.timestamp("us", tz="UTC")),
        ("source", pa.string()),
        ("offset", pa.int64()),
        ("n", pa.int64()),
    ]
)


_YEAR = re.compile(r"CVE-(\d{4})-\d{4,19}", re.ASCII | re.IGNORECASE)


@derive(
    name="open_weaknesses",
    doc="One row per system, weakness and package that the newest scan of a scanner found, with the day on "
    "which any scan of the pack saw it first, and what the pack tells of how long it may have been there.",
)
def open_weaknesses(
    vulnerabilities: pd.DataFrame,
    vulnerability_scans: pd.DataFrame | None,
    software: pd.DataFrame | None,
    systems: pd.DataFrame | None,
    custody: pd.DataFrame | None,
    *,
    at: Moment,
) -> pd.DataFrame:
    """A weakness is mended when a later scan of its system by the same scanner does not list it.

    Not when that scan is not known to have logged in and the earlier one did: it sees less; nor when the
    pack lacks some of what it found, nor when it was made after `as_of`. What has no date stays open.
    """
    names, when = system_names(systems), moment_of(custody)
    looked = looks(vulnerability_scans, vulnerabilities, systems, custody, at)
    found: dict[tuple[str, str, str], list[Any]] = {}
    since: dict[str, datetime] = {}
    for table in (vulnerabilities, vulnerability_scans, software):
        for row in () if table is None else records(table):
            system = system_of(row.system_id, names)
            if seen_at := when(row):
                since[system] = min(seen_at, since.get(system, seen_at))
            if table is vulnerabilities:
                found.setdefault((system, row.vulnerability, row.package or ""), []).append(row)
    rows = [
        {**line, "system_since": since.get(system)}
        for (system, weakness, package), rows in sorted(found.items())
        if (line := _row(system, weakness, package, rows, looked.get(system, ()), when))
    ]
    frame: pd.DataFrame = pa.Table.from_pylist(rows, schema=SCHEMA).to_pandas(types_mapper=pd.ArrowDtype)
    return frame


def _row(
    system: str,
    weakness: str,
    package: str,
    seen: Sequence[Any],
    looked: Sequence[Look],
    when: Callable[[Any], datetime | None],
) -> Mapping[str, Any] | None:
    still = [row for row in seen if not _mended(row, looked, when)]
    if not still:
        return None
    last = max(still, key=lambda row: (when(row) is not None, when(row), row.source, row.offset or 0))
    graded = [row.severity for row in still if row.severity]
    dates = [at for row in seen for at in (row.first_seen, when(row)) if at]
    first = min(dates, default=None)
    fixes = {row.fix_available for row in still}
    published = min((row.published_on for row in seen if row.published_on), default=None)
    year = _YEAR.fullmatch(weakness)
    return {
        "system_id": system,
        "vulnerability": weakness,
        "package": package or None,
        "severity": min(graded, key=GRADES.index, default=None),
        "fix_available": True if True in fixes else False if False in fixes else None,
        "first_seen": first,
        "seen_clean": _clean_before(first, seen, looked, when),
        "published_on": published,
        "known_after": published or (date(int(year[1]), 1, 1) if year and int(year[1]) else None),
        "last_seen": when(last),
        "source": last.source,
        "offset": last.offset,
        "n": last.n,
    }


def _mended(row: Any, looked: Sequence[Look], when: Callable[[Any], datetime | None]) -> bool:
    """Whether a later scan, that could see as much, did not find it any more."""
    at, scanner = when(row), folded(row.scanner)
    inside = _inside(at, scanner, looked)
    return any(look.supersedes(at, scanner, inside=inside) for look in looked)


def _clean_before(
    first: datetime | None,
    seen: Sequence[Any],
    looked: Sequence[Look],
    when: Callable[[Any], datetime | None],
) -> bool:
    """Whether a scan that could have seen it was made before it was seen first, and did not list it.

    What a scanner says of the day on which it saw it first shows no look before that day.
    """
    if first is None:
        return False
    finders = {
        (folded(row.scanner), _inside(when(row), folded(row.scanner), looked))
        for row in seen
        if first in (row.first_seen, when(row))
    }
    return any(
        look.scanner == scanner
        and look.at is not None
        and look.at + ROUND < first
        and look.whole
        and (look.inside or not inside)
        for scanner, inside in finders
        for look in looked
    )


def _inside(at: datetime | None, scanner: str, looked: Sequence[Look]) -> bool:
    return any(look.inside for look in looked if look.scanner == scanner and look.at and close(look.at, at))
