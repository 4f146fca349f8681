"""`Get-BitLockerVolume | ConvertTo-Json`: the volumes of a Windows host. Key protectors are not read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from riskkit.declare import reader
from riskkit.model import Batch, Context, Member
from riskkit.readers.bitlocker import volume
from riskkit.readers.documents import DocumentError, load_json, refused
from riskkit.readers.items import GIB, gather, named, one_or_many, optional, whole
from riskkit.readers.listeners import host_of
from riskkit.readers.texts import has_keys

# Windows PowerShell 5.1 writes enumerations as numbers (Microsoft.BitLocker.Structures).
STATUS = (
    "FullyDecrypted", "FullyEncrypted", "EncryptionInProgress", "DecryptionInProgress",
    "EncryptionSuspended", "DecryptionSuspended", "FullyEncryptedWipeInProgress",
    "FullyEncryptedWipeSuspended",
)  # fmt: skip
PROTECTION = ("Off", "On", "Unknown")
METHOD = (
    "None", "Aes128Diffuser", "Aes256Diffuser", "Aes128", "Aes256", "Hardware", "XtsAes128", "XtsAes256",
)  # fmt: skip


def _recognize(head: bytes, _name: str) -> bool:
    return has_keys(head, "MountPoint", "VolumeStatus", "ProtectionStatus")


@reader(
    id="bitlocker_json",
    title="Get-BitLockerVolume of a Windows host, as JSON",
    version=1,
    tables=("storage_assets",),
    recognize=_recognize,
    offset_unit="item",
)
def read(member: Member, _context: Context) -> Iterator[Batch]:
    """One row per volume; one volume comes as an object, several as an array, both are read.

    The host is ComputerName, else told by the file's name (`bitlocker-HOST.json`).
    """
    try:
        volumes = one_or_many(load_json(member))
    except DocumentError as error:
        yield refused("storage_assets", error, member)
        return
    host = host_of(member.name, "bitlocker")
    yield gather("storage_assets", member, volumes, lambda item: _row(host, item))


def _row(host: str, item: Mapping[str, Any]) -> Mapping[str, object]:
    return volume(
        optional(item, "ComputerName") or host,
        named(item, "MountPoint"),
        _name(item.get("VolumeStatus"), STATUS),
        _name(item.get("ProtectionStatus"), PROTECTION),
        _name(item.get("EncryptionMethod"), METHOD),
        whole(item.get("CapacityGB"), GIB),
    )


def _name(value: object, names: tuple[str, ...]) -> str:
    """The name of an enumeration's value, however it was written; empty for what is none."""
    if isinstance(value, str):
        value = int(value) if value in map(str, range(len(names))) else value
    if isinstance(value, int) and not isinstance(value, bool):
        return names[value] if 0 <= value < len(names) else ""
    return value if isinstance(value, str) else ""
