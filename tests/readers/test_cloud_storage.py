"""AWS, Azure, Google Cloud and Prowler: what is said is read, and what is not said stays unknown."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from riskkit.model import Reader
from riskkit.readers.aws import key_name, last_name
from riskkit.readers.aws_backup import read as aws_backup
from riskkit.readers.aws_kms import read as aws_kms
from riskkit.readers.aws_storage import read as aws_storage
from riskkit.readers.azure_disks import read as azure
from riskkit.readers.gcp_disks import read as gcp
from riskkit.readers.items import instant, whole
from riskkit.readers.prowler import read as prowler
from tests.readers.reading import CHICAGO, SAMPLES, Reading, read_all, real

KEY = "1234abcd-12ab-34cd-56ef-1234567890ab"
ARN = f"arn:aws:kms:us-east-2:111122223333:key/{KEY}"


def sample(reader: Reader, name: str) -> Reading:
    return read_all(reader, (SAMPLES / reader.id / name).read_bytes(), f"storage/{name}")


def made(reader: Reader, document: object, name: str = "storage/x.json") -> Reading:
    data = json.dumps(document).encode()
    assert reader.recognize(data, "")
    return read_all(reader, data, name)


def one(reader: Reader, document: object, table: str) -> dict[str, Any]:
    (row,) = made(reader, document).table(table)
    return row


@pytest.mark.parametrize("pattern", ["ec2_DescribeVolumes_*", "efs_DescribeFileSystems_*"])
def test_real_aws_without_a_word_on_encryption(pattern: str) -> None:
    """AWS's own examples lack `Encrypted`: that is unknown, never no."""
    for path in real(f"storage/aws/{pattern}"):
        (row,) = read_all(aws_storage, path.read_bytes(), path.name).table("storage_assets")
        assert (row["encrypted"], row["reason"]) == ("unknown", "the export does not say")


def test_real_aws_snapshots() -> None:
    """One is done, one still pending; neither says whether it is encrypted."""
    found = [
        read_all(aws_backup, path.read_bytes(), path.name).table("backups")[0]
        for path in real("storage/aws/ec2_DescribeSnapshots_*")
    ]
    assert [(row["status"], row["encrypted"]) for row in found] == [
        ("success", "unknown"),
        ("running", "unknown"),
    ]
    assert found[0]["finished_at"] == datetime(2014, 2, 28, 21, 28, 32, tzinfo=UTC)
    assert found[0]["size_bytes"] == 8 << 30


def test_real_aws_keys() -> None:
    """Four keys, with times as text and as seconds; one of them encrypts data and is rotated."""
    rows = [
        read_all(aws_kms, path.read_bytes(), path.name).table("encryption_keys")[0]
        for path in real("storage/aws/kms_DescribeKey_*")
    ]
    assert [(row["key_usage"], row["key_created_on"]) for row in rows] == [
        ("ENCRYPT_DECRYPT", date(2017, 7, 5)),
        ("SIGN_VERIFY", date(2019, 10, 22)),
        ("ENCRYPT_DECRYPT", date(2020, 4, 8)),
        ("GENERATE_VERIFY_MAC", date(2019, 8, 18)),
    ]
    (path,) = real("storage/aws/kms_GetKeyRotationStatus_0.json")
    (row,) = read_all(aws_kms, path.read_bytes(), f"get-key-rotation-status-{KEY}.json").table(
        "encryption_keys"
    )
    assert (row["key_id"], row["rotation_enabled"]) == (KEY, "yes")


@pytest.mark.parametrize("value", [None, "true", 1, 0, 2.5, "yes"])
@pytest.mark.parametrize(
    ("key", "item", "field"),
    [
        ("Volumes", {"VolumeId": "v"}, "Encrypted"),
        ("DBInstances", {"DBInstanceIdentifier": "d"}, "StorageEncrypted"),
        ("DBClusters", {"DBClusterIdentifier": "d"}, "StorageEncrypted"),
        ("FileSystems", {"FileSystemId": "f"}, "Encrypted"),
    ],
)
def test_only_true_and_false_are_statements(
    key: str, item: dict[str, Any], field: str, value: object
) -> None:
    """Anything else than the two of JSON says nothing."""
    assert one(aws_storage, {key: [{**item, field: value}]}, "storage_assets")["encrypted"] == "unknown"
    assert one(aws_storage, {key: [{**item, field: True}]}, "storage_assets")["encrypted"] == "yes"
    assert one(aws_storage, {key: [{**item, field: False}]}, "storage_assets")["encrypted"] == "no"


