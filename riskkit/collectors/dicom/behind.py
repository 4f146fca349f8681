"""Whether Digital Signatures stand behind the pixel data, without reading it (PS3.15 annex C, PS3.5, A.4).

Pixel data of defined length are passed over by arithmetic, encapsulated ones from fragment to fragment or
by their Basic Offset Table: a few small reads at most. Where more would be needed, nothing is claimed.
"""

from __future__ import annotations

from struct import Struct, error

from riskkit.collectors.dicom.elements import LONG_VRS, PIXEL_DATA, SHORT_VRS
from riskkit.collectors.dicom.facts import SIGNATURES
from riskkit.collectors.dicom.source import Inflated, Source

MOST_STEPS = 64
"""Elements and fragments that are passed over."""
HEADER_BYTES = 12
_TWO_OFFSETS = 8

_ITEMS = (b"\xfe\xff\x00\xe0", b"\xff\xfe\xe0\x00")
_UNDEFINED = 0xFFFFFFFF
_ITEM, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE0DD
_TRAILING_PADDING = 0xFFFCFFFC
_WITHOUT_ITEMS = (LONG_VRS | SHORT_VRS) - {b"SQ", b"UN"}
_FORMS = {
    True: (Struct("<HH2sHI").unpack, Struct("<HHI").unpack),
    False: (Struct(">HH2sHI").unpack, Struct(">HHI").unpack),
}


def signed_behind(source: Source, at: int, head: bytes, *, explicit: bool, little: bool) -> bool | None:
    """Whether an item of DigitalSignaturesSequence follows the pixel data that begin at `at`.

    `head` holds the bytes there, as far as they are at hand. None when it was not looked for: too many
    fragments, a compressed file that would have to be inflated, elements that are not plain, a cut file.
    """
    if isinstance(source, Inflated) and not source.whole:
        return None
    for _ in range(MOST_STEPS):
        if len(head) < HEADER_BYTES:
            head = source.fetch(at, HEADER_BYTES)
        try:
            tag, vr, length, start = _element(head, explicit, little)
        except (ValueError, error):
            return None
        if tag == SIGNATURES:
            return source.fetch(at + start, 4) in _ITEMS
        end: int | None = at + start + length
        if tag in PIXEL_DATA:
            end = _behind_fragments(source, at + start, little) if length == _UNDEFINED else end
        elif tag != _TRAILING_PADDING and vr not in _WITHOUT_ITEMS:
            end = None  # what is, or may be, a sequence: signatures may stand in it
        if end is None:
            return None
        if source.ends_at(end):
            return False
        at, head = end, b""
    return None


def _element(head: bytes, explicit: bool, little: bool) -> tuple[int, bytes, int, int]:
    """Tag, VR, length and where the value begins; raises struct.error and ValueError."""
    element, item = _FORMS[little]
    if not explicit:
        group, number, length = item(head[:8])
        return group << 16 | number, b"", length, 8
    group, number, vr, short, long = element(head)
    tag = group << 16 | number
    if vr in LONG_VRS:
        return tag, vr, long, 12
    if vr in SHORT_VRS:
        return tag, vr, short, 8
    raise ValueError


def _behind_fragments(source: Source, at: int, little: bool) -> int | None:
    """Where encapsulated pixel data end, whose first item is at `at`; None when that takes too long."""
    item = _FORMS[little][1]
    try:
        for step in range(MOST_STEPS):
            group, number, length = item(source.fetch(at, 8))
            tag = group << 16 | number
            if tag == _SEQUENCE_END:
                return at + 8
            if tag != _ITEM or length == _UNDEFINED:
                return None
            at += 8 + length
            if step == 0 and length >= _TWO_OFFSETS:
                at += int.from_bytes(source.fetch(at - 4, 4), "little" if little else "big")
    except error:
        pass
    return None
