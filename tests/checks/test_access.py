"""Who used what, set against the roster and the care records."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.checks.conftest import Ask
from tests.evidence import event, person, results, us

ROSTER = [
    person("here"),
    person("left", employed_to=date(2026, 9, 30)),
    person("quiet", employed_to=date(2026, 9, 30)),
    person("refused", employed_to=date(2026, 9, 30)),
    person("unclear", employed_to=date(2026, 9, 30)),
    person("mid", employed_to=date(2026, 10, 15)),
    person("back", employed_to=date(2026, 9, 30)),
    person("back", employed_from=date(2026, 10, 10)),
    person("going", employed_to=date(2026, 12, 31)),
]


def test_leavers_in_the_trail(ask: Ask) -> None:
    """Each leaver is judged; refused attempts are no use, and an unclear outcome is unknown."""
    verdicts = ask(
        "access.terminated_account_in_use",
        roster=ROSTER,
        audit_events=[
            event("2026-10-20 08:00", "left", patient_id="p1"),
            event("2026-10-21 08:00", "left", "authentication"),
            event("2026-10-22 08:00", "left", "authentication", event_outcome="failure"),
            event("2026-09-20 08:00", "quiet"),
            event("2026-10-20 08:00", "refused", "authentication", event_outcome="failure"),
            event("2026-10-20 08:00", "unclear", "authentication", event_outcome=None),
            event("2026-10-15 23:00", "mid"),
            event("2026-10-16 23:30", "mid"),
            event("2026-10-12 08:00", "back"),
            event("2026-10-20 08:00", "here"),
        ],
    )
    assert results(verdicts) == {
        "left": "FAIL",
        "quiet": "PASS",
        "refused": "PASS",
        "unclear": "UNKNOWN",
        "mid": "PASS",
        "back": "PASS",
    }
    found = {verdict.subject: verdict for verdict in verdicts}
    assert found["left"].severity == "critical"
    assert "2 events on 1 system carry" in found["left"].message
    assert "1 opened a patient's record" in found["left"].message
    assert "not proven" in found["left"].message
    assert found["left"].rows[0].count == 3
    assert "1 refused attempt." in found["refused"].message


def test_leavers_in_the_trail_whatever_the_case_of_their_ids(ask: Ask) -> None:
    """Directories compare names without regard to case, so all spellings are one person's."""
    verdicts = ask(
        "access.terminated_account_in_use",
        roster=[
            person("bwayne", employed_to=date(2026, 3, 1)),
            person("Other", employed_to=date(2026, 3, 1)),
        ],
        audit_events=[
            event("2026-10-06 08:00", "BWayne", patient_id="p1"),
            event("2026-10-07 08:00", "BWAYNE", patient_id="p1"),
            event("2026-10-08 08:00", "bwayne", patient_id="p1"),
            event("2026-10-08 08:00", "other"),
        ],
    )
    assert results(verdicts) == {"other": "FAIL", "bwayne": "FAIL"}
    found = {verdict.subject: verdict for verdict in verdicts}
    assert found["bwayne"].message.startswith("3 events on 1 system")


def test_known_users_whatever_the_case_of_their_ids(ask: Ask) -> None:
    """The roster and the account lists know a person by any spelling of the id."""
    verdicts = ask(
        "access.user_not_in_roster",
        roster=[person("bwayne"), person("ada")],
        accounts=[
            {"system_id": "pacs", "account": "Dr_Ada", "user_id": "ADA", "enabled": True},
            {"system_id": "pacs", "account": "Robot", "kind": "service", "enabled": True},
        ],
        audit_events=[event("2026-10-06 08:00", user) for user in ("BWayne", "dr_ada", "ROBOT", "joker")],
    )
    assert results(verdicts) == {"bwayne": "PASS", "dr_ada": "PASS", "robot": "PASS", "joker": "FAIL"}


