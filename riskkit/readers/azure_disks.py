"""`az disk list`: managed disks and snapshots of Azure, and whose key encrypts them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from riskkit.declare import reader
from riskkit.model import Batch, Context, Member
from riskkit.readers.documents import DocumentError, load_json, refused
from riskkit.readers.items import GIB, gather, named, one_or_many, optional, whole
from riskkit.readers.texts import has_keys

MANAGERS = {
    "EncryptionAtRestWithPlatformKey": "Microsoft",
    "EncryptionAtRestWithCustomerKey": "customer",
    "EncryptionAtRestWithPlatformAndCustomerKeys": "Microsoft and customer",
    "ConfidentialVmEncryptedWithCustomerKey": "customer",
}


def _recognize(head: bytes, _name: str) -> bool:
    return has_keys(head, "creationData", "id", "name") and (
        has_keys(head, "diskSizeGb") or has_keys(head, "diskSizeGB") or has_keys(head, "encryption")
    )


@reader(
    id="azure_disks",
    title="az disk list, az snapshot list",
    version=1,
    tables=("storage_assets",),
    recognize=_recognize,
    offset_unit="item",
)
def read(member: Member, _context: Context) -> Iterator[Batch]:
    """One row per disk; the system is the virtual machine that it is attached to.

    A disk whose `encryption` was not exported is unknown.
    """
    try:
        disks = one_or_many(load_json(member))
    except DocumentError as error:
        yield refused("storage_assets", error, member)
        return
    yield gather("storage_assets", member, disks, _row)


def _row(item: Mapping[str, Any]) -> Mapping[str, object]:
    encryption = item.get("encryption") or {}
    kind = optional(encryption, "type") or ""
    known = kind in MANAGERS
    key = optional(encryption, "diskEncryptionSetId")
    machine = optional(item, "managedBy")
    is_snapshot = "/snapshots/" in named(item, "id")
    return {
        "asset_id": named(item, "name"),
        "system_id": machine.rpartition("/")[2] if machine else None,
        "kind": "backup" if is_snapshot else "volume",
        "provider": "Microsoft Azure",
        "size_bytes": whole(item.get("diskSizeBytes"))
        or whole(item.get("diskSizeGb", item.get("diskSizeGB")), GIB),
        "encrypted": "yes" if known else "unknown",
        "method": kind if known else None,
        "key_manager": MANAGERS.get(kind),
        "key_id": key.rpartition("/")[2] if key else None,
        "reason": None if known else "the export does not say",
    }
