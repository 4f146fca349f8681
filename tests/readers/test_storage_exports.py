"""Exports of storage and backups: real samples are read or refused for a reason, and no trap is a pass."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from riskkit.discovery import find
from riskkit.ingest import ingest
from riskkit.model import Moment, Period, Reader
from riskkit.settings import Settings
from riskkit.store import Store
from tests.readers.reading import REAL_SAMPLES, Reading, read_all, real

READERS = {reader.id: reader for reader in find("riskkit.readers", Reader)}
HEAD = 64 << 10

NO_EVIDENCE = {
    "restic_check.txt": "a check without a time: it goes into verified of backup/jobs.csv",
    "borg_check.txt": "a check without a time: it goes into verified of backup/jobs.csv",
    "restic_restore.txt": "a restore without times or a comparison: it goes into backup/restore_tests.csv",
    "restic_backup.jsonl": "one run: the list of snapshots tells of all",
    "restic_key_list.json": "who holds passwords of the repository: not asked for",
    "restic_stats_raw-data.json": "sizes without a time",
    "restic_stats_restore-size.json": "sizes without a time",
    "restic_stats_files-by-contents.json": "sizes without a time",
    "s3_GetBucketVersioning_0.json": "earlier versions of objects are no encryption and no lock",
    "hipaa_aws.json": "which checks belong to a requirement, not what they found",
    "hipaa_azure.json": "which checks belong to a requirement, not what they found",
    "hipaa_gcp.json": "which checks belong to a requirement, not what they found",
}
"""Real files that prove nothing, and the reason with which each record is ignored."""

DOCUMENTATION = {"LICENSE", "LICENSE.txt", "NOTICE"}
"""What no reader takes: ingest tells it by its name, and says so."""


def claims(data: bytes, name: str) -> list[Reader]:
    return [reader for reader in READERS.values() if reader.recognize(data[:HEAD], name)]


def readings(data: bytes, name: str) -> list[Reading]:
    return [read_all(reader, data, name) for reader in claims(data, name)]


@pytest.mark.parametrize("folder", ["storage/aws", "storage/prowler", "storage/local", "backup/pgbackrest"])
def test_every_real_export_is_read(folder: str) -> None:
    """No record in quarantine; what proves nothing is recognized and ignored, with the reason above."""
    for path in real(f"{folder}/*"):
        found = readings(path.read_bytes(), path.name)
        assert bool(found) != (path.name in DOCUMENTATION), path.name
        assert not any(reading.quarantined.get(table) for reading in found for table in reading.records)
        if path.name in NO_EVIDENCE:
            (reading,) = found
            (ignored,) = reading.ignored.values()
            assert list(ignored) == [NO_EVIDENCE[path.name]], path.name
        elif found and folder != "storage/prowler":
            assert any(sum(reading.accepted.values()) for reading in found), path.name
    assert REAL_SAMPLES.is_dir()


def test_a_pack_says_what_the_licences_are(tmp_path: Path) -> None:
    """Of the whole folder of real exports no file stays unknown."""
    samples = [path for folder in ("storage", "backup") for path in (REAL_SAMPLES / folder).rglob("*")]
    files = [path for path in samples if path.is_file() and path.parent.name != "envelopes"]
    if not files:
        pytest.skip(f"no real samples at {REAL_SAMPLES}")
    for path in files:
        target = tmp_path / "storage" / path.relative_to(REAL_SAMPLES)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    moment = Moment.closing(Period.parse("2026-12"), ZoneInfo("UTC"))
    evidence = ingest(tmp_path, Settings(), moment, Store(tmp_path / ".work"))
    problems = {source.name: source.problem for source in evidence.sources}
    assert len(problems) >= len(files)
    assert {Path(name).name for name, problem in problems.items() if problem} == DOCUMENTATION


def assets(document: object, name: str = "x.json") -> list[dict[str, Any]]:
    """The places that a document tells of, whichever reader takes it."""
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    (reading,) = [found for found in readings(data, name) if "storage_assets" in found.rows]
    return reading.table("storage_assets")


def lsblk(**node: Any) -> dict[str, Any]:
    return assets({"blockdevices": [{"name": "sda", "type": "disk", "children": [node]}]}, "lsblk-pacs.json")[
        0
    ]


def test_lsblk_of_old_and_new() -> None:
    """MOUNTPOINT or MOUNTPOINTS, sizes as text; a LUKS partition beside what is mounted covers nothing."""
    for mount in ({"mountpoint": "/data"}, {"mountpoints": ["/data", None]}):
        row = lsblk(name="sda1", type="part", fstype="ext4", size="1000", **mount)
        assert (row["encrypted"], row["size_bytes"], row["asset_id"]) == ("no", 1000, "pacs:/data")
    opened = {"name": "d", "type": "crypt", "fstype": "xfs", "mountpoint": "/data"}
    row = lsblk(name="sda1", type="part", fstype="crypto_LUKS", children=[opened])
    assert (row["encrypted"], row["method"]) == ("yes", "LUKS")
    beside = [
        {"name": "sda1", "type": "part", "fstype": "crypto_LUKS", "mountpoint": None},
        {"name": "sda2", "type": "part", "fstype": "ext4", "mountpoint": "/data"},
    ]
    closed, plain = assets({"blockdevices": [{"name": "sda", "type": "disk", "children": beside}]})
    assert (closed["encrypted"], plain["encrypted"]) == ("yes", "no")


def luks(**changes: Any) -> dict[str, Any]:
    slot = {"type": "luks2", "key_size": 64, "area": {"encryption": "aes-xts-plain64"}}
    slot["kdf"] = {"type": "argon2id", "time": 4, "memory": 1048576, "cpus": 4, "salt": "c2VjcmV0"}
    segment = {"type": "crypt", "size": "dynamic", "encryption": "aes-xts-plain64", "sector_size": 512}
    document = {"keyslots": {"0": slot | changes}, "segments": {"0": segment}, "digests": {}, "config": {}}
    return assets(document, "luksdump-pacs-sdb1.json")[0]


@pytest.mark.parametrize(("size", "bits"), [(64, 256), (32, 128)])
def test_xts_has_two_keys(size: int, bits: int) -> None:
    """key_size 64 is AES-256, 32 is AES-128: bytes, and both keys counted."""
    assert luks(key_size=size)["key_bits"] == bits


def test_a_header_as_json_is_named_by_its_file() -> None:
    """LUKS metadata hold no UUID: two devices of two hosts are told apart by what their files are called."""
    found = set()
    for name in ("luksdump-pacs1-sdb1.json", "luksdump-pacs2-sdb1.json"):
        slot = {"type": "luks2", "key_size": 64, "area": {"encryption": "aes-xts-plain64"}}
        segment = {"type": "crypt", "encryption": "aes-xts-plain64", "sector_size": 512}
        document = {"keyslots": {"0": slot}, "segments": {"0": segment}, "digests": {}, "config": {}}
        (row,) = assets(document, name)
        assert row["container"] is None
        found.add(row["asset_id"])
    assert len(found) == 2


@pytest.mark.parametrize(
    ("status", "protection", "encrypted"),
    [
        ("FullyEncrypted", "On", "yes"),
        (1, 1, "yes"),
        ("FullyEncrypted", "Off", "no"),
        (1, 0, "no"),
        ("EncryptionInProgress", "On", "no"),
        ("FullyEncrypted", "Unknown", "unknown"),
        ("FullyEncrypted", None, "unknown"),
    ],
)
@pytest.mark.parametrize("many", [True, False])
def test_bitlocker_needs_both(status: object, protection: object, encrypted: str, many: bool) -> None:
    """Encrypted AND protected, never OR: with protection off the key lies in the clear on the disk."""
    volume = {
        "MountPoint": "D:",
        "VolumeStatus": status,
        "ProtectionStatus": protection,
        "EncryptionMethod": 7,
    }
    (row,) = assets([volume] if many else volume, "bitlocker-ws1.json")
    assert row["encrypted"] == encrypted


def test_zfs_numbers_as_texts_or_numbers() -> None:
    """createtxg and values come either way; a value that was not asked for is unknown."""
    for number in (12, "12"):
        value = {"value": "aes-256-gcm", "source": {"type": "LOCAL", "data": "-"}}
        tank: dict[str, Any] = {"name": "tank", "type": "FILESYSTEM", "pool": "tank", "createtxg": number}
        tank["properties"] = {"encryption": value, "used": {"value": number}}
        output = {"output_version": {"command": "zfs get"}, "datasets": {"tank": tank}}
        (row,) = assets(output, "zfs-pacs.json")
        assert (row["encrypted"], row["key_bits"], row["size_bytes"]) == ("yes", 256, 12)
        del tank["properties"]["encryption"]
        assert assets(output, "zfs-pacs.json")[0]["encrypted"] == "unknown"


@pytest.mark.parametrize(
    ("document", "name"),
    [
        ({"Volumes": [{"VolumeId": "v", "Size": 8}]}, "x"),
        ({"FileSystems": [{"FileSystemId": "f"}]}, "x"),
        ({"DBInstances": [{"DBInstanceIdentifier": "d", "AllocatedStorage": 5}]}, "x"),
        ({"ServerSideEncryptionConfiguration": {"Rules": []}}, "get-bucket-encryption-b.json"),
        ([{"id": "/d", "name": "d", "creationData": {}, "diskSizeGb": 4}], "x"),
        ([{"name": "d", "sizeGb": "4", "selfLink": "https://x/disks/d"}], "x"),
        ([{"name": "sda", "encrypted": "", "type": "", "uid": "", "encryption_status": "undefined"}], "x"),
    ],
)
def test_a_missing_key_is_unknown(document: object, name: str) -> None:
    """Never no, and never yes: AWS's own examples leave Encrypted out."""
    assert [row["encrypted"] for row in assets(document, name)] == ["unknown"]


