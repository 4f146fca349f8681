"""Measures, exceptions and decisions: what is late, what ended, what nobody decided."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from riskkit.checks.programme_decision_missing import ADDRESSABLE, programme_decision_missing
from tests.checks.conftest import Ask
from tests.evidence import AT

LOGOFF, UNIQUE = "45 CFR 164.312(a)(2)(iii)", "45 CFR 164.312(a)(2)(i)"


@pytest.mark.parametrize(
    ("changes", "result"),
    [
        ({"due_on": date(2026, 10, 31)}, "PASS"),
        ({"due_on": date(2026, 10, 30)}, "FAIL"),
        ({"due_on": None}, "UNKNOWN"),
        ({"owner": None}, "UNKNOWN"),
        ({"state": "cancelled"}, "NA"),
        ({"state": "done"}, "UNKNOWN"),
        ({"state": "done", "closed_on": date(2026, 10, 1)}, "UNKNOWN"),
        ({"state": "done", "closed_on": date(2026, 11, 1), "evidence": "scan"}, "UNKNOWN"),
        ({"state": "done", "closed_on": date(2026, 10, 1), "evidence": "scan"}, "PASS"),
    ],
)
def test_a_measure(ask: Ask, changes: dict[str, Any], result: str) -> None:
    """Late from the day after its due date; without date, owner or proof nobody knows."""
    row = {"action_id": "A", "title": "Do", "owner": "IT", "due_on": date(2027, 1, 1), "state": "planned"}
    (verdict,) = ask("programme.action_overdue", actions=[row | changes])
    assert verdict.result == result


def exception(name: str, approved: date, expires: date, **changes: Any) -> dict[str, Any]:
    return {
        "exception_id": name, "subject": "theft", "kind": "acceptance", "reason": "why",
        "requested_by": "IT", "approved_by": "CEO", "approved_on": approved, "expires_on": expires,
    } | changes  # fmt: skip


@pytest.mark.parametrize(
    ("approved", "expires", "changes", "result"),
    [
        (date(2026, 1, 1), date(2026, 10, 31), {}, "PASS"),
        (date(2026, 1, 1), date(2026, 10, 30), {}, "FAIL"),
        (date(2026, 1, 1), date(2027, 1, 2), {}, "PASS"),
        (date(2026, 1, 1), date(2027, 1, 3), {}, "FAIL"),
        (date(2026, 11, 1), date(2027, 1, 1), {}, "NA"),
        (date(2026, 1, 1), date(2026, 3, 1), {"withdrawn_on": date(2026, 2, 1)}, "NA"),
    ],
)
def test_an_exception(ask: Ask, approved: date, expires: date, changes: dict[str, Any], result: str) -> None:
    """Its last day counts; longer than a year, or past its day, it fails."""
    (verdict,) = ask("programme.exception_expired", exceptions=[exception("X", approved, expires, **changes)])
    assert verdict.result == result


def test_a_renewal_closes_the_one_before(ask: Ask) -> None:
    """Only one for the same subject, of the same kind, and in force."""
    old = exception("X-1", date(2026, 1, 1), date(2026, 6, 30))
    new = exception("X-2", date(2026, 7, 1), date(2026, 12, 31))
    said = {one.subject: one.result for one in ask("programme.exception_expired", exceptions=[old, new])}
    assert said == {"X-1": "NA", "X-2": "PASS"}
    other = ask("programme.exception_expired", exceptions=[old, new | {"subject": "phishing"}])
    assert {one.subject: one.result for one in other} == {"X-1": "FAIL", "X-2": "PASS"}


def decision(**changes: Any) -> dict[str, Any]:
    return {
        "specification": LOGOFF, "decision": "alternative", "rationale": "why",
        "equivalent_measure": "Badge lock", "approved_by": "CEO", "decided_on": date(2026, 1, 1),
        "review_on": date(2026, 10, 31),
    } | changes  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "result"),
    [
        ({}, "PASS"),
        ({"review_on": date(2026, 10, 30)}, "FAIL"),
        ({"decided_on": date(2023, 10, 30), "review_on": date(2099, 1, 1)}, "FAIL"),
        ({"decided_on": date(2023, 10, 31), "review_on": date(2099, 1, 1)}, "PASS"),
        ({"equivalent_measure": None}, "FAIL"),
        ({"decision": "implement", "equivalent_measure": None}, "PASS"),
        ({"specification": UNIQUE}, "FAIL"),
        ({"decided_on": date(2026, 11, 1)}, "UNKNOWN"),
    ],
)
def test_a_decision(ask: Ask, changes: dict[str, Any], result: str) -> None:
    """It holds to its review; a required specification cannot be decided away."""
    row = decision(**changes)
    said = {one.subject: one.result for one in ask("programme.decision_missing", decisions=[row])}
    assert said[row["specification"]] == result
    assert set(ADDRESSABLE) <= said.keys()


def test_what_fails_and_is_not_decided_fails() -> None:
    """Without a decision: data that show a failure make one missing, silence does not show it."""
    import pandas as pd  # noqa: PLC0415

    from riskkit.derived.judgements import COLUMNS  # noqa: PLC0415
    from riskkit.tables import TABLES  # noqa: PLC0415

    rows = [(LOGOFF, "access.session_timeout_long", "EXAMINE", 0, 2, 0)]
    empty = TABLES["decisions"].empty().to_pandas()
    said = {
        one.subject: one.result
        for one in programme_decision_missing.run(empty, pd.DataFrame(rows, columns=list(COLUMNS)), at=AT)
    }
    assert said.pop(LOGOFF) == "FAIL"
    assert set(said.values()) == {"UNKNOWN"}