def test_aws_storage() -> None:
    """Sizes, keys and systems; a bucket is named by its file; FSx names a key as it always encrypts."""
    rows = sample(aws_storage, "volumes.json").table("storage_assets")
    assert [(row["asset_id"], row["system_id"], row["encrypted"]) for row in rows] == [
        ("vol-0aaa", "i-0aaa", "yes"),
        ("vol-0bbb", "pacs1", "no"),
        ("vol-0ccc", None, "unknown"),
    ]
    assert (rows[0]["key_id"], rows[0]["size_bytes"]) == (KEY, 500 << 30)
    bucket = sample(aws_storage, "get-bucket-encryption-pacs-archive.json")
    (row,) = bucket.table("storage_assets")
    assert (row["asset_id"], row["method"], row["kind"]) == ("pacs-archive", "aws:kms", "bucket")
    assert len(bucket.notes) == 1
    fsx = {"FileSystemId": "fs-1", "FileSystemType": "ONTAP", "KmsKeyId": ARN}
    assert one(aws_storage, {"FileSystems": [fsx]}, "storage_assets")["encrypted"] == "yes"
    empty = {"ServerSideEncryptionConfiguration": {"Rules": []}}
    assert one(aws_storage, empty, "storage_assets")["encrypted"] == "unknown"


def test_odd_items_of_aws_cost_themselves_only() -> None:
    """Items that are none are set aside, the others are read; an empty list is an empty export."""
    items = [7, None, {}, {"VolumeId": 5}, {"VolumeId": "v", "Tags": [5]}, {"VolumeId": "w", "Size": "x"}]
    reading = made(aws_storage, {"Volumes": items})
    assert reading.reasons("storage_assets") == {"bad_value": 4, "missing_required": 1}
    assert [row["asset_id"] for row in reading.table("storage_assets")] == ["w"]
    assert made(aws_storage, {"Volumes": []}).records["storage_assets"] == 0
    assert made(aws_storage, {"Volumes": 5}).reasons("storage_assets") == {"json_malformed": 1}


def test_recovery_points() -> None:
    """Each says whether it is encrypted; an expired one is no copy; an air-gapped vault is immutable."""
    reading = sample(aws_backup, "recovery-points.json")
    assert [
        (row["backup_id"], row["status"], row["encrypted"], row["immutable"], row["location"])
        for row in reading.table("backups")
    ] == [
        ("a", "success", "yes", "unknown", "pacs-vault"),
        ("b", "warning", "no", "unknown", "pacs-vault"),
        ("d", "success", "yes", "yes", "vault-2"),
    ]
    assert reading.ignored["backups"] == {"expired or being deleted": 1}


def test_vaults() -> None:
    """Whether a vault is locked is said of it; of encryption only its copies speak."""
    assert [
        (row["asset_id"], row["kind"], row["encrypted"], row["immutable"])
        for row in sample(aws_backup, "vaults.json").table("storage_assets")
    ] == [("pacs-vault", "vault", "unknown", "yes"), ("open", "vault", "unknown", "no")]
    assert sample(aws_backup, "vault.json").table("storage_assets")[0]["immutable"] == "yes"
    silent = {"BackupVaultList": [{"BackupVaultName": "v", "EncryptionKeyArn": ARN}]}
    (closed, _) = sample(aws_backup, "vaults.json").table("storage_assets")
    assert closed["immutable_from"] == datetime(2026, 2, 1, tzinfo=UTC)
    assert one(aws_backup, silent, "storage_assets")["immutable"] == "unknown"


