"""Where images rest, and what the files themselves give away."""

from __future__ import annotations

from typing import Any

import pytest

from riskkit.model import Verdict
from tests.checks.conftest import Ask
from tests.evidence import instant, results

AT_REST = "45 CFR 164.312(a)(2)(iv)"
ACCESS = "45 CFR 164.312(a)(1)"


def asset(name: str, encrypted: str, **columns: Any) -> dict[str, Any]:
    return {"asset_id": name, "system_id": "pacs", "kind": "volume", "encrypted": encrypted, **columns}


def test_volumes(ask: Ask) -> None:
    """Yes passes, no fails, unknown stays unknown; what may hold ePHI weighs less than what does."""
    verdicts = ask(
        "encryption.unencrypted_volume",
        storage_assets=[
            asset("good", "yes", holds_phi=True),
            asset("bad", "no", holds_phi=True),
            asset("perhaps", "no"),
            asset("silent", "unknown", holds_phi=True, reason="hardware RAID"),
            asset("boot", "no", holds_phi=False),
            asset("swap", "no", kind="swap"),
            asset("tape", "no", kind="tape", holds_phi=True),
        ],
    )
    assert results(verdicts) == {
        "good": "PASS",
        "bad": "FAIL",
        "perhaps": "FAIL",
        "silent": "UNKNOWN",
        "boot": "NA",
        "tape": "FAIL",
    }
    found = {verdict.subject: verdict for verdict in verdicts}
    assert (found["bad"].severity, found["perhaps"].severity) == (None, "medium")
    assert "hardware RAID" in found["silent"].message


def scan(
    name: str, finished: str | None = "2026-10-20 12:00", complete: bool = True, **columns: Any
) -> dict[str, Any]:
    return {
        "scan_id": name,
        "system_id": "pacs",
        "root": "/data/dicom",
        "started_at": instant("2026-10-01 01:00") if finished is None else instant(finished),
        "finished_at": None if finished is None else instant(finished),
        "complete": complete,
        **columns,
    }


def files(scan_id: str, count: int = 1, **columns: Any) -> list[dict[str, Any]]:
    kind = columns.get("modality", columns.get("file_class", "CT"))
    return [
        {
            "scan_id": scan_id,
            "path": f"{kind}/{columns.get('direct_identifiers')}/{columns.get('readable')}/{number}",
            "file_class": "dicom",
            "readable": "yes",
            "modality": "CT",
            "direct_identifiers": 0,
            **columns,
        }
        for number in range(count)
    ]


def by_subject(verdicts: list[Verdict]) -> dict[str, Verdict]:
    results(verdicts)
    return {verdict.subject: verdict for verdict in verdicts}


MIXED = [
    *files("s1", 3, direct_identifiers=4),
    *files("s1", 2),
    *files("s1", 5, modality="MR"),
    *files("s1", 2, modality=None, file_class="encrypted-cms", readable="no", direct_identifiers=None),
    *files(
        "s1", 1, modality=None, file_class="high-entropy-unknown", readable="unknown", direct_identifiers=None
    ),
    *files("s1", 1, modality="US", direct_identifiers=None),
]


@pytest.mark.parametrize(
    ("assets", "store", "severity"),
    [
        ([], "UNKNOWN", "high"),
        ([asset("v", "yes")], "PASS", "medium"),
        ([asset("v", "no")], "FAIL", "critical"),
        ([asset("v", "unknown")], "UNKNOWN", "high"),
        ([asset("v", "yes", system_id="other")], "UNKNOWN", "high"),
        ([asset("v", "yes"), asset("w", "no")], "FAIL", "critical"),
        ([asset("/", "no", mountpoint="/"), asset("d", "yes", mountpoint="/data")], "PASS", "medium"),
        ([asset("/", "yes", mountpoint="/"), asset("d", "no", mountpoint="/data/dicom")], "FAIL", "critical"),
        ([asset("/", "yes", mountpoint="/"), asset("d", "no", mountpoint="/data/dic")], "PASS", "medium"),
        ([asset("v", "yes"), asset("b", "no", holds_phi=False)], "PASS", "medium"),
        ([asset("db", "yes", kind="database")], "UNKNOWN", "high"),
    ],
)
def test_readable_identifiers(ask: Ask, assets: list[dict[str, Any]], store: str, severity: str) -> None:
    """Readable files fail as such; whether a stolen medium gives them away depends on the place."""
    found = by_subject(
        ask(
            "encryption.readable_identifiers",
            dicom_scans=[scan("s1")],
            dicom_files=MIXED,
            storage_assets=assets,
        )
    )
    kinds = {subject.removeprefix("/data/dicom").strip(): verdict for subject, verdict in found.items()}
    assert {kind: verdict.result for kind, verdict in kinds.items()} == {
        "": store,
        "CT": "FAIL",
        "MR": "PASS",
        "encrypted-cms": "PASS",
        "high-entropy-unknown": "UNKNOWN",
        "US": "UNKNOWN",
    }
    assert "3 of 5 files" in kinds["CT"].message
    assert "anyone who has access to the host" in kinds["CT"].message
    assert kinds["CT"].severity == severity
    assert (kinds[""].controls, kinds["CT"].controls) == ((AT_REST,), (ACCESS,))
    assert kinds["CT"].rows[0].count == 5
    assert "3 of 14 files" in kinds[""].message


def test_a_store_that_gives_nothing_away(ask: Ask) -> None:
    """Without an identifier in the clear, the place does not matter."""
    found = by_subject(
        ask(
            "encryption.readable_identifiers",
            dicom_scans=[scan("s1")],
            dicom_files=files("s1", 2),
            storage_assets=[asset("v", "no")],
        )
    )
    assert {verdict.result for verdict in found.values()} == {"PASS"}


