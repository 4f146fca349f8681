"""Every rule means what its examples say."""

from __future__ import annotations

import pandas as pd
import pytest

from riskkit.assess import all_checks
from riskkit.model import Check, Verdict
from riskkit.tables import TABLES
from tests.evidence import AT

RULES = [check for check in all_checks() if check.examples]


def judged(rule: Check, example: dict[str, object]) -> list[Verdict]:
    """What a rule says of one row."""
    (table,) = rule.needs
    frame = TABLES[table].rows([{"source": "example", "offset": 0, "n": 0, **example}])
    defaults = {name: parameter.default for name, parameter in rule.parameters.items()}
    return list(rule.run(**{table: frame.to_pandas(types_mapper=pd.ArrowDtype)}, **defaults, at=AT))


def test_there_are_rules() -> None:
    """The folder is found."""
    assert len(RULES) >= 5


@pytest.mark.parametrize(
    ("rule", "result", "example"),
    [
        pytest.param(rule, result, example, id=f"{rule.id}-{result}-{number}")
        for rule in RULES
        for result, examples in rule.examples.items()
        for number, example in enumerate(examples)
    ],
)
def test_examples(rule: Check, result: str, example: dict[str, object]) -> None:
    """Each example is judged as it claims."""
    (verdict,) = judged(rule, example)
    assert verdict.result == result.upper()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_examples_are_whole_rows(rule: Check) -> None:
    """No rule is shown by a row that its table could not hold."""
    (table,) = rule.needs
    for examples in rule.examples.values():
        for example in examples:
            assert TABLES[table].required - example.keys() <= set(), example


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_silence_is_unknown(rule: Check) -> None:
    """A row that passes never fails for lack of a value, and without the value in question it is unknown."""
    for example in rule.examples["pass"]:
        said = {
            column: {verdict.result for verdict in judged(rule, {**example, column: None})}
            for column in example
        }
        assert set().union(*said.values()) <= {"PASS", "UNKNOWN"}
        assert {"UNKNOWN"} in said.values()
