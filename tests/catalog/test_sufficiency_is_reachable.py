"""A rule of sufficiency that no evidence could ever satisfy would be a trap."""

from __future__ import annotations

from riskkit.assess import all_checks
from riskkit.assess.registry import bringing
from riskkit.catalog import load_catalog
from riskkit.tables import TABLES

CATALOG = load_catalog()


def test_every_readable_rule_of_sufficiency_can_be_satisfied() -> None:
    """Where every required kind is a table, a check brings each of them to the control."""
    readable = [
        row
        for row in CATALOG.sufficiency.values()
        if all(TABLES.keys() & set(kind.split("|")) for kind in row.kinds)
    ]
    unreached = {(row.control, kind) for row in readable for kind in row.kinds if not bringing(row, kind)}
    assert len(readable) > 40
    assert unreached == set()


def test_scenarios_stand_on_what_can_be_spoken_of() -> None:
    """For each scenario a check bears on at least one control, so that evidence can move it."""
    cited = {citation for check in all_checks() for citation in check.controls}
    assert not [scenario.id for scenario in CATALOG.scenarios if not cited & set(scenario.controls)]
