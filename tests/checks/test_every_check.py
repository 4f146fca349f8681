"""Every check, whoever wrote it, keeps the contract; a new one is swept without being named here."""

from __future__ import annotations

import re
import typing
from pathlib import Path

import pytest

from riskkit.assess import all_checks
from riskkit.assess.engine import Engine
from riskkit.assess.expected import Inventory
from riskkit.assess.history import History
from riskkit.assess.judge import Court, judge
from riskkit.assess.registry import all_derived
from riskkit.catalog import RULES, load_catalog
from riskkit.model import RESULTS, SEVERITIES, Check, Evidence, TableState, Verdict
from riskkit.settings import Settings
from riskkit.tables import TABLES
from tests.evidence import AT, Rows, engine_of
from tests.hospital import CANARY, hospital

CHECKS = all_checks()
FUNCTIONS = [check for check in CHECKS if not check.examples]
PROSE = ("title", "question", "remediation", "look_first", "usual_cause")
FORBIDDEN = re.compile(r"violat|complian|certified|snoop|\bguilty\b|\boffend", re.IGNORECASE)
"""A finding is a reason to look, and nothing that riskkit says is a verdict of law."""

NOT_IMPERATIVE = frozenset(
    {"the", "a", "an", "it", "this", "that", "you", "we", "should", "must", "please", "there"}
)


def every(checks: list[Check] | tuple[Check, ...] = CHECKS) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("check", checks, ids=lambda check: check.id)


@every()
def test_names(check: Check) -> None:
    """Id, file and function are one name."""
    assert re.fullmatch(r"[a-z]+\.[a-z][a-z0-9_]*", check.id)
    if check.examples:
        assert (RULES / f"{check.id}.yaml").is_file()
    else:
        assert check.module == f"riskkit.checks.{check.id.replace('.', '_')}"


@every()
def test_controls(check: Check) -> None:
    """Each citation stands in the catalog, once."""
    assert check.controls
    assert len(set(check.controls)) == len(check.controls)
    assert set(check.controls) <= load_catalog().controls.keys()


@every()
def test_needs(check: Check) -> None:
    """A check asks for evidence, and no table twice."""
    assert check.needs
    assert not set(check.needs) & set(check.optional)
    assert all(re.fullmatch(r"\*|[a-z]+", kind) for kind in check.expects)
    assert check.severity in SEVERITIES


@every()
def test_prose(check: Check) -> None:
    """Titles state the wish, questions ask, the rest is whole sentences; nobody is accused."""
    text = {name: getattr(check, name) for name in PROSE}
    assert all(value.strip() == value and value[0].isupper() for value in text.values()), text
    assert not check.title.endswith(".")
    assert check.question.endswith("?")
    for name in ("remediation", "look_first", "usual_cause"):
        assert text[name].endswith("."), name
    for name in ("look_first", "usual_cause"):
        assert not re.search(r"[.!?] ", text[name]), f"{name} is one sentence"
    assert check.remediation.split()[0].lower() not in NOT_IMPERATIVE
    assert not any(FORBIDDEN.search(value) for value in text.values())
    assert check.subject == check.subject.lower().strip()


@every()
def test_tunables(check: Check) -> None:
    """A tunable has a plain type and a default of it; no limit is a float, whose sums differ by engine."""
    for parameter in check.parameters.values():
        assert parameter.type in (int, bool, str, list), parameter
        assert type(parameter.default) is parameter.type
        assert typing.get_origin(parameter.type) is None


@every(FUNCTIONS)
def test_says_what_it_does(check: Check) -> None:
    """The function's docstring is there for `riskkit explain`."""
    assert check.run.__module__ == check.module


def run(check: Check, engine: Engine) -> list[Verdict]:
    defaults = {name: parameter.default for name, parameter in check.parameters.items()}
    return list(check.run(**engine.tables_for(check), **defaults, at=AT))


# One engine for all checks: what several of them derive is derived once, as in an assessment.
@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return engine_of(tmp_path_factory.mktemp("hospital"), hospital())


