"""`gcloud compute disks list --format=json`: disks of Google Cloud, and whose key encrypts them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from riskkit.declare import reader
from riskkit.model import Batch, Context, Member
from riskkit.readers.documents import DocumentError, load_json, refused
from riskkit.readers.items import GIB, gather, named, one_or_many, optional, whole
from riskkit.readers.texts import has_keys, head_text

WHOLE = frozenset({"kind", "selfLink", "sizeGb", "status"})
"""Keys that every disk has: where one lacks, the export was narrowed and its silence says nothing."""

_KIND = re.compile(r'"kind"\s*:\s*"compute#disk"')
_DISK = re.compile(r"/disks/[^/\"]+\"")


def _recognize(head: bytes, _name: str) -> bool:
    if not has_keys(head, "name", "sizeGb"):
        return False
    return bool((_KIND if has_keys(head, "kind") else _DISK).search(head_text(head)))


@reader(
    id="gcp_disks",
    title="gcloud compute disks list, as JSON",
    version=1,
    tables=("storage_assets",),
    recognize=_recognize,
    offset_unit="item",
)
def read(member: Member, _context: Context) -> Iterator[Batch]:
    """One row per disk; the system is the instance that uses it.

    Google encrypts every disk; a whole record without `diskEncryptionKey` has Google's own key
    (https://cloud.google.com/docs/security/encryption/default-encryption).
    """
    try:
        disks = one_or_many(load_json(member))
    except DocumentError as error:
        yield refused("storage_assets", error, member)
        return
    yield gather("storage_assets", member, disks, _row)


def _row(item: Mapping[str, Any]) -> Mapping[str, object]:
    key = item.get("diskEncryptionKey")
    name = optional(key, "kmsKeyName") if isinstance(key, dict) else None
    users = item.get("users") or []
    known = bool(key) or WHOLE.issubset(item)
    return {
        "asset_id": named(item, "name"),
        "system_id": str(users[0]).rpartition("/")[2] if users else None,
        "kind": "volume",
        "provider": "Google Cloud",
        "size_bytes": whole(item.get("sizeGb"), GIB),
        "encrypted": "yes" if known else "unknown",
        "method": ("customer-managed key" if name else "customer-supplied key" if key else "Google's own key")
        if known
        else None,
        "key_manager": ("Cloud KMS" if name else "customer" if key else "Google") if known else None,
        "key_location": "Cloud KMS" if name else None,
        "key_id": re.sub(r"/cryptoKeyVersions/\d+$", "", name) if name else None,
        "reason": None if known else "the export does not say",
    }
