"""Systems and their updates: what runs, how weak it is, who looks, and whether the inventory is whole."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from riskkit.catalog.support_dates import Support
from riskkit.checks import inventory_unsupported_software
from riskkit.errors import EvidenceError
from riskkit.model import Verdict
from tests.checks.conftest import Ask
from tests.evidence import event, instant, results

OCTOBER = "2026-10-20 02:00"


def system(name: str, **columns: Any) -> dict[str, Any]:
    return {"system_id": name, "name": name.upper(), "kind": "archive", "holds_ephi": True} | columns


def scanned(name: str, at: str = OCTOBER, **columns: Any) -> dict[str, Any]:
    """A scan that logged in and found no more than the rows beside it."""
    row = {"system_id": name, "scanner": "nessus", "observed_at": instant(at)}
    return {**row, "logged_in": True, "found": 0} | columns


def weakness(name: str, cve: str, at: str = OCTOBER, **columns: Any) -> dict[str, Any]:
    row = {"system_id": name, "scanner": "nessus", "observed_at": instant(at)}
    return {**row, "vulnerability": cve, "severity": "high"} | columns


def exploited(*cves: str, entries: int = 1000, **columns: Any) -> list[dict[str, Any]]:
    """The catalogue of the week before the end of the period."""
    row = {"added_on": date(2022, 1, 1), "released_on": date(2026, 10, 28)} | columns
    others = (f"CVE-2098-{number:05}" for number in range(entries - len(cves)))
    return [{"cve": cve, **row} for cve in (*cves, *others)]


def measure(covers: str, until: date | None = date(2027, 1, 31), **columns: Any) -> dict[str, Any]:
    return {
        "system_id": "pacs", "covers": covers, "measure": "own segment", "approved_by": "CISO",
        "approved_on": date(2026, 1, 31), "valid_until": until,
    } | columns  # fmt: skip


def results_and_words(verdicts: list[Verdict]) -> dict[str, tuple[str, str]]:
    return {verdict.subject: (verdict.result, verdict.message) for verdict in verdicts}


def test_support_comes_from_the_inventory_first(ask: Ask) -> None:
    """The inventory's date wins over the catalogue; a product that neither knows is unknown."""
    verdicts = ask(
        "inventory.unsupported_software",
        systems=[
            system("a", product="Windows Server", version="2012 R2"),
            system("b", product="Windows Server", version="2012 R2", supported_until=date(2026, 12, 31)),
            system("c", product="Heronview", version="8"),
            system("d", product="Orthanc", version="1.12.4"),
            system("e", product="Debian", version="12"),
            system("f", holds_ephi=False, supported_until=date(2020, 1, 1)),
            system("g", supported_until=date(2026, 10, 31)),
        ],
    )
    assert results(verdicts) == {
        "a": "FAIL", "b": "PASS", "c": "UNKNOWN", "d": "UNKNOWN", "e": "PASS", "g": "FAIL",
    }  # fmt: skip


def test_components_are_judged_and_packages_of_a_distribution_are_not(ask: Ask) -> None:
    """OpenSSL 1.1.1 that a product ships fails; the same one of Debian is Debian's to mend."""
    listed = {"system_id": "PACS1", "observed_at": instant(OCTOBER)}
    verdicts = ask(
        "inventory.unsupported_software",
        systems=[system("pacs", aliases="pacs1", supported_until=date(2030, 1, 1))],
        software=[
            {**listed, "name": "openssl", "version": "1.1.1w"},
            {**listed, "name": "openssl", "version": "1.0.2k", "purl": "pkg:rpm/redhat/openssl@1.0.2k"},
            {**listed, "name": "PostgreSQL", "version": "16.2"},
            {**listed, "name": "zlib", "version": "1.3"},
        ],
    )
    assert results(verdicts) == {
        "pacs": "PASS", "pacs: OpenSSL 1.1.1": "FAIL", "pacs: PostgreSQL 16": "PASS",
    }  # fmt: skip