@pytest.mark.parametrize(
    ("lock", "immutable", "told"),
    [
        ({"Locked": True}, "no", "permission"),
        ({"Locked": True, "LockDate": None}, "no", "permission"),
        ({"Locked": True, "LockDate": "2027-01-01T00:00:00+00:00"}, "yes", "a vault's key"),
        ({"Locked": True, "VaultType": "LOGICALLY_AIR_GAPPED_BACKUP_VAULT"}, "yes", "a vault's key"),
        ({"Locked": False}, "no", "a vault's key"),
    ],
)
def test_a_lock_without_a_date_can_be_removed(lock: dict[str, Any], immutable: str, told: str) -> None:
    """In governance mode whoever has the permission removes it; only in compliance mode a date is set."""
    listed = {"BackupVaultList": [{"BackupVaultName": "v", "EncryptionKeyArn": ARN, **lock}]}
    row = one(aws_backup, listed, "storage_assets")
    assert (row["immutable"], told in row["reason"]) == (immutable, True)


def test_restores() -> None:
    """A restore whose validation failed is partial; one that runs is no test yet; nothing was compared."""
    reading = sample(aws_backup, "restore-jobs.json")
    rows = reading.table("restore_tests")
    assert [row["outcome"] for row in rows] == ["success", "partial", "failed"]
    assert {row["integrity_checked"] for row in rows} == {None}
    assert (rows[0]["finished_at"] - rows[0]["started_at"]).total_seconds() == 5400
    assert reading.ignored["restore_tests"] == {"not finished": 1}
    job = {"RestoreJobs": [{"Status": "COMPLETED", "RecoveryPointArn": "r", "CreationDate": 1}]}
    assert made(aws_backup, job).reasons("restore_tests") == {"missing_required": 1}


def test_keys_that_aws_manages_are_rotated() -> None:
    """AWS does so every year, and its answer need not be asked for."""
    row = one(aws_kms, {"KeyMetadata": {"KeyId": KEY, "KeyManager": "AWS"}}, "encryption_keys")
    assert (row["key_manager"], row["rotation_enabled"], row["rotation_days"]) == ("provider", "yes", 365)
    row = one(aws_kms, {"KeyMetadata": {"KeyId": KEY}}, "encryption_keys")
    assert (row["key_manager"], row["rotation_enabled"]) == ("unknown", None)


@pytest.mark.parametrize(
    ("arn", "name"),
    [
        ("arn:aws:ec2:us-east-1:1:volume/vol-1", "vol-1"),
        ("arn:aws:s3:::bucket", "bucket"),
        ("arn:aws:rds:eu-west-1:1:db:pacs", "pacs"),
        ("arn:", "arn"),
        ("plain:name", "plain:name"),
    ],
)
def test_names_in_arns(arn: str, name: str) -> None:
    """The last part is the resource; what is no ARN stays whole."""
    assert last_name(arn) == name


def test_names_of_keys() -> None:
    """By ARN, id or alias a key has one name."""
    assert {key_name(ARN), key_name(KEY), key_name(f"key/{KEY}")} == {KEY}
    assert key_name("arn:aws:kms:us-east-1:1:alias/aws/ebs") == "alias/aws/ebs"


def test_azure() -> None:
    """Whose key; a snapshot is a copy; without `encryption` nobody knows."""
    rows = sample(azure, "disks.json").table("storage_assets")
    assert [(row["encrypted"], row["key_manager"], row["key_id"]) for row in rows] == [
        ("yes", "Microsoft", None),
        ("yes", "customer", "images"),
        ("unknown", None, None),
    ]
    assert {row["system_id"] for row in rows} == {"pacs1"}
    snapshot = {
        "id": "/subscriptions/0/x/snapshots/s", "name": "s", "creationData": {}, "diskSizeGB": 4,
        "encryption": {"type": "Surprise"},
    }  # fmt: skip
    row = one(azure, snapshot, "storage_assets")
    assert (row["kind"], row["encrypted"], row["size_bytes"]) == ("backup", "unknown", 4 << 30)


def test_google() -> None:
    """A whole record without a key has Google's; a narrowed one says nothing."""
    rows = sample(gcp, "disks.json").table("storage_assets")
    assert [(row["encrypted"], row["key_manager"]) for row in rows] == [
        ("yes", "Cloud KMS"),
        ("yes", "Google"),
        ("unknown", None),
    ]
    assert rows[0]["key_id"] == "projects/pacs/locations/us/keyRings/r/cryptoKeys/images"
    assert not gcp.recognize(b'[{"kind": "compute#image", "name": "x", "sizeGb": "1"}]', "")


