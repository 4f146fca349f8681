"""A log-in name is the same whatever its case: no verdict depends on how a list spells it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from riskkit.assess import all_checks
from riskkit.assess.engine import Engine
from riskkit.assess.registry import base_tables
from riskkit.model import Check, Verdict
from riskkit.tables import TABLES
from tests.evidence import AT, engine_of
from tests.hospital import hospital

FOLDED = {
    table.name: [column.name for column in table.columns if column.folded]
    for table in TABLES.values()
    if any(column.folded for column in table.columns)
}


def said(check: Check, engine: Engine) -> list[Verdict]:
    """What a check says with its tunables at their defaults, own records with a policy."""
    values = {name: parameter.default for name, parameter in check.parameters.items()}
    values |= {"policy": "portal only"} if "policy" in values else {}
    return sorted(check.run(**engine.tables_for(check), **values, at=AT), key=repr)


def asked(table: str) -> list[Check]:
    """The checks that rest on a table."""
    return [c for c in all_checks() if any(table in base_tables(name) for name in (*c.needs, *c.optional))]


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Verdict]]:
    engine = engine_of(tmp_path_factory.mktemp("usual"), hospital())
    return {check.id: said(check, engine) for check in {c.id: c for t in FOLDED for c in asked(t)}.values()}


def test_which_columns_hold_log_in_names() -> None:
    """Every column that is compared with the ids of the trail is folded, in every table."""
    assert {
        "audit_events",
        "roster",
        "schedule",
        "relationships",
        "self_match",
        "exemptions",
    } <= FOLDED.keys()
    assert {"accounts", "grants", "training", "alerts", "facility_lists", "facility_access"} <= FOLDED.keys()
    assert all(
        column.folded for table in TABLES.values() for column in table.columns if column.name == "user_id"
    )


@pytest.mark.parametrize("table", FOLDED)
def test_upper_case_in_one_file_changes_no_verdict(
    table: str, usual: dict[str, list[Verdict]], tmp_path: Path
) -> None:
    """Not one verdict, subject, fingerprint text or signal for the review queue is another."""
    rows = hospital()
    shouted: list[dict[str, Any]] = [
        row | {name: row[name].upper() for name in FOLDED[table] if row.get(name)}
        for row in rows.get(table, ())
    ]
    if shouted == rows.get(table, []):
        pytest.skip(f"the hospital has no log-in names in {table}")
    engine = engine_of(tmp_path, {**rows, table: shouted})
    for check in asked(table):
        assert said(check, engine) == usual[check.id], check.id
