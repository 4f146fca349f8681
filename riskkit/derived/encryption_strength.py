"""How strong the encryption of a place is, from what an inventory or a header says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

BROKEN = re.compile(
    r"(?i)(?<![a-z0-9])(?:3des|des3|tdea|des(?:-ede3)?|rc2|rc4|blowfish|zipcrypto|ecb|xor)(?![a-z0-9])"
)
"""No protection, or blocks of 64 bits: withdrawn or never approved (NIST SP 800-131A revision 2)."""

WEAK: Mapping[str, re.Pattern[str]] = {
    "LUKS1 derives keys by PBKDF2 alone and keeps one unprotected header": re.compile(r"\bLUKS1\b"),
    "CBC lets whoever writes to the medium change what is read": re.compile(
        r"(?i)[a-z0-9]-cbc-(?:plain|plain64|essiv|benbi|null|tcw|lmk)|bitlocker aes-cbc"
    ),
    "the drive's own encryption is trusted unseen": re.compile(r"(?i)by the drive's hardware|hw-opal(?!-)"),
}
BARE = frozenset({"LUKS", "LUKS2", "dm-crypt"})
"""What block devices show without the header: neither cipher nor derivation."""

POOL = "ZFS"
"""What block devices show of a part of a pool: its data sets are encrypted, or not."""

LEAST_KEY_BITS = 128
LEAST_PBKDF2_ITERATIONS = 600_000
"""Our choice (OWASP's of 2023)."""

SERVICES = frozenset(
    {
        "aws:kms", "aws:kms:dsse", "aws:fsx", "sse-kms", "sse-s3", "sse-ebs", "ebs", "rds", "efs", "fsx",
        "encryptionatrestwithplatformkey", "encryptionatrestwithcustomerkey",
        "encryptionatrestwithplatformandcustomerkeys", "confidentialvmencryptedwithcustomerkey",
        "google's own key", "customer-managed key", "customer-supplied key", "filevault", "zfs on",
    }
)  # fmt: skip
"""Clouds and systems that encrypt by AES with 128 bits or more and no other way, by their own documents."""

MODES = frozenset({"xts", "gcm", "ccm", "ocb", "eax", "siv"})
LOOSE_MODES = frozenset({"cbc", "ctr", "cfb", "ofb"})
MACS = frozenset({"hmac", "poly1305"})

_BORG = re.compile(r"borg (?:repokey|keyfile)(?:-[a-z0-9-]+)?")
_AES = re.compile(r"aes(?:128|192|256)?")
_NAMES = frozenset(
    {
        "luks", "luks2", "dm", "crypt", "cryptsetup", "bitlocker", "filevault", "apfs", "zfs", "veracrypt",
        "restic", "pgbackrest", "bacula", "bareos", "veeam", "netbackup", "commvault", "lto", "tde", "cms",
        "openpgp", "gpg", "zip", "7z", "plain", "plain64", "random", "sha256", "sha512", "bit", "bits",
        "mode", "128", "192", "256", "512", "encryption",
    }
)  # fmt: skip
"""What else may stand beside a cipher: makers and formats, vectors, lengths. No word that could deny it."""
_BLOCKS = frozenset({"luks", "luks2", "dm"})

_PBKDF2 = re.compile(r"pbkdf2\S* (\d{1,12}) iterations")


def headers(assets: Iterable[Any]) -> Mapping[str, Any]:
    """The row that tells the cipher of each encrypted container, by the container's name."""
    found: dict[str, Any] = {}
    for asset in assets:
        if asset.container and asset.method not in BARE and asset.method is not None:
            found.setdefault(asset.container, asset)
    return found


def pools(assets: Iterable[Any]) -> frozenset[str]:
    """The containers whose data sets are listed, so that the devices below are no places of their own."""
    return frozenset(asset.container for asset in assets if asset.container and asset.method != POOL)


def in_pool(asset: Any, listed: frozenset[str]) -> bool:
    """Whether a row is a device of a pool whose data sets are `listed`."""
    return asset.method == POOL and asset.container in listed


def judged_by(asset: Any, known: Mapping[str, Any]) -> Any:
    """The row by which a place is judged: a mounted volume by the header of its container."""
    return known.get(asset.container or "", asset) if asset.method in BARE else asset


def weaknesses(asset: Any, least_pbkdf2_iterations: int) -> tuple[list[str], list[str]]:
    """What is broken, and what is weak, in what an encrypted place or its header says."""
    method = asset.method or ""
    broken = [f"{found[0]} protects little" for found in BROKEN.finditer(method)]
    if asset.encrypted == "no":
        broken.append("the header of the container says that not all of it is encrypted")
    if asset.key_bits and asset.key_bits < LEAST_KEY_BITS:
        broken.append(f"a key of {asset.key_bits} bits can be found by trying")
    weak = [why for why, pattern in WEAK.items() if pattern.search(method)]
    rounds = [int(found[1]) for found in _PBKDF2.finditer(asset.kdf or "")]
    if rounds and min(rounds) < least_pbkdf2_iterations:
        weak.append(
            f"a passphrase is stretched by {min(rounds)} iterations of PBKDF2, of "
            f"{least_pbkdf2_iterations} wanted"
        )
    return broken, weak


def untold(asset: Any) -> str | None:
    """Why what is recorded of a method does not show that it is strong; None where it does.

    Strong is AES (NIST SP 800-111, which HHS's guidance names), unless in a mode that notices no change. A
    cipher is understood only where every word beside it is.
    """
    if not asset.method:
        return "by which method it is encrypted is not recorded"
    if asset.method in BARE:
        return "the header that tells cipher and derivation is not part of the evidence"
    for part in re.split(r"[,;]", asset.method.casefold()):
        if why := _untold(" ".join(part.split())):
            return why
    return None


def _untold(part: str) -> str | None:
    if part in SERVICES or _BORG.fullmatch(part):
        return None
    words = set(re.split(r"[\s:()/_-]+", part)) - {""}
    ciphers = {word for word in words if _AES.fullmatch(word)}
    if not ciphers or not words - ciphers <= _NAMES | MODES | LOOSE_MODES | MACS:
        return "what is recorded of the method is no cipher that is understood, such as AES-256-GCM"
    if words & LOOSE_MODES and not words & MACS:
        loose = ", ".join(sorted(words & LOOSE_MODES)).upper()
        return f"{loose} alone does not notice what was altered; whether something else does is not recorded"
    if words & _BLOCKS and not words & (MODES | LOOSE_MODES):
        return "the mode of its cipher is not recorded"
    return None
