"""The first page: what is covered, where we stand, what changed, what nobody knows."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup

from riskkit.assess import findings_json
from riskkit.model import LEVELS, Assessment
from riskkit.settings import Settings
from riskkit.views import changes, leadership
from riskkit.views.html import Html
from tests.evidence import ZONE
from tests.views import made


@pytest.fixture(scope="module")
def earlier(something: Assessment) -> dict[str, Any]:
    """Findings of the month before: one closed since, one not yet there, a risk lower, a control met."""
    findings = copy.deepcopy(findings_json(something))
    findings["period"] = "2026-09"
    for outcome in findings["outcomes"]:
        if outcome["check"] == "transmission.plaintext":
            failed = next(verdict for verdict in outcome["verdicts"] if verdict["result"] == "FAIL")
            outcome["verdicts"].append(failed | {"fingerprint": "closed since", "since": "2026-07"})
        if outcome["check"] == "transmission.legacy_tls":
            for verdict in outcome["verdicts"]:
                verdict["result"] = "PASS"
    findings["risks"][0]["level"] = "very low"
    findings["controls"][0]["status"] = "met"
    return findings


@pytest.fixture(scope="module")
def later(tmp_path_factory: pytest.TempPathFactory, earlier: dict[str, Any]) -> Assessment:
    """The same evidence, with a history."""
    return made.assessment(tmp_path_factory.mktemp("later"), made.rows(), history=[earlier])


def test_scope_lists_what_is_not_covered(something: Assessment) -> None:
    """Systems that hold ePHI stand in the table, covered or not; those left out are named again."""
    shown = leadership.scope(something)
    words = _words(shown)
    assert "covers 2 of 3 systems" in words
    assert "Not covered: 1." in words
    assert "Old archive (OLD)" in words
    assert "Mail" not in words
    assert shown.frame is not None
    assert list(shown.frame["covered"]) == ["✓ yes", "✓ yes", "✗ no"]


def test_scope_names_what_the_site_leaves_out(tmp_path: Path) -> None:
    """What site.yaml says is not covered is said, whatever the inventory holds."""
    settings = Settings(not_covered=("Cardiology archive",), timezone=ZONE, synthetic=True)
    words = _words(leadership.scope(made.assessment(tmp_path, made.rows(), settings=settings)))
    assert "Cardiology archive" in words
    assert "Not covered: 2." in words


def test_without_an_inventory_the_scope_is_not_known(nothing: Assessment) -> None:
    """No list of systems: nothing below can be read as complete, and that is said first."""
    assert "What this report covers is not known." in _words(leadership.scope(nothing))


def test_three_numbers_add_up(something: Assessment) -> None:
    """Met, not demonstrated and not met are counted apart, and no control is lost."""
    coverage = something.coverage()
    counted = sum(coverage.get(status, 0) for status in leadership.GROUPS)
    bad = coverage.get("not met", 0) + coverage.get("partly met", 0)
    words = _words(leadership.standing(something))
    assert f"Of {counted} standards and specifications, {coverage.get('met', 0)} " in words
    assert f"and {bad} are not met" in words
    apart = sum(number for status, number in coverage.items() if status not in leadership.GROUPS)
    assert counted + apart == len(something.controls)
    assert ("Counted apart" in words) == bool(apart)


def test_no_single_score(something: Assessment) -> None:
    """There is no percentage of compliance anywhere on the page."""
    assert "%" not in _words(leadership.standing(something)).replace("\u00a0", "")


def test_the_highest_risks_come_first_and_as_intervals(something: Assessment) -> None:
    """Five cards, from high to low, each with the level if all unknowns proved fine."""
    soup = BeautifulSoup(leadership.risks(something).markup, "html.parser")
    levels = [
        card["class"][1].removeprefix("level-").replace("-", " ") for card in soup.select("section.card")
    ]
    assert len(levels) == 5
    ranks = [LEVELS.index(level) for level in levels]
    assert ranks == sorted(ranks, reverse=True)
    assert ranks[0] == max(LEVELS.index(risk.level) for risk in something.risks)
    for mark in soup.select("section.card .mark"):
        assert "unknown" in mark.get_text()


def test_a_risk_without_owner_says_so(something: Assessment) -> None:
    """Nobody named is a fact that leadership can act on."""
    assert "nobody is named" in _words(leadership.risks(something))


def test_priorities_are_what_the_checks_ask_for(something: Assessment) -> None:
    """Each measure is the remediation of a check that fails, with its numbers."""
    soup = BeautifulSoup(leadership.priorities(something).markup, "html.parser")
    failing = {o.check.remediation for o in something.outcomes if o.findings}
    measures = [strong.get_text() for strong in soup.select("li > strong")]
    assert measures
    assert set(measures) <= failing
    assert all(" of " in item.get_text() for item in soup.select("li"))


def test_no_earlier_period(something: Assessment) -> None:
    """Without history nothing is said about change, and what to keep for next time."""
    assert "nothing can be said about change" in _words(changes.since_last_period(something))


def test_what_changed(later: Assessment, earlier: dict[str, Any]) -> None:
    """New, closed and still open are counted; moves of controls and risks are named with then and now."""
    words = _words(changes.since_last_period(later))
    new = sum(len(o.findings) for o in later.outcomes if o.check.id == "transmission.legacy_tls")
    assert f"{new} new finding" in words
    assert "1 closed" in words
    assert "Compared with 2026-09" in words
    first = next(risk for risk in later.risks if risk.id == earlier["risks"][0]["id"])
    assert f"{first.title}: up from very low to {first.level}, because of" in words
    assert later.controls[0].control.citation in words
    assert "<svg" in changes.since_last_period(later).markup


def test_the_record_of_periods(later: Assessment) -> None:
    """Two of twelve months are kept, the others are named, this period's numbers come last."""
    shown = changes.record(later)
    words = _words(shown)
    assert "2 of the last 12 months are on record" in words
    assert "missing: 2025-11" in words
    assert "2026-08." in words
    assert shown.frame is not None
    assert list(shown.frame["period"]) == ["2026-09", "2026-10"]
    assert shown.frame["open findings"].iloc[-1] == sum(len(o.findings) for o in later.outcomes)


