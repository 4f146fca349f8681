"""A quick walk over the elements of a DICOM data set (PS3.5, 7.1 to 7.5), which gives up where it is unsure.

The first eight bytes of an element hold its tag and VR and mostly its length. They are looked up as they
stand: for most elements the answer is how far to go on. A walk counts only when it lands exactly on the
pixel data or on the end of the data set, and every sequence and item ends where its length says.
Everything else raises `Unsure`, and pydicom decides.
"""

from __future__ import annotations

import struct
from collections.abc import Container
from struct import Struct

from pydicom.datadict import dictionary_VR

from riskkit.collectors.dicom.source import Source

DEEPEST = 32
"""Levels of sequences that are followed."""
LARGEST_TABLE = 50_000
"""Tags that are kept in mind, of each encoding: a hostile store must not fill the memory."""
LONGEST_TEXT = 128
"""Bytes that are kept of a kept value; a UID has at most 64."""
PADDING = b" \0\r\n\t^=\\"
"""What is no value: padding, and the delimiters of an empty person name."""
PIXEL_DATA = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})

LONG_VRS = frozenset(
    {b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"}
)
SHORT_VRS = frozenset(
    {b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FD", b"FL", b"IS", b"LO", b"LT", b"PN", b"SH", b"SL",
     b"SS", b"ST", b"TM", b"UI", b"UL", b"US"}
)  # fmt: skip

_UNDEFINED = 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_DELIMITERS = 0xFFFE
# What is done with an element that is not just skipped; up to _SIMPLE it has a length and no parts.
_WANTED, _KEPT, _PRIVATE, _LONG, _SEQUENCE, _OTHER, _MAY_BE_SEQUENCE = 1, 2, 4, 8, 16, 32, 64
_SIMPLE = _WANTED | _KEPT | _PRIVATE


class Unsure(Exception):  # noqa: N818 - not an error: a question for pydicom
    """The walk cannot vouch for what it saw."""


class _Short(Exception):  # noqa: N818 - a wish for more data
    """The data ends before this place."""

    def __init__(self, end: int) -> None:
        self.end = end
        super().__init__(end)


class Seen:
    """What a walk saw.

    `found` holds the wanted tags with a value, in the order of the file and as often as they occur;
    `private` counts private elements; `texts` holds the values of the kept attributes of the top level;
    `end` is the place of the pixel data, or where the data set ends, and `pixels` which of both: of pixel
    data `head` is the beginning, as far as it was at hand.
    """

    __slots__ = ("end", "found", "head", "pixels", "private", "texts")

    def __init__(self) -> None:
        self.found: list[int] = []
        self.private = 0
        self.texts: dict[int, bytes] = {}
        self.end = 0
        self.pixels = False
        self.head = b""


class Walker:
    """Walks data sets of one encoding, looking for `wanted` tags and keeping the values of `kept` ones.

    With `empty`, an attribute without a value is found too. Of a kept value at most `longest_text` bytes
    are kept; of a kept sequence all its items, as they stand.
    """

    def __init__(
        self,
        wanted: Container[int],
        kept: Container[int],
        *,
        explicit: bool = True,
        little: bool = True,
        empty: bool = False,
        longest_text: int = LONGEST_TEXT,
    ) -> None:
        order = "<" if little else ">"
        self._wanted, self._kept, self._explicit, self._empty = wanted, kept, explicit, empty
        self._padding, self._longest = b"" if empty else PADDING, longest_text
        self._u32, self._header = Struct(f"{order}I").unpack_from, Struct(f"{order}HH2sH").unpack
        # By the first eight bytes: how far to go on, or what to do: bits, tag, length (not of a long one).
        self._skips: dict[bytes, int] = {}
        self._steps: dict[bytes, tuple[int, int, int]] = {}
        pack = Struct(f"{order}HH").pack
        self._item = pack(_ITEM >> 16, _ITEM & 0xFFFF)
        self._sequence_end = pack(_SEQUENCE_END >> 16, _SEQUENCE_END & 0xFFFF)

    def data_set(
        self, source: Source, data: bytes, at: int, *, largest_value: int, largest_header: int
    ) -> Seen:
        """Walk from `at` of `data`, the beginning of the source, to the pixel data or the end.

        Raises Unsure, also when more than `largest_header` bytes, or `largest_value` at once, were needed.
        """
        seen = Seen()
        base, asked, total = 0, len(data), 0
        while True:
            needed = 0
            try:
                at = self._elements(data, at, len(data), seen, 0)
            except _Short as short:
                at, needed = seen.end, short.end - seen.end
            seen.end = base + at
            if seen.pixels or (not needed and source.ends_at(seen.end)):
                return seen
            total += len(data)
            if needed > largest_value or total > largest_header:
                raise Unsure
            if needed and (len(data) < asked or source.ends_at(base + len(data))):
                raise Unsure
            asked = max(needed, 4 * asked if at == 0 else asked)
            base, at = seen.end, 0
            data = source.fetch(base, asked)
            if not data:
                raise Unsure

    def between(self, data: bytes, at: int, end: int) -> Seen:
        """Walk the elements from `at` to just before `end`; raises Unsure."""
        seen = Seen()
        try:
            if end > len(data) or self._elements(data, at, end, seen, 0) != end or seen.pixels:
                raise Unsure
        except _Short as short:
            raise Unsure from short
        return seen

    def _elements(self, data: bytes, at: int, end: int, seen: Seen, depth: int) -> int:  # noqa: PLR0912, PLR0915
        """Walk up to `end`, or to the end of an item when `end` lies behind the data; give the place.

        At depth 0 the walk may run past `end`. Where it finds the data short, `seen` is as it was before
        the element in question, whose place is `seen.end`.
        """
        skip, steps, padding, found = self._skips.get, self._steps, self._padding, seen.found
        entered = None
        try:
            while at < end:
                jump = skip(head := data[at : at + 8])
                if jump:
                    at += jump
                    continue
                if head not in steps:
                    self._learn(head)
                    continue
                bits, tag, length = steps[head]
                start = at + 8
                if bits == _WANTED and length and data[start] not in padding:
                    found.append(tag)
                    at = start + length
                    continue
                if bits > _SIMPLE:
                    if bits & _LONG:
                        length, start = self._u32(data, start)[0], at + 12
                    if bits & _OTHER:
                        if tag == _ITEM_END:
                            if end <= len(data):
                                raise Unsure
                            return start
                        if depth == 0:
                            seen.pixels, seen.head = True, data[at : at + 12]
                            return at
                    if bits & _SEQUENCE:
                        entered = len(found), seen.private
                        if bits & _WANTED and (self._empty or data[start : start + 4] == self._item):
                            found.append(tag)
                        if bits & _PRIVATE:
                            seen.private += 1
                        at = self._sequence(data, start, length, seen, depth)
                        if bits & _KEPT and depth == 0:
                            seen.texts[tag] = data[start:at]
                        entered = None
                        continue
                    if length == _UNDEFINED or (
                        bits & _MAY_BE_SEQUENCE and length and self._begins_item(data, start)
                    ):
                        raise Unsure
                stop = start + length
                if bits & _WANTED and (self._empty or (length and _filled(data, start, stop, padding))):
                    found.append(tag)
                if bits & _KEPT and depth == 0:
                    if stop > len(data):
                        raise _Short(stop)
                    seen.texts[tag] = data[start : min(stop, start + self._longest)]
                if bits & _PRIVATE:
                    seen.private += 1
                at = stop
        except (IndexError, struct.error, _Short) as short:
            if depth == 0:
                seen.end = at
                if entered:
                    del found[entered[0] :]
                    seen.private = entered[1]
            raise short if isinstance(short, _Short) else _Short(max(at, len(data)) + 12) from None
        return at

    def _sequence(self, data: bytes, at: int, length: int, seen: Seen, depth: int) -> int:
        """Walk the items of a sequence whose content begins at `at`; give where it ends."""
        if depth >= DEEPEST:
            raise Unsure
        end = None if length == _UNDEFINED else at + length
        if end is not None and end > len(data):
            raise _Short(end)
        item, u32 = self._item, self._u32
        while at != end:
            head = data[at : at + 4]
            if head == item:
                size = u32(data, at + 4)[0]
                at += 8
                if size == _UNDEFINED:
                    at = self._elements(data, at, len(data) + 1, seen, depth + 1)
                else:
                    stop = at + size
                    if stop > len(data):
                        raise _Short(stop)
                    if self._elements(data, at, stop, seen, depth + 1) != stop:
                        raise Unsure
                    at = stop
            elif len(head) < len(item):
                raise _Short(at + 8)
            elif end is None and head == self._sequence_end:
                return at + 8
            else:
                raise Unsure
            if end is not None and at > end:
                raise Unsure
        return at

    def _begins_item(self, data: bytes, at: int) -> bool:
        if len(data) < at + 4:
            raise _Short(at + 4)
        return data[at : at + 4] in (self._item, self._sequence_end)

    def _learn(self, head: bytes) -> None:
        """Find out what to do with an element that begins so, and keep it in mind."""
        if len(head) < 8:  # noqa: PLR2004 - tag and length
            raise IndexError
        if len(self._skips) + len(self._steps) >= LARGEST_TABLE:
            self._skips.clear()
            self._steps.clear()
        group, number, vr, length = self._header(head)
        if not self._explicit:
            vr, length = None, self._u32(head, 4)[0]
        tag = group << 16 | number
        bits = self._bits(tag, vr)
        if length == _UNDEFINED and not bits & (_SEQUENCE | _OTHER | _LONG):
            raise Unsure
        if bits:
            self._steps[head] = bits, tag, length
        else:
            self._skips[head] = 8 + length

    def _bits(self, tag: int, vr: bytes | None) -> int:
        group = tag >> 16
        if tag == _ITEM_END:
            return _OTHER
        if group == _DELIMITERS or (vr is not None and vr not in LONG_VRS | SHORT_VRS):
            raise Unsure
        private = group & 1
        known = None if private else _dictionary_vr(tag)
        if vr == b"UN" and known == "SQ":
            raise Unsure
        bits = _LONG if vr in LONG_VRS else 0
        if tag in PIXEL_DATA:
            bits |= _OTHER
        if vr == b"SQ" or (vr is None and known == "SQ"):
            bits |= _SEQUENCE
        elif private and vr in (None, b"UN"):
            bits |= _MAY_BE_SEQUENCE
        if private:
            bits |= _PRIVATE
        if tag in self._wanted:
            bits |= _WANTED
        if tag in self._kept:
            bits |= _KEPT
        return bits


def _filled(data: bytes, start: int, stop: int, padding: bytes) -> bool:
    if data[start] not in padding:
        return True
    if stop > len(data):
        raise _Short(stop)
    return bool(data[start:stop].strip(padding))


def _dictionary_vr(tag: int) -> str | None:
    try:
        return dictionary_VR(tag)
    except KeyError:
        return None