def test_defaults_of_clouds() -> None:
    """A whole record of Google without a key has Google's own; platform keys of Azure encrypt as well."""
    disk = {
        "kind": "compute#disk",
        "name": "d",
        "sizeGb": "4",
        "selfLink": "https://x/disks/d",
        "status": "READY",
    }
    (row,) = assets([disk])
    assert (row["encrypted"], row["key_manager"], row["provider"]) == ("yes", "Google", "Google Cloud")
    azure = {
        "id": "/d",
        "name": "d",
        "creationData": {},
        "encryption": {"type": "EncryptionAtRestWithPlatformKey"},
    }
    (row,) = assets([azure])
    assert (row["encrypted"], row["provider"]) == ("yes", "Microsoft Azure")


def prowler(check: str, status: str) -> dict[str, list[dict[str, Any]]]:
    header = "PROVIDER;CHECK_ID;STATUS;RESOURCE_UID;TIMESTAMP\n"
    data = f"{header}aws;{check};{status};arn:aws:s3:::b;2026-10-01 10:00:00\n".encode()
    reading = read_all(READERS["prowler"], data, "x.csv")
    return {name: reading.table(name) for name in ("storage_assets", "storage_exposures")}


@pytest.mark.parametrize(
    ("check", "status", "question", "answer"),
    [
        ("s3_bucket_public_access", "FAIL", "public", "yes"),
        ("s3_bucket_public_access", "PASS", "public", "no"),
        ("s3_bucket_public_access", "MANUAL", "public", "unknown"),
        ("s3_bucket_server_access_logging_enabled", "PASS", "object_logging", "yes"),
        ("s3_bucket_server_access_logging_enabled", "FAIL", "object_logging", "no"),
        ("s3_bucket_cross_account_access", "FAIL", "shared_outside", "yes"),
    ],
)
def test_prowler_of_exposure(check: str, status: str, question: str, answer: str) -> None:
    """A pass of a check is a yes or a no, as the question asks; MANUAL is unknown."""
    found = prowler(check, status)
    assert found["storage_assets"] == []
    (row,) = found["storage_exposures"]
    assert (row["asset_id"], row["question"], row["answer"]) == ("b", question, answer)
    assert row["provider"] == "Amazon Web Services"


