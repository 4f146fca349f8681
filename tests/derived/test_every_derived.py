"""Every derived table says what it holds and hides what identifies."""

from __future__ import annotations

from pathlib import Path

import narwhals as nw
import pytest

from riskkit.assess.registry import all_derived
from riskkit.model import Derived
from riskkit.tables import TABLES, to_arrow
from tests.evidence import engine_of
from tests.hospital import CANARY, hospital

EVERY = pytest.mark.parametrize("derived", all_derived().values(), ids=lambda derived: derived.name)
FILLED = pytest.mark.parametrize(
    "derived",
    [derived for derived in all_derived().values() if derived.name != "judgements"],
    ids=lambda derived: derived.name,
)
"""The engine fills judgements in the second round; tests of contradictions look at it there."""


@EVERY
def test_names(derived: Derived) -> None:
    """The file is named as the table, which is no table of evidence, and it is documented."""
    assert derived.module == f"riskkit.derived.{derived.name}"
    assert derived.name not in TABLES
    assert derived.doc.endswith(".")


@FILLED
def test_what_identifies_is_marked(derived: Derived, tmp_path: Path) -> None:
    """A column that holds a value that identifies is marked, and every marked column is there."""
    engine = engine_of(tmp_path, hospital())
    table = to_arrow(engine.lazy(derived.name))
    assert table.num_rows
    assert derived.phi <= set(table.column_names)
    identifying = {
        name for name in table.column_names if CANARY in "".join(map(str, table[name].to_pylist()))
    }
    assert identifying == derived.phi


@FILLED
def test_it_is_of_the_kind_that_it_was_given(derived: Derived, tmp_path: Path) -> None:
    """Big tables stay in the engine, small ones are pandas frames."""
    engine = engine_of(tmp_path, hospital())
    if engine.is_lazy(derived.name):
        assert isinstance(engine.lazy(derived.name), nw.LazyFrame)
    else:
        assert len(engine.frame(derived.name))


@EVERY
def test_a_missing_input_makes_it_missing(derived: Derived, tmp_path: Path) -> None:
    """Without a table that it needs it is not assessed; it never is empty instead."""
    for name in {table for need in derived.needs for table in _needed(need)}:
        tables = {key: rows for key, rows in hospital().items() if key != name}
        assert engine_of(tmp_path, tables).state(derived.name).state == "missing"


def _needed(name: str) -> frozenset[str]:
    """The tables of evidence without which a table, derived or not, cannot be."""
    derived = all_derived().get(name)
    return frozenset().union(*map(_needed, derived.needs)) if derived is not None else frozenset({name})