@pytest.fixture(scope="module")
def engine_of_numbered(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return engine_of(tmp_path_factory.mktemp("numbered"), numbered())


@pytest.fixture(scope="module")
def engine_of_mixed(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    mixed = {
        name: rows[::-2] + rows[::2] if len(rows) % 2 == 0 else rows[::-1]
        for name, rows in numbered().items()
    }
    return engine_of(tmp_path_factory.mktemp("mixed"), mixed)


def numbered() -> dict[str, Rows]:
    """The hospital with every row's place in it, so that mixing keeps it."""
    return {
        name: [
            {"offset": 100 * number, **({"event_seq": number} if name == "audit_events" else {}), **row}
            for number, row in enumerate(rows)
        ]
        for name, rows in hospital().items()
    }


@every()
def test_verdicts(check: Check, engine: Engine) -> None:
    """On evidence of every kind a check says something, one verdict per unit, with what it rests on."""
    said = run(check, engine)
    assert said
    units = [(verdict.scope, verdict.subject) for verdict in said]
    assert len(set(units)) == len(units)
    for verdict in said:
        assert verdict.subject
        assert verdict.result in RESULTS
        assert re.match(r"[A-Z0-9]", verdict.message), verdict.message
        assert not FORBIDDEN.search(verdict.message), verdict.message
        assert set(verdict.controls) <= load_catalog().controls.keys()
        assert verdict.severity is None or verdict.severity in SEVERITIES
        assert verdict.result != "FAIL" or any(rows.keys for rows in verdict.rows), "a finding shows its rows"
        for rows in verdict.rows:
            assert rows.table in TABLES
            assert len(rows.keys) <= rows.count


@every()
def test_nobody_is_named(check: Check, engine: Engine) -> None:
    """Only the subject may identify: no message, observation or predicate holds such a value."""
    for verdict in run(check, engine):
        said = (
            verdict.message,
            verdict.observed,
            verdict.expected,
            verdict.scope,
            *(rows.predicate for rows in verdict.rows),
            *(signal.reason for signal in verdict.signals),
        )
        assert not any(CANARY in text for text in said), said


@every()
def test_order_of_rows_does_not_matter(
    check: Check, engine_of_numbered: Engine, engine_of_mixed: Engine
) -> None:
    """The same evidence in another order says the same, byte for byte."""

    def key(verdict: Verdict) -> str:
        return repr(verdict)

    assert sorted(run(check, engine_of_numbered), key=key) == sorted(run(check, engine_of_mixed), key=key)


@every()
def test_nothing_shows_nothing(check: Check, engine: Engine) -> None:
    """From tables without rows nobody learns that anything is fine."""
    given = {
        name: None if frame is None else frame.head(0) for name, frame in engine.tables_for(check).items()
    }
    defaults = {name: parameter.default for name, parameter in check.parameters.items()}
    assert {verdict.result for verdict in check.run(**given, **defaults, at=AT)} <= {"UNKNOWN"}


@every()
def test_without_its_tables_a_check_is_not_assessed(check: Check) -> None:
    """Whichever table a check needs is missing, nothing is said, and the outcome says why."""
    for table in sorted(set().union(*map(_inputs, check.needs))):
        states = {
            name: TableState(name, *(("missing", "missing") if name == table else ("present", "")), 1)
            for name in TABLES
        }
        evidence = Evidence(Path(), (), states, {}, TABLES)
        engine = Engine(evidence, AT, None)
        outcome = judge(check, Court(Settings(), AT, evidence, engine, History(), Inventory(), {}, str))
        assert (outcome.condition, outcome.verdicts) == ("NOT_ASSESSED", ()), table
        assert outcome.reason


def _inputs(need: str) -> set[str]:
    """The tables without which this one, derived or not, is missing."""
    derived = all_derived().get(need)
    return {need} if derived is None else set().union(*map(_inputs, derived.needs))