def test_a_date_that_nobody_read_judges_nothing(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry from memory leaves the system and the component UNKNOWN, long past its date."""
    known = Support("Heronview", "8", date(2020, 1, 1), "https://example.org", "memory", date(2026, 1, 1))
    monkeypatch.setattr(inventory_unsupported_software, "support_of", lambda name, version: known)
    verdicts = ask(
        "inventory.unsupported_software",
        systems=[system("pacs", product="Heronview", version="8")],
        software=[
            {"system_id": "pacs", "observed_at": instant(OCTOBER), "name": "heronview", "version": "8"}
        ],
    )
    assert results(verdicts) == {"pacs": "UNKNOWN", "pacs: Heronview 8": "UNKNOWN"}
    assert all("not looked up" in verdict.message for verdict in verdicts)


@pytest.mark.parametrize(
    ("measures", "severity", "told"),
    [
        ([], "high", ""),
        ([measure("unsupported")], "medium", "until 2027-01-31"),
        ([measure("unsupported", date(2026, 10, 30))], "high", "does not count: it ended on 2026-10-30"),
        ([measure("unsupported", None)], "high", "it has no last day"),
        ([measure("unsupported", approved_by=None)], "high", "nobody approved it"),
        ([measure("unsupported", date(2099, 1, 1))], "high", "over 1,096 days from its approval"),
        ([measure("updates")], "high", ""),
    ],
)
def test_a_measure_is_visible_and_hides_nothing(
    ask: Ask, measures: list[dict[str, Any]], severity: str, told: str
) -> None:
    """What a measure covers stays a finding, one step less while the measure counts, and says so."""
    systems = [system("pacs", supported_until=date(2025, 1, 1))]
    (verdict,) = ask("inventory.unsupported_software", systems=systems, compensating_controls=measures)
    assert (verdict.result, verdict.severity) == ("FAIL", severity)
    assert told in verdict.message


def test_measures_that_hold_no_longer(ask: Ask) -> None:
    """Ended, endless and unapproved ones fail; one void measure is enough."""
    verdicts = ask(
        "inventory.compensating_control_expired",
        compensating_controls=[
            measure("unsupported"),
            measure("updates", date(2026, 10, 30)),
            measure("segment", None),
            measure("segment", measure="another"),
            measure("CVE-2020-1472", approved_by=None),
        ],
    )
    assert results(verdicts) == {
        "pacs unsupported": "PASS", "pacs updates": "FAIL", "pacs segment": "FAIL",
        "pacs CVE-2020-1472": "FAIL",
    }  # fmt: skip


def test_known_exploited(ask: Ask) -> None:
    """One that is exploited fails, without a CVE it is unknown, none passes; a later scan mends."""
    verdicts = ask(
        "inventory.known_exploited",
        systems=[system("pacs", aliases="10.0.0.1")],
        vulnerability_scans=[scanned(name) for name in ("10.0.0.1", "ris", "vna", "old", "clean")],
        vulnerabilities=[
            weakness("10.0.0.1", "CVE-2017-0144"),
            weakness("ris", "nessus 51192"),
            weakness("vna", "CVE-2099-0001"),
            weakness("old", "CVE-2017-0144", "2026-09-01 02:00"),
        ],
        known_exploited=exploited("CVE-2017-0144", due_on=date(2022, 8, 10), ransomware=True),
    )
    assert results(verdicts) == {
        "pacs": "FAIL", "ris": "UNKNOWN", "vna": "PASS", "old": "PASS", "clean": "PASS",
    }  # fmt: skip
    (failed,) = (one for one in verdicts if one.result == "FAIL")
    assert failed.severity == "critical"
    assert "1 by ransomware" in failed.message


def test_a_scan_without_log_in_mends_nothing(ask: Ask) -> None:
    """A later scan that saw less does not close what one with a log-in found; one alike does."""
    for login, expected in ((False, "FAIL"), (True, "PASS"), (None, "FAIL")):
        (verdict,) = ask(
            "inventory.known_exploited",
            vulnerability_scans=[
                scanned("pacs", "2026-09-01 02:00", logged_in=True),
                scanned("pacs", logged_in=login),
            ],
            vulnerabilities=[weakness("pacs", "CVE-2017-0144", "2026-09-01 02:00")],
            known_exploited=exploited("CVE-2017-0144"),
        )
        assert verdict.result == expected


@pytest.mark.parametrize(
    ("scans", "told"),
    [
        ([scanned("pacs", found=37)], "found 37 weaknesses, of which the pack lists none"),
        ([scanned("pacs", found=None)], "does not say how many weaknesses it found"),
        ([scanned("pacs", logged_in=False)], "Of 1 scan none could log in"),
        ([scanned("pacs", logged_in=None)], "none is known to have logged in"),
        ([scanned("pacs", "2026-11-02 02:00")], "no scan of this system up to the end"),
        ([scanned("pacs", "2026-10-01 02:00", found=37), scanned("pacs", logged_in=False)], "found 37"),
        ([scanned("pacs", "2026-10-01 02:00", found=37), scanned("pacs")], ""),
        ([scanned("pacs", "2026-10-01 02:00"), scanned("pacs", logged_in=False)], ""),
        ([scanned("pacs", logged_in=None, kind="software")], ""),
    ],
)
def test_what_a_scan_found_and_the_pack_lacks(ask: Ask, scans: list[dict[str, Any]], told: str) -> None:
    """Findings that the pack does not list, and scans from outside, clear no system of weaknesses."""
    given = {
        "vulnerability_scans": [*scans, scanned("other")],
        "vulnerabilities": [weakness("other", "CVE-2099-0001")],
    }
    for check in ("inventory.known_exploited", "inventory.weakness_open_long"):
        verdicts = [one for one in ask(check, known_exploited=exploited(), **given) if one.scope == "pacs"]
        if not told or any(scan["observed_at"] < instant("2026-11-01 00:00") for scan in scans):
            assert verdicts
        for verdict in verdicts:
            assert verdict.result == ("UNKNOWN" if told else "PASS")
            assert told in verdict.message


def test_some_of_what_a_scan_found(ask: Ask) -> None:
    """Both figures are told; as many rows as findings are whole, and a scan apart by days has its own."""
    rows = [weakness("pacs", f"CVE-2099-000{number}") for number in (1, 2)]
    for found, at, result in (
        (2, OCTOBER, "PASS"),
        (3, OCTOBER, "UNKNOWN"),
        (2, "2026-10-26 02:00", "UNKNOWN"),
    ):
        (verdict,) = ask(
            "inventory.known_exploited",
            vulnerability_scans=[scanned("pacs", at, found=found, scanner="Nessus")],
            vulnerabilities=rows,
            known_exploited=exploited(),
        )
        assert verdict.result == result
    assert "found 2 weaknesses, of which the pack lists none" in verdict.message


@pytest.mark.parametrize(
    ("catalogue", "told"),
    [
        (exploited(), ""),
        (exploited(released_on=date(2026, 10, 1)), ""),
        (exploited(released_on=date(2026, 9, 30)), "is of 2026-09-30, 31 days before"),
        (exploited(released_on=None, catalog_version="2021.11.03"), "is of 2021-11-03"),
        (exploited(released_on=None, catalog_version="2026.10.28"), ""),
        (exploited(released_on=None), "is of 2022-01-01"),
        (exploited(entries=999), "holds 999 entries; the whole one has 1,000 or more"),
        (exploited(entries=1), "holds 1 entry"),
    ],
)
def test_an_old_or_tiny_catalogue_clears_nothing(
    ask: Ask, catalogue: list[dict[str, Any]], told: str
) -> None:
    """What an old list or an excerpt does not hold may be exploited; where nothing is open it is all one."""
    verdicts = results_and_words(
        ask(
            "inventory.known_exploited",
            vulnerability_scans=[scanned("pacs"), scanned("clean")],
            vulnerabilities=[weakness("pacs", "CVE-2099-0001")],
            known_exploited=catalogue,
        )
    )
    assert verdicts["clean"] == ("PASS", "No weakness is open.")
    assert verdicts["pacs"][0] == ("UNKNOWN" if told else "PASS")
    assert told in verdicts["pacs"][1]


def test_weaknesses_open_for_long(ask: Ask) -> None:
    """Counted from the first scan that saw it; the limit itself is in time, and no grade is unknown."""
    verdicts = ask(
        "inventory.weakness_open_long",
        vulnerability_scans=[
            scanned("pacs", "2026-09-20 02:00"),
            scanned("pacs"),
            scanned("vna"),
        ],
        vulnerabilities=[
            weakness("pacs", "CVE-1", "2026-09-20 02:00"),
            weakness("pacs", "CVE-1", fix_available=True),
            weakness("pacs", "CVE-2", severity="critical", at="2026-10-20 02:00"),
            weakness("vna", "CVE-3", severity=None),
        ],
    )
    assert results(verdicts) == {
        "pacs critical": "PASS", "pacs high": "FAIL", "pacs medium": "PASS",
        "vna critical": "UNKNOWN", "vna high": "UNKNOWN", "vna medium": "UNKNOWN",
    }  # fmt: skip
    assert "for 1 there is an update" in next(v.message for v in verdicts if v.result == "FAIL")


@pytest.mark.parametrize(
    ("row", "scans", "result", "told"),
    [
        # The first scan of the pack finds what is known for years, and what nobody can date.
        ({"vulnerability": "CVE-2021-44228"}, [], "UNKNOWN", "known since 2021-01-01"),
        ({"vulnerability": "nessus 51192"}, [], "UNKNOWN", "found by the first scan of the pack"),
        ({"published_on": date(2021, 12, 10)}, [], "UNKNOWN", "known since 2021-12-10"),
        ({"published_on": date(2026, 10, 10)}, [], "PASS", ""),
        # An earlier scan that would have seen it, or the scanner itself, tells since when.
        ({"published_on": date(2021, 12, 10)}, [scanned("pacs", "2026-08-01 02:00")], "PASS", ""),
        ({"first_seen": instant(OCTOBER)}, [], "UNKNOWN", "known since 2026-01-01"),
        ({"first_seen": instant("2026-10-10 02:00")}, [scanned("pacs", "2026-10-01 02:00")], "PASS", ""),
        ({"first_seen": instant("2026-09-01 02:00")}, [], "FAIL", "a scan saw it first on 2026-09-01"),
        # One that could not have seen it shows only that the system was there.
        (
            {"published_on": date(2021, 12, 10)},
            [scanned("pacs", "2026-08-01 02:00", logged_in=False)],
            "FAIL",
            "for 91, published before the pack first shows the system on 2026-08-01",
        ),
        (
            {"published_on": date(2026, 9, 1)},
            [scanned("pacs", "2026-08-01 02:00", found=9)],
            "FAIL",
            "for 60, since it was published on 2026-09-01",
        ),
        (
            {"vulnerability": "CVE-2021-44228"},
            [scanned("pacs", "2026-08-01 02:00", logged_in=False)],
            "UNKNOWN",
            "known since 2021-01-01",
        ),
    ],
)
def test_since_when_a_weakness_is_open(
    ask: Ask, row: dict[str, Any], scans: list[dict[str, Any]], result: str, told: str
) -> None:
    """The day of the first scan counts unless the pack tells of an earlier one; a late look is no excuse."""
    verdicts = ask(
        "inventory.weakness_open_long",
        vulnerability_scans=[*scans, scanned("pacs")],
        vulnerabilities=[weakness("pacs", "CVE-2026-1000", severity="high") | row],
    )
    found = next(one for one in verdicts if one.subject == "pacs high")
    assert found.result == result
    assert told in found.message


def test_updates(ask: Ask) -> None:
    """Late or waiting too long fails, on the last day it passes, without dates it is unknown."""

    def update(
        name: str, released: date | None, installed: date | None = None, **more: Any
    ) -> dict[str, Any]:
        row = {"system_id": name, "update_id": "KB", "severity": "critical"}
        return {**row, "released_on": released, "installed_on": installed, **more}

    verdicts = ask(
        "inventory.update_late",
        updates=[
            update("waits", date(2026, 10, 1)),
            update("planned", date(2026, 10, 1), date(2026, 11, 3)),
            update("late", date(2026, 10, 1), date(2026, 10, 17)),
            update("in time", date(2026, 10, 1), date(2026, 10, 16)),
            update("undated", None),
            update("ungraded", date(2026, 1, 1), severity=None),
            update("before", date(2025, 1, 1), date(2026, 9, 30)),
        ],
    )
    assert results(verdicts) == {
        "waits critical": "FAIL", "planned critical": "FAIL", "late critical": "FAIL",
        "in time critical": "PASS",
        "undated critical": "UNKNOWN", "ungraded unknown": "UNKNOWN",
    }  # fmt: skip


def test_scans_overdue(ask: Ask) -> None:
    """Old fails, none is unknown, and what holds no ePHI or is not covered is not asked for."""
    verdicts = ask(
        "inventory.scan_overdue",
        systems=[
            system("pacs", aliases="10.0.0.1"),
            system("ris"),
            system("vna"),
            system("ct"),
            system("hr", holds_ephi=False),
            system("cardio", covered=False),
        ],
        vulnerability_scans=[
            scanned("10.0.0.1"),
            scanned("ris", "2026-04-01 02:00", logged_in=False),
            scanned("ct", "2036-10-20 02:00"),
        ],
    )
    assert results(verdicts) == {"pacs": "PASS", "ris": "FAIL", "vna": "UNKNOWN", "ct": "UNKNOWN"}
    assert "could log in" in next(one.message for one in verdicts if one.subject == "ris")


def test_protection_against_malware(ask: Ask) -> None:
    """Off or old fails, the worst machine counts, a machine that the list does not name is unknown."""
    fresh = {"active": True, "signatures_at": instant("2026-10-30 05:00")}
    verdicts = ask(
        "inventory.malware_protection",
        systems=[
            system(name, aliases=f"{name}-db") for name in ("pacs", "ris", "vna", "ct", "mr", "us", "xa")
        ],
        malware_protection=[
            {"host": "PACS", **fresh},
            {"host": "ris", **fresh},
            {"host": "ris-db", "active": False},
            {"host": "vna", "active": True, "signatures_at": instant("2026-09-01 05:00")},
            {"host": "ct", "active": True},
            {"host": "mr", "active": True, "last_contact": instant("2026-10-30 05:00")},
            {"host": "somebody", "active": False},
            {"host": "xa", "active": True, "signatures_at": instant("2036-10-30 05:00")},
        ],
    )
    assert results(verdicts) == {
        "pacs": "PASS", "ris": "FAIL", "vna": "FAIL", "ct": "UNKNOWN", "mr": "PASS", "us": "UNKNOWN",
        "xa": "UNKNOWN",
    }  # fmt: skip


def test_segments(ask: Ask) -> None:
    """The smallest network counts; guests and offices fail, no address or no plan is unknown."""
    verdicts = ask(
        "inventory.segment_wrong",
        systems=[
            system("pacs", aliases="PACS1;10.0.1.5"),
            system("ct", aliases="10.0.2.5"),
            system("us", aliases="10.0.3.5"),
            system("flat", aliases="10.0.4.5"),
            system("far", aliases="192.168.1.1"),
            system("none", aliases="PACS9"),
        ],
        network_segments=[
            {"network": "10.0.0.0/16", "zone": "office"},
            {"network": "10.0.1.0/24", "zone": "server", "filtered": True},
            {"network": "10.0.2.0/24", "zone": "guest", "filtered": True},
            {"network": "10.0.4.0/24", "zone": "imaging", "filtered": False},
            {"network": "nonsense", "zone": "imaging"},
        ],
    )
    assert results(verdicts) == {
        "pacs": "PASS", "ct": "FAIL", "us": "FAIL", "flat": "FAIL", "far": "UNKNOWN", "none": "UNKNOWN",
    }  # fmt: skip
    assert next(one.severity for one in verdicts if one.subject == "ct") == "high"


def test_names_that_the_inventory_lacks(ask: Ask) -> None:
    """Hosts, AE titles and audit sources of any evidence; case is the same, desks are listed apart."""
    evidence: dict[str, Any] = {
        "systems": [system("pacs", aliases="PACS1;LMPACS"), system("vna")],
        "audit_events": [
            event("2026-10-05 08:00", source_system="pacs1", source_aet="LMPACS", dest_aet="GHOST"),
            event("2026-09-05 08:00", source_system="GONE"),
        ],
        "vulnerability_scans": [scanned("10.0.0.7"), scanned("ws-1")],
        "workstations": [{"host": "WS-1", "zone": "ward"}],
    }
    verdicts = ask("inventory.system_not_listed", **evidence)
    assert results(verdicts) == {
        "pacs1": "PASS", "LMPACS": "PASS", "GHOST": "FAIL", "10.0.0.7": "FAIL",
    }  # fmt: skip
    del evidence["workstations"]
    seen = ask("inventory.system_not_seen", **evidence)
    assert results(seen) == {"pacs": "PASS", "vna": "FAIL"}


def test_with_the_inventory_alone_nothing_is_seen(ask: Ask) -> None:
    """Without any other evidence it is unknown whether a system exists."""
    assert results(ask("inventory.system_not_seen", systems=[system("pacs")])) == {"pacs": "UNKNOWN"}
    with pytest.raises(EvidenceError, match="missing"):
        ask("inventory.system_not_listed", systems=[system("pacs")])


def test_names_of_two_systems(ask: Ask) -> None:
    """Two owners in the inventory, or two systems that call by one AE title, fail."""
    calls = [
        event("2026-10-05 08:00", source_aet=title, source_ip=address)
        for title, address in (
            ("CT1", "10.0.0.1"), ("CT1", "10.0.0.2"), ("MR1", "10.0.0.3"), ("MR1", "10.9.9.9"),
            ("NEW", "10.9.9.8"),
        )
    ]  # fmt: skip
    verdicts = ask(
        "inventory.ae_title_not_unique",
        systems=[
            system("ct1", aliases="10.0.0.1"),
            system("ct2", aliases="10.0.0.2;shared"),
            system("mr1", aliases="10.0.0.3;Shared"),
        ],
        audit_events=calls,
    )
    found = results(verdicts)
    assert {name: result for name, result in found.items() if result != "PASS"} == {
        "ct1": "FAIL", "shared": "FAIL", "mr1": "UNKNOWN",
    }  # fmt: skip
    assert found["NEW"] == "PASS"
