"""Training, policies, reviews and answers."""

from __future__ import annotations

from collections import namedtuple
from datetime import date
from typing import Any

import pytest

from riskkit.catalog import load_catalog
from riskkit.derived.courses import teaches_security
from tests.checks.conftest import Ask
from tests.evidence import check_of, instant, person, results


def course(user: str, **columns: Any) -> dict[str, Any]:
    return {"user_id": user, "course": "security", **columns}


def test_training(ask: Ask) -> None:
    """Everyone employed is judged; who is not in the export is unknown, who just joined has time."""
    verdicts = ask(
        "people.training_overdue",
        roster=[
            person("done"),
            person("old"),
            person("renewed"),
            person("overdue"),
            person("open"),
            person("half"),
            person("undated"),
            person("absent"),
            person("new", employed_from=date(2026, 10, 20)),
            person("new_done", employed_from=date(2026, 10, 20)),
            person("gone", employed_to=date(2026, 9, 30)),
            person("future", employed_from=date(2026, 12, 1)),
        ],
        training=[
            course("done", completed_on=date(2026, 2, 1)),
            course("old", completed_on=date(2025, 2, 1)),
            course("renewed", completed_on=date(2025, 2, 1)),
            course("renewed", completed_on=date(2026, 2, 1)),
            course("overdue", due_on=date(2026, 10, 1)),
            course("open", due_on=date(2026, 11, 30)),
            course("half", completed_on=date(2026, 2, 1)),
            course("half", course="privacy", due_on=date(2026, 1, 31)),
            course("undated"),
            course("new", due_on=date(2026, 10, 25)),
            course("new_done", completed_on=date(2026, 10, 21)),
            course("gone", due_on=date(2026, 1, 1)),
            course(
                "done",
                course="security B",
                completed_on=date(2026, 11, 5),
                due_on=date(2026, 12, 1),
            ),
        ],
    )
    assert results(verdicts) == {
        "done": "PASS",
        "old": "FAIL",
        "renewed": "PASS",
        "overdue": "FAIL",
        "open": "PASS",
        "half": "FAIL",
        "undated": "UNKNOWN",
        "absent": "UNKNOWN",
        "new": "NA",
        "new_done": "PASS",
    }


@pytest.mark.parametrize(
    ("title", "counts"),
    [
        ("Security awareness 2026", True), ("HIPAA Privacy & Security", True), ("Annual hipaa", True),
        ("Phishing simulation", True), ("Cyber-Security basics", True), ("Password hygiene", True),
        ("Data protection", True), ("Hand hygiene refresher", False), ("Fire safety", False),
        ("Social Security benefits", False), ("Food security", False), ("Compliance 101", False),
        ("Philosophy of care", False),
    ],
)  # fmt: skip
def test_courses_are_known_by_their_titles(ask: Ask, title: str, counts: bool) -> None:
    """Only courses on security count; what is taught else trains nobody, and the check says so."""
    rows = [course("a", course=title, completed_on=date(2026, 9, 1))]
    joined = {"employed_from": date(2026, 8, 20)}
    for check in ("people.training_overdue", "people.new_staff_trained_late"):
        (verdict,) = ask(check, roster=[person("a", **joined)], training=rows)
        assert verdict.result == ("PASS" if counts else "UNKNOWN")
        assert counts or "Of 1 course in the export none is known as security training" in verdict.message


def test_who_took_other_courses_only_is_not_trained(ask: Ask) -> None:
    """Beside somebody's security course a course on hygiene is none; the column goes before the title."""
    rows = [
        course("a", completed_on=date(2026, 9, 1)),
        course("b", course="Hand hygiene", completed_on=date(2026, 9, 1)),
        course("c", course="Compliance 101", security=True, completed_on=date(2026, 9, 1)),
        course("d", course="Security of gas bottles", security=False, completed_on=date(2026, 9, 1)),
        course("e", course="SECURITY", due_on=date(2099, 1, 1)),
        course("f", due_on=date(2026, 10, 1), completed_on=date(2026, 11, 5)),
    ]
    verdicts = ask("people.training_overdue", roster=[person(user) for user in "abcdef"], training=rows)
    assert results(verdicts) == {
        "a": "PASS", "b": "FAIL", "c": "PASS", "d": "FAIL", "e": "UNKNOWN", "f": "FAIL",
    }  # fmt: skip
    assert "1 course of the person, none on security" in verdicts[1].message


