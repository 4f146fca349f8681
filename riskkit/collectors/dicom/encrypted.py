"""age, `openssl enc` and LUKS: encrypted only where what follows their beginning looks like ciphertext."""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Mapping
from typing import Any

from riskkit.collectors.dicom.ciphertext import NOT_SEEN, is_random
from riskkit.collectors.dicom.cms import decode_base64
from riskkit.collectors.dicom.kind import Kind
from riskkit.collectors.dicom.source import Source

_AGE_ARMOR = b"-----BEGIN AGE ENCRYPTED FILE-----"
_AGE = b"age-encryption.org/v1\n"
_AGE_HEADER = re.compile(
    rb"age-encryption\.org/v1\n(?:-> [\x21-\x7e ]+\n(?:[A-Za-z0-9+/]{64}\n)*[A-Za-z0-9+/]{0,63}\n)+"
    rb"--- [A-Za-z0-9+/]{43}\n"
)
"""Recipients, and the MAC of the header (age-encryption.org/v1, C2SP)."""

_SALTED, _SALT_BYTES = b"Salted__", 8

_LUKS = b"LUKS\xba\xbe"
_SECTOR, _LUKS2_JSON = 512, 4096
_LUKS1_SLOTS, _LUKS1_SLOT, _ACTIVE = 208, 48, 0x00AC71F3
_WORD = re.compile(r"[a-z0-9_:()-]+")
_KEY_AREA_BYTES = 4096


def encrypted_file(source: Source, head: bytes) -> Kind | None:
    """The kind of a file that begins as one of these; None for any other."""
    if head.startswith(_LUKS):
        return _luks(source, head)
    if head.startswith(_SALTED):
        rest = head[len(_SALTED) + _SALT_BYTES :]
        return Kind("encrypted-openssl", "no") if is_random(rest) else _not("openssl enc")
    if head.startswith(_AGE_ARMOR):
        head = decode_base64(head[len(_AGE_ARMOR) :])
    elif not head.startswith(_AGE):
        return None
    header = _AGE_HEADER.match(head)
    if header and is_random(head[header.end() :]):
        return Kind("encrypted-age", "no", "ChaCha20-Poly1305")
    return _not("age")


def _not(name: str, cipher: str | None = None) -> Kind:
    return Kind("other", "unknown", cipher, f"begins as {name}, but {NOT_SEEN}")


def _luks(source: Source, head: bytes) -> Kind:
    """LUKS1 names its cipher in the header, LUKS2 in its JSON; the null cipher encrypts nothing.

    The area of a key slot shows that the header is one: it is encrypted from the day of luksFormat, while
    parts of the volume that were never written are not.
    """
    cipher, areas = _luks1(head) if head[6:8] == b"\0\1" else _luks2(head)
    if "null" in cipher:
        return Kind("container-luks", "unknown", cipher, "the null cipher encrypts nothing")
    if _WORD.fullmatch(cipher) and any(is_random(source.fetch(at, _KEY_AREA_BYTES)) for at in areas):
        return Kind("encrypted-luks", "no", cipher)
    return _not("LUKS")


def _luks1(head: bytes) -> tuple[str, list[int]]:
    name, mode = (head[at : at + 32].split(b"\0")[0].decode("ascii", "replace") for at in (8, 40))
    slots = (
        struct.unpack_from(">I36xI", head, at)
        for at in range(_LUKS1_SLOTS, _LUKS1_SLOTS + 8 * _LUKS1_SLOT, _LUKS1_SLOT)
        if len(head) >= at + _LUKS1_SLOT
    )
    return f"{name}-{mode}", [sector * _SECTOR for state, sector in slots if state == _ACTIVE]


def _luks2(head: bytes) -> tuple[str, list[int]]:
    try:
        found = json.loads(head[_LUKS2_JSON:].split(b"\0")[0])
        ciphers = {_text(one, "encryption") for one in found["segments"].values()}
        areas = [int(_text(one["area"], "offset")) for one in found["keyslots"].values()]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return "", []
    null = next((cipher for cipher in ciphers if "null" in cipher), None)
    return null or (ciphers.pop() if len(ciphers) == 1 else ""), [at for at in areas if at >= 0]


def _text(item: Mapping[str, Any], key: str) -> str:
    return str(item.get(key, ""))
