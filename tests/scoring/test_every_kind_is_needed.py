"""For every control: evidence of all kinds but one never gives "met", however good all other evidence is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made import check, outcome, said

from riskkit.assess import all_checks
from riskkit.assess.registry import base_tables, bringing
from riskkit.catalog import ATTESTATION, load_catalog
from riskkit.model import METHODS, Check, ControlStatus, Outcome, Sufficiency
from riskkit.scoring import score
from riskkit.settings import Settings

CATALOG = load_catalog()
ROWS = list(CATALOG.sufficiency.values())
BASES = {one.id: frozenset().union(*map(base_tables, one.needs)) for one in all_checks()}
PAIRS = [(row, kind) for row in ROWS for kind in row.kinds]
each_kind = pytest.mark.parametrize(
    ("row", "kind"), [pytest.param(*pair, id=f"{pair[0].control[7:]}-{pair[1]}") for pair in PAIRS]
)


def status(row: Sufficiency, outcomes: list[Outcome], there: frozenset[str]) -> ControlStatus:
    """How the control stands; a kind that is not there supports nothing, as in an assessment."""
    cited = [one for one in outcomes if row.control in one.check.controls]
    kinds = {one.check.id: BASES.get(one.check.id, frozenset(one.check.needs)) & there for one in cited}
    catalog = replace(CATALOG, scenarios=())
    found = score(cited, catalog, Settings(), kinds=kinds)[0]
    return next(one for one in found if one.control.citation == row.control)


def passing(one: Check, control: str) -> Outcome:
    return outcome(one, said("pp", controls=(control,)))


def on(kind: str, row: Sufficiency, number: int = 0, method: str = "TEST") -> Outcome:
    """A check that only rests on this kind, and passes."""
    made = check(f"area.on_{kind}_{number}", row.control, needs=(kind,), method=method)
    return outcome(made, said("ppp"))


@each_kind
def test_all_kinds_but_one_are_not_enough_for_the_checks_there_are(row: Sufficiency, kind: str) -> None:
    """All checks that can run without the kind pass; the control is not met, and the kind is named."""
    without = set(kind.split("|"))
    there = frozenset().union(*BASES.values()) - without
    runs = [
        passing(one, row.control)
        for one in all_checks()
        if row.control in one.controls and not (without & set(one.needs)) and BASES[one.id] - without
    ]
    found = status(row, runs, there)
    assert found.status != "met"
    assert kind in found.lacking


@each_kind
@settings(max_examples=8)
@given(data=st.data())
def test_nothing_else_makes_up_for_a_kind(row: Sufficiency, kind: str, data: st.DataObject) -> None:
    """Any number of checks on any other evidence, by any method, and a yes to everything: not met."""
    others = sorted(frozenset().union(*BASES.values()) | {ATTESTATION} - set(kind.split("|")))
    others = [name for name in others if name not in kind.split("|")]
    chosen = data.draw(st.lists(st.tuples(st.sampled_from(others), st.sampled_from(METHODS)), max_size=6))
    needed = [(name, "TEST") for one in row.kinds if one != kind for name in one.split("|")]
    runs = [on(name, row, at, method) for at, (name, method) in enumerate([*chosen, *needed])]
    assert status(row, runs, frozenset(others)).status != "met"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.control[7:])
def test_all_kinds_are_enough(row: Sufficiency) -> None:
    """The other side, so that the tests above cannot pass by never meeting anything."""
    runs = [on(one.split("|")[0], row, at, row.method) for at, one in enumerate(row.kinds)]
    there = frozenset(one.split("|")[0] for one in row.kinds)
    assert status(row, runs, there).status == "met"


@each_kind
def test_a_weaker_method_is_not_enough(row: Sufficiency, kind: str) -> None:
    """One kind by a method weaker than asked, all others by a test: not met."""
    weaker = METHODS[: METHODS.index(row.method)]
    for method in weaker:
        runs = [
            on(one.split("|")[0], row, at, method if one == kind else "TEST")
            for at, one in enumerate(row.kinds)
        ]
        there = frozenset(one.split("|")[0] for one in row.kinds)
        assert status(row, runs, there).status != "met"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.control[7:])
def test_an_answer_alone_meets_only_what_answers_suffice_for(row: Sufficiency) -> None:
    """Whoever answers yes to everything meets only the specifications that data cannot show."""
    answer = outcome(
        check("programme.attested", row.control, needs=(ATTESTATION,), method="INTERVIEW"), said("p")
    )
    met = status(row, [answer], frozenset({ATTESTATION})).status == "met"
    assert met == (row.kinds == (ATTESTATION,))


def test_checks_bring_only_what_they_rest_on() -> None:
    """A check that cites the control and rests on another table brings nothing; a weaker one neither."""
    for row in ROWS:
        for kind in row.kinds:
            for one in bringing(row, kind):
                assert row.control in one.controls
                assert set(kind.split("|")) & BASES[one.id]
                assert METHODS.index(one.method) >= METHODS.index(row.method)
