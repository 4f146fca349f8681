"""What is noted of a DICOM header, by whichever way it was read."""

from __future__ import annotations

from dataclasses import dataclass, field

DEFLATED = "1.2.840.10008.1.2.1.99"
TRANSFER_SYNTAX, MEDIA_SOP_CLASS = 0x00020010, 0x00020002
SOP_CLASS, SOP_INSTANCE, MODALITY = 0x00080016, 0x00080018, 0x00080060
IDENTITY_REMOVED, BURNED_IN = 0x00120062, 0x00280301
ENCRYPTED_ATTRIBUTES, ENCRYPTED_CONTENT = 0x04000500, 0x04000520
SIGNATURES = 0xFFFAFFFA
KEPT = frozenset({
    TRANSFER_SYNTAX, MEDIA_SOP_CLASS, SOP_CLASS, SOP_INSTANCE, MODALITY, IDENTITY_REMOVED, BURNED_IN,
})  # fmt: skip
"""Attributes of the top level whose values are looked at; what becomes of them is in header.py."""


@dataclass(slots=True)
class Facts:
    """Raw material: tags with a value at any depth, private elements, and values that leave this process
    only as words of closed vocabularies or as keyed digests.

    The data set lies from `data_from` to `data_to` (the pixel data, else the end) of the file, or of
    what it inflates to; `deflated_from` is where a deflated data set begins in the file. `signed` says
    whether Digital Signatures stand anywhere, None when nobody looked behind the pixel data; `ciphers`
    what the messages in EncryptedAttributesSequence tell of theirs.
    """

    found: frozenset[int]
    private_tags: int
    texts: dict[int, bytes] = field(default_factory=dict)
    problem: str | None = None
    data_from: int = 0
    data_to: int = 0
    deflated_from: int | None = None
    signed: bool | None = None
    ciphers: frozenset[str] = frozenset()