def test_a_site_names_its_courses() -> None:
    """With a list in site.yaml the titles that it names count, and no others."""
    row = namedtuple("row", ("course", "security"))
    assert teaches_security(row("Compliance 101", None), "onboarding; compliance 1*")
    assert not teaches_security(row("Security awareness", None), "onboarding; compliance 1*")
    assert teaches_security(row("Hygiene", True), "onboarding")


def signed(citation: str, **columns: Any) -> dict[str, Any]:
    """A policy that was approved in the year."""
    return policy("a", citation=citation, approved_on=date(2026, 1, 1), approved_by="CEO") | columns


def policy(name: str, **columns: Any) -> dict[str, Any]:
    return {"policy_id": name, "title": name, "owner": "IT", **columns}


def test_policy_review(ask: Ask) -> None:
    """A planned date goes before the yearly rhythm; without any date nothing is known."""
    verdicts = ask(
        "people.policy_review_overdue",
        policies=[
            policy("planned", reviewed_on=date(2024, 1, 1), next_review_on=date(2027, 1, 1)),
            policy("past", reviewed_on=date(2026, 1, 1), next_review_on=date(2026, 10, 31)),
            policy("yearly", reviewed_on=date(2026, 1, 1)),
            policy("forgotten", reviewed_on=date(2025, 1, 1)),
            policy("approved", approved_on=date(2026, 6, 1)),
            policy("bare"),
        ],
    )
    assert results(verdicts) == {
        "planned": "PASS",
        "past": "FAIL",
        "yearly": "PASS",
        "forgotten": "FAIL",
        "approved": "PASS",
        "bare": "UNKNOWN",
    }


@pytest.mark.parametrize(
    ("columns", "result", "told"),
    [
        # A plan for decades ahead is none, and a day after the period is no review yet.
        (
            {"reviewed_on": date(2009, 1, 1), "next_review_on": date(2099, 1, 1)},
            "FAIL",
            "whatever was planned",
        ),
        ({"reviewed_on": date(2030, 1, 1)}, "UNKNOWN", "neither a review"),
        ({"approved_on": date(2020, 1, 1), "reviewed_on": date(2030, 1, 1)}, "FAIL", "365 days after"),
        ({"reviewed_on": date(2020, 1, 1), "state": "superseded"}, "NA", "superseded"),
        ({"reviewed_on": date(2026, 9, 1), "state": "draft"}, "UNKNOWN", "draft"),
        ({"reviewed_on": date(2026, 9, 1), "title": "DRAFT: Access"}, "UNKNOWN", "draft"),
        ({"reviewed_on": date(2026, 9, 1), "title": "Access (superseded by P-9)"}, "NA", "superseded"),
        ({"reviewed_on": date(2026, 9, 1), "title": "Draft beer and other drinks"}, "UNKNOWN", "draft"),
        ({"reviewed_on": date(2026, 9, 1), "title": "Handling of withdrawn consent"}, "PASS", "2027-09-01"),
    ],
)
def test_policies_that_are_out_of_force(ask: Ask, columns: dict[str, Any], result: str, told: str) -> None:
    """What nobody can have reviewed yet, and what is not in force, is no review that was done."""
    (verdict,) = ask("people.policy_review_overdue", policies=[policy("a", **columns)])
    assert verdict.result == result
    assert told in verdict.message


def review(
    name: str,
    performed: str,
    system_id: str | None = "pacs",
    kind: str = "audit_trail",
    outcome: str | None = "nothing to follow up",
    **columns: Any,
) -> dict[str, Any]:
    return {
        "review_id": name, "kind": kind, "system_id": system_id, "performed_at": instant(performed),
        "outcome": outcome, **columns,
    }  # fmt: skip