def test_what_was_assessed_and_is_not_now(tmp_path: Path, earlier: dict[str, Any]) -> None:
    """Evidence that is gone does not read as a finding that is gone."""
    rows = made.rows()
    del rows["backups"]
    words = _words(changes.since_last_period(made.assessment(tmp_path, rows, history=[earlier])))
    assert "Assessed in 2026-09 and not now" in words


def test_what_is_not_assessed_has_a_reason(nothing: Assessment) -> None:
    """All questions are counted, each under the reason why it could not be put."""
    shown = leadership.not_assessed(nothing)
    total = len(nothing.outcomes)
    assert f"{total} of {total} questions" in _words(shown)
    assert shown.frame is not None
    assert shown.frame["questions"].sum() == total


def test_freshness_tells_what_is_too_old(tmp_path: Path) -> None:
    """Evidence past its days is named, and read all the same."""
    settings = Settings(timezone=ZONE, synthetic=True, freshness_days={"default": 90, "accounts": 7})
    assessment = made.assessment(tmp_path, made.rows(), settings=settings, collected="2026-10-10 08:00")
    assert "1 too old (accounts) and 0 not dated" in _words(leadership.freshness(assessment))


def test_nobody_and_no_machine_is_named(something: Assessment) -> None:
    """The page holds no account, person, patient, or surrogate of one."""
    page = "".join(
        view(something).markup
        for view in (
            leadership.scope, leadership.standing, leadership.risks, leadership.priorities,
            changes.since_last_period, leadership.not_assessed, leadership.freshness,
        )
    )  # fmt: skip
    assert made.CANARY not in page
    for kind in ("user-", "account-", "patient-", "person-"):
        assert kind not in page


def _words(shown: Html) -> str:
    return " ".join(BeautifulSoup(shown.markup, "html.parser").get_text(" ").split())
