"""What pydicom sees in a DICOM header: slow and patient, for the files that the quick walk is unsure of."""

from __future__ import annotations

import logging
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast

import pydicom.config
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset, read_partial
from pydicom.tag import BaseTag

from riskkit.collectors.dicom.behind import signed_behind
from riskkit.collectors.dicom.elements import LONGEST_TEXT, PADDING, PIXEL_DATA
from riskkit.collectors.dicom.facts import (
    DEFLATED,
    ENCRYPTED_ATTRIBUTES,
    ENCRYPTED_CONTENT,
    KEPT,
    SIGNATURES,
    TRANSFER_SYNTAX,
    Facts,
)
from riskkit.collectors.dicom.identifiers import identifiers
from riskkit.collectors.dicom.kind import HEAD_BYTES
from riskkit.collectors.dicom.protected import UNKNOWN, cipher_of
from riskkit.collectors.dicom.source import Inflated, Source

LARGEST_VALUE = 32 << 20
"""Bytes; a longer value is counted as present and not read."""
LARGEST_HEADER = 256 << 20
"""Bytes read of one header, so that a hostile file cannot fill the memory."""

_OTHERS_LOOKED_FOR = frozenset({ENCRYPTED_ATTRIBUTES, SIGNATURES})
_SEQUENCE_END = 0xFFFEE0DD
# What a sequence may begin with: an item or its own end, in little and in big endian.
_ITEM_TAGS = (b"\xfe\xff\x00\xe0", b"\xff\xfe\xe0\x00", b"\xfe\xff\xdd\xe0", b"\xff\xfe\xe0\xdd")


@contextmanager
def quiet_pydicom() -> Iterator[None]:
    """Keep pydicom from checking values, and from warning of them: its messages quote them."""
    logger = logging.getLogger("pydicom")
    before = logger.disabled
    logger.disabled = True
    try:
        with warnings.catch_warnings(), pydicom.config.disable_value_validation():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.disabled = before


def patient_facts(source: Source) -> Facts:
    """Read the header with pydicom, which raises nearly any kind of error on a broken file."""
    transfer_syntax, data_set = meta_information(source.fetch(0, HEAD_BYTES))
    problem = None
    if isinstance(source, Inflated):
        source.file()
        problem = None if source.whole else "only its beginning was inflated"
    meta = Dataset()
    deflated_from = None
    if transfer_syntax == DEFLATED:
        # pydicom would inflate it without a limit.
        plain = Inflated(source, data_set, -15, LARGEST_VALUE)
        reader = _Reader(plain.file())
        source, data_set, deflated_from = plain, 0, data_set
        problem = problem or (None if plain.whole else "only its beginning was inflated")
        top = read_dataset(reader, False, True, stop_when=reader.stop, defer_size=LARGEST_VALUE)  # type: ignore[arg-type]
    else:
        reader = _Reader(source.file())
        top = read_partial(reader, stop_when=reader.stop, defer_size=LARGEST_VALUE, force=True)  # type: ignore[arg-type]
        meta = top.file_meta
    if not reader.at_pixels and problem is None:
        problem = _cut_off(top, reader, source.size)
    elif reader.at_pixels:
        problem = None
    to = reader.tell() if reader.at_pixels else source.size
    found, private_tags, unread = _walk(top)
    signed: bool | None = SIGNATURES in found
    if not signed and (problem or unread):
        signed = None
    elif reader.at_pixels and not signed:
        signed = _signed_behind(top, source, to)
    texts = {tag: text for data in (meta, top) for tag in KEPT if (text := _text(data, tag)) is not None}
    if transfer_syntax is not None:
        texts[TRANSFER_SYNTAX] = transfer_syntax.encode()[:LONGEST_TEXT]
    return Facts(
        found=frozenset(found),
        private_tags=private_tags,
        texts=texts,
        problem=problem or unread,
        data_from=data_set,
        data_to=to,
        deflated_from=deflated_from,
        signed=signed,
        ciphers=_ciphers(top),
    )