def test_audit_reviews(ask: Ask) -> None:
    """The last review of each system decides; other kinds and later reviews do not count."""
    verdicts = ask(
        "audit.review_overdue",
        systems=[
            {"system_id": "pacs", "name": "PACS", "kind": "archive", "holds_ephi": True, "aliases": "PACS1"}
        ],
        reviews=[
            review("1", "2026-08-01 10:00"),
            review("2", "2026-10-10 10:00", "pacs1"),
            review("3", "2026-08-01 10:00", "ris"),
            review("4", "2026-10-20 10:00", "ris", kind="access"),
            review("5", "2026-11-02 10:00", "ris"),
            review("6", "2026-10-20 10:00", None),
        ],
    )
    assert results(verdicts) == {"pacs": "PASS", "ris": "FAIL", "reviews of no named system": "UNKNOWN"}


def test_access_reviews(ask: Ask) -> None:
    """Reviews of access are counted by themselves, with half a year to go."""
    reviews = [
        review("1", "2026-08-01 10:00", kind="access"),
        review("2", "2026-01-01 10:00", "ris", kind="access"),
        review("3", "2026-10-20 10:00", "vna"),
    ]
    assert results(ask("access.review_overdue", reviews=reviews)) == {"pacs": "PASS", "ris": "FAIL"}


def test_evaluations(ask: Ask) -> None:
    """Both kinds are asked for; none on record is unknown, and each bears on its own controls."""
    verdicts = ask(
        "programme.evaluation_overdue",
        reviews=[
            review("1", "2026-01-01 10:00", None, kind="risk_analysis", outcome="register updated"),
            review("2", "2024-01-01 10:00", None, kind="risk_analysis"),
        ],
    )
    assert results(verdicts) == {"risk analysis": "PASS", "evaluation": "UNKNOWN"}
    assert {verdict.controls for verdict in verdicts} == {
        ("45 CFR 164.308(a)(1)(ii)(A)", "45 CFR 164.306(e)"),
        ("45 CFR 164.308(a)(8)", "45 CFR 164.306(e)"),
    }
    old = [review("1", "2025-10-01 10:00", None, kind="evaluation")]
    assert results(ask("programme.evaluation_overdue", reviews=old))["evaluation"] == "FAIL"


@pytest.mark.parametrize(
    ("columns", "result", "told"),
    [
        ({"outcome": "report filed"}, "PASS", "The only one recorded was 303 days"),
        ({"outcome": "two recommendations postponed to May"}, "PASS", ""),
        ({"outcome": "cancelled - not done"}, "UNKNOWN", "“cancelled”"),
        ({"outcome": "draft only"}, "UNKNOWN", "“draft”"),
        ({"outcome": "Not yet performed"}, "UNKNOWN", "says"),
        ({"outcome": "postponed to 2027"}, "UNKNOWN", "“postponed”"),
        ({"outcome": None}, "UNKNOWN", "does not say what came of it"),
        ({"state": "planned"}, "UNKNOWN", "recorded as planned"),
        ({"system_id": "pacs"}, "UNKNOWN", "not of every one with ePHI"),
    ],
)
def test_evaluations_that_were_none(ask: Ask, columns: dict[str, Any], result: str, told: str) -> None:
    """A cancelled, drafted or empty evaluation is none, and one of a single system is not one of all."""
    row = review("1", "2026-01-01 10:00", None, kind="evaluation") | columns
    verdicts = ask("programme.evaluation_overdue", reviews=[row])
    found = next(one for one in verdicts if one.subject == "evaluation")
    assert found.result == result
    assert told in found.message


def test_evaluations_system_by_system(ask: Ask) -> None:
    """Those of single systems count together when they cover each with ePHI; the oldest decides."""
    held = [
        {
            "system_id": name,
            "name": name,
            "kind": "archive",
            "holds_ephi": name != "hr",
            "aliases": f"{name}1",
        }
        for name in ("pacs", "vna", "hr")
    ]
    pacs = review("1", "2026-01-01 10:00", "PACS1", kind="evaluation")
    for found, result in (
        ([pacs], "UNKNOWN"),
        ([pacs, review("2", "2026-02-01 10:00", "vna", kind="evaluation")], "PASS"),
        ([pacs, review("2", "2025-02-01 10:00", "vna", kind="evaluation")], "FAIL"),
        ([pacs, review("2", "2025-12-01 10:00", None, kind="evaluation")], "PASS"),
        ([pacs, review("2", "2024-12-01 10:00", None, kind="evaluation")], "FAIL"),
    ):
        verdicts = ask("programme.evaluation_overdue", reviews=found, systems=held)
        assert results(verdicts)["evaluation"] == result