@pytest.mark.parametrize("pattern", ["*.csv", "*.ocsf.json"])
def test_real_prowler(pattern: str) -> None:
    """Real findings, none on encryption: all are counted, all ignored, none becomes a place."""
    for path in real(f"storage/prowler/{pattern}"):
        assert prowler.recognize(path.read_bytes()[:65536], "")
        reading = read_all(prowler, path.read_bytes(), path.name)
        assert not reading.table("storage_assets")
        assert reading.records["storage_assets"] in (4, 5)
        assert reading.ignored["storage_assets"] == {
            "not about encryption at rest": reading.records["storage_assets"]
        }


def test_prowler() -> None:
    """PASS is yes, FAIL no, MANUAL unknown; a finding on a key is one on a key."""
    reading = sample(prowler, "prowler-aws.csv")
    assert [(row["asset_id"], row["encrypted"]) for row in reading.table("storage_assets")] == [
        ("vol-0aaa", "yes"),
        ("vol-0bbb", "no"),
        ("pacs-archive", "unknown"),
    ]
    assert [(row["key_id"], row["rotation_enabled"]) for row in reading.table("encryption_keys")] == [
        (KEY, "no")
    ]
    assert reading.collected_at == datetime(2026, 10, 14, 19, 27, 3, 913874, tzinfo=UTC)
    assert reading.notes == ["times have no zone and were read in America/Chicago"]
    assert sample(prowler, "prowler-aws.ocsf.json").collected_at == datetime(
        2026, 10, 14, 14, 27, 3, tzinfo=UTC
    )


def test_broken_prowler() -> None:
    """A line with too few cells, a time that is none, a finding without resource: each costs itself."""
    data = (SAMPLES / "prowler" / "prowler-aws.csv").read_bytes()
    assert read_all(prowler, data + b"a;b\n").reasons("storage_assets") == {"bad_framing": 1}
    damaged = data.replace(b"2026-10-14", b"yesterday", 1)
    assert read_all(prowler, damaged).reasons("storage_assets") == {"bad_value": 1}
    for mark in ("utf-8-sig", "utf-16"):
        again = data.decode().encode(mark)
        assert prowler.recognize(again, "")
        assert len(read_all(prowler, again).table("storage_assets")) == 3
    findings = json.loads((SAMPLES / "prowler" / "prowler-aws.ocsf.json").read_bytes())
    findings[0]["resources"] = []
    findings[1]["metadata"] = None
    findings.append("x")
    reading = read_all(prowler, json.dumps(findings).encode())
    assert reading.reasons("storage_assets") == {"bad_value": 3}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1_600_000_000, datetime(2020, 9, 13, 12, 26, 40, tzinfo=UTC)),
        ("1600000000.5", datetime(2020, 9, 13, 12, 26, 40, 500000, tzinfo=UTC)),
        ("2026-10-05T08:00:00.123456789-05:00", datetime(2026, 10, 5, 13, 0, 0, 123456, tzinfo=UTC)),
        ("2026-10-05 08:00", datetime(2026, 10, 5, 13, tzinfo=UTC)),
    ],
)
def test_instants(value: object, expected: datetime) -> None:
    """Seconds, digits, and ISO 8601 with or without zone."""
    assert instant(value, CHICAGO) == expected


@pytest.mark.parametrize("value", [True, None, "", "now", "2026-13-01T00:00", "2026-W01"])
def test_what_is_no_instant(value: object) -> None:
    """Nothing is guessed."""
    with pytest.raises(ValueError):  # noqa: PT011 - any kind of it
        instant(value, CHICAGO)


def test_a_time_without_zone_needs_one() -> None:
    """It is not read as UTC."""
    with pytest.raises(ValueError):  # noqa: PT011 - any kind of it
        instant("2026-10-05 08:00")
    with pytest.raises(OverflowError):
        instant(10**14)


@pytest.mark.parametrize(
    ("value", "size"),
    [(5, 5), ("6", 6), (2.5, 2), (-1, None), (True, None), ("x", None), (1 << 63, None), (None, None)],
)
def test_sizes(value: object, size: int | None) -> None:
    """Numbers and digits; all else is no size."""
    assert whole(value) == size
    assert whole(1 << 62, 1 << 30) is None
