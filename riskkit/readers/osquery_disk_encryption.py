"""osquery's table `disk_encryption` as JSON: the block devices of Linux hosts and Macs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from riskkit.declare import reader
from riskkit.model import Batch, Context, Member
from riskkit.readers.documents import DocumentError, load_json, refused
from riskkit.readers.items import gather, named, one_or_many, optional
from riskkit.readers.listeners import host_of
from riskkit.readers.texts import has_keys


def _recognize(head: bytes, _name: str) -> bool:
    return has_keys(head, "name", "encrypted", "type") and (
        has_keys(head, "encryption_status") or has_keys(head, "user_uuid") or has_keys(head, "uid")
    )


@reader(
    id="osquery_disk_encryption",
    title="osquery disk_encryption",
    version=1,
    tables=("storage_assets",),
    recognize=_recognize,
    offset_unit="item",
)
def read(member: Member, _context: Context) -> Iterator[Batch]:
    """One row per device; the host is a column that a fleet manager adds, else in the file's name.

    A Mac that encrypts but has FileVault off opens itself for anyone: that is not encrypted.
    """
    try:
        devices = one_or_many(load_json(member))
    except DocumentError as error:
        yield refused("storage_assets", error, member)
        return
    host = host_of(member.name, "osquery|disk_encryption")
    yield gather("storage_assets", member, devices, lambda item: _row(host, item))


def _row(file_host: str, item: Mapping[str, Any]) -> Mapping[str, object]:
    host = optional(item, "host_hostname", "hostname", "host_identifier") or file_host
    encrypted, reason = _judged(item)
    return {
        "asset_id": f"{host}:{named(item, 'name')}",
        "system_id": host,
        "kind": "volume",
        "encrypted": encrypted,
        "method": (optional(item, "type") or None) if encrypted == "yes" else None,
        "reason": reason,
    }


def _judged(item: Mapping[str, Any]) -> tuple[str, str | None]:
    flag = str(item["encrypted"])
    status = optional(item, "encryption_status") or ""
    vault = optional(item, "filevault_status") or ""
    if flag == "0" or status == "not encrypted":
        return "no", None
    if flag != "1" or status == "undefined":
        return "unknown", "osquery could not tell"
    if vault == "off":
        return "no", "FileVault is off, so the device opens itself"
    return "yes", None