@pytest.mark.parametrize(
    ("time", "grace", "result"),
    [
        ("2026-10-15 23:59", 0, "PASS"),
        ("2026-10-16 00:00", 0, "FAIL"),
        ("2026-10-16 23:59", 24, "PASS"),
        ("2026-10-17 00:00", 24, "FAIL"),
    ],
)
def test_the_last_day_ends_at_local_midnight(ask: Ask, time: str, grace: int, result: str) -> None:
    """The last day of employment counts whole, in the site's zone, and the grace after it."""
    verdicts = ask(
        "access.terminated_account_in_use",
        roster=ROSTER,
        audit_events=[event(time, "mid", "authentication"), event("2026-10-31 12:00", "joker")],
        tunables={"grace_hours": grace},
    )
    assert results(verdicts)["mid"] == result


def test_a_trail_that_ends_before_somebody_left_shows_nothing(ask: Ask) -> None:
    """Silence counts only where the trail goes on."""
    verdicts = ask(
        "access.terminated_account_in_use", roster=ROSTER, audit_events=[event("2026-10-12 08:00", "joker")]
    )
    assert results(verdicts)["mid"] == "UNKNOWN"


def test_between_two_employments(ask: Ask) -> None:
    """Somebody who comes back was away in between."""
    verdicts = ask(
        "access.terminated_account_in_use", roster=ROSTER, audit_events=[event("2026-10-05 08:00", "back")]
    )
    assert results(verdicts)["back"] == "FAIL"
    assert "the first 3 days later" in next(
        verdict.message for verdict in verdicts if verdict.subject == "back"
    )


def test_users_that_nobody_knows(ask: Ask) -> None:
    """Users with an event that was not refused are judged; a failed log-in makes nobody a user."""
    trail = [
        event("2026-10-05 08:00", "here"),
        event("2026-10-05 08:00", "stranger"),
        event("2026-10-05 08:00", "dr_here"),
        event("2026-10-05 08:00", "service_engineer"),
        event("2026-10-05 08:00", "reading_room"),
        event("2026-10-05 08:00", "10.0.0.7", user_type="unknown"),
        event("2026-10-05 08:00", "AE1", user_type="node"),
        event("2026-10-05 08:00", "tpyo", "authentication", event_outcome="failure"),
        event("2026-09-05 08:00", "earlier"),
    ]
    verdicts = ask("access.user_not_in_roster", roster=ROSTER, audit_events=trail)
    without = {
        "here": "PASS",
        "stranger": "FAIL",
        "dr_here": "FAIL",
        "service_engineer": "FAIL",
        "reading_room": "FAIL",
        "10.0.0.7": "UNKNOWN",
    }
    assert results(verdicts) == without
    accounts = [
        {"system_id": "pacs", "account": "dr_here", "user_id": "here", "enabled": True, "kind": "person"},
        {"system_id": "pacs", "account": "service_engineer", "enabled": True, "kind": "vendor"},
        {"system_id": "pacs", "account": "reading_room", "enabled": True, "kind": "shared"},
    ]
    verdicts = ask("access.user_not_in_roster", roster=ROSTER, audit_events=trail, accounts=accounts)
    assert results(verdicts) == without | {"dr_here": "PASS", "service_engineer": "PASS"}


def relation(patient: str, start: str, end: str | None = None, **columns: Any) -> dict[str, Any]:
    return {
        "patient_id": patient,
        "valid_from_us": us(start),
        "valid_to_us": us(end) if end else None,
        "kind": "order",
        **columns,
    }


def opens(user: str, patients: range, time: str = "2026-10-05 08:00", **columns: Any) -> list[dict[str, Any]]:
    return [event(time, user, patient_id=f"p{number}", **columns) for number in patients]


RELATIONS = [
    *(relation(f"p{number}", "2026-10-01 00:00", department="radiology") for number in range(100)),
    *(relation(f"p{number}", "2026-10-01 00:00", user_id="own") for number in range(100, 110)),
]
PEOPLE = [person(name) for name in ("own", "ward", "curious", "few", "share")]


