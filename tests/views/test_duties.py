"""Clocks, what is due next, coverage over time and doors, as they are shown."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from riskkit.views import duties
from tests.evidence import instant, person, us
from tests.views import made

FACTORS = {f"factor_{name}": "x" for name in ("information", "recipient", "acquired", "mitigation")}
SIGNED: dict[str, Any] = {"decided_by": "P", "decided_on": date(2026, 9, 10)}


def incident(name: str, found: str, **columns: Any) -> dict[str, Any]:
    return {"incident_id": name, "discovered_at": instant(found), "impermissible": True} | columns


def shown(folder: Path, view: Any, **tables: Any) -> list[dict[str, Any]]:
    html = view(made.assessment(folder, tables))
    return [] if html.frame is None else html.frame.to_dict("records")


def test_clocks(tmp_path: Path) -> None:
    """Each duty of each breach with its last day; what is no breach runs no clock."""
    told = {"affected": 620, "affected_by_state": "TX=620", "people_told_on": date(2026, 9, 1)}
    found = shown(
        tmp_path,
        duties.clocks,
        incidents=[
            incident("A", "2026-08-01 08:00", decision="breach", **told, **SIGNED),
            incident("B", "2026-10-01 08:00", affected=3),
            incident("C", "2026-08-01 08:00", decision="low_probability", **FACTORS, **SIGNED),
        ],
    )
    assert [(row["incident"], row["to be told"], str(row["outer limit"]), row["state"]) for row in found] == [
        ("A", "people affected", "2026-09-30", "✓ told in time"),
        ("A", "media", "2026-09-30", "✗ overdue"),
        ("A", "Secretary", "2026-09-30", "✗ overdue"),
        ("B", "people affected", "2026-11-30", "? running"),
        ("B", "Secretary", "2027-03-01", "? running"),
    ]
    assert [row["day"] for row in found] == [31, 91, 91, 30, 30]


def test_due_next_month(tmp_path: Path) -> None:
    """From the day after the period on, 31 days; what is done, ended or overdue is not listed."""
    policy = {"owner": "IT", "title": "T"}
    found = shown(
        tmp_path,
        duties.due,
        policies=[
            {"policy_id": str(day), "next_review_on": day, **policy}
            for day in (date(2026, 10, 31), date(2026, 11, 1), date(2026, 12, 1), date(2026, 12, 2))
        ],
        contracts=[
            {"vendor": "V", "kind": "BAA", "expires_on": date(2026, 11, 9), "owner": "Legal"},
            {
                "vendor": "W",
                "kind": "BAA",
                "expires_on": date(2026, 11, 9),
                "terminated_on": date(2026, 1, 1),
            },
        ],
        actions=[
            {"action_id": state, "title": state, "state": state, "due_on": date(2026, 11, 3)}
            for state in ("planned", "done")
        ],
        incidents=[incident("B", "2026-10-01 08:00", affected=3)],
        training=[{"user_id": "u", "course": "Security", "due_on": date(2026, 11, 4)}],
        facility_lists=[
            {"area": "server room", "badge": "1", "reviewed_on": date(2025, 11, 10)},
            {"area": "server room", "badge": "2", "reviewed_on": date(2026, 5, 10)},
        ],
    )
    assert [(str(row["due"]), row["kind"]) for row in found] == [
        ("2026-11-01", "review of a policy"),
        ("2026-11-03", "measure"),
        ("2026-11-04", "training"),
        ("2026-11-09", "end of a contract"),
        ("2026-11-10", "review of who may enter"),
        ("2026-11-30", "outer limit of a notice"),
        ("2026-12-01", "review of a policy"),
    ]
    assert found[2]["what"] == "Security: 1 to 10 people have not completed it"


def test_doors(tmp_path: Path) -> None:
    """Entries of the period by area, and badges that the list does not hold."""
    found = shown(
        tmp_path,
        duties.doors,
        facility_lists=[{"area": "A", "badge": "1", "reviewed_on": date(2026, 5, 10)}],
        facility_access=[
            {"passed_us": us(time), "area": area, "badge": badge}
            for time, area, badge in (
                ("2026-10-05 08:00", "A", "1"),
                ("2026-10-06 08:00", "A", "2"),
                ("2026-11-06 08:00", "A", "3"),
                ("2026-10-06 08:00", "B", "1"),
            )
        ],
    )
    assert [(row["area"], row["entries"], row["badges not on the list"]) for row in found] == [
        ("A", 2, 1),
        ("B", 1, 1),
    ]


def test_coverage_is_drawn_and_told(tmp_path: Path) -> None:
    """What stands at the end is told in words too."""
    people = [f"u{number}" for number in range(50)]
    tables: dict[str, Any] = {
        "roster": [person(user) for user in people],
        "training": [
            {"user_id": user, "course": "Security", "completed_on": date(2026, 10, 1)} for user in people[:25]
        ],
        "policies": [{"policy_id": "p", "title": "t", "owner": "o", "reviewed_on": date(2026, 1, 1)}],
    }
    html = duties.coverage(made.assessment(tmp_path, tables))._repr_html_()
    assert "people trained: 50 % at the end; policies reviewed: 100 % at the end" in html


def test_each_asks_for_what_is_missing(tmp_path: Path) -> None:
    """Without evidence a view says so."""
    nothing = made.assessment(tmp_path, {})
    for view in (duties.clocks, duties.coverage, duties.doors):
        assert "Not assessed" in view(nothing)._repr_html_()


@given(st.integers(0, 500), st.integers(0, 500))
def test_shares_tell_no_small_number(part: int, rest: int) -> None:
    """One person to ten, on either side, look alike."""
    step = duties._step(part, part + rest)
    assert step % 10 == 0
    assert 0 <= step <= 100
    if 0 < rest <= 10 < part:
        assert step == duties._step(part + rest - 10, part + rest)
    if part <= 10:
        assert step == 0
