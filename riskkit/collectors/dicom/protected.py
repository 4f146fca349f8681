"""How the messages in EncryptedAttributesSequence are encrypted (PS3.15 E.1): CMS, as of whole files."""

from __future__ import annotations

from typing import Literal

from riskkit.collectors.dicom.cms import cms
from riskkit.collectors.dicom.elements import Unsure, Walker
from riskkit.collectors.dicom.facts import ENCRYPTED_CONTENT

UNKNOWN, NONE = "unknown", "none"
"""The message is not CMS, or does not tell; it is signed at most, so that anybody can read it."""

LONGEST_MESSAGE = 1 << 20
"""Bytes of a message that are looked at: the cipher stands behind all recipients."""

_UNDEFINED = b"\xff\xff\xff\xff"


def cipher_of(message: bytes) -> str:
    """The content cipher of an EncryptedContent (0400,0520)."""
    kind = cms(message)
    if kind is None:
        return UNKNOWN
    return NONE if kind.readable == "yes" else kind.cipher or UNKNOWN


class Messages:
    """Finds the messages among the items of a sequence, in one encoding."""

    def __init__(self, *, explicit: bool = True, little: bool = True) -> None:
        self._order: Literal["little", "big"] = "little" if little else "big"
        self._walker = Walker(
            (), {ENCRYPTED_CONTENT}, explicit=explicit, little=little, longest_text=LONGEST_MESSAGE
        )

    def ciphers(self, items: bytes) -> frozenset[str]:
        """What they tell of their ciphers; raises Unsure where the items are not of defined length."""
        found, at = set(), 0
        while at + 8 <= len(items):
            length = items[at + 4 : at + 8]
            if length == _UNDEFINED:
                raise Unsure
            start = at + 8
            at = start + int.from_bytes(length, self._order)
            seen = self._walker.between(items, start, at)
            found.add(cipher_of(seen.texts.get(ENCRYPTED_CONTENT, b"")))
        return frozenset(found)
