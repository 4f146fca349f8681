"""AWS CLI: EBS volumes, RDS databases, EFS and FSx file systems, and the default encryption of a bucket."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from riskkit.declare import reader
from riskkit.model import Batch, Context, Member
from riskkit.readers.aws import PROVIDER, in_file_name, key_of, tagged_name
from riskkit.readers.documents import DocumentError, load_json, refused
from riskkit.readers.items import GIB, gather, listed_in, named, optional, stated, whole
from riskkit.readers.texts import outline

SILENT = "the export does not say"
BUCKET = "ServerSideEncryptionConfiguration"
DEFAULT_ONLY = "the default encryption of a bucket covers objects that were written since it was set"

Row = Mapping[str, object]


def _volume(item: Mapping[str, Any]) -> Row:
    attached = item.get("Attachments") or [{}]
    size = whole(item.get("Size"), GIB)
    return {
        "asset_id": named(item, "VolumeId"),
        "system_id": optional(attached[0], "InstanceId") or tagged_name(item),
        "kind": "volume",
        "size_bytes": size,
        **_encryption(item, "Encrypted", optional(item, "SseType") or "EBS"),
    }


def _database(item: Mapping[str, Any]) -> Row:
    name = named(item, "DBInstanceIdentifier", "DBClusterIdentifier")
    return {
        "asset_id": name,
        "system_id": name,
        "kind": "database",
        "size_bytes": whole(item.get("AllocatedStorage"), GIB),
        **_encryption(item, "StorageEncrypted", "RDS"),
    }


def _file_system(item: Mapping[str, Any]) -> Row:
    """EFS says whether it is encrypted; FSx names a key, as it always encrypts."""
    is_fsx = "FileSystemType" in item
    size = item.get("SizeInBytes")
    encryption = _encryption(item, "Encrypted", "FSx" if is_fsx else "EFS")
    if is_fsx and optional(item, "KmsKeyId"):
        encryption = {**encryption, "encrypted": "yes", "method": "FSx", "reason": None}
    return {
        "asset_id": named(item, "FileSystemId"),
        "system_id": optional(item, "Name") or tagged_name(item),
        "kind": "volume",
        "size_bytes": whole(size.get("Value")) if isinstance(size, dict) else None,
        **encryption,
    }


LISTS: Mapping[str, tuple[str, Callable[[Mapping[str, Any]], Row]]] = {
    "Volumes": ("ec2 describe-volumes", _volume),
    "DBInstances": ("rds describe-db-instances", _database),
    "DBClusters": ("rds describe-db-clusters", _database),
    "FileSystems": ("efs or fsx describe-file-systems", _file_system),
}
"""Key of the document, the command that writes it, and how an item becomes a row."""


def _recognize(head: bytes, _name: str) -> bool:
    kind, keys = outline(head)
    return kind == "object" and len(keys & {*LISTS, BUCKET}) == 1


@reader(
    id="aws_storage",
    title="AWS CLI: describe-volumes, describe-db-instances, describe-file-systems, get-bucket-encryption",
    version=1,
    tables=("storage_assets",),
    recognize=_recognize,
    offset_unit="item",
)
def read(member: Member, _context: Context) -> Iterator[Batch]:
    """One row per volume, database, file system or bucket; what is not said is unknown.

    The system is the instance that a volume is attached to, else the tag `Name`: an alias in
    inventory/systems.csv. A bucket's name stands only in the file's (`get-bucket-encryption-BUCKET.json`).
    """
    try:
        content = load_json(member)
        if not isinstance(content, dict):
            raise DocumentError("json_malformed", "no object")
        key = next((key for key in LISTS if key in content), None)
        items = [content] if key is None else listed_in(content, key)
    except DocumentError as error:
        yield refused("storage_assets", error, member)
        return
    if key is None:
        bucket = in_file_name(member.name, "get-bucket-encryption|s3_GetBucketEncryption|bucket")
        yield gather(
            "storage_assets", member, items, lambda item: _bucket(bucket, item), notes=(DEFAULT_ONLY,)
        )
    else:
        row_of = LISTS[key][1]
        yield gather("storage_assets", member, items, lambda item: {**row_of(item), "provider": PROVIDER})


def _bucket(name: str, item: Mapping[str, Any]) -> Row:
    rules = item[BUCKET]["Rules"]
    defaults = [rule.get("ApplyServerSideEncryptionByDefault") or {} for rule in rules]
    algorithms = [algorithm for default in defaults if (algorithm := optional(default, "SSEAlgorithm"))]
    return {
        "asset_id": name,
        "kind": "bucket",
        "provider": PROVIDER,
        "encrypted": "yes" if algorithms else "unknown",
        "method": ", ".join(dict.fromkeys(algorithms)) or None,
        "reason": None if algorithms else SILENT,
        **(key_of(defaults[0], "KMSMasterKeyID") if defaults else {}),
    }


def _encryption(item: Mapping[str, Any], key: str, method: str) -> Row:
    encrypted = stated(item.get(key))
    found = {"encrypted": encrypted, "reason": SILENT if encrypted == "unknown" else None}
    return {**found, "method": method, **key_of(item)} if encrypted == "yes" else found