CHECKS = ("encryption.readable_identifiers", "encryption.deidentification_contradicted")


@pytest.mark.parametrize("name", CHECKS)
def test_only_the_latest_complete_walk_counts(ask: Ask, name: str) -> None:
    """A walk that stopped early, or that ended after the period, judges nothing; another store is unknown."""
    bad = {"direct_identifiers": 3, "identity_removed": "YES"}
    good = {"identity_removed": "YES"}
    found = by_subject(
        ask(
            name,
            dicom_scans=[
                scan("old", "2026-09-01 12:00"),
                scan("new", "2026-10-20 12:00"),
                scan("broken", "2026-10-28 12:00", complete=False),
                scan("late", "2026-11-02 12:00"),
                scan("cut", None, complete=False, root="/data/second"),
                scan("bare", root="/data/third"),
            ],
            dicom_files=[
                *files("old", 2, **bad),
                *files("new", 2, **good),
                *files("broken", 1, **bad),
                *files("late", 1, **bad),
                *files("cut", 1, **bad),
            ],
            systems=[{"system_id": "pacs", "name": "PACS", "kind": "archive", "holds_ephi": True}],
        )
    )
    assert found["/data/dicom CT"].result == "PASS"
    assert found["/data/second"].result == "UNKNOWN"
    assert found["/data/third"].result == "UNKNOWN"
    assert not [subject for subject in found if subject.startswith("/data/second ")]


def test_deidentification(ask: Ask) -> None:
    """A claim that identifiers contradict fails; files that claim nothing are not in question."""
    found = by_subject(
        ask(
            "encryption.deidentification_contradicted",
            dicom_scans=[scan("s1")],
            dicom_files=[
                *files("s1", 2, direct_identifiers=2, identity_removed="YES"),
                *files("s1", 3, identity_removed="YES", burned_in_annotation="NO"),
                *files("s1", 4, modality="MR", direct_identifiers=2),
                *files("s1", 4, modality="CR", direct_identifiers=2, identity_removed="NO"),
                *files("s1", 1, modality="US", direct_identifiers=None, identity_removed="YES"),
                *files("s1", 1, modality="NM", identity_removed="YES", burned_in_annotation="NO"),
            ],
        )
    )
    assert {subject.removeprefix("/data/dicom "): verdict.result for subject, verdict in found.items()} == {
        "CT": "FAIL",
        "MR": "NA",
        "CR": "NA",
        "US": "UNKNOWN",
        "NM": "PASS",
    }
    assert "2 of 5 files" in found["/data/dicom CT"].message
    assert "not ruled out in 2 of them" in found["/data/dicom CT"].message
    assert "Burned-in" not in found["/data/dicom NM"].message


def test_ciphers_of_files(ask: Ask) -> None:
    """Weak ciphers fail, by store and cipher; one that is not told is unknown; plain files have none."""
    hidden = {"modality": None, "readable": "no", "file_class": "encrypted-cms"}
    found = by_subject(
        ask(
            "encryption.weak_file_cipher",
            dicom_scans=[scan("old", "2026-09-01 12:00"), scan("s1")],
            dicom_files=[
                *files("old", 3, **hidden, cipher="RC2"),
                *files("s1", 2, **{**hidden, "file_class": "a"}, cipher="3DES-CBC"),
                *files("s1", 1, **{**hidden, "file_class": "b"}, cipher="ZipCrypto"),
                *files("s1", 4, **{**hidden, "file_class": "c"}, cipher="AES-256-CBC"),
                *files("s1", 5, **{**hidden, "file_class": "d"}),
                *files("s1", 6, direct_identifiers=4),
            ],
        )
    )
    assert {subject.removeprefix("/data/dicom "): verdict.result for subject, verdict in found.items()} == {
        "3DES-CBC": "FAIL",
        "ZipCrypto": "FAIL",
        "AES-256-CBC": "PASS",
        "cipher not told": "UNKNOWN",
    }
    assert "2 files" in found["/data/dicom 3DES-CBC"].message
    assert found["/data/dicom 3DES-CBC"].rows[0].count == 2


def test_ciphers_of_attributes(ask: Ask) -> None:
    """The weakest message of a file counts; signed ones protect nothing; what is not told is unknown."""
    held = {"encrypted_attributes": True, "direct_identifiers": 0}
    found = by_subject(
        ask(
            "encryption.weak_file_cipher",
            dicom_scans=[scan("s1")],
            dicom_files=[
                *files("s1", 2, **held, modality="CT", attributes_cipher="3DES-CBC|AES-256-CBC"),
                *files("s1", 3, **held, modality="MR", attributes_cipher="AES-256-CBC"),
                *files("s1", 1, **held, modality="US", attributes_cipher="none"),
                *files("s1", 1, **held, modality="NM", attributes_cipher="AES-256-CBC|unknown"),
                *files("s1", 4, **held, modality="CR"),
                *files("s1", 9, modality="DX", direct_identifiers=4),
            ],
        )
    )
    assert {
        subject.removeprefix("/data/dicom attributes "): verdict.result for subject, verdict in found.items()
    } == {
        "3DES-CBC|AES-256-CBC": "FAIL",
        "AES-256-CBC": "PASS",
        "none": "FAIL",
        "AES-256-CBC|unknown": "UNKNOWN",
        "cipher not told": "UNKNOWN",
    }
    assert found["/data/dicom attributes 3DES-CBC|AES-256-CBC"].rows[0].count == 2
