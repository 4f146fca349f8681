"""What a LUKS header says of a device's encryption, as a row: nothing of salts, digests or key areas."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

NO_CIPHER = re.compile(r"(?:null|cipher_null)(?:-.*)?")
_WORD = re.compile(r"[a-z0-9_:()\-]{1,48}")


def word(text: object) -> str:
    """A cipher, hash or kind as cryptsetup writes it; raises ValueError for all that is longer or odd."""
    if not isinstance(text, str) or not _WORD.fullmatch(text):
        raise ValueError
    return text


def pbkdf2(hash_name: object, iterations: object) -> str:
    """The words for one derivation by PBKDF2."""
    return f"pbkdf2-{word(hash_name)} {_count(iterations)} iterations"


def argon2(kind: object, time: object, memory_kib: object, threads: object) -> str:
    """The words for one derivation by Argon2."""
    return f"{word(kind)} time {_count(time)} memory {_count(memory_kib)} KiB threads {_count(threads)}"


def device(
    host: str,
    name: str,
    version: int,
    ciphers: Sequence[str],
    key_bits: int | None,
    kdfs: Sequence[str],
    *,
    container: str | None = None,
) -> Mapping[str, object]:
    """The row of a device whose data segments have these ciphers; `linear` is one without encryption."""
    plain = [cipher for cipher in ciphers if cipher == "linear" or NO_CIPHER.fullmatch(cipher)]
    told = ", ".join(dict.fromkeys(ciphers))
    return {
        "asset_id": f"{host}:{name}",
        "system_id": host,
        "kind": "volume",
        "encrypted": "no" if plain else "yes" if ciphers else "unknown",
        "method": f"LUKS{version} {told}".strip(),
        # XTS has two keys of the cipher's length.
        "key_bits": key_bits // 2 if key_bits and "xts" in told else key_bits,
        "kdf": "; ".join(dict.fromkeys(kdfs)) or None,
        "reason": None if ciphers and not plain else _why(plain),
        "container": container,
    }


def _why(plain: Sequence[str]) -> str:
    if not plain:
        return "the header names no data segment"
    if "linear" in plain:
        return "a part of the device is not encrypted (yet)"
    return "the header is there, but its cipher encrypts nothing"


def _count(number: object) -> int:
    if isinstance(number, str) and re.fullmatch(r"\d{1,12}", number, re.ASCII):
        return int(number)
    if isinstance(number, int) and not isinstance(number, bool) and 0 <= number < 10**12:
        return number
    raise ValueError
