"""The tables of treatment become a Programme: what is planned, borne, decided and signed."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, TypeVar

from riskkit.assess.engine import Engine
from riskkit.model import Action, Exemption, Moment, Programme, Signature, SpecificationDecision
from riskkit.tables import records

Entry = TypeVar("Entry", Action, Exemption, SpecificationDecision, Signature)


def read_programme(engine: Engine, moment: Moment) -> Programme:
    """What the pack says about treatment as of a moment; a table that cannot be judged says nothing."""
    return Programme(
        today=moment.today,
        actions=_entries(engine, "actions", Action),
        exceptions=_entries(engine, "exceptions", Exemption),
        decisions=_entries(engine, "decisions", SpecificationDecision),
        signatures=_entries(engine, "signoff", Signature),
    )


def _entries(engine: Engine, table: str, kind: type[Entry]) -> tuple[Entry, ...]:
    if engine.state(table).state != "present":
        return ()
    names = [field.name for field in fields(kind)]
    return tuple(kind(**_given(row, names)) for row in records(engine.frame(table)))


def _given(row: Any, names: list[str]) -> dict[str, Any]:
    """The columns that a row fills; the others keep the default of their field."""
    return {name: value for name in names if (value := getattr(row, name)) is not None}
