"""Conflicting duties, coverage of second factors by group, and accounts of vendors."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from riskkit.catalog.conflicting_duties import conflicting_duties, matches
from tests.checks.conftest import Ask
from tests.checks.test_accounts import account
from tests.evidence import instant, person, results


def grants(account: str, *permissions: str) -> list[dict[str, Any]]:
    return [{"system_id": "pacs", "account": account, "permission": name} for name in permissions]


def test_duties_in_one_hand(ask: Ask) -> None:
    """A pair fails, also over two accounts of one person; a name that says no duty is unknown."""
    verdicts = ask(
        "access.conflicting_duties",
        grants=[
            *grants("a", "admin", "audit-reviewer"),
            *grants("b", "view"),
            *grants("c", "role-17"),
            *grants("d", "admin"),
            *grants("d-2", "Audit Log readers"),
            *grants("gone", "admin", "auditor"),
        ],
        accounts=[
            account("d", user_id="dora"),
            account("d-2", user_id="dora"),
            account("gone", enabled=False),
        ],
    )
    assert results(verdicts) == {"a": "FAIL", "b": "PASS", "c": "UNKNOWN", "dora": "FAIL"}


def test_a_site_has_pairs_of_its_own(ask: Ask) -> None:
    """They come in place of the catalogue's; a half pair is none."""
    rows = grants("a", "admin", "auditor") + grants("b", "order", "report")
    verdicts = ask(
        "access.conflicting_duties",
        grants=rows,
        tunables={"pairs": "order, request + report; alone", "plain": "admin; auditor"},
    )
    assert results(verdicts) == {"a": "PASS", "b": "FAIL"}


def test_rights_beyond_the_job(ask: Ask) -> None:
    """What the list gives to the job passes, more fails, and where roster or list is silent it is unknown."""

    def needs(role: str, right: str, system: str | None = "PACS1") -> dict[str, Any]:
        return {"role": role, "system_id": system, "permission": right}

    verdicts = ask(
        "access.right_beyond_role",
        grants=[
            *grants("r1", "View", "report"),
            *grants("t1", "view", "delete"),
            *grants("porter", "view"),
            *grants("left", "view"),
            *grants("stranger", "view"),
            *grants("acct-7", "view"),
            *grants("robot", "view"),
            *grants("off", "delete"),
        ],
        roster=[
            person("r1"),
            person("t1", role="technologist"),
            person("porter", role="porter"),
            person("left", employed_to=date(2026, 9, 30)),
            person("tess", role="technologist"),
            person("off", role="technologist"),
        ],
        role_rights=[
            needs("Radiologist", "view"), needs("radiologist", "REPORT", None), needs("technologist", "view"),
            needs("technologist", "delete", "vna"),
        ],
        accounts=[
            account("acct-7", user_id="tess"),
            account("robot", kind="service"),
            account("off", enabled=False),
        ],
        systems=[
            {"system_id": "pacs", "name": "P", "kind": "archive", "holds_ephi": True, "aliases": "pacs1"},
        ],
    )  # fmt: skip
    assert results(verdicts) == {
        "r1": "PASS", "t1": "FAIL", "porter": "UNKNOWN", "left": "UNKNOWN", "stranger": "UNKNOWN",
        "acct-7": "PASS",
    }  # fmt: skip
    (beyond,) = (one for one in verdicts if one.result == "FAIL")
    assert beyond.message == (
        "1 of 2 rights is not among those that the job needs (technologist): unexplained, for review."
    )


def test_no_plain_right_is_part_of_a_pair() -> None:
    """A right that is said to carry no duty stands on neither side of a pair."""
    duties = conflicting_duties()
    assert not [right for right in duties.plain for pair in duties.pairs if pair.knows(right)]
    assert matches(" VIEW-all ", duties.plain)


@pytest.mark.parametrize(
    ("mfa", "result"),
    [
        ([True, True], "PASS"),
        ([True, False], "FAIL"),
        ([True, None], "UNKNOWN"),
        ([None, None], "UNKNOWN"),
        ([False], "FAIL"),
    ],
)
def test_coverage_of_second_factors(ask: Ask, mfa: list[bool | None], result: str) -> None:
    """All of a group must have one; what is not told is unknown, and an empty group is not judged."""
    rows = [account(f"a{n}", mfa=said, privileged=False, remote=False) for n, said in enumerate(mfa)]
    assert results(ask("access.mfa_coverage_low", accounts=rows)) == {
        "pacs all": result, "pacs privileged": "NA", "pacs remote": "NA",
    }  # fmt: skip


def test_groups_of_which_the_members_are_not_known(ask: Ask) -> None:
    """An account that may be privileged and has no second factor leaves the group unknown."""
    rows = [
        account("a", mfa=True, privileged=True, remote=True),
        account("b", mfa=False, privileged=None, remote=True),
        account("robot", mfa=False, kind="service", privileged=True),
    ]
    found = results(ask("access.mfa_coverage_low", accounts=rows))
    assert found == {"pacs all": "FAIL", "pacs privileged": "UNKNOWN", "pacs remote": "FAIL"}
    lower = ask("access.mfa_coverage_low", accounts=rows, tunables={"all_percent": 50})
    assert results(lower)["pacs all"] == "PASS"


def test_accounts_of_which_nobody_knows_whose_they_are(ask: Ask) -> None:
    """One without a kind, a person and a second factor leaves the share unknown; one with it does not."""
    nobody = {"user_id": None, "kind": None, "privileged": False, "remote": False}
    rows = [account("a", mfa=True, privileged=False, remote=False), account("b", mfa=True, **nobody)]
    assert results(ask("access.mfa_coverage_low", accounts=rows))["pacs all"] == "PASS"
    (every, *_) = ask("access.mfa_coverage_low", accounts=[*rows, account("c", mfa=False, **nobody)])
    assert every.result == "UNKNOWN"
    assert "of 1 it is not known whether it is of people" in every.message


def test_vendors_between_visits(ask: Ask) -> None:
    """Open and idle fails, worst with rights from outside; closed passes, never used is unknown."""
    idle, fresh = instant("2026-09-01 08:00"), instant("2026-10-20 08:00")
    verdicts = ask(
        "access.vendor_account_standing",
        accounts=[
            account("idle", kind="vendor", last_login=idle, privileged=True, remote=True),
            account("slow", kind="vendor", last_login=idle),
            account("fresh", kind="vendor", last_login=fresh),
            account("never", kind="vendor", last_login=None),
            account("off", kind="vendor", last_login=idle, enabled=False),
            account("person"),
        ],
    )
    assert results(verdicts) == {
        "idle": "FAIL", "slow": "FAIL", "fresh": "PASS", "never": "UNKNOWN", "off": "PASS",
    }  # fmt: skip
    assert {one.subject: one.severity for one in verdicts if one.severity} == {"idle": "high"}
