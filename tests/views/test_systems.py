"""Numbers of the views on systems and on roles and rights."""

from __future__ import annotations

from datetime import date

import pytest
from bs4 import BeautifulSoup

from riskkit.model import Assessment
from riskkit.views import access_control, authority, systems
from riskkit.views.html import Html
from tests.evidence import instant, person
from tests.views import made


def words(shown: Html) -> str:
    return BeautifulSoup(shown.markup, "html.parser").get_text(" ", strip=True)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Assessment:
    """Two systems, one scanned twice; three people, one gone; rights, measures and settings."""
    folder = tmp_path_factory.mktemp("systems")
    scan = {"scanner": "nessus", "observed_at": instant("2026-10-20 02:00")}
    weak = {**scan, "system_id": "pacs", "vulnerability": "CVE-2017-0144"}
    listed = {"system_id": "pacs", "kind": "person"}
    return made.assessment(
        folder,
        {
            "systems": [
                {"system_id": "pacs", "name": "PACS", "kind": "archive", "holds_ephi": True},
                {"system_id": "ris", "name": "RIS", "kind": "worklist", "holds_ephi": True},
            ],
            "vulnerability_scans": [{"system_id": "pacs", **scan}],
            "vulnerabilities": [
                {**weak, "severity": "critical", "observed_at": instant("2026-08-01 02:00")},
                {**weak, "severity": "critical", "fix_available": True},
                {**weak, "severity": None, "package": "other"},
            ],
            "known_exploited": [{"cve": "cve-2017-0144"}],
            "compensating_controls": [
                {"system_id": "pacs", "covers": "updates", "measure": "m", "approved_by": "CISO",
                 "approved_on": date(2026, 1, 1), "valid_until": date(2026, 11, 15)},
                {"system_id": "pacs", "covers": "segment", "measure": "m"},
            ],
            "roster": [person("ada"), person("bob", role="clerk"),
                       person("gone", employed_to=date(2026, 9, 30))],
            "accounts": [
                {**listed, "account": "a1", "user_id": "ada", "enabled": True},
                {**listed, "account": "bob", "user_id": "bob", "enabled": True},
                {**listed, "account": "off", "user_id": "bob", "enabled": False},
                {**listed, "account": "gone", "user_id": "gone", "enabled": False,
                 "disabled_at": instant("2026-10-01 09:00")},
            ],
            "grants": [
                {"system_id": "pacs", "account": account, "permission": "view"}
                for account in ("a1", "bob", "off", "ghost")
            ],
            "configurations": [
                {"system_id": system, "key": key, "value": value}
                for system, key, value in (
                    ("pacs", "lockout.enabled", "yes"), ("pacs", "lockout.attempts", "5"),
                    ("ris", "lockout.enabled", "no"),
                )
            ],
        },
    )  # fmt: skip


def test_systems_in_numbers(found: Assessment) -> None:
    """Counts follow the newest scan; what was not scanned is unknown, not none."""
    frame = systems.overview(found).frame
    assert frame is not None
    assert list(frame["critical or high open"]) == ["1", "unknown"]
    weak = systems.weaknesses(found).frame
    assert weak is not None
    (row,) = weak.to_dict("records")
    assert (row["critical"], row["no severity"], row["with an update"], row["known to be exploited"]) == (
        1, 1, 1, 2,
    )  # fmt: skip
    assert row["oldest, days"] == 91
    assert "1 does not count, 1 ends within a month" in words(systems.measures(found))


def test_roles_against_rights(found: Assessment) -> None:
    """People are counted by role over their enabled accounts; strangers stand apart."""
    shown = authority.matrix(found)
    assert shown.frame is None or list(shown.frame.columns)[-1] == authority.NOBODY
    assert "1 holder is not on the roster" in words(shown)


def test_the_proposed_hour_stands_beside(found: Assessment) -> None:
    """An account that was disabled the morning after is told of, and no status changes by it."""
    told = words(access_control.leavers(found))
    assert "of 1 account with a recorded end, 1 ended surely more than an hour after" in told
    assert "not in force" in told


def test_lock_out_of_both_kinds(found: Assessment) -> None:
    """Numbers and `never` stand in one column."""
    shown = access_control.log_in_settings(found).frame
    assert shown is not None
    assert list(shown["lock-out after"]) == ["5", "never"]


def test_coverage_of_one_period(found: Assessment) -> None:
    """Unknown counts as not passed: no second factor is told of two accounts."""
    assert "second factor 0" in words(authority.over_time(found))
