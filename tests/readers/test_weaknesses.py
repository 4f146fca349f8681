"""Scanners for weaknesses, bills of materials and the catalogue of what is exploited."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from riskkit.readers.cyclonedx_json import read as cyclonedx
from riskkit.readers.grype_json import read as grype
from riskkit.readers.gvm_xml import read as gvm
from riskkit.readers.kev_json import read as kev
from riskkit.readers.nessus_xml import read as nessus
from riskkit.readers.trivy_json import read as trivy
from riskkit.readers.weaknesses import graded
from tests.readers.reading import SAMPLES, Reading, read_all

WEAKNESSES, SCANS = "vulnerabilities", "vulnerability_scans"


def sample(reader: Any, name: str) -> Reading:
    path = SAMPLES / reader.id / name
    return read_all(reader, path.read_bytes(), f"inventory/vulnerabilities/{name}")


def test_trivy_names_system_package_and_fix() -> None:
    """The file says which system it is; a weakness without a fixed version has no fix."""
    found = sample(trivy, "trivy-pacs1.json")
    first, second = found.table(WEAKNESSES)
    assert (first["system_id"], first["vulnerability"], first["severity"]) == (
        "pacs1",
        "CVE-2024-5535",
        "critical",
    )
    assert (first["fixed_in"], first["fix_available"], first["cvss"]) == ("3.0.15-1", True, 9.1)
    assert (second["fix_available"], second["severity"]) == (False, "low")
    assert found.collected_at is not None
    assert [(row["name"], row["kind"]) for row in found.table("software")] == [
        ("debian", "operating-system"),
        ("openssl", "library"),
    ]


def test_trivy_in_utf_16_and_of_old() -> None:
    """PowerShell writes UTF-16; a bare list of results has no date, which is said."""
    found = sample(trivy, "trivy-vna.json")
    assert [row["system_id"] for row in found.table(WEAKNESSES)] == ["vna"]
    assert found.collected_at is None
    assert any("does not say when" in note for note in found.notes)


def test_trivy_without_findings_is_a_scan() -> None:
    """Trivy leaves Results out when there is nothing: the scan took place all the same."""
    report = {"SchemaVersion": 2, "CreatedAt": "2026-10-20T02:05:11Z", "ArtifactName": "x"}
    found = read_all(trivy, json.dumps(report).encode(), "trivy-pacs1.json")
    assert [(row["system_id"], row["found"]) for row in found.table(SCANS)] == [("pacs1", 0)]


def test_one_object_where_a_list_is_meant() -> None:
    """A tool that unwraps lists of one changes nothing."""
    listed = json.loads((SAMPLES / "trivy_json" / "trivy-pacs1.json").read_bytes())
    listed["Results"] = listed["Results"][:1]
    listed["Results"][0]["Vulnerabilities"] = listed["Results"][0]["Vulnerabilities"][:1]
    single = json.loads(json.dumps(listed))
    single["Results"] = single["Results"][0]
    single["Results"]["Vulnerabilities"] = single["Results"]["Vulnerabilities"][0]
    first, second = (read_all(trivy, json.dumps(one).encode(), "trivy-a.json") for one in (listed, single))
    assert first.table(WEAKNESSES) == second.table(WEAKNESSES)
    assert len(first.table(WEAKNESSES)) == 1


def test_grype_goes_by_the_cve() -> None:
    """An advisory is named by its CVE, so that it can be matched with what is exploited."""
    first, second = sample(grype, "grype-vna.json").table(WEAKNESSES)
    assert (first["vulnerability"], first["severity"], first["fix_available"]) == (
        "CVE-2021-44228", "critical", True,
    )  # fmt: skip
    assert (second["severity"], second["fix_available"], second["fixed_in"]) == ("low", False, None)


def test_nessus_counts_cves_and_hosts() -> None:
    """A row per CVE, one by its plugin where there is none; a host without findings was scanned."""
    found = sample(nessus, "pacs.nessus")
    assert [row["vulnerability"] for row in found.table(WEAKNESSES)] == [
        "CVE-2017-0143", "CVE-2017-0144", "nessus 51192",
    ]  # fmt: skip
    assert found.ignored[WEAKNESSES] == {"information, no weakness": 1}
    scans = {row["system_id"]: (row["found"], row["logged_in"]) for row in found.table(SCANS)}
    assert scans == {"10.20.1.11": (2, True), "10.20.1.31": (0, False)}
    assert found.table(WEAKNESSES)[0]["published_on"] == date(2017, 3, 14)


def test_greenbone_reads_the_host_before_its_asset() -> None:
    """The address is text before an element; a host without results was scanned."""
    found = sample(gvm, "report.xml")
    assert [(row["system_id"], row["vulnerability"], row["severity"]) for row in found.table(WEAKNESSES)] == [
        ("10.20.1.12", "oid 1.3.6.1.4.1.25623.1.0.100000", "critical"),
        ("10.20.1.12", "CVE-2022-0778", "high"),
        ("10.20.1.12", "CVE-2021-3711", "high"),
    ]
    scans = {row["system_id"]: (row["found"], row["logged_in"]) for row in found.table(SCANS)}
    assert scans == {"10.20.1.12": (2, True), "10.20.1.41": (0, False)}
    assert found.ignored[WEAKNESSES] == {"a log or a false positive, no weakness": 1}


@pytest.mark.parametrize("reader", [nessus, gvm], ids=["nessus", "gvm"])
def test_entities_are_refused(reader: Any) -> None:
    """A document type declaration ends the reading; nothing is expanded."""
    (path,) = (SAMPLES / reader.id).iterdir()
    data = path.read_bytes()
    start = data.index(b"?>") + 2 if data.startswith(b"<?xml") else 0
    bomb = data[:start] + b'<!DOCTYPE x [<!ENTITY a "aaaa">]>' + data[start:]
    found = read_all(reader, bomb)
    assert found.reasons(WEAKNESSES) == {"xml_dtd": 1}
    assert not found.table(WEAKNESSES)


def test_what_an_analysis_settled_is_no_weakness() -> None:
    """A weakness to which the product is not open is ignored with its reason; nested components count."""
    found = sample(cyclonedx, "sbom-pacs1.json")
    assert [row["name"] for row in found.table("software")] == [
        "Heronview Archive", "Windows Server 2012 R2", "openssl",
    ]  # fmt: skip
    assert [(row["vulnerability"], row["package"]) for row in found.table(WEAKNESSES)] == [
        ("CVE-2023-5678", "openssl")
    ]
    assert sum(found.ignored[WEAKNESSES].values()) == 1


def test_a_bill_without_weaknesses_is_no_scan() -> None:
    """A list of parts alone does not say that somebody looked for weaknesses."""
    bill = {"bomFormat": "CycloneDX", "specVersion": "1.5", "components": {"name": "a", "type": "library"}}
    found = read_all(cyclonedx, json.dumps(bill).encode(), "sbom-pacs1.json")
    assert [row["name"] for row in found.table("software")] == ["a"]
    assert SCANS not in found.records


def test_a_catalogue_that_lost_entries_says_so() -> None:
    """Fewer entries than the file counts are noted; an entry without a CVE is quarantined."""
    whole = json.loads((SAMPLES / "kev_json" / "known_exploited_vulnerabilities.json").read_bytes())
    whole["vulnerabilities"][1]["cveID"] = "CVE-unknown"
    whole["count"] = 1500
    found = read_all(kev, json.dumps(whole).encode())
    assert [row["cve"] for row in found.table("known_exploited")] == ["CVE-2021-44228"]
    assert found.table("known_exploited")[0]["ransomware"] is True
    assert found.table("known_exploited")[0]["released_on"] == date(2026, 10, 28)
    assert found.reasons("known_exploited") == {"bad_value": 1}
    assert any("1,500 entries" in note for note in found.notes)


@pytest.mark.parametrize(
    ("score", "word"),
    [(10.0, "critical"), (9.0, "critical"), (8.9, "high"), (4.0, "medium"), (0.1, "low"), (0.0, "none")],
)
def test_bands_of_scores(score: float, word: str) -> None:
    """CVSS version 3.1, section 5: the lower end of each band belongs to it."""
    assert graded(score) == word