@pytest.mark.parametrize(("status", "encrypted"), [("PASS", "yes"), ("FAIL", "no"), ("MANUAL", "unknown")])
def test_prowler_of_encryption(status: str, encrypted: str) -> None:
    """MANUAL was not decided by anybody."""
    (row,) = prowler("s3_bucket_default_encryption", status)["storage_assets"]
    assert row["encrypted"] == encrypted


def exposures(document: object, name: str) -> list[tuple[str, str, str, str | None]]:
    data = json.dumps(document).encode()
    (reading,) = readings(data, name)
    rows = reading.table("storage_exposures")
    return [(row["asset_id"], row["question"], row["answer"], row["shared_with"]) for row in rows]


def policy(*statements: dict[str, Any]) -> dict[str, str]:
    return {"Policy": json.dumps({"Statement": list(statements)})}


ALLOW = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}


@pytest.mark.parametrize(
    ("statement", "public", "shared"),
    [
        ({"Principal": "*"}, "yes", "no"),
        ({"Principal": {"AWS": "*"}}, "yes", "no"),
        ({"Principal": "*", "Condition": {"IpAddress": {}}}, "unknown", "no"),
        ({"Principal": "*", "Effect": "Deny"}, "no", "no"),
        ({"Principal": {"Service": "logging.s3.amazonaws.com"}}, "no", "no"),
        ({"Principal": {"AWS": ["arn:aws:iam::210987654321:role/vendor"]}}, "no", "unknown"),
        ({"Principal": {"CanonicalUser": "79a59df900b949e55d96a1e698fbaced"}}, "no", "unknown"),
        ({"Principal": {"Federated": "cognito-identity.amazonaws.com"}}, "no", "unknown"),
        (
            {"Principal": {"AWS": "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1"}},
            "no",
            "unknown",
        ),
        ({"Principal": {"AWS": "AROAEXAMPLEEXAMPLE123"}}, "no", "no"),
        ({"NotPrincipal": {"AWS": "123456789012"}}, "yes", "no"),
    ],
)
def test_policies_of_buckets(statement: dict[str, Any], public: str, shared: str) -> None:
    """Everybody, everybody under a condition, nobody, and accounts of which one may be its own."""
    found = exposures(policy(ALLOW | statement), "get-bucket-policy-b.json")
    assert [(asset, question, answer) for asset, question, answer, _ in found] == [
        ("b", "public", public),
        ("b", "shared_outside", shared),
    ]


