"""What changed since the last period, each with its cause, against a script of changes."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from riskkit.assess import Comparison, compare, findings_json
from riskkit.model import Assessment
from tests.views import made

CHECK = "transmission.plaintext"


@pytest.fixture(scope="module")
def now(tmp_path_factory: pytest.TempPathFactory) -> Assessment:
    """This period, of which each test scripts an earlier one."""
    return made.assessment(tmp_path_factory.mktemp("now"), made.rows())


@pytest.fixture(scope="module")
def then(now: Assessment) -> dict[str, Any]:
    """The same findings a month earlier, from other files of the same names."""
    findings = findings_json(now)
    findings["period"] = "2026-09"
    for source in findings["sources"]:
        source["sha256"] = "1" * 64
    return findings


def against(now: Assessment, *history: dict[str, Any]) -> Comparison:
    """The comparison with these earlier findings, the last one last."""
    from dataclasses import replace  # noqa: PLC0415 - Assessment is frozen

    found = compare(replace(now, history=history))
    assert found is not None
    return found


def scripted(
    then: dict[str, Any], change: Callable[[dict[str, Any]], None], check: str = CHECK
) -> dict[str, Any]:
    """A copy of the earlier findings with one outcome changed."""
    findings = copy.deepcopy(then)
    change(next(outcome for outcome in findings["outcomes"] if outcome["check"] == check))
    return findings


def failing(outcome: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for one in outcome["verdicts"] if one["result"] == "FAIL" and not one["engine"]]


def test_without_history_there_is_nothing_to_compare(now: Assessment) -> None:
    """No earlier findings: None, and never "no change"."""
    assert compare(now) is None


def test_nothing_changed(now: Assessment, then: dict[str, Any]) -> None:
    """Every failure is still open, and nothing of the method differs."""
    found = against(now, then)
    assert {change.kind for change in found.changes} == {"still open"}
    assert found.method == ()
    assert len(found.changes) == sum(
        not verdict.engine for outcome in now.outcomes for verdict in outcome.findings
    )


def test_other_words_are_no_change(now: Assessment, then: dict[str, Any]) -> None:
    """Findings of before in the words of an older riskkit: the comparison is the same."""
    worded = copy.deepcopy(then)
    for outcome in worded["outcomes"]:
        for verdict in outcome["verdicts"]:
            assert verdict["message"]
            verdict.update(message="5 event(s) on 1 system(s).", observed="5 event(s)", expected="0 event(s)")
    assert against(now, worded) == against(now, then)


@pytest.mark.parametrize(
    ("result", "cause"),
    [
        ("PASS", "passed in 2026-09"),
        ("UNKNOWN", "was not known in 2026-09"),
        ("NA", "did not apply in 2026-09"),
    ],
)
def test_new(now: Assessment, then: dict[str, Any], result: str, cause: str) -> None:
    """What did not fail then fails now: new, with what was said of it."""
    found = against(now, scripted(then, lambda outcome: failing(outcome)[0].update(result=result)))
    (change,) = found.of("new")
    assert (change.cause, change.because) == (cause, "evidence")


def test_reopened(now: Assessment, then: dict[str, Any]) -> None:
    """Failed, passed, fails again: reopened, with the period of the failure before."""
    passed = scripted(then, lambda outcome: failing(outcome)[0].update(result="PASS"))
    (change,) = against(now, then | {"period": "2026-08"}, passed).of("reopened")
    assert change.cause == "failed in 2026-08, was closed, and fails again"


@pytest.mark.parametrize(("severity", "kind"), [("low", "worse"), ("critical", "better")])
def test_worse_and_better(now: Assessment, then: dict[str, Any], severity: str, kind: Any) -> None:
    """A failure of another severity says both."""
    real = next(o for o in now.outcomes if o.check.id == CHECK)
    if real.severity_of(real.findings[0]) == severity:
        pytest.skip("the made finding has that severity")
    found = against(now, scripted(then, lambda outcome: failing(outcome)[0].update(severity=severity)))
    (change,) = found.of(kind)
    assert change.cause.startswith(f"{severity} then, ")


def test_closed(now: Assessment, then: dict[str, Any]) -> None:
    """A failure that passes now is closed, by the method that showed it."""

    def failed(outcome: dict[str, Any]) -> None:
        next(one for one in outcome["verdicts"] if one["result"] == "PASS").update(result="FAIL")

    check = next(
        outcome.check.id for outcome in now.outcomes
        if any(verdict.result == "PASS" and not verdict.engine for verdict in outcome.verdicts)
        and not any(verdict.engine for verdict in outcome.verdicts)
    )  # fmt: skip
    (change,) = against(now, scripted(then, failed, check)).of("closed")
    assert change.cause.startswith("passes now, as ")


def test_no_longer_assessed(now: Assessment, then: dict[str, Any]) -> None:
    """Evidence that is gone takes no finding away: it is told as no longer assessed, never as closed."""
    silent = next(outcome for outcome in now.outcomes if outcome.condition == "NOT_ASSESSED")
    verdict = copy.deepcopy(failing(next(o for o in then["outcomes"] if o["check"] == CHECK))[0])

    def failed(outcome: dict[str, Any]) -> None:
        outcome.update(condition="FINDINGS", verdicts=[verdict | {"fingerprint": "gone"}])

    (change,) = against(now, scripted(then, failed, silent.check.id)).of("no longer assessed", "closed")
    assert (change.kind, change.cause) == ("no longer assessed", silent.reason)


def test_a_new_question_is_no_change_of_the_hospital(now: Assessment, then: dict[str, Any]) -> None:
    """Findings of a check that was not there then rest on the method."""
    findings = copy.deepcopy(then)
    findings["outcomes"] = [one for one in findings["outcomes"] if one["check"] != CHECK]
    found = against(now, findings)
    assert {change.because for change in found.of("new")} == {"method"}
    assert any("asked for the first time" in words for words in found.method)


def test_same_evidence_other_catalog(now: Assessment, then: dict[str, Any]) -> None:
    """The same files judged by another catalog: a change of the method, and the inputs are the same."""
    findings = scripted(then, lambda outcome: failing(outcome)[0].update(result="PASS"))
    findings["catalog"] = "older"
    for source in findings["sources"]:
        source["sha256"] = "0" * 64
    found = against(now, findings)
    (change,) = found.of("new")
    assert change.because == "method"
    assert found.same_inputs
    assert any("another catalog" in words for words in found.method)


def test_same_evidence_other_threshold(now: Assessment, then: dict[str, Any]) -> None:
    """A tuned parameter is named with both values."""
    tuned = next(outcome for outcome in now.outcomes if outcome.parameters and outcome.findings)
    name = next(iter(tuned.parameters))

    def other(outcome: dict[str, Any]) -> None:
        outcome["parameters"][name] = "other"

    found = against(now, scripted(then, other, tuned.check.id))
    assert any(
        f"{name.replace('_', ' ')} other then, {tuned.parameters[name]} now" in w for w in found.method
    )


def test_files_are_counted(now: Assessment, then: dict[str, Any], tmp_path: Path) -> None:
    """One file of the same name and other content is renewed; nothing is the same."""
    found = against(now, then)
    assert (found.same, found.renewed, found.added, found.gone) == (0, 1, 0, 0)
    assert not found.same_inputs
