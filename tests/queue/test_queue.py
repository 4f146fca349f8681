"""From signals to a day's alerts: points, families, repeats, decisions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskkit.errors import CatalogError, EvidenceError
from riskkit.model import Outcome, Signal, Verdict
from riskkit.queue import (
    FAMILIES,
    Candidate,
    Choice,
    Decisions,
    QueueRules,
    Reason,
    candidates,
    choose,
    load_rules,
    matches,
)
from riskkit.queue.decisions import DISAGREEMENT, alert_text
from riskkit.queue.refit import refitted
from tests.evidence import AT, check_of

# What tests count with, whatever the catalog chooses.
RULES = load_rules().model_copy(
    update={
        "largest_p": 0.1,
        "quotas": {"targeted": 2, "volume": 1, "account": 1, "relational": 1},
        "quota_share": 0.3,
        "shared": frozenset({"crowd"}),
        "repeat_days": 7,
        "repeat_rise": 2.0,
    }
)
DAY = date(2026, 10, 5)
OFF_DUTY, FAILED = "access.off_duty", "audit.failed_logins"


def outcome(check: str, *signals: Signal, user: str = "u1") -> Outcome:
    return Outcome(check_of(check), "FINDINGS", "", (Verdict(user, "FAIL", "M.", signals=signals),))


def candidate(
    user: str, score: float, day: date = DAY, family: str = "volume", patient: str = "", check: str = "x"
) -> Candidate:
    reason = Reason(check, family, score, "reason", patient)  # type: ignore[arg-type]
    return Candidate(day, user, patient, family, score, (reason,))  # type: ignore[arg-type]


def chosen(found: Sequence[Candidate], budget: int = 5, **options: Any) -> list[Choice]:
    return choose(found, budget, RULES, lambda text: text, **options)


def alerts(choices: Sequence[Choice]) -> list[tuple[str, int]]:
    return [(choice.candidate.user_id, choice.rank) for choice in choices if choice.line == "alert"]


def test_points_are_added_over_the_day_and_its_best_patient() -> None:
    """Day signals add up; of patients only the one with most points counts, and reasons are printed."""
    found = candidates(
        [
            outcome(OFF_DUTY, Signal(DAY, p=1e-2, reason="6 off duty vs 0.4 expected")),
            outcome(
                FAILED,
                Signal(DAY, "p1", p=1e-3, reason="a"),
                Signal(DAY, "p2", p=1e-4, reason="b"),
                Signal(DAY, "p2", p=0.5, reason="says nothing"),
            ),
        ],
        RULES.model_copy(update={"weights": {FAILED: 2.0}}),
    )
    assert len(found) == 1
    assert found[0].score == pytest.approx(2 + 8)
    assert found[0].patient_id == "p2"
    assert found[0].told() == "b, +8.0; 6 off duty vs 0.4 expected, +2.0"


def test_a_detector_counts_once_and_points_are_capped() -> None:
    """Of several signals of one detector on one thing the strongest counts, at most six times the weight."""
    found = candidates(
        [outcome(OFF_DUTY, Signal(DAY, p=1e-2), Signal(DAY, p=0.0), Signal(DAY, p=1e-30))], RULES
    )
    assert found[0].score == pytest.approx(6 * RULES.weight(OFF_DUTY))


def test_what_matched_a_rule_stands_apart() -> None:
    """A matched signal has no points and is worded as not proven."""
    said = [outcome(FAILED, Signal(DAY, matched=True, reason="7 events after leaving"))]
    assert not candidates(said, RULES)
    assert [one.reasons[0].text for one in matches(said)] == ["matched, not proven: 7 events after leaving"]


def test_each_family_has_room_and_the_rest_goes_to_who_has_most() -> None:
    """The best comes first; targeted takes two of the other five; unused room goes to who has most."""
    found = [candidate(f"v{n}", 9 - n) for n in range(5)]
    found += [candidate(f"t{n}", 2 + n, family="targeted", patient="p") for n in range(3)]
    six = alerts(chosen(found, budget=6))
    assert six == [("v0", 1), ("v1", 2), ("v2", 3), ("v3", 4), ("t2", 5), ("t1", 6)]


def test_room_is_for_a_near_miss_only() -> None:
    """Who has too small a share of what would be alerted otherwise gets no room; the best always has."""
    found = [candidate(f"v{n}", 20 - n) for n in range(5)]
    found.append(candidate("t", 4, family="targeted", patient="p"))
    assert alerts(chosen(found)) == [(f"v{n}", n + 1) for n in range(5)]
    crowded = [candidate(f"{family}{n}", 6, family=family) for family in ("targeted", "volume", "account")
               for n in range(3)]  # fmt: skip
    best = candidate("r", 20, family="relational")
    assert alerts(chosen([*crowded, best], budget=3))[0] == ("r", 1)


def test_what_many_do_with_one_record_stands_once() -> None:
    """Of the people at one record the one with most points is alerted; the others repeat it, later too."""
    crowd = [candidate(f"u{n}", 5 + n, family="targeted", patient="p", check="crowd") for n in range(4)]
    later = candidate("u9", 6, DAY + timedelta(days=3), "targeted", "p", "crowd")
    elsewhere = candidate("u8", 5, family="targeted", patient="q", check="crowd")
    choices = {one.candidate.user_id: one for one in chosen([*crowd, later, elsewhere])}
    assert {user: one.line for user, one in choices.items()} == {
        "u0": "repeat", "u1": "repeat", "u2": "repeat", "u3": "alert", "u8": "alert", "u9": "repeat",
    }  # fmt: skip
    assert {choices[user].repeat_of for user in ("u0", "u1", "u2", "u9")} == {choices["u3"].alert}
    assert len({one.alert for one in choices.values()}) == len(choices)


@pytest.mark.parametrize(
    ("budget", "rooms"), [(5, (2, 1, 1, 1)), (10, (4, 2, 2, 2)), (3, (1, 1, 1, 0)), (1, (1, 0, 0, 0))]
)
def test_rooms_follow_the_budget(budget: int, rooms: tuple[int, ...]) -> None:
    """Shares are scaled, largest remainders first."""
    assert tuple(RULES.rooms(budget)[family] for family in FAMILIES) == rooms


def test_a_weak_day_is_no_alert() -> None:
    """An empty queue is not filled with days that say nothing."""
    choices = chosen([candidate("u", RULES.least_points / 2)])
    assert [choice.line for choice in choices] == ["below"]


def test_the_same_behaviour_is_surfaced_once_a_week() -> None:
    """A repeat is set aside and names its alert, unless it rose; after the span it comes back."""
    scores = {0: 5.0, 1: 5.5, 2: 8.0, 3: 8.0, 9: 8.0, 10: 8.0}
    days = [candidate("u", score, DAY + timedelta(days=n)) for n, score in scores.items()]
    choices = {(one.candidate.day - DAY).days: one for one in chosen(days)}
    assert {n: one.line for n, one in choices.items()} == {
        0: "alert", 1: "repeat", 2: "alert", 3: "repeat", 9: "repeat", 10: "alert",
    }  # fmt: skip
    assert choices[1].repeat_of == choices[0].alert
    assert choices[10].repeat_of == choices[2].alert


def test_another_patient_is_another_behaviour() -> None:
    """Only user, patient and family together repeat."""
    found = [
        candidate("u", 5, family="targeted", patient="p1"),
        candidate("u", 5, DAY + timedelta(days=1), family="targeted", patient="p2"),
    ]
    assert len(alerts(chosen(found))) == 2


@given(
    st.lists(
        st.tuples(
            st.integers(0, 6), st.integers(0, 9), st.floats(0, 20), st.sampled_from(FAMILIES),
            st.sampled_from(["", "p1", "p2"]),
        ),
        max_size=40, unique_by=lambda row: row[:2],
    ),
    st.integers(1, 12),
)  # fmt: skip
def test_a_budget_is_kept_and_nothing_is_lost(rows: list[Any], budget: int) -> None:
    """No day has more alerts than the budget, ranks run from 1, each candidate stands once, in any order."""
    found = [
        candidate(f"u{user}", score, DAY + timedelta(days=day), family, patient)
        for day, user, score, family, patient in rows
    ]
    choices = chosen(found, budget)
    assert len(choices) == len(found)
    for day in {one.day for one in found}:
        ranks = sorted(one.rank for one in choices if one.candidate.day == day and one.line == "alert")
        assert ranks == list(range(1, len(ranks) + 1))
        assert len(ranks) <= budget
        free = [one for one in choices if one.candidate.day == day and one.line == "below"]
        assert len(ranks) == budget or all(one.candidate.score < RULES.least_points for one in free)
    assert sorted(map(repr, chosen(found[::-1], budget))) == sorted(map(repr, choices))


@given(st.floats(1e-300, 1), st.floats(1e-300, 1))
def test_a_smaller_probability_never_has_fewer_points(one: float, other: float) -> None:
    """Points rise as p falls, are never negative and never above the cap."""
    small, large = sorted((one, other))

    def score(p: float) -> float:
        return sum(found.score for found in candidates([outcome(OFF_DUTY, Signal(DAY, p=p))], RULES))

    assert score(large) <= score(small) <= RULES.cap * RULES.weight(OFF_DUTY) + 1e-9
    assert math.isfinite(score(small))


def decisions(*rows: tuple[str, str, str, int], about: Candidate | None = None, **tables: Any) -> Decisions:
    verdicts = pd.DataFrame(
        [
            {"alert": alert, "verdict": verdict, "decided_by": who,
             "decided_at": datetime(2026, 10, day, tzinfo=UTC)}
            for alert, verdict, who, day in rows
        ]
    )  # fmt: skip
    known = None
    if about is not None:
        known = pd.DataFrame([
            {"alert": rows[0][0], "day": about.day, "line": "alert", "user_id": about.user_id,
             "patient_id": about.patient_id or None, "family": about.family,
             "first_surfaced": datetime(2026, 10, 6, tzinfo=UTC)}
        ])  # fmt: skip
    return Decisions.of(verdicts, known, tables.get("roster"), AT)


def test_an_explanation_closes_that_behaviour_for_a_while() -> None:
    """Closed are later days of the same user, patient and family; the alert keeps its place."""
    days = [candidate("u", 5, DAY + timedelta(days=n)) for n in (0, 20, 31)]
    other = candidate("u", 5, DAY + timedelta(days=20), family="account")
    alert = alert_text(DAY, days[0].behaviour)
    said = decisions((alert, "explained", "privacy office", 7))
    found = [*days, other]
    closed = said.closed(found, lambda text: text, RULES.closed_days)
    lines = {
        (one.candidate.family, (one.candidate.day - DAY).days): one.line
        for one in chosen(found, closed=closed)
    }
    assert lines == {
        ("volume", 0): "alert", ("volume", 20): "closed", ("volume", 31): "alert", ("account", 20): "alert",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "outcome_"),
    [
        ([("explained", "a", 7)], "explained"),
        ([("undecided", "a", 7)], "undecided"),
        ([("explained", "a", 7), ("inappropriate", "b", 8)], DISAGREEMENT),
        ([("explained", "a", 7), ("inappropriate", "a", 8)], "inappropriate"),
        ([("explained", "a", 7), ("escalated", "a", 29), ("explained", "a", 31)], "explained"),
        ([], ""),
    ],
)
def test_what_holds_of_an_alert(rows: list[tuple[str, str, int]], outcome_: str) -> None:
    """The latest word of each reviewer counts; two words of two reviewers are a disagreement."""
    said = decisions(*(("x", *row) for row in rows)) if rows else Decisions()
    assert said.outcome("x") == outcome_


def test_who_is_close_closes_nothing() -> None:
    """The subject's and the manager's word, by id or by name, is not counted."""
    roster = pd.DataFrame(
        [
            {"user_id": "u", "given_name": "Uma", "family_name": "Ray", "manager": "boss"},
            {"user_id": "boss", "given_name": "Bo", "family_name": "Ss", "manager": None},
        ]
    )
    about = candidate("u", 5)
    for who in ("U", "uma ray", "boss", "BO SS"):
        said = decisions(("x", "explained", who, 7), about=about, roster=roster)
        assert said.outcome("x") == ""
        assert said.not_counted == {"x": 1}
    assert decisions(("x", "explained", "privacy", 7), about=about, roster=roster).outcome("x") == "explained"


def test_decisions_after_the_moment_are_not_known_yet() -> None:
    """A pack that is judged as of October knows nothing of November."""
    late = pd.DataFrame([
        {"alert": "x", "verdict": "explained", "decided_by": "a",
         "decided_at": datetime(2026, 11, 20, tzinfo=UTC)}
    ])  # fmt: skip
    assert Decisions.of(late, None, None, AT).outcome("x") == ""


def test_refitting_needs_decisions_and_keeps_the_floor() -> None:
    """The detector that tells decisions apart weighs more; none falls below the floor."""
    found, rows = [], []
    for number in range(60):
        confirmed = number % 2 == 0
        checks = ("useful", "noise") if confirmed else ("noise",)
        day = DAY - timedelta(days=number)
        reasons = tuple(Reason(check, "volume", 3.0, check) for check in checks)
        one = Candidate(day, "u", "", "volume", 3.0 * len(reasons), reasons)
        found.append(one)
        verdict = "inappropriate" if confirmed else "explained"
        rows.append((alert_text(day, one.behaviour), verdict, "a", 7))
    rules = refitted(RULES, found, decisions(*rows), lambda text: text)
    assert rules.weight("useful") > rules.weight("noise")
    assert min(rules.weight("useful"), rules.weight("noise")) >= RULES.least_weight
    with pytest.raises(EvidenceError, match="too few"):
        refitted(RULES, found, decisions(*rows[:30]), lambda text: text)


def test_weights_are_those_of_detectors(tmp_path: Any) -> None:
    """Every weight belongs to a detector; a wrong file is an error that names the key."""
    for name, weight in RULES.weights.items():
        assert check_of(name).family
        assert weight >= RULES.least_weight
    wrong = tmp_path / "triage.yaml"
    wrong.write_text("cap: -1\n")
    with pytest.raises(CatalogError, match="cap"):
        load_rules(wrong)
    with pytest.raises(ValueError, match="weights"):
        QueueRules(**{**RULES.model_dump(), "weights": {"x": 0}})