def test_other_answers_of_aws() -> None:
    """Silence about logging is told by null; a half-set block says nothing about being public."""
    off = exposures({"LoggingEnabled": None}, "get-bucket-logging-b.json")
    assert off == [("b", "object_logging", "no", None)]
    half = {"PublicAccessBlockConfiguration": {"BlockPublicAcls": True, "IgnorePublicAcls": True}}
    assert exposures(half, "get-public-access-block-b.json") == [("b", "public", "unknown", None)]
    status: dict[str, Any] = {"PolicyStatus": {}}
    assert exposures(status, "get-bucket-policy-status-b.json") == [("b", "public", "unknown", None)]
    snapshot = {"SnapshotId": "snap-1", "CreateVolumePermissions": [{"UserId": "2"}, {"UserId": "1"}]}
    assert exposures(snapshot, "x.json") == [
        ("snap-1", "public", "no", None),
        ("snap-1", "shared_outside", "yes", "1;2"),
    ]


@pytest.mark.parametrize(
    "document",
    [
        {"Policy": {"Arn": "x"}},
        {"Policy": "{"},
        {"Policy": "[]"},
        {"PolicyStatus": []},
        {"CreateVolumePermissions": [1], "SnapshotId": "s"},
        {"DBSnapshotAttributesResult": {}},
        {"Owner": {}, "Grants": 1},
    ],
)
def test_odd_answers_are_quarantined(document: object) -> None:
    """They never raise, and never say that something is closed."""
    (reading,) = readings(json.dumps(document).encode(), "x.json")
    assert reading.table("storage_exposures") == []
    assert sum(reading.reasons("storage_exposures").values()) == 1


VEEAM = '"JobName","CreationTime","EndTime","Result","State"\n'


def veeam(line: str) -> Reading:
    return read_all(READERS["backup_job_csv"], (VEEAM + line + "\n").encode(), "veeam.csv")


def test_veeam() -> None:
    """A session that runs is no copy, a date that can be read in two ways is none, times are local."""
    (row,) = veeam('"PACS","10/30/2026 2:00:00 AM","10/30/2026 4:00:00 AM","Success","Stopped"').table(
        "backups"
    )
    assert (row["status"], row["encrypted"]) == ("success", "unknown")
    assert row["finished_at"].hour == 9
    (row,) = veeam('"PACS","10/30/2026 2:00:00 AM","1/1/1900 12:00:00 AM","None","Working"').table("backups")
    assert row["status"] == "running"
    two_ways = veeam('"PACS","10/11/2026 2:00:00 AM","10/11/2026 4:00:00 AM","Success","Stopped"')
    assert two_ways.reasons("backups") == {"bad_value": 1}
    assert veeam('"","10/30/2026 2:00:00 AM","","",""').reasons("backups") == {"missing_required": 1}


