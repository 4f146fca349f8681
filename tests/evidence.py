"""Evidence made in a test: rows of tables in the real engine, and what a check says of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq

from riskkit.assess import all_checks
from riskkit.assess.engine import Engine
from riskkit.model import SEVERITIES, Check, Evidence, Moment, Period, TableState, Verdict
from riskkit.model.time import microseconds
from riskkit.tables import TABLES

ZONE = ZoneInfo("America/Chicago")
AT = Moment.closing(Period.parse("2026-10"), ZONE)
"""The end of October 2026 in Chicago: clocks change a day later, and changed in March."""

FILE = "evidence.file"
Rows = Sequence[Mapping[str, Any]]


def instant(text: str, zone: ZoneInfo = ZONE) -> datetime:
    """Local time such as `2026-10-05 08:00` as an aware datetime."""
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def us(text: str, zone: ZoneInfo = ZONE) -> int:
    """Local time such as `2026-10-05 08:00` as microseconds since 1970 UTC."""
    return microseconds(instant(text, zone))


def event(time: str | int, user: str | None = "u1", category: str = "read", **columns: Any) -> dict[str, Any]:
    """A row of audit_events: a person reads an image, unless said otherwise."""
    return {
        "event_time_us": us(time) if isinstance(time, str) else time,
        "user_id": user,
        "user_type": "person" if user else None,
        "event_category": category,
        "event_outcome": "success",
        "source_system": "PACS",
        **columns,
    }


def person(user: str, **columns: Any) -> dict[str, Any]:
    """A row of roster: a radiologist for years."""
    return {
        "user_id": user,
        "role": "radiologist",
        "department": "radiology",
        "employed_from": date(2020, 1, 1),
        **columns,
    }


def engine_of(folder: Path, tables: Mapping[str, Rows], at: Moment = AT) -> Engine:
    """An engine over these rows; tables that are not named are missing."""
    files: dict[str, tuple[Path, ...]] = {}
    states = {}
    for name in TABLES:
        rows = tables.get(name, ())
        if rows:
            path = folder / f"{name}.parquet"
            pq.write_table(_arrow(name, rows), path)
            files[name] = (path,)
        states[name] = TableState(
            name, "present" if rows else "missing", "" if rows else "missing", len(rows)
        )
    evidence = Evidence(folder, (), states, files, TABLES)
    return Engine(evidence, at, None)


def _arrow(name: str, rows: Rows) -> pa.Table:
    numbered = [
        {"source": FILE, "offset": 100 * number, "n": 0, **row}
        | ({"event_seq": row.get("event_seq", number)} if name == "audit_events" else {})
        for number, row in enumerate(rows)
    ]
    return TABLES[name].conform(TABLES[name].rows(numbered))


def check_of(name: str) -> Check:
    """A check by its id."""
    return {check.id: check for check in all_checks()}[name]


def ask(
    name: str, folder: Path, at: Moment = AT, /, *, tunables: Mapping[str, Any] | None = None, **tables: Rows
) -> list[Verdict]:
    """What a check says of these rows, its tunables at their defaults unless given."""
    check = check_of(name)
    values = {key: parameter.default for key, parameter in check.parameters.items()} | dict(tunables or {})
    given = engine_of(folder, tables, at).tables_for(check)
    said = list(check.run(**given, **values, at=at))
    worst = SEVERITIES.index(check.worst)
    assert all(SEVERITIES.index(one.severity or check.severity) <= worst for one in said)
    return said


def results(verdicts: Sequence[Verdict]) -> dict[str, str]:
    """Results by subject; every subject is judged once."""
    found = {verdict.subject: verdict.result for verdict in verdicts}
    assert len(found) == len(verdicts), [verdict.subject for verdict in verdicts]
    return found
