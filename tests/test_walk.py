"""The whole road: from evidence files to the pages that a person reads."""

from __future__ import annotations

import csv
import json
import re
import shutil
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path

import pytest

from riskkit.assess import all_checks
from tests import bed
from tests.packs import SAMPLES, SHARED, assess, canonical, copy_of_samples, outcomes, riskkit

PAGES = (
    "index.html",
    "01_audit_trail.html",
    "02_access_patterns.html",
    "03_encryption_coverage.html",
    "04_transmission_security.html",
    "05_access_control.html",
    "06_backup_recovery.html",
    "07_people_places_papers.html",
    "08_risk_register.html",
    "09_treatment_and_frameworks.html",
)


def text(page: Path) -> str:
    """What a reader sees of a page."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page.read_text(encoding="utf-8"))))


def real_names() -> set[str]:
    """Every identity that stands in the sample evidence."""
    names: set[str] = set()
    for file, columns in (
        ("people/roster.csv", ("user_id", "address")),
        ("care/patients.csv", ("patient_id", "address")),
    ):
        with (SAMPLES / file).open(encoding="utf-8", newline="") as rows:
            for row in csv.DictReader(rows):
                names |= {row[column] for column in columns if row.get(column)}
                names.add(f"{row['given_name']} {row['family_name']}")
    return {name for name in names if len(name) > 3}


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report on the sample evidence, made as `make report` makes it."""
    folder = tmp_path_factory.mktemp("report")
    done = riskkit(
        "report", SAMPLES, "--work", folder / "work", "--out", folder / "2026-10", "--fail-on", "never"
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == str(folder / "2026-10" / "index.html")
    return folder / "2026-10"


def test_every_page_is_there(report: Path) -> None:
    """Nine pages, findings, a manifest; each page says whose evidence it is and for when."""
    for name in PAGES:
        page = text(report / name)
        assert "2026-10" in page or "October 2026" in page, name
        assert "Simulated evidence" in page, name
    assert json.loads((report / "findings.json").read_text())["period"] == "2026-10"


def test_no_page_asks_for_anything(report: Path) -> None:
    """No script, no outside reference, a policy that forbids both."""
    for name in PAGES:
        source = (report / name).read_text(encoding="utf-8")
        assert "<script" not in source
        assert "default-src 'none'" in unescape(source)
        assert not re.search(r"""(?:src|href)\s*=\s*["'](?:https?:)?//""", source), name
        assert not re.search(r"url\((?!['\"]?data:|#)", source), name


def test_no_identity_is_published(report: Path) -> None:
    """No log-in name, record number, address or full name of anybody."""
    published = "\n".join((report / name).read_text(encoding="utf-8") for name in (*PAGES, "findings.json"))
    there = [name for name in sorted(real_names()) if name in published]
    assert [name for name in there if re.search(rf"\b{re.escape(name)}\b", published)] == []


def test_no_page_claims_too_much(report: Path) -> None:
    """Nobody is called compliant or certified, and nobody is accused."""
    for name in PAGES:
        page = text(report / name).casefold()
        for word in ("compliant", "certified", "the enterprise risk analysis", "violation", "violated"):
            assert word not in page, (name, word)


def test_every_citation_is_in_the_catalog(report: Path) -> None:
    """A citation that is printed exists."""
    from riskkit.catalog import load_catalog  # noqa: PLC0415 - only here

    for name in PAGES:
        for citation in re.findall(r"45 CFR 164\.\d+(?:\([a-zA-Z0-9]+\))*", text(report / name)):
            assert citation in load_catalog().controls, (name, citation)


def test_what_is_not_assessed_is_told(report: Path) -> None:
    """The first page names what could not be assessed and what is outside the scope."""
    first = text(report / "index.html")
    assert "cardio1" in first or "Cardiology mini-archive" in first
    assert "not assessed" in first.casefold() or "could not be assessed" in first.casefold()


def test_the_manifest_holds(report: Path, tmp_path: Path) -> None:
    """verify says so, and names a page of which one byte was changed."""
    assert riskkit("verify", report, "--pack", SAMPLES).returncode == 0
    copy = tmp_path / "copy"
    shutil.copytree(report, copy)
    page = copy / "05_access_control.html"
    page.write_bytes(page.read_bytes().replace(b"e", b"3", 1))
    done = riskkit("verify", copy)
    assert (done.returncode, "05_access_control.html" in done.stdout) == (1, True)


def test_two_assessments_are_equal_byte_for_byte(tmp_path: Path) -> None:
    """Other folder, other work folder, other order of files on disk: the same bytes."""
    pack = tmp_path / "pack"
    pack.mkdir()
    for path in sorted(SAMPLES.rglob("*"), reverse=True):
        name = path.relative_to(SAMPLES)
        if path.is_file() and not any(part.startswith(".") for part in name.parts):
            (pack / name).parent.mkdir(parents=True, exist_ok=True)
            (pack / name).write_bytes(path.read_bytes())
    first = canonical(assess(SAMPLES, tmp_path / "one"))
    assert canonical(assess(pack, tmp_path / "two")) == first
    assert canonical(assess(pack, tmp_path / "two")) == first, "a recalled assessment differs"


def test_real_files_of_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pack of real audit messages, scans and inventories: all told, nothing lost, much not assessed."""
    if not SHARED.is_dir():
        pytest.skip(f"no real samples at {SHARED}")
    pack = tmp_path / "pack"
    for name in ("audit", "network/captured", "storage/local"):
        shutil.copytree(SHARED / name, pack / name)
    (pack / "network" / "strange.bin").write_bytes(b"\x00\x01 of no known kind \xff")
    (pack / "site.yaml").write_text("organisation: Bed\ntimezone: UTC\nperiod: 2026-11\n")
    key = tmp_path / "site.key"
    monkeypatch.setenv("RISKKIT_SITE_KEY", str(key))
    assert riskkit("key", key).returncode == 0
    done = riskkit("report", pack, "--out", tmp_path / "report", "--fail-on", "never")
    assert done.returncode == 0, done.stderr
    findings = json.loads((tmp_path / "report" / "findings.json").read_text())
    told = {source["name"].partition("!")[0] for source in findings["sources"]}
    assert told == {
        path.relative_to(pack).as_posix()
        for name in ("audit", "network", "storage")
        for path in (pack / name).rglob("*")
        if path.is_file()
    }
    for source in findings["sources"]:
        assert source["reader"] or source["problem"], source["name"]
        for count in source["tables"].values():
            ended = count["accepted"] + count["quarantined"] + sum(count["ignored"].values())
            assert count["records"] == ended, source["name"]
    assert outcomes(findings)["transmission.plaintext"]["condition"] in {"FINDINGS", "PARTIAL"}
    assert outcomes(findings)["people.training_overdue"]["condition"] == "NOT_ASSESSED"
    assert "Not recognized by any reader" in text(tmp_path / "report" / "08_risk_register.html")
    papers = text(tmp_path / "report" / "07_people_places_papers.html")
    assert "Not assessed" in papers
    assert (pack / "history" / "2026-11" / "findings.json").is_file()


def test_collect_tls_and_the_findings_in_the_report(tmp_path: Path) -> None:
    """Two servers on loopback, one good and one bad: collected, judged and printed."""
    pack = copy_of_samples(tmp_path / "pack")
    for scan in (pack / "network" / "scans").iterdir():
        scan.unlink()
    shutil.rmtree(pack / "history")
    with ExitStack() as stack:
        (tmp_path / "ca").mkdir()
        authority = bed.Authority(tmp_path / "ca")
        good = stack.enter_context(bed.good_tls(authority))
        bad = stack.enter_context(bed.legacy_tls(authority))
        plain = stack.enter_context(bed.plain_dicom())
        listeners = {"good": (good, "dicom-tls"), "bad": (bad, "dicom-tls"), "plain": (plain, "dicom")}
        lines = [
            f"  - {{endpoint_id: {name}, host: 127.0.0.1, port: {port}, protocol: {protocol}, "
            "system_id: pacs1, ephi: true, vantage: internal, approved_by: Test, scan_level: standard}"
            for name, ((_, port), protocol) in listeners.items()
        ]
        now = datetime.now(UTC)
        permitted = [
            f"authorization: {{by: Security Officer, date: {now:%Y-%m-%d}, reference: CHG-118}}",
            f"window_start: {now - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}",
            f"window_end: {now + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}",
            "vantage: internal",
        ]
        (pack / "network" / "endpoints.yaml").write_text("\n".join([*permitted, "endpoints:", *lines, ""]))
        done = riskkit("collect", "tls", pack, "--live")
    assert done.returncode == 0, done.stderr
    made = riskkit(
        "report", pack, "--period", f"{now:%Y-%m}", "--as-of", f"{now:%Y-%m-%d}",
        "--out", tmp_path / "report", "--fail-on", "critical",
    )  # fmt: skip
    assert made.returncode == 1, made.stderr
    findings = json.loads((tmp_path / "report" / "findings.json").read_text())

    def results(check: str) -> dict[str, str]:
        return {v["subject"]: v["result"] for v in outcomes(findings)[check]["verdicts"] if not v["engine"]}

    legacy, plaintext = results("transmission.legacy_tls"), results("transmission.plaintext")
    at = {name: f"127.0.0.1:{port}" for name, ((_, port), _) in listeners.items()}
    assert (legacy[at["good"]], legacy[at["bad"]], legacy[at["plain"]]) == ("PASS", "FAIL", "NA")
    assert (plaintext[at["good"]], plaintext[at["plain"]]) == ("PASS", "FAIL")
    page = text(tmp_path / "report" / "04_transmission_security.html")
    for word in (*at.values(), "TLS 1.0"):
        assert word in page, word


def test_every_check_has_been_heard(tmp_path: Path) -> None:
    """The sample evidence brings most checks to a verdict, and every check to an outcome."""
    findings = assess(SAMPLES, tmp_path)
    assert set(outcomes(findings)) == {check.id for check in all_checks()}
    conditions = [outcome["condition"] for outcome in findings["outcomes"]]
    assert "ERROR" not in conditions
    assert conditions.count("NOT_ASSESSED") < len(conditions) / 4