class _Reader:
    """A file that gives at most `LARGEST_HEADER` bytes, and notes whether the pixel data was reached."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._left = file, LARGEST_HEADER
        self.seek, self.tell = file.seek, file.tell
        self.at_pixels = False

    @property
    def exhausted(self) -> bool:
        """Whether the limit was reached."""
        return self._left <= 0

    def read(self, size: int = -1) -> bytes:
        """Read as a file does; past the limit as at its end."""
        data = self._file.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(data)
        return data

    def stop(self, tag: BaseTag, _vr: str | None, _length: int) -> bool:
        """Stop before the pixel data."""
        self.at_pixels = self.at_pixels or tag in PIXEL_DATA
        return tag in PIXEL_DATA


def meta_information(head: bytes) -> tuple[str | None, int]:
    """Transfer syntax and end of the File Meta Information (PS3.10, 7.1), without reading the data set."""
    at = 132 if head[128:132] == b"DICM" else 0
    transfer_syntax = None
    while at + 12 <= len(head) and head[at : at + 2] == b"\x02\x00":
        vr = head[at + 4 : at + 6]
        if vr in (b"OB", b"UN", b"UT"):
            length, value = struct.unpack_from("<I", head, at + 8)[0], at + 12
        elif vr.isalpha():
            length, value = struct.unpack_from("<H", head, at + 6)[0], at + 8
        else:
            length, value = struct.unpack_from("<I", head, at + 4)[0], at + 8
        if head[at + 2 : at + 4] == b"\x10\x00":
            transfer_syntax = head[value : value + length].decode("ascii", "replace").strip(" \0")
        at = value + length
    return transfer_syntax, at


def _signed_behind(top: Dataset, source: Source, at: int) -> bool | None:
    implicit, little = top.original_encoding
    if implicit is None or little is None:
        return None
    return signed_behind(source, at, b"", explicit=not implicit, little=little)


def _ciphers(top: Dataset) -> frozenset[str]:
    """What the messages in the encrypted attributes of the top level tell of their ciphers."""
    element = _element(top, ENCRYPTED_ATTRIBUTES)
    items = [] if element is None else _items(top, element)
    if items is None:
        return frozenset({UNKNOWN})
    messages = [getattr(_element(item, ENCRYPTED_CONTENT), "value", None) for item in items]
    return frozenset(cipher_of(one) if isinstance(one, bytes) else UNKNOWN for one in messages)


def _cut_off(top: Dataset, reader: _Reader, size: int) -> str | None:
    """Why a data set without pixel data may be incomplete: its last element does not end with the file."""
    if reader.exhausted:
        return f"only the first {LARGEST_HEADER >> 20} MiB of the header were read"
    tags = list(top.keys())
    if not tags:
        return "the data set is empty or cut off"
    last = _element(top, max(tags))
    if isinstance(last, RawDataElement) and last.length != 0xFFFFFFFF:  # noqa: PLR2004 - undefined length
        return None if last.value_tell + last.length == size else "the data set is cut off"
    reader.seek(max(0, size - 8))
    tail = reader.read(8)
    ends = {struct.pack(f"{endian}HHI", _SEQUENCE_END >> 16, _SEQUENCE_END & 0xFFFF, 0) for endian in "<>"}
    return None if tail in ends else "the data set is cut off"


def _walk(top: Dataset) -> tuple[set[int], int, str | None]:
    """Tags of the identifying attributes with a value, the number of private elements, what was not read."""
    found: set[int] = set()
    private_tags = 0
    unread = None
    pending = [top]
    while pending:
        data_set = pending.pop()
        for tag in list(data_set.keys()):
            element = _element(data_set, tag)
            if element is None:
                continue
            private_tags += tag.is_private
            if (tag in identifiers() or tag in _OTHERS_LOOKED_FOR) and _has_value(element):
                found.add(int(tag))
            if _is_sequence(element):
                items = _items(data_set, element)
                if items is None:
                    unread = "a sequence could not be read"
                else:
                    pending += items
    return found, private_tags, unread


def _element(data_set: Dataset, tag: int) -> DataElement | RawDataElement | None:
    """An element as it was read: its value is neither converted nor fetched."""
    return cast(DataElement | RawDataElement | None, data_set.get_item(BaseTag(tag), keep_deferred=True))


def _is_sequence(element: DataElement | RawDataElement) -> bool:
    if element.VR not in (None, "UN"):
        return element.VR == "SQ"
    try:
        return dictionary_VR(element.tag) == "SQ"
    except KeyError:
        return False


def _items(data_set: Dataset, element: DataElement | RawDataElement) -> list[Dataset] | None:
    """The items of a sequence; None when it is broken or too long to be read."""
    if isinstance(element, RawDataElement):
        if not element.value:
            return [] if element.length == 0 else None
        if not element.value.startswith(_ITEM_TAGS):
            return None
    try:
        value = data_set[element.tag].value
        return list(value) if value is not None else []
    except Exception:  # noqa: BLE001 - as in read_header; the rest of the header still counts
        return None


def _has_value(element: DataElement | RawDataElement) -> bool:
    """Whether an attribute holds more than padding, or than the delimiters of an empty person name."""
    if isinstance(element, RawDataElement):
        if element.value is None:
            return element.length != 0  # too long to be read
        return bool(element.value.strip(PADDING))
    return bool(element.value)


def _text(data_set: Dataset, tag: int) -> bytes | None:
    element = _element(data_set, tag)
    if element is None:
        return None
    value = element.value
    return (value if isinstance(value, bytes) else str(value or "").encode())[:LONGEST_TEXT]