def test_reviews_that_did_not_take_place(ask: Ask) -> None:
    """A cancelled review renews nothing; where nothing else stands it is unknown."""
    verdicts = ask(
        "access.review_overdue",
        reviews=[
            review("1", "2025-09-01 10:00", kind="access"),
            review("2", "2026-09-01 10:00", kind="access", outcome="cancelled"),
            review("3", "2026-09-01 10:00", "vna", kind="access", state="planned"),
        ],
    )
    assert results(verdicts) == {"pacs": "FAIL", "vna": "UNKNOWN"}


SECURITY, CONTINGENCY = "45 CFR 164.308(a)(1)(i)", "45 CFR 164.308(a)(7)(i)"


@pytest.mark.parametrize(
    ("policies", "result"),
    [
        ([signed(CONTINGENCY)], "PASS"),
        ([signed("45 CFR 164.308(a)(7)(ii)(A)")], "PASS"),
        ([signed("164.308(a)(7)(i)")], "PASS"),
        ([signed("§164.308(a)(7)(ii)(a)")], "PASS"),
        ([signed("45 CFR § 164.308(a)(7)(i)")], "PASS"),
        ([signed("164.310(b); 164.308(a)(7)(i)")], "PASS"),
        ([signed("164.308(a)(7)(i) Contingency plan")], "PASS"),
        ([policy("a", citation=CONTINGENCY)], "FAIL"),
        ([signed(CONTINGENCY, approved_on=date(2026, 11, 5))], "UNKNOWN"),
        ([signed(CONTINGENCY, approved_by=None)], "UNKNOWN"),
        ([signed(CONTINGENCY, approved_on=date(2024, 10, 31))], "PASS"),
        ([signed(CONTINGENCY, approved_on=date(2024, 10, 30))], "UNKNOWN"),
        ([signed(CONTINGENCY, approved_on=date(2009, 1, 1))], "UNKNOWN"),
        ([signed(CONTINGENCY, approved_on=date(2009, 1, 1), next_review_on=date(2099, 1, 1))], "UNKNOWN"),
        ([signed(CONTINGENCY, approved_on=date(2009, 1, 1)), signed(CONTINGENCY)], "PASS"),
        ([signed(CONTINGENCY, state="draft")], "FAIL"),
        ([signed(CONTINGENCY, title="Contingency plan - superseded")], "FAIL"),
        ([policy("a", citation="45 CFR 164.310(b)", approved_on=date(2026, 1, 1))], "UNKNOWN"),
        ([policy("a", approved_on=date(2026, 1, 1))], "UNKNOWN"),
    ],
)
def test_policies_that_must_be(ask: Ask, policies: list[dict[str, Any]], result: str) -> None:
    """An approved policy that cites the standard, or a part of it, serves; no citation says nothing."""
    found = results(ask("programme.policy_missing", policies=policies))
    assert found == {SECURITY: "UNKNOWN", CONTINGENCY: result}


@pytest.mark.parametrize(
    ("columns", "result"),
    [
        ({"approved_on": date(2026, 1, 1), "retained_until": date(2032, 1, 1)}, "PASS"),
        ({"approved_on": date(2026, 1, 1), "retained_until": date(2031, 12, 31)}, "FAIL"),
        (
            {
                "approved_on": date(2020, 1, 1),
                "reviewed_on": date(2026, 1, 1),
                "retained_until": date(2030, 1, 1),
            },
            "FAIL",
        ),
        ({"approved_on": date(2024, 2, 29), "retained_until": date(2030, 3, 1)}, "PASS"),
        ({"approved_on": date(2026, 1, 1)}, "UNKNOWN"),
        ({"retained_until": date(2040, 1, 1)}, "UNKNOWN"),
    ],
)
def test_retention(ask: Ask, columns: dict[str, Any], result: str) -> None:
    """Six years from approval or the last review; without a date nothing is known."""
    assert results(ask("programme.retention_short", policies=[policy("a", **columns)])) == {"a": result}


