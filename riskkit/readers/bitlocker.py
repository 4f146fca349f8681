"""What BitLocker says of a volume, as a row; recovery passwords and other protectors are never read."""

from __future__ import annotations

import re
from collections.abc import Mapping

METHODS: Mapping[str, tuple[str, int | None]] = {
    "aes128diffuser": ("BitLocker AES-CBC 128 with diffuser", 128),
    "aes256diffuser": ("BitLocker AES-CBC 256 with diffuser", 256),
    "aes128withdiffuser": ("BitLocker AES-CBC 128 with diffuser", 128),
    "aes256withdiffuser": ("BitLocker AES-CBC 256 with diffuser", 256),
    "aes128": ("BitLocker AES-CBC 128", 128),
    "aes256": ("BitLocker AES-CBC 256", 256),
    "hardware": ("BitLocker, by the drive's hardware", None),
    "hardwareencryption": ("BitLocker, by the drive's hardware", None),
    "xtsaes128": ("BitLocker XTS-AES 128", 128),
    "xtsaes256": ("BitLocker XTS-AES 256", 256),
}
"""Names of Get-BitLockerVolume and of manage-bde, letters and digits alone, with the bits of the key."""

WIPING = frozenset({"fullyencryptedwipeinprogress", "fullyencryptedwipesuspended"})
NOT_ENCRYPTED = frozenset(
    {
        "fullydecrypted", "encryptioninprogress", "decryptioninprogress", "encryptionsuspended",
        "decryptionsuspended", "encryptionpaused", "decryptionpaused",
    }
)  # fmt: skip


def volume(
    host: str, mount: str, status: str, protection: str, method: str, size_bytes: int | None
) -> Mapping[str, object]:
    """The row of a volume of which status, protection and method are words, empty where nothing is told.

    Encrypted is what is fully encrypted and protected: with protection off the key lies on the disk in
    the clear (https://learn.microsoft.com/windows/win32/secprov/getprotectionstatus-win32-encryptablevolume).
    """
    encrypted, reason = _judged(plain(status), plain(protection))
    found, bits = METHODS.get(plain(method), ("BitLocker", None))
    return {
        "asset_id": f"{host}:{mount}",
        "system_id": host,
        "kind": "volume",
        "mountpoint": mount,
        "size_bytes": size_bytes,
        "encrypted": encrypted,
        "method": None if encrypted == "no" else found,
        "key_bits": None if encrypted == "no" else bits,
        "reason": reason,
    }


def plain(text: str) -> str:
    """Letters and digits in lower case."""
    return re.sub(r"[^a-z0-9]", "", text.casefold())


def _judged(status: str, protection: str) -> tuple[str, str | None]:
    if status in NOT_ENCRYPTED:
        return "no", None if status == "fullydecrypted" else "it is not encrypted in full"
    if status not in {"fullyencrypted", "usedspaceonlyencrypted", *WIPING}:
        return "unknown", "its conversion status is not told, as of a locked volume"
    if protection in {"off", "protectionoff"}:
        return "no", "it is fully encrypted, but with protection off the key lies beside it in the clear"
    if protection not in {"on", "protectionon"}:
        return "unknown", "its protection status is not told, as of a locked volume"
    if status in WIPING:
        return "unknown", "free space, in which earlier files may rest, is still being wiped"
    return "yes", None
