"""AWS CLI: EBS snapshots, recovery points and vaults of AWS Backup, and the restores that were tried."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from riskkit.declare import reader
from riskkit.model import Batch, Context, Member
from riskkit.readers.aws import PROVIDER, key_of, last_name, tagged_name
from riskkit.readers.documents import DocumentError, load_json, refused
from riskkit.readers.items import (
    GIB,
    IgnoredError,
    gather,
    instant,
    listed_in,
    named,
    optional,
    stated,
    whole,
)
from riskkit.readers.texts import outline

AIR_GAPPED = "LOGICALLY_AIR_GAPPED_BACKUP_VAULT"
VAULT = ("BackupVaultName", "BackupVaultArn")
SNAPSHOT_STATES = {"completed": "success", "pending": "running", "error": "failed"}
POINT_STATES = {"COMPLETED": "success", "AVAILABLE": "success", "PARTIAL": "warning", "CREATING": "running"}
GOING = frozenset({"EXPIRED", "DELETING"})
UNFINISHED = frozenset({"PENDING", "RUNNING"})

Row = Mapping[str, object]


def _snapshot(item: Mapping[str, Any]) -> Row:
    return {
        "system_id": tagged_name(item) or named(item, "VolumeId"),
        "backup_id": named(item, "SnapshotId"),
        "job": optional(item, "VolumeId"),
        "started_at": instant(item["StartTime"]),
        "finished_at": instant(item.get("CompletionTime") or item["StartTime"]),
        "status": SNAPSHOT_STATES.get(optional(item, "State") or "", "unknown"),
        "size_bytes": whole(item.get("VolumeSize"), GIB),
        "encrypted": stated(item.get("Encrypted")),
        "immutable": "unknown",
        "location": f"EBS snapshots {optional(item, 'OwnerId') or ''}".strip(),
        "tool": "EBS",
    }


def _recovery_point(item: Mapping[str, Any]) -> Row:
    status = optional(item, "Status") or ""
    if status in GOING:
        raise IgnoredError("expired or being deleted")
    finished = item.get("CompletionDate") or item["CreationDate"]
    return {
        "system_id": optional(item, "ResourceName") or last_name(named(item, "ResourceArn")),
        "backup_id": last_name(named(item, "RecoveryPointArn")),
        "job": optional(item, "ResourceType"),
        "started_at": instant(item["CreationDate"]),
        "finished_at": instant(finished),
        "status": POINT_STATES.get(status, "unknown"),
        "size_bytes": whole(item.get("BackupSizeInBytes", item.get("BackupSizeBytes"))),
        "encrypted": stated(item.get("IsEncrypted")),
        "immutable": "yes" if item.get("VaultType") == AIR_GAPPED else "unknown",
        "location": last_name(named(item, *VAULT)),
        "tool": "AWS Backup",
    }


def _restore(item: Mapping[str, Any]) -> Row:
    status = named(item, "Status")
    if status in UNFINISHED:
        raise IgnoredError("not finished")
    if status not in {"COMPLETED", "ABORTED", "FAILED"}:
        raise ValueError
    validated = optional(item, "ValidationStatus")
    good = status == "COMPLETED" and validated not in {"FAILED", "TIMED_OUT"}
    return {
        "system_id": last_name(named(item, "SourceResourceArn", "RecoveryPointArn")),
        "started_at": instant(item["CreationDate"]),
        "finished_at": instant(item["CompletionDate"]),
        "outcome": "success" if good else "partial" if status == "COMPLETED" else "failed",
        "size_bytes": whole(item.get("BackupSizeInBytes")),
    }


def _vault(item: Mapping[str, Any]) -> Row:
    """Of a lock without a date (governance mode) whoever has the permission can take it away."""
    gapped, begins = item.get("VaultType") == AIR_GAPPED, item.get("LockDate")
    locked = "yes" if gapped else stated(item.get("Locked"))
    removable = locked == "yes" and not gapped and begins is None
    reason = "a vault's key encrypts only some types of copies: each says for itself"
    return {
        "asset_id": named(item, "BackupVaultName"),
        "kind": "vault",
        "provider": PROVIDER,
        "encrypted": "unknown",
        "reason": f"{reason}; who has the permission can remove its lock" if removable else reason,
        "immutable": "no" if removable else locked,
        "immutable_from": instant(begins) if locked == "yes" and begins is not None else None,
        **key_of(item, "EncryptionKeyArn"),
    }


LISTS: Mapping[str, tuple[str, Callable[[Mapping[str, Any]], Row]]] = {
    "Snapshots": ("backups", _snapshot),
    "RecoveryPoints": ("backups", _recovery_point),
    "RestoreJobs": ("restore_tests", _restore),
    "BackupVaultList": ("storage_assets", _vault),
}
"""Key of the document, the table that it feeds, and how an item becomes a row."""


def _recognize(head: bytes, _name: str) -> bool:
    kind, keys = outline(head)
    return kind == "object" and (len(keys & LISTS.keys()) == 1 or _is_vault(keys))


def _is_vault(keys: object) -> bool:
    return isinstance(keys, frozenset | dict) and {*VAULT, "EncryptionKeyArn"} <= set(keys)


@reader(
    id="aws_backup",
    title="AWS CLI: describe-snapshots, list-recovery-points, list-restore-jobs, describe-backup-vault",
    version=2,
    tables=("backups", "restore_tests", "storage_assets"),
    recognize=_recognize,
    offset_unit="item",
)
def read(member: Member, _context: Context) -> Iterator[Batch]:
    """One row per snapshot, recovery point, finished restore or vault.

    The system is the resource that was copied (volume, database, instance): an alias in
    inventory/systems.csv. A finished restore does not say whether images were compared.
    """
    try:
        content = load_json(member)
        if _is_vault(content):
            yield gather("storage_assets", member, [content], _vault)
            return
        keys = LISTS.keys() & content.keys() if isinstance(content, dict) else set()
        if len(keys) != 1:
            raise DocumentError("json_malformed", "not one list of snapshots, copies, restores or vaults")
        (key,) = keys
        items = listed_in(content, key)
    except DocumentError as error:
        yield refused("backups", error, member)
        return
    table, row_of = LISTS[key]
    yield gather(table, member, items, row_of)
