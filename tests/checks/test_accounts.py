"""Accounts, set against the roster where the question needs it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.checks.conftest import Ask
from tests.evidence import instant, person, results


def account(name: str, **columns: Any) -> dict[str, Any]:
    return {
        "system_id": "pacs",
        "account": name,
        "user_id": name,
        "enabled": True,
        "kind": "person",
        **columns,
    }


def test_mfa(ask: Ask) -> None:
    """Enabled accounts of people and vendors are judged; what is not said is unknown, also whose it is."""
    verdicts = ask(
        "access.account_without_mfa",
        accounts=[
            account("with", mfa=True),
            account("without", mfa=False),
            account("unsaid", mfa=None),
            account("vendor", user_id=None, kind="vendor", mfa=False),
            account("no_kind", kind=None, mfa=False),
            account("off", enabled=False, mfa=False),
            account("robot", user_id=None, kind="service", mfa=False),
            account("nobody", user_id=None, kind=None, mfa=False),
            account("nobody_with", user_id=None, kind=None, mfa=True),
        ],
    )
    assert results(verdicts) == {
        "nobody": "UNKNOWN",
        "nobody_with": "PASS",
        "with": "PASS",
        "without": "FAIL",
        "unsaid": "UNKNOWN",
        "vendor": "FAIL",
        "no_kind": "FAIL",
    }
    assert {verdict.scope for verdict in verdicts} == {"pacs"}


@pytest.mark.parametrize(
    ("privileged", "remote", "severity"),
    [
        (False, False, None),
        (None, None, None),
        (True, False, "high"),
        (False, True, "high"),
        (True, True, "critical"),
    ],
)
def test_mfa_weighs_more_where_it_matters(
    ask: Ask, privileged: bool | None, remote: bool | None, severity: str | None
) -> None:
    """A privileged account that opens from anywhere with a password is the worst."""
    (verdict,) = ask(
        "access.account_without_mfa",
        accounts=[account("a", mfa=False, privileged=privileged, remote=remote)],
    )
    assert (verdict.result, verdict.severity) == ("FAIL", severity)


def test_shared_accounts(ask: Ask) -> None:
    """Shared fails; a service account has no person; without a kind nothing is known."""
    verdicts = ask(
        "access.shared_account",
        accounts=[
            account("own"),
            account("reading", user_id=None, kind="shared"),
            account("named_shared", kind="shared"),
            account("ownerless", user_id=None),
            account("vendor", user_id=None, kind="vendor"),
            account("unsaid", user_id=None, kind=None),
            account("robot", user_id=None, kind="service"),
            account("glass", user_id=None, kind="emergency"),
            account("off", user_id=None, kind="shared", enabled=False),
        ],
    )
    assert results(verdicts) == {
        "own": "PASS",
        "reading": "FAIL",
        "named_shared": "FAIL",
        "ownerless": "FAIL",
        "vendor": "UNKNOWN",
        "unsaid": "UNKNOWN",
    }


ROSTER = [
    person("here"),
    person("left", employed_to=date(2026, 9, 30)),
    person("last_day", employed_to=date(2026, 10, 31)),
    person("day_before", employed_to=date(2026, 10, 30)),
    person("back", employed_to=date(2025, 6, 30)),
    person("back", employed_from=date(2026, 3, 1)),
    person("going", employed_to=date(2027, 1, 31)),
    person("again", employed_to=date(2026, 3, 1)),
    person("again", employed_from=date(2026, 12, 1)),
    person("coming", employed_from=date(2026, 12, 1)),
]


def test_leavers_accounts(ask: Ask) -> None:
    """Enabled after the last day fails; a rehire and whoever still works here pass; strangers are unknown.

    A rehire that lies ahead is none yet. An account that names nobody is that of the person of the same
    log-in name, else unknown, unless it is no person's.
    """
    people = ("here", "left", "last_day", "day_before", "back", "going", "stranger", "again", "coming")
    verdicts = ask(
        "access.terminated_still_enabled",
        roster=ROSTER,
        accounts=[
            *(account(name) for name in people),
            account("left_off", user_id="left", enabled=False),
            account("whose", user_id=None, kind=None),
            account("unnamed", user_id=None),
            account("whose_off", user_id=None, kind=None, enabled=False),
            *(
                account(kind, user_id=None, kind=kind)
                for kind in ("shared", "service", "vendor", "emergency")
            ),
        ],
    )
    assert results(verdicts) == {
        "whose": "UNKNOWN",
        "unnamed": "UNKNOWN",
        "again": "FAIL",
        "coming": "PASS",
        "here": "PASS",
        "left": "FAIL",
        "last_day": "PASS",
        "day_before": "FAIL",
        "back": "PASS",
        "going": "PASS",
        "stranger": "UNKNOWN",
        "left_off": "PASS",
    }


def leaver(**columns: Any) -> dict[str, Any]:
    """The account of somebody whose last day was 30 September."""
    return account("left", **columns)


@pytest.mark.parametrize(
    ("columns", "result", "told"),
    [
        ({"enabled": False, "disabled_at": "2026-10-30 12:00"}, "FAIL", "30 days after"),
        ({"enabled": False, "disabled_at": "2026-09-30 23:00"}, "PASS", "by the last day and"),
        ({"enabled": False, "last_login": "2026-10-29 12:00"}, "FAIL", "29 days after"),
        ({"enabled": False, "last_login": "2026-09-30 23:00"}, "PASS", "not recorded since when"),
        (
            {"enabled": False, "last_login": "2026-10-29 12:00", "disabled_at": "2026-10-30 12:00"},
            "FAIL",
            "30 days after",
        ),
        ({"last_login": "2026-10-29 12:00"}, "FAIL", "last logged in 29 days after"),
        ({"enabled": False}, "PASS", "not recorded since when"),
        ({"user_id": "LEFT"}, "FAIL", "enabled 31 days after"),
    ],
)
def test_a_closed_account_of_a_leaver_is_judged_by_its_dates(
    ask: Ask, columns: dict[str, Any], result: str, told: str
) -> None:
    """A log-in or a closing after the last day shows that the account stayed open; ids fold case."""
    given = {
        name: instant(value) if name in ("disabled_at", "last_login") else value
        for name, value in columns.items()
    }
    (verdict,) = ask("access.terminated_still_enabled", roster=ROSTER, accounts=[leaver(**given)])
    assert (verdict.result, told in verdict.message) == (result, True), verdict.message


def test_an_account_closed_late_before_the_period_is_told(ask: Ask) -> None:
    """It is closed all of the period, so it passes, with how late it was."""
    (verdict,) = ask(
        "access.terminated_still_enabled",
        roster=[person("left", employed_to=date(2026, 3, 1))],
        accounts=[leaver(enabled=False, disabled_at=instant("2026-09-30 12:00"))],
    )
    assert verdict.result == "PASS"
    assert "2026-09-30, 213 days after" in verdict.message


def test_a_list_from_before_says_nothing(ask: Ask) -> None:
    """An account list that was exported before the person left cannot show that the account stayed."""
    custody = [
        {"file": "evidence.*", "exported_by": "IT", "exported_at": instant("2026-09-15 09:00")},
        {"file": "other.csv", "exported_by": "IT", "exported_at": instant("2026-10-31 09:00")},
    ]
    verdicts = ask(
        "access.terminated_still_enabled",
        roster=ROSTER,
        accounts=[account("left"), account("later", user_id="left", source="other.csv!people")],
        custody=custody,
    )
    assert results(verdicts) == {"left": "UNKNOWN", "later": "FAIL"}
    assert "31 days" in next(verdict.message for verdict in verdicts if verdict.subject == "later")
