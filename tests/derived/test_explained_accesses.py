"""Explanations: what the engine joins is what a person would find by hand."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import narwhals as nw
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from riskkit.derived.care_windows import care_windows
from riskkit.derived.explained_accesses import explained_accesses
from riskkit.derived.explanations import TEMPLATES, explained, has_kind
from riskkit.tables import TABLES, records
from tests.evidence import AT, engine_of, event, person, us

DAY_US = 86_400_000_000
EPOCH = date(1970, 1, 1)
FIRST = date(2026, 10, 1)
COLUMNS = ("source", "offset", "n", "on_roster", "personal_gap_us", "department_gap_us")

USERS = st.sampled_from(["u1", "u2", "u3", "stranger"])
PATIENTS = st.sampled_from(["p1", "p2"])
DEPARTMENTS = st.sampled_from(["ct", "mr"])
DAYS = st.integers(0, 20)
TIMES = st.integers(0, 21 * 24).map(lambda hour: (FIRST - EPOCH).days * DAY_US + hour * DAY_US // 24)


@st.composite
def windows(draw: st.DrawFn) -> dict[str, Any]:
    """A relationship: of a person, a department, both or nobody; some last."""
    start = draw(TIMES)
    return {
        "patient_id": draw(PATIENTS),
        "user_id": draw(st.none() | USERS),
        "department": draw(st.none() | DEPARTMENTS),
        "valid_from_us": start,
        "valid_to_us": draw(
            st.none() | st.integers(0, 5 * 24).map(lambda hours: start + hours * DAY_US // 24)
        ),
        "kind": "order",
    }


@st.composite
def people(draw: st.DrawFn) -> dict[str, Any]:
    """An employment of a known user."""
    start = FIRST + timedelta(days=draw(DAYS))
    end = draw(st.none() | DAYS.map(lambda days: start + timedelta(days=days)))
    user, department = draw(st.sampled_from(["u1", "u2", "u3"])), draw(st.none() | DEPARTMENTS)
    return person(user, department=department, employed_from=start, employed_to=end)


@st.composite
def accesses(draw: st.DrawFn) -> dict[str, Any]:
    """An event of a person or machine, that opened a record or not."""
    return event(
        draw(TIMES),
        draw(st.none() | USERS),
        draw(st.sampled_from(["read", "query", "transfer", "delete"])),
        patient_id=draw(st.none() | PATIENTS),
        event_outcome=draw(st.sampled_from(["success", "failure", None])),
        event_code=draw(st.sampled_from([None, "110102", "110104"])),
        user_type=draw(st.sampled_from(["person", "node", None])),
    )


def by_hand(tables: dict[str, list[dict[str, Any]]]) -> list[tuple[Any, ...]]:
    """The same, written as one would do it with a pencil."""
    rows = []
    for number, access in enumerate(tables["audit_events"]):
        if (
            access["user_type"] == "node"
            or not access["user_id"]
            or not access["patient_id"]
            or access["event_category"] == "delete"
            or access["event_outcome"] == "failure"
            or access["event_code"] == "110102"
            or not AT.start_us <= access["event_time_us"] < AT.end_us
        ):
            continue
        day = EPOCH + timedelta(days=access["event_time_us"] // DAY_US)
        own = [row for row in tables["roster"] if row["user_id"] == access["user_id"]]
        departments = {
            row["department"]
            for row in own
            if row["department"]
            and row["employed_from"] - timedelta(days=1) <= day
            and (row["employed_to"] is None or day <= row["employed_to"] + timedelta(days=1))
        }
        related = [row for row in tables["relationships"] if row["patient_id"] == access["patient_id"]]
        personal = [_gap(row, access) for row in related if row["user_id"] == access["user_id"]]
        shared = [_gap(row, access) for row in related if row["department"] in departments]
        rows.append(
            (
                "evidence.file",
                100 * number,
                0,
                bool(own),
                min(personal, default=None),
                min(shared, default=None),
            )
        )
    return rows


def _gap(row: dict[str, Any], access: dict[str, Any]) -> int:
    time, end = access["event_time_us"], row["valid_to_us"]
    return max(row["valid_from_us"] - time, 0 if end is None else time - end, 0)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(accesses(), min_size=1, max_size=12),
    st.lists(windows(), min_size=1, max_size=8),
    st.lists(people(), min_size=1, max_size=4),
)
def test_as_by_hand(
    tmp_path: Path, events: list[dict[str, Any]], related: list[dict[str, Any]], roster: list[dict[str, Any]]
) -> None:
    """Every access has one row, with its distance from the nearest relationship of person and department."""
    tables = {"audit_events": events, "relationships": related, "roster": roster}
    found = engine_of(tmp_path, tables).lazy("explained_accesses").select(*COLUMNS)
    assert sorted(map(tuple, records(found)), key=lambda row: row[1]) == by_hand(tables)


@pytest.mark.parametrize("backend", ["duckdb", "pandas"])
def test_engines_agree(tmp_path: Path, backend: str) -> None:
    """The same expressions give the same rows on another engine."""
    tables = {
        "audit_events": [
            event("2026-10-05 08:00", "u1", patient_id="p1"),
            event("2026-10-05 08:00", "u2", patient_id="p1"),
            event("2026-10-05 09:00", "u3", patient_id="p2"),
            event("2026-10-05 09:00", "u1", patient_id="p2", event_outcome=None, event_code="110104"),
        ],
        "relationships": [
            {"patient_id": "p1", "user_id": "u1", "valid_from_us": 0, "kind": "order"},
            {"patient_id": "p2", "department": "ct", "valid_from_us": 0, "valid_to_us": 7, "kind": "order"},
        ],
        "roster": [person("u1", department="ct"), person("u2", department="mr")],
    }
    if backend == "pandas":
        given = {
            name: nw.from_native(
                TABLES[name]
                .rows(
                    [
                        {"source": "evidence.file", "offset": 100 * number, "n": 0, **row}
                        for number, row in enumerate(rows)
                    ]
                )
                .to_pandas(types_mapper=pd.ArrowDtype)
            ).lazy()
            for name, rows in tables.items()
        }
        care = care_windows.run(given.pop("relationships"), at=AT)
        [found] = explained_accesses.run(**given, care_windows=care, schedule=None, at=AT)
    else:
        found = engine_of(tmp_path, tables).lazy("explained_accesses")
    assert sorted(map(tuple, records(found.select(*COLUMNS))), key=lambda row: row[1]) == by_hand(
        _filled(tables)
    )


def _filled(tables: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """Rows with every column that the pencil looks at."""
    blank = {
        "audit_events": {"event_code": None},
        "relationships": {"user_id": None, "department": None, "valid_to_us": None},
        "roster": {"employed_to": None},
    }
    return {name: [{**blank[name], **row} for row in rows] for name, rows in tables.items()}


def kinds(tmp_path: Path, **tables: Any) -> list[set[str]]:
    """Which kinds explain each access, in the order of the evidence."""
    found = engine_of(tmp_path, tables).lazy("explained_accesses").sort("offset")
    shown = found.select(**{name: has_kind(name) for name in TEMPLATES})
    return [{name for name in TEMPLATES if getattr(row, name)} for row in records(shown)]


def _related(kind: str, user: str | None = "u1", **columns: Any) -> dict[str, Any]:
    return {
        "patient_id": "p1",
        "user_id": user,
        "kind": kind,
        "valid_from_us": us("2026-10-05 00:00"),
        "valid_to_us": us("2026-10-06 00:00"),
        **columns,
    }


def test_kinds_of_explanation(tmp_path: Path) -> None:
    """Every kind near enough is told, under its common name; unknown words explain as other."""
    found = kinds(
        tmp_path,
        audit_events=[
            event("2026-10-05 08:00", patient_id="p1"),
            event("2026-10-06 23:00", patient_id="p1"),
            event("2026-10-07 08:00", patient_id="p1"),
        ],
        relationships=[
            _related("Imaging Order"),
            _related("admission", None, department="radiology"),
            _related("dance lesson", valid_to_us=us("2026-10-05 12:00")),
            _related("order"),
        ],
        roster=[person("u1")],
    )
    assert found == [{"order", "encounter", "other"}, {"order", "encounter"}, set()]


def test_duty_in_another_department(tmp_path: Path) -> None:
    """Documented float duty explains what the own department does not, while it lasts."""
    tables = {
        "audit_events": [
            event("2026-10-05 08:00", patient_id="p1"),
            event("2026-10-05 20:00", patient_id="p1"),
        ],
        "relationships": [_related("admission", None, department="emergency")],
        "roster": [person("u1")],
        "schedule": [
            {
                "user_id": "u1",
                "starts_us": us("2026-10-05 07:00"),
                "ends_us": us("2026-10-05 15:00"),
                "department": "emergency",
                "duty": "float",
            }
        ],
    }
    assert kinds(tmp_path, **tables) == [{"schedule"}, set()]
    del tables["schedule"]
    (tmp_path / "without").mkdir()
    assert kinds(tmp_path / "without", **tables) == [set(), set()]


def test_no_access_explains_another(tmp_path: Path) -> None:
    """A hundred unexplained accesses leave the next as unexplained as the first."""
    tables = {
        "audit_events": [event(f"2026-10-{day:02} 08:00", patient_id="p1") for day in range(2, 30)],
        "relationships": [_related("order", "u2")],
        "roster": [person("u1"), person("u2")],
    }
    found = engine_of(tmp_path, tables).lazy("explained_accesses").select(known=explained())
    assert {row.known for row in records(found)} == {False}
