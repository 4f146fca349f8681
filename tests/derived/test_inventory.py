"""Systems and their names."""

from __future__ import annotations

from typing import Any

from riskkit.derived.inventory import in_scope, system_names, system_of
from riskkit.tables import TABLES


def frame(*rows: dict[str, Any]) -> Any:
    return TABLES["systems"].rows([{"source": "f", "offset": 0, "n": 0, **row} for row in rows])


def test_names_of_a_system() -> None:
    """Every alias leads to the system, whatever its case; an unknown name stays as it is."""
    pacs = {
        "system_id": "PACS",
        "name": "PACS",
        "kind": "archive",
        "holds_ephi": True,
        "aliases": "ARC1; arc.example ;",
    }
    names = system_names(frame(pacs, {**pacs, "system_id": "vna", "aliases": None}))
    assert [system_of(name, names) for name in ("arc1", "ARC.EXAMPLE", "pacs", "vna", "other", "", None)] == [
        "PACS", "PACS", "PACS", "vna", "other", "", "",
    ]  # fmt: skip
    assert system_of("arc1", system_names(None)) == "arc1"


def test_scope() -> None:
    """Systems that hold ePHI are in scope unless they are said not to be covered."""
    pacs = {"system_id": "a", "name": "a", "kind": "archive", "holds_ephi": True}
    rows = [
        *(
            frame({**pacs, **more}).to_pylist()[0]
            for more in ({}, {"covered": True}, {"covered": False}, {"holds_ephi": False})
        )
    ]
    assert [in_scope(type("System", (), row)) for row in rows] == [True, True, False, False]
