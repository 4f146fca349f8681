"""What benchmarks/detection.py counts: incidents by their user-days, precision, chance and intervals."""

from __future__ import annotations

from datetime import date

import pytest

from benchmarks.made import figures, hospitals
from benchmarks.made.figures import Alert
from benchmarks.made.hospitals import Truth

MONDAY, TUESDAY = date(2026, 10, 5), date(2026, 10, 6)


@pytest.fixture
def truth() -> Truth:
    truth = Truth({"I1": "browsing", "I2": "swarm"})
    truth.keys["I1"] = {(MONDAY, "u1", "p1"), (MONDAY, "u1", "p2")}
    truth.keys["I2"] = {(TUESDAY, "u2", "p9"), (TUESDAY, "u3", "p9")}
    return truth


def test_an_incident_is_found_by_its_day_and_patient(truth: Truth) -> None:
    """The user and day must fit, and the patient where the alert names one."""
    wrong = [Alert(TUESDAY, "u1"), Alert(MONDAY, "u1", "p9"), Alert(MONDAY, "u4"), Alert(MONDAY, "")]
    right = [Alert(MONDAY, "u1", "p2"), Alert(TUESDAY, "", "p9")]

    assert figures.recall(figures.judge(wrong, truth), truth) == 0
    hits = figures.judge([*wrong, *right], truth)
    assert hits.found == {"I1", "I2"}
    assert (hits.alerts, hits.correct) == (5, 2)


def test_what_matched_a_rule_stands_apart(truth: Truth) -> None:
    """Rank 0 is outside the budget: it counts for recall only when asked, never for precision."""
    hits = figures.judge([Alert(MONDAY, "u1", rank=0)], truth)

    assert (hits.alerts, hits.apart) == (0, 1)
    assert figures.recall(hits, truth) == 0.5
    assert figures.recall(hits, truth, rules=False) == 0


def test_precision_has_a_ceiling(truth: Truth) -> None:
    """Three user-days cannot fill ten alerts."""
    assert figures.ceiling(truth, 5, 2) == 0.3


def test_an_interval_widens_with_the_spread() -> None:
    """Student's t over the seeds; one seed has no interval."""
    mean, low, high = figures.interval([0.7, 0.8, 0.9])

    assert mean == pytest.approx(0.8)
    assert (low, high) == (pytest.approx(0.5516, abs=1e-4), pytest.approx(1.0484, abs=1e-4))
    assert figures.shown([0.5]) == "0.500"


def test_seeds_follow_from_their_tag() -> None:
    """Nobody chooses them, and those for development are others."""
    assert hospitals.seeds("a", 3) == hospitals.seeds("a", 5)[:3]
    assert not set(hospitals.seeds("a", 10)) & set(hospitals.seeds("b", 10))