BACULA = "JobId,Name,Client,StartTime,EndTime,Type,JobBytes,JobStatus\n"


@pytest.mark.parametrize(
    ("kind", "code", "table", "state"),
    [
        ("B", "T", "backups", "success"),
        ("B", "W", "backups", "warning"),
        ("B", "f", "backups", "failed"),
        ("B", "R", "backups", "running"),
        ("R", "T", "restore_tests", "success"),
        ("R", "E", "restore_tests", "failed"),
    ],
)
def test_bacula(kind: str, code: str, table: str, state: str) -> None:
    """Codes of its catalogue; a restore is a restore test that compares nothing."""
    line = f"1,n,pacs-fd,2026-10-30 02:00:00,2026-10-30 03:00:00,{kind},10,{code}\n"
    reading = read_all(READERS["backup_job_csv"], (BACULA + line).encode(), "bacula.csv")
    (row,) = reading.table(table)
    assert row["status" if table == "backups" else "outcome"] == state
    assert row.get("integrity_checked") is None


def test_bacula_tells_a_place_only_as_storage() -> None:
    """A pool is a set of volumes, which may lie beside those of another on one disk."""
    header = "JobId,Client,StartTime,EndTime,Type,JobStatus,Pool"
    line = "1,pacs-fd,2026-10-30 02:00:00,2026-10-30 03:00:00,B,T,Full"
    for more, value, place in (("", "", None), (",Storage", ",Tape1", "Tape1")):
        content = f"{header}{more}\n{line}{value}\n".encode()
        (row,) = read_all(READERS["backup_job_csv"], content, "bacula.csv").table("backups")
        assert row["location"] == place


def test_bacula_ignores_what_is_no_copy(tmp_path: Path) -> None:
    """Verifications, and jobs that wait, are told and left out."""
    lines = "1,n,p,2026-10-30 02:00:00,,V,0,T\n2,n,p,,,B,0,C\n"
    reading = read_all(READERS["backup_job_csv"], (BACULA + lines).encode(), "bacula.csv")
    assert sum(reading.ignored["backups"].values()) == 2


def test_keys_that_are_only_listed() -> None:
    """A key that nobody described is on record, and nothing of it is claimed."""
    arn = "arn:aws:kms:us-east-1:111122223333:key/"
    listed = {"Keys": [{"KeyId": "k1", "KeyArn": f"{arn}k1"}, {"KeyArn": f"{arn}k2"}, {}], "Truncated": True}
    (reading,) = readings(json.dumps(listed).encode(), "x.json")
    rows = reading.table("encryption_keys")
    assert [(row["key_id"], row["asked"], row["key_manager"]) for row in rows] == [
        ("k1", "list", "unknown"),
        ("k2", "list", "unknown"),
    ]
    assert {row["rotation_enabled"] for row in rows} == {None}
    assert reading.reasons("encryption_keys") == {"missing_required": 1}


@pytest.mark.parametrize(("version", "encrypted"), [(1, "yes"), (2, "yes"), (3, "unknown")])
def test_a_repository_of_restic(version: int, encrypted: str) -> None:
    """The format encrypts; of a version that nobody here knows it is not claimed."""
    config = {"version": version, "id": "ab" * 32, "chunker_polynomial": "3dbe0e921af6bf"}
    (row,) = assets(config)
    assert (row["asset_id"], row["encrypted"]) == ("restic repository abababab", encrypted)


@pytest.mark.parametrize(
    "document",
    [
        {"Status": "Enabled", "Name": "a rule"},
        {"Status": "Success"},
        {"total_size": 1},
        {"message_type": "summary"},
        {"Framework": "HIPAA", "Requirements": []},
    ],
)
def test_what_only_resembles_is_not_claimed(document: object) -> None:
    """A key in common makes no export of a tool."""
    assert claims(json.dumps(document).encode(), "x.json") == []
