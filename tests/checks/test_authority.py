"""Settings of log-in, default and orphaned accounts, administrators, grants, and who used what."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.checks.conftest import Ask
from tests.checks.test_accounts import account
from tests.evidence import event, instant, person, results


def settings(system: str = "pacs", part: str | None = None, **values: str | None) -> list[dict[str, Any]]:
    return [
        {"system_id": system, "part": part, "key": key.replace("__", "."), "value": value}
        for key, value in values.items()
    ]


@pytest.mark.parametrize(
    ("values", "result", "severity"),
    [
        ({"authentication__enabled": "no", "remote__allowed": "yes"}, "FAIL", "critical"),
        ({"authentication__enabled": "no"}, "FAIL", None),
        ({"authentication__enabled": "no", "remote__allowed": "no"}, "UNKNOWN", None),
        (
            {"authentication__enabled": "no", "remote__allowed": "yes", "authentication__plugin": "yes"},
            "UNKNOWN",
            None,
        ),
        ({"authentication__enabled": "yes", "remote__allowed": "yes"}, "PASS", None),
        ({"authentication__enabled": "maybe", "remote__allowed": "yes"}, "UNKNOWN", None),
        ({"authentication__enabled": None}, "UNKNOWN", None),
        ({"remote__allowed": "yes"}, "UNKNOWN", None),
    ],
)
def test_a_system_without_log_in(
    ask: Ask, values: dict[str, str | None], result: str, severity: str | None
) -> None:
    """Open to other machines is the worst; what is not told, or told elsewhere, is unknown."""
    rows = settings(**values)  # type: ignore[arg-type]
    (verdict,) = ask("access.authentication_disabled", configurations=rows)
    assert (verdict.result, verdict.severity, verdict.scope) == (result, severity, "pacs")


def test_settings_of_something_else_are_not_judged(ask: Ask) -> None:
    """A system that tells of no log-in is not among those examined."""
    rows = settings(dicom__called_aet_checked="no")
    for check in ("authentication_disabled", "lockout_missing", "session_timeout_long"):
        assert ask(f"access.{check}", configurations=rows) == []


def test_two_realms_are_two_subjects(ask: Ask) -> None:
    """Each realm is judged by itself and belongs to its system."""
    rows = settings(part="a", lockout__enabled="no") + settings(part="b", lockout__enabled="yes")
    verdicts = ask("access.lockout_missing", configurations=rows)
    assert results(verdicts) == {"pacs a": "FAIL", "pacs b": "UNKNOWN"}
    assert {verdict.scope for verdict in verdicts} == {"pacs"}


def test_a_setting_that_is_told_in_two_ways_is_unknown(ask: Ask) -> None:
    """Whichever of two files comes last."""
    for first, second in (("no", "yes"), ("yes", "no")):
        rows = settings(lockout__enabled=first, lockout__attempts="5") + settings(lockout__enabled=second)
        (verdict,) = ask("access.lockout_missing", configurations=rows)
        assert verdict.result == "UNKNOWN"


@pytest.mark.parametrize(
    ("values", "result"),
    [
        ({"lockout__enabled": "no"}, "FAIL"),
        ({"lockout__enabled": "yes", "lockout__attempts": "5"}, "PASS"),
        ({"lockout__enabled": "yes", "lockout__attempts": "100"}, "PASS"),
        ({"lockout__enabled": "yes", "lockout__attempts": "101"}, "FAIL"),
        ({"lockout__enabled": "yes", "lockout__attempts": "0"}, "FAIL"),
        ({"lockout__enabled": "yes"}, "UNKNOWN"),
        ({"session__idle_seconds": "60"}, "UNKNOWN"),
    ],
)
def test_lockout(ask: Ask, values: dict[str, str], result: str) -> None:
    """Off or too late fails; silence is unknown."""
    (verdict,) = ask("access.lockout_missing", configurations=settings(**values))
    assert verdict.result == result


@pytest.mark.parametrize(
    ("values", "result"),
    [
        ({"session__idle_seconds": "1800"}, "PASS"),
        ({"session__idle_seconds": "1801"}, "FAIL"),
        ({"session__idle_seconds": "0"}, "FAIL"),
        ({"session__idle_seconds": "-1"}, "UNKNOWN"),
        ({"session__max_seconds": "36000"}, "UNKNOWN"),
        (
            {
                "session__idle_seconds": "900",
                "session__remember_me": "yes",
                "session__remember_idle_seconds": "86400",
            },
            "FAIL",
        ),
        ({"session__idle_seconds": "900", "session__remember_me": "yes"}, "UNKNOWN"),
        ({"session__idle_seconds": "900", "session__remember_me": "no"}, "PASS"),
    ],
)
def test_automatic_logoff(ask: Ask, values: dict[str, str], result: str) -> None:
    """The longer of plain and remembered sessions counts, 30 minutes inclusive; silence is unknown."""
    (verdict,) = ask("access.session_timeout_long", configurations=settings(**values))
    assert verdict.result == result


@pytest.mark.parametrize(
    ("values", "result", "severity"),
    [
        ({"password__min_length": "8"}, "PASS", None),
        ({"password__min_length": "7"}, "FAIL", None),
        ({"password__min_length": "0"}, "FAIL", "high"),
        ({"password__min_length": "14", "password__reversible": "yes"}, "FAIL", "high"),
        ({"password__history": "24"}, "UNKNOWN", None),
    ],
)
def test_policy_of_passwords(ask: Ask, values: dict[str, str], result: str, severity: str | None) -> None:
    """Too short, none, or readable fails; a policy that does not tell its length is unknown."""
    (verdict,) = ask("access.password_policy_weak", configurations=settings(**values))
    assert (verdict.result, verdict.severity) == (result, severity)


def test_default_accounts(ask: Ask) -> None:
    """The documented password fails; a default name is unknown until a change of password is on record."""
    made = {"created_on": date(2025, 1, 1)}
    verdicts = ask(
        "access.default_account",
        accounts=[
            account("orthanc", default_password=True),
            account("reading", default_password=True),
            account("alice", default_password=False),
            account("ADMIN"),
            account("root", password_changed_on=date(2025, 2, 1), **made),
            account("user", password_changed_on=date(2025, 1, 1), **made),
            account("rivera"),
            account("pacs", enabled=False),
        ],
    )
    assert results(verdicts) == {
        "orthanc": "FAIL",
        "reading": "FAIL",
        "alice": "PASS",
        "admin": "UNKNOWN",
        "root": "PASS",
        "user": "UNKNOWN",
        "rivera": "PASS",
    }
    assert {v.severity for v in verdicts if v.result == "FAIL"} == {"critical"}


def test_orphans(ask: Ask) -> None:
    """A person whom the roster does not know fails; who is named differently only in case is known."""
    verdicts = ask(
        "access.orphan_account",
        roster=[person("rivera"), person("left", employed_to=date(2026, 1, 1))],
        accounts=[
            account("ana_r", user_id="Rivera"),
            account("left"),
            account("ghost", privileged=True),
            account("nobody", user_id=None, kind=None),
            account("RIVERA", system_id="vna", user_id=None, kind=None),
            account("vendor", kind="vendor"),
            account("off", enabled=False),
        ],
    )
    assert results(verdicts) == {
        "ana_r": "PASS",
        "rivera": "PASS",
        "left": "PASS",
        "ghost": "FAIL",
        "nobody": "UNKNOWN",
    }
    assert {v.severity for v in verdicts if v.subject == "ghost"} == {"high"}


@pytest.mark.parametrize(
    ("administrators", "unknown", "others", "result"),
    [
        (3, 0, 0, "PASS"),
        (4, 0, 36, "PASS"),
        (5, 0, 36, "FAIL"),
        (4, 1, 36, "UNKNOWN"),
        (0, 3, 5, "PASS"),
        (0, 9, 0, "UNKNOWN"),
    ],
)
def test_share_of_administrators(
    ask: Ask, administrators: int, unknown: int, others: int, result: str
) -> None:
    """A tenth, or three on a small system; accounts of which it is not told can tip it either way."""
    counted = [*[True] * administrators, *[None] * unknown, *[False] * others]
    rows = [account(f"a{number}", privileged=said) for number, said in enumerate(counted)]
    rows += [
        account("robot", privileged=True, kind="service"),
        account("off", privileged=True, enabled=False),
    ]
    (verdict,) = ask("access.privileged_share", accounts=rows)
    assert verdict.result == result


def test_emergency_accounts(ask: Ask) -> None:
    """None listed is unknown, all disabled fails, and so does a use that nobody reviewed."""

    def glass(system: str, **columns: Any) -> dict[str, Any]:
        return account("glass", system_id=system, user_id=None, kind="emergency", **columns)

    used = instant("2026-09-01 08:00")
    verdicts = ask(
        "access.emergency_account_missing",
        accounts=[
            account("a", system_id="none"),
            glass("off", enabled=False),
            glass("ready"),
            glass("used", last_login=used),
            glass("reviewed", last_login=used),
            glass("fresh", last_login=instant("2026-10-25 08:00")),
        ],
        reviews=[
            {
                "review_id": name,
                "kind": kind,
                "system_id": name,
                "performed_at": instant("2026-09-10 08:00"),
            }
            for name, kind in (("reviewed", "audit_trail"), ("used", "evaluation"), ("fresh", "access"))
        ],
    )
    assert results(verdicts) == {
        "none": "UNKNOWN",
        "off": "FAIL",
        "ready": "PASS",
        "used": "FAIL",
        "reviewed": "PASS",
        "fresh": "UNKNOWN",
    }


def grant(name: str, permission: str = "read", **columns: Any) -> dict[str, Any]:
    return {"system_id": "pacs", "account": name, "permission": permission, **columns}


def test_grants_and_their_approval(ask: Ask) -> None:
    """Refused or approved by the holder fails; what is not recorded is unknown."""
    verdicts = ask(
        "access.grant_without_approval",
        grants=[
            grant("good", approved=True),
            grant("named", approved_by="head"),
            grant("refused", approved=False),
            grant("own", approved_by="OWN"),
            grant("mine", approved_by="rivera"),
            grant("silent", "read", approved=True),
            grant("silent", "delete"),
        ],
        accounts=[
            account("good"),
            account("mine", user_id="rivera"),
            account("ungranted"),
            account("off", enabled=False),
            account("elsewhere", system_id="ris"),
        ],
    )
    assert results(verdicts) == {
        "good": "PASS",
        "named": "PASS",
        "refused": "FAIL",
        "own": "FAIL",
        "mine": "FAIL",
        "silent": "UNKNOWN",
        "ungranted": "FAIL",
    }
    listed = ask("access.grant_without_approval", grants=[grant("a")], accounts=[account("b")])
    assert results(listed) == {"a": "UNKNOWN", "b": "UNKNOWN"}
    elsewhere = [account("a", system_id="ris")]
    unlisted = ask("access.grant_without_approval", grants=[grant("a", approved=True)], accounts=elsewhere)
    assert results(unlisted) == {"a": "UNKNOWN"}


TRAIL = [
    event("2026-08-03 08:00", "someone", source_system="PACS1"),
    event("2026-10-31 08:00", "someone", source_system="PACS1"),
    event("2026-09-05 08:00", "RIVERA", source_system="PACS1"),
    event("2026-07-05 08:00", "before", source_system="PACS1"),
    event("2026-09-05 08:00", "refused", "authentication", source_system="PACS1", event_outcome="failure"),
    event("2026-10-20 08:00", "rivera", source_system="LATE"),
    event("2026-09-05 08:00", "roamer", source_system="LATE"),
]
SYSTEMS = [
    {"system_id": "pacs", "name": "PACS", "kind": "archive", "holds_ephi": True, "aliases": "PACS1"},
    {"system_id": "late", "name": "Late", "kind": "viewer", "holds_ephi": True},
]


def test_accounts_that_nobody_uses(ask: Ask) -> None:
    """By log-in name or person, within 90 days, on that system; without a whole trail it is unknown."""
    verdicts = ask(
        "access.account_not_used",
        audit_events=TRAIL,
        systems=SYSTEMS,
        accounts=[
            account("rivera"),
            account("other_name", user_id="rivera"),
            account("before"),
            account("refused"),
            account("roamer"),
            account("robot", kind="service"),
            account("off", enabled=False),
            account("late_used", system_id="late", user_id="rivera"),
            account("late_unused", system_id="late"),
            account("silent", system_id="ris"),
        ],
    )
    assert results(verdicts) == {
        "rivera": "PASS",
        "other_name": "PASS",
        "before": "FAIL",
        "refused": "FAIL",
        "roamer": "FAIL",
        "late_used": "PASS",
        "late_unused": "UNKNOWN",
        "silent": "UNKNOWN",
    }
    assert "another system" in next(verdict.message for verdict in verdicts if verdict.subject == "roamer")


def test_rights_that_nobody_uses(ask: Ask) -> None:
    """One verdict per holder, however many rights; disabled accounts hold none that matter."""
    verdicts = ask(
        "access.granted_not_used",
        audit_events=TRAIL,
        systems=SYSTEMS,
        grants=[grant("rivera"), grant("before", "read"), grant("before", "delete"), grant("off")],
        accounts=[account("off", enabled=False)],
    )
    assert results(verdicts) == {"rivera": "PASS", "before": "FAIL"}
    assert "2 rights" in next(verdict.message for verdict in verdicts if verdict.subject == "before")


def test_an_administrator_without_a_name_needs_a_second_factor(ask: Ask) -> None:
    """A root user of no stated kind is judged like a person."""
    rows = [account("root", user_id=None, kind=None, privileged=True, remote=True, mfa=False)]
    (verdict,) = ask("access.account_without_mfa", accounts=rows)
    assert (verdict.result, verdict.severity) == ("FAIL", "critical")