def test_unexplained(ask: Ask) -> None:
    """Put up for review are users with many patients, and a large share, that nothing explains."""
    verdicts = ask(
        "access.unexplained",
        roster=PEOPLE,
        relationships=RELATIONS,
        audit_events=[
            *opens("own", range(100, 110)),
            *opens("ward", range(10)),
            *opens("curious", range(4)),
            *opens("curious", range(200, 206)),
            *opens("curious", range(200, 206), "2026-10-06 08:00"),
            *opens("few", range(200, 204)),
            *opens("share", range(30)),
            *opens("share", range(200, 207)),
            *opens("stranger", range(300, 306)),
            *opens("ward", range(200, 210), "2026-09-05 08:00"),
            *opens("ward", range(200, 210), event_outcome="failure"),
            *opens("ward", range(200, 210), category="transfer", event_code="110102"),
            *opens("ward", range(200, 210), category="delete"),
            *opens("AE1", range(200, 210), user_type="node"),
        ],
    )
    assert results(verdicts) == {
        "own": "PASS",
        "ward": "PASS",
        "curious": "FAIL",
        "few": "PASS",
        "share": "PASS",
        "stranger": "UNKNOWN",
    }
    found = {verdict.subject: verdict for verdict in verdicts}
    assert found["curious"].message.startswith("Accesses to 6 of 10 patients are unexplained, for review.")
    assert "Of all 83 accesses of the period, 54 are explained." in found["curious"].message
    assert found["curious"].rows[0].count == 12
    # 23 of 77 user and patient pairs are unexplained, and this user has 10.
    assert found["curious"].signal == {"unexplained": 6.0, "expected": round(10 * 23 / 77, 2)}


def test_unexplained_tunables(ask: Ask) -> None:
    """Both limits must be reached, and both are the site's to set."""
    pack = {"roster": PEOPLE, "relationships": RELATIONS, "audit_events": opens("few", range(198, 202))}
    assert results(ask("access.unexplained", **pack)) == {"few": "PASS"}
    strict = {"min_patients": 2, "min_percent": 100}
    assert results(ask("access.unexplained", **pack, tunables=strict)) == {"few": "FAIL"}


@pytest.mark.parametrize(
    ("time", "result"),
    [
        ("2026-10-05 08:00", "PASS"),
        ("2026-10-08 12:00", "PASS"),
        ("2026-10-08 12:01", "FAIL"),
        ("2026-10-04 08:00", "PASS"),
        ("2026-10-04 07:59", "FAIL"),
    ],
)
def test_unexplained_window(ask: Ask, time: str, result: str) -> None:
    """An access explains itself within a relationship, or within the tolerance around it."""
    verdicts = ask(
        "access.unexplained",
        roster=PEOPLE,
        relationships=[relation("p1", "2026-10-05 08:00", "2026-10-07 12:00", user_id="own")],
        audit_events=[event(time, "own", patient_id="p1")],
        tunables={"min_patients": 1},
    )
    assert results(verdicts) == {"own": result}


def test_emergency_access(ask: Ask) -> None:
    """Users of the override are judged; a relationship within three days explains it."""
    verdicts = ask(
        "access.break_glass_unexplained",
        roster=PEOPLE,
        relationships=[relation("p1", "2026-10-08 08:00", department="radiology")],
        audit_events=[
            event("2026-10-05 08:00", "own", patient_id="p1", break_glass=True),
            event("2026-10-05 07:59", "ward", patient_id="p1", break_glass=True),
            event("2026-10-05 08:00", "ward", patient_id="p1", break_glass=True),
            event("2026-10-05 08:00", "curious", patient_id="p9", break_glass=True),
            event("2026-10-05 08:00", "few", patient_id="p9", break_glass=False),
            event("2026-09-05 08:00", "share", patient_id="p9", break_glass=True),
        ],
    )
    assert results(verdicts) == {"own": "PASS", "ward": "FAIL", "curious": "FAIL"}
    message = next(verdict.message for verdict in verdicts if verdict.subject == "ward")
    assert message == "1 of 2 emergency accesses is unexplained, for review."


def test_a_department_explains_only_while_one_works_there(ask: Ask) -> None:
    """The department of somebody who left, or of another period of employment, explains nothing."""
    people = [
        person("mover", department="surgery", employed_to=date(2026, 10, 9)),
        person("mover", department="radiology", employed_from=date(2026, 10, 10)),
    ]
    pack = {"roster": people, "relationships": RELATIONS}
    early = ask("access.unexplained", **pack, audit_events=opens("mover", range(9), "2026-10-05 08:00"))
    late = ask("access.unexplained", **pack, audit_events=opens("mover", range(9), "2026-10-20 08:00"))
    assert (results(early), results(late)) == ({"mover": "FAIL"}, {"mover": "PASS"})
