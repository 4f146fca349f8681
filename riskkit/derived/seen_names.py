"""Names of systems in all kinds of evidence: hosts, AE titles, audit sources, owners of accounts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import narwhals as nw

from riskkit.derived.trail import first_rows, in_period, row_key
from riskkit.model import Moment, Rows
from riskkit.tables import records

TRAIL = "audit_events"
TITLES = {"source_aet": "AE title", "dest_aet": "AE title"}
COLUMNS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "accounts": (("system_id", "owner of accounts"),),
    "configurations": (("system_id", "configured system"),),
    "endpoints": (("system_id", "listener"), ("host", "listener"), ("called_aet", "AE title")),
    "channel_observations": (("host", "listener"),),
    "storage_assets": (("system_id", "storage"),),
    "dicom_scans": (("system_id", "image store"),),
    "backups": (("system_id", "backup"),),
    "vulnerability_scans": (("system_id", "scanned host"),),
    "software": (("system_id", "software"),),
    "updates": (("system_id", "updates"),),
    "malware_protection": (("host", "protected host"),),
}
"""Where the name of a system stands, and as what."""


@dataclass
class Seen:
    """One name as the evidence writes it: as what it was seen, how often, and the first rows."""

    name: str
    roles: set[str] = field(default_factory=set)
    tables: set[str] = field(default_factory=set)
    rows: list[Rows] = field(default_factory=list)


def seen_names(tables: Mapping[str, Any | None], at: Moment) -> dict[str, Seen]:
    """Every name of a system in these tables, by its name in lower case.

    Of the audit trail the period counts, aggregated in the engine: one row for each name and file.
    """
    found: dict[str, Seen] = {}
    for table, columns in COLUMNS.items():
        given = tables.get(table)
        named: dict[str, list[Any]] = {}
        for row in () if given is None else records(given):
            for column, role in columns:
                name = (getattr(row, column) or "").strip()
                if name:
                    _add(found, name, role, table)
                    named.setdefault(name.casefold(), []).append(row)
        for name, rows in named.items():
            found[name].rows.append(
                Rows.of(table, sorted(rows, key=lambda r: (r.source, r.offset or 0, r.n or 0)))
            )
    trail = tables.get(TRAIL)
    if trail is not None:
        for column, role in {"source_system": "audit source", **TITLES}.items():
            _of_trail(found, trail, column, role, at)
    return found


def _of_trail(found: dict[str, Seen], trail: Any, column: str, role: str, at: Moment) -> None:
    grouped = (
        trail.filter(in_period(at), ~nw.col(column).is_null())
        .with_columns(key=row_key())
        .group_by(column, "source")
        .agg(nw.len().alias("events"), nw.col("key").min())
    )
    named: dict[str, list[Any]] = {}
    for row in records(grouped):
        name = getattr(row, column).strip()
        if name:
            _add(found, name, role, TRAIL)
            named.setdefault(name.casefold(), []).append(row)
    for name, rows in named.items():
        keys = sorted((row.source, row.key) for row in rows)
        events = sum(int(row.events) for row in rows)
        found[name].rows.append(first_rows(keys, events, f"{column} = :subject"))


def _add(found: dict[str, Seen], name: str, role: str, table: str) -> None:
    seen = found.setdefault(name.casefold(), Seen(name))
    seen.name = min(seen.name, name)
    seen.roles.add(role)
    seen.tables.add(table)
