"""OpenPGP messages (RFC 9580), binary and armored."""

from __future__ import annotations

import re

from riskkit.collectors.dicom.cms import decode_base64
from riskkit.collectors.dicom.kind import HEAD_BYTES, Kind

_PGP_MESSAGE = re.compile(rb"-----BEGIN PGP MESSAGE-----\r?\n(?:[A-Za-z]+: [^\n]*\n)*\r?\n")
_PKESK, _SKESK, _SED, _MARKER, _SEIPD, _AEAD = 1, 3, 9, 10, 18, 20
_PGP_CIPHERS = {2: "3DES", 3: "CAST5", 4: "Blowfish", 7: "AES-128", 8: "AES-192", 9: "AES-256", 10: "Twofish"}
_PGP_VERSIONS = {_PKESK: (2, 3, 6), _SKESK: (4, 5, 6), _SEIPD: (1, 2), _AEAD: (1,)}
_SKESK_PLAIN = 13  # version, cipher, salted and iterated S2K: the passphrase makes the session key


def openpgp(data: bytes) -> Kind | None:
    """Session key packets that lead to an encrypted data packet: the chain is the proof."""
    at, keys, cipher = 0, 0, None
    while packet := _packet(data, at):
        tag, body, length = packet
        version = data[body : body + 1]
        if version and version[0] not in _PGP_VERSIONS.get(tag, version):
            return None
        if tag in (_SED, _SEIPD, _AEAD):
            if version == b"\x02" and tag == _SEIPD:
                cipher = _PGP_CIPHERS.get(data[body + 1]) if len(data) > body + 1 else None
            return Kind("encrypted-openpgp", "no", cipher) if keys else None
        if tag not in (_PKESK, _SKESK, _MARKER) or length is None:
            return None
        if tag == _SKESK and length == _SKESK_PLAIN and len(data) > body + 1:
            cipher = _PGP_CIPHERS.get(data[body + 1])
        keys += tag != _MARKER
        at = body + length
    # A message to very many recipients begins its data behind what was read.
    return Kind("encrypted-openpgp", "no") if keys > 1 and len(data) >= HEAD_BYTES // 2 <= at else None


def _packet(data: bytes, at: int) -> tuple[int, int, int | None] | None:
    """Tag, start of the body and length (None: partial or up to the end) of the packet at `at`."""
    if at + 6 > len(data) or not data[at] & 0x80:
        return None
    first = data[at + 1]
    if data[at] & 0x40:
        tag = data[at] & 0x3F
        if first < 192:  # noqa: PLR2004 - RFC 9580, 4.2.1
            return tag, at + 2, first
        if first < 224:  # noqa: PLR2004
            return tag, at + 3, ((first - 192) << 8) + data[at + 2] + 192
        return (tag, at + 6, int.from_bytes(data[at + 2 : at + 6])) if first == 255 else (tag, at + 2, None)  # noqa: PLR2004
    tag, kind = (data[at] >> 2) & 0x0F, data[at] & 3
    if kind == 3:  # noqa: PLR2004 - indeterminate
        return tag, at + 1, None
    width = 1 << kind
    return tag, at + 1 + width, int.from_bytes(data[at + 1 : at + 1 + width])


def armored(head: bytes) -> Kind | None:
    """A "PGP MESSAGE", which may be only signed or compressed: its packets tell."""
    text = head.lstrip()
    begin = _PGP_MESSAGE.match(text)
    if not begin:
        return None
    return openpgp(decode_base64(text[begin.end() :])) or Kind("container-openpgp", "unknown")
