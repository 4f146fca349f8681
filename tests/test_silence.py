"""Evidence that is deleted, empty or broken never makes anything look better."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from riskkit.assess import all_checks, open_pack
from riskkit.assess.registry import base_tables
from riskkit.model import RESULTS
from tests.packs import SAMPLES, assess, copy_of_samples, evidence_files, levels, outcomes

FILES = evidence_files()
FIRST = 5


def every(step: int, start: int = 0) -> pytest.MarkDecorator:
    """Files of the sample, by turns: each costs an assessment. A few in every run, the rest when slow."""
    chosen = FILES[start::step]
    quick = set(chosen[:: max(1, len(chosen) // FIRST)][:FIRST])
    return pytest.mark.parametrize(
        "name", [name if name in quick else pytest.param(name, marks=pytest.mark.slow) for name in chosen]
    )


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One work folder for all: what was read once is not read again."""
    return tmp_path_factory.mktemp("work")


@pytest.fixture(scope="module")
def whole(work: Path) -> dict[str, Any]:
    """What the whole sample pack says."""
    return assess(SAMPLES, work)


def no_better(before: dict[str, Any], after: dict[str, Any]) -> None:
    """No risk fell, no check became clean, no control became met."""
    was, now = levels(before), levels(after)
    assert {risk: now[risk] for risk in was if now[risk] < was[risk]} == {}
    for check, outcome in outcomes(after).items():
        if outcome["condition"] == "CLEAN":
            assert outcomes(before)[check]["condition"] == "CLEAN", check
    met = {control["citation"] for control in before["controls"] if control["status"] == "met"}
    assert {c["citation"] for c in after["controls"] if c["status"] == "met"} <= met


@every(1)
def test_a_file_deleted(name: str, whole: dict[str, Any], tmp_path: Path, work: Path) -> None:
    """The last file of a kind gone is NOT_ASSESSED; one of several turns what it showed UNKNOWN."""
    pack = copy_of_samples(tmp_path / "pack")
    (pack / name).unlink()
    after = assess(pack, work)
    no_better(whole, after)
    fed = {
        table
        for source in whole["sources"]
        if source["name"].partition("!")[0] == name
        for table in source["tables"]
    }
    left = {table for source in after["sources"] for table in source["tables"]}
    for check in all_checks():
        needs = frozenset().union(*map(base_tables, check.needs))
        needed = set(check.needs) | {table for table in needs if table in fed}
        if fed - left and needed & (fed - left) and _needs(check.needs, fed - left):
            assert outcomes(after)[check.id]["condition"] == "NOT_ASSESSED", check.id
    for check, outcome in outcomes(whole).items():
        if not _standing(check):
            continue
        now = {v["fingerprint"]: v for v in outcomes(after)[check]["verdicts"]}
        for verdict in outcome["verdicts"]:
            if verdict["result"] == "FAIL" and verdict["fingerprint"] not in now and not verdict["engine"]:
                unknown = [v for v in now.values() if v["result"] in {"UNKNOWN", "FAIL"}]
                gone = outcomes(after)[check]["condition"] == "NOT_ASSESSED"
                assert unknown or gone, f"{check}: a failure vanished without a trace"


def _needs(needs: tuple[str, ...], gone: set[str]) -> bool:
    """Whether a check cannot be asked without these tables (optional inputs of derived ones apart)."""
    from riskkit.assess.registry import all_derived  # noqa: PLC0415

    for need in needs:
        derived = all_derived().get(need)
        if need in gone or (derived is not None and _needs(derived.needs, gone)):
            return True
    return False


def _standing(check: str) -> bool:
    return next(item.standing for item in all_checks() if item.id == check)


@every(3)
def test_a_file_emptied(name: str, whole: dict[str, Any], tmp_path: Path, work: Path) -> None:
    """An empty file is told by name, and nothing looks better."""
    _broken(name, b"", whole, tmp_path, work)


@every(3, 1)
def test_a_file_of_noise(name: str, whole: dict[str, Any], tmp_path: Path, work: Path) -> None:
    """A file of noise is told by name, and nothing looks better."""
    _broken(name, b"\x00\xff\xfe noise \x80" * 50, whole, tmp_path, work)


def _broken(name: str, content: bytes, whole: dict[str, Any], tmp_path: Path, work: Path) -> None:
    pack = copy_of_samples(tmp_path / "pack")
    (pack / name).write_bytes(content)
    after = assess(pack, work)
    no_better(whole, after)
    told = next(source for source in after["sources"] if source["name"] == name)
    assert told["problem"] or told["quarantine"] or not told["reader"]


@every(3, 2)
def test_a_file_cut_in_half(name: str, whole: dict[str, Any], tmp_path: Path, work: Path) -> None:
    """Half a file is read as far as it goes, and what is missing is not forgotten."""
    pack = copy_of_samples(tmp_path / "pack")
    content = (pack / name).read_bytes()
    (pack / name).write_bytes(content[: len(content) // 2])
    after = assess(pack, work)
    was, now = levels(whole), levels(after)
    assert {risk for risk in was if now[risk] < was[risk]} == set()


def test_history_deleted(whole: dict[str, Any], tmp_path: Path, work: Path) -> None:
    """Without earlier findings nothing standing is clean."""
    pack = copy_of_samples(tmp_path / "pack")
    for path in (pack / "history").rglob("findings.json"):
        path.unlink()
    after = assess(pack, work)
    no_better(whole, after)
    for check, outcome in outcomes(after).items():
        assert not (_standing(check) and outcome["condition"] == "CLEAN"), check


def test_nothing_at_all(tmp_path: Path, work: Path) -> None:
    """An empty pack assesses nothing and shows nothing as fine."""
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "site.yaml").write_text("synthetic: true\nperiod: 2026-10\n")
    assessment = open_pack(tmp_path / "pack", work=work)
    assert {outcome.condition for outcome in assessment.outcomes} == {"NOT_ASSESSED"}
    assert set(assessment.coverage()) == {"not demonstrated"}
    assert all(risk.level in {"high", "very high", "moderate"} for risk in assessment.risks)
    assert RESULTS[-1] == "FAIL"