def answer(control: str, said: str = "yes", on: date = date(2026, 3, 1), **columns: Any) -> dict[str, Any]:
    return {
        "control": f"45 CFR 164.{control}",
        "answer": said,
        "answered_by": "Security official",
        "answered_on": on,
        **columns,
    }


SANCTIONS = "308(a)(1)(ii)(C)"


@pytest.mark.parametrize(
    ("given", "result"),
    [
        (answer(SANCTIONS), "PASS"),
        (answer(SANCTIONS, "no"), "FAIL"),
        (answer(SANCTIONS, valid_until=date(2026, 10, 31)), "PASS"),
        (answer(SANCTIONS, valid_until=date(2026, 10, 30)), "UNKNOWN"),
        (answer(SANCTIONS, on=date(2025, 10, 1)), "UNKNOWN"),
        (answer(SANCTIONS, on=date(2026, 11, 1)), "UNKNOWN"),
        (answer(SANCTIONS, "no", on=date(2024, 1, 1)), "FAIL"),
        (answer(SANCTIONS, on=date(2010, 10, 1), valid_until=date(2099, 1, 1)), "UNKNOWN"),
        (answer(SANCTIONS, on=date(2024, 11, 1), valid_until=date(2099, 1, 1)), "PASS"),
        (answer(SANCTIONS, "not_applicable"), "UNKNOWN"),
        (
            answer(
                SANCTIONS, "not_applicable", approved_by="security  Official", valid_until=date(2027, 1, 1)
            ),
            "UNKNOWN",
        ),
        (answer(SANCTIONS, "not_applicable", approved_by="Counsel"), "UNKNOWN"),
        (answer(SANCTIONS, "not_applicable", approved_by="Counsel", valid_until=date(2027, 1, 1)), "NA"),
        (answer(SANCTIONS, "not_applicable", approved_by="Counsel", valid_until=date(2026, 1, 1)), "UNKNOWN"),
    ],
)
def test_answers(ask: Ask, given: dict[str, Any], result: str) -> None:
    """Yes passes while it holds, no fails for good, and not applicable needs approval and an end."""
    verdicts = {verdict.subject: verdict for verdict in ask("programme.attested", answers=[given])}
    verdict = verdicts[f"45 CFR 164.{SANCTIONS}"]
    assert verdict.result == result
    assert verdict.controls == (verdict.subject,)
    assert verdict.collected_at is not None
    assert verdict.collected_at.date() == given["answered_on"]


def test_every_question_is_asked(ask: Ask) -> None:
    """Each control that needs an answer has a verdict; unanswered and misquoted are unknown."""
    verdicts = ask(
        "programme.attested", answers=[answer("308(a)(2)"), answer("308(a)(14)"), answer("308(b)(1)")]
    )
    found = results(verdicts)
    asked = {row.control for row in load_catalog().sufficiency.values() if "answers" in row.kinds}
    assert found.keys() == asked | {"45 CFR 164.308(a)(14)", "45 CFR 164.308(b)(1)"}
    assert found.pop("45 CFR 164.308(a)(2)") == "PASS"
    assert found.pop("45 CFR 164.308(b)(1)") == "PASS"
    assert set(found.values()) == {"UNKNOWN"}
    # A verdict without controls would count for all that the check cites.
    assert all(verdict.controls and verdict.controls[0] in load_catalog().controls for verdict in verdicts)
    assert asked == set(check_of("programme.attested").controls)


def test_the_newest_answer_counts(ask: Ask) -> None:
    """A renewed answer replaces the one that ran out, and a later one does not hide it."""
    old, new = answer(SANCTIONS, "no", on=date(2025, 1, 1)), answer(SANCTIONS, on=date(2026, 9, 1))
    later = answer(SANCTIONS, "no", on=date(2026, 11, 9))
    verdicts = {verdict.subject: verdict for verdict in ask("programme.attested", answers=[later, new, old])}
    assert verdicts[f"45 CFR 164.{SANCTIONS}"].result == "PASS"
