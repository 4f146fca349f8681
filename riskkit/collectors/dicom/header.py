"""Which identifying attributes a DICOM header carries, at any depth; values are looked at and left there.

What is kept of values are words of closed vocabularies only (YES and NO, registered UIDs, defined
terms of Modality): nothing that a hostile or careless writer put elsewhere gets into the evidence.
"""

from __future__ import annotations

import logging
import re
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, cast

import pydicom.config
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset, read_partial
from pydicom.tag import BaseTag
from pydicom.uid import UID

from riskkit.collectors.dicom.envelopes import inflate
from riskkit.collectors.dicom.identifiers import identifiers
from riskkit.collectors.dicom.kind import HEAD_BYTES

LARGEST_VALUE = 32 << 20
"""Bytes; a longer value is counted as present and not read."""
LARGEST_HEADER = 256 << 20
"""Bytes read of one header, so that a hostile file cannot fill the memory."""

UNREGISTERED = "unregistered"
MODALITIES = frozenset({
    "ANN", "AR", "AS", "ASMT", "AU", "BDUS", "BI", "BMD", "CD", "CF", "CFM", "CP", "CR", "CS", "CT",
    "CTPROTOCOL", "DD", "DF", "DG", "DM", "DMS", "DOC", "DS", "DX", "EC", "ECG", "EEG", "EMG",
    "EOG", "EPS", "ES", "FA", "FID", "FS", "GM", "HC", "HD", "IO", "IOL", "IVOCT", "IVUS", "KER",
    "KO", "LEN", "LP", "LS", "MA", "MG", "MR", "MS", "M3D", "NM", "OAM", "OCT", "OP", "OPM", "OPR",
    "OPT", "OPTBSV", "OPTENF", "OPV", "OSS", "OT", "PA", "PLAN", "POS", "PR", "PT", "PX", "REG",
    "RESP", "RF", "RG", "RTDOSE", "RTIMAGE", "RTINTENT", "RTPLAN", "RTRAD", "RTRECORD", "RTSEGANN",
    "RTSTRUCT", "RWV", "SEG", "SM", "SMR", "SR", "SRF", "ST", "STAIN", "TEXTUREMAP", "TG", "US",
    "VA", "VF", "XA", "XAPROTOCOL", "XC",
})  # fmt: skip
"""Defined terms of PS3.3 C.7.3.1.1.1, the retired ones included."""

_PIXEL_DATA = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})
_DEFLATED = "1.2.840.10008.1.2.1.99"
_TRANSFER_SYNTAX, _MEDIA_SOP_CLASS = 0x00020010, 0x00020002
_SOP_CLASS, _MODALITY = 0x00080016, 0x00080060
_IDENTITY_REMOVED, _BURNED_IN = 0x00120062, 0x00280301
_SEQUENCE_END = 0xFFFEE0DD
# What a sequence may begin with: an item or its own end, in little and in big endian.
_ITEM_TAGS = (b"\xfe\xff\x00\xe0", b"\xff\xfe\xe0\x00", b"\xfe\xff\xdd\xe0", b"\xff\xfe\xe0\xdd")
_UID = re.compile(r"[0-9.]{1,64}")


@dataclass(frozen=True, slots=True)
class Header:
    """What a header tells; `problem` says what of it could not be looked at."""

    keywords: tuple[str, ...] = ()
    direct: int = 0
    quasi: int = 0
    safe_harbor: tuple[str, ...] = ()
    private_tags: int = 0
    sop_class_uid: str | None = None
    modality: str | None = None
    transfer_syntax_uid: str | None = None
    identity_removed: str | None = None
    burned_in_annotation: str | None = None
    problem: str | None = None


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


def read_header(file: BinaryIO, size: int, *, zlib_from: int | None = None) -> Header | str:
    """Read the header of a DICOM file up to its pixel data, or say in words why that failed.

    `zlib_from` is where a compressed copy of the file begins (Orthanc). Use within `quiet_pydicom`.
    """
    try:
        problem = None
        if zlib_from is not None:
            plain, whole = inflate(file, zlib_from, LARGEST_VALUE, 15)
            file, size = plain, plain.getbuffer().nbytes
            problem = None if whole else "only its beginning was inflated"
            if plain.getvalue()[128:132] != b"DICM":
                return "is compressed, and not DICOM"
        return _read(file, size, problem)
    # pydicom lets nearly every kind of error through on a broken file; its text may quote values.
    except Exception as error:  # noqa: BLE001
        return f"the header could not be parsed ({type(error).__name__})"


def _read(file: BinaryIO, size: int, problem: str | None) -> Header:
    file.seek(0)
    transfer_syntax, data_set = _meta(file.read(HEAD_BYTES))
    meta = Dataset()
    reader = _Reader(file)
    if transfer_syntax == _DEFLATED:
        # pydicom would inflate it without a limit.
        plain, whole = inflate(file, data_set, LARGEST_VALUE, -15)
        reader = _Reader(plain)
        size = plain.getbuffer().nbytes
        problem = problem or (None if whole else "only its beginning was inflated")
        top = read_dataset(reader, False, True, stop_when=reader.stop, defer_size=LARGEST_VALUE)  # type: ignore[arg-type]
    else:
        file.seek(0)
        top = read_partial(reader, stop_when=reader.stop, defer_size=LARGEST_VALUE, force=True)  # type: ignore[arg-type]
        meta = top.file_meta
    if not reader.at_pixels and problem is None:
        problem = _cut_off(top, reader, size)
    elif reader.at_pixels:
        problem = None
    found, private_tags, unread = _walk(top)
    known = [identifiers()[tag] for tag in sorted(found)]
    transfer_syntax = transfer_syntax or _text(meta, _TRANSFER_SYNTAX)
    sop_class = _text(top, _SOP_CLASS) or _text(meta, _MEDIA_SOP_CLASS)
    if not (known or sop_class):
        problem = problem or "holds no attribute that a data set must have"
    return Header(
        keywords=tuple(one.keyword for one in known),
        direct=sum(one.kind == "direct" for one in known),
        quasi=sum(one.kind == "quasi" for one in known),
        safe_harbor=tuple(sorted({one.safe_harbor for one in known} - {""})),
        private_tags=private_tags,
        sop_class_uid=_registered(
            _text(top, _SOP_CLASS) or (_text(meta, _MEDIA_SOP_CLASS) if meta else None)
        ),
        modality=_one_of(_text(top, _MODALITY), MODALITIES, UNREGISTERED),
        transfer_syntax_uid=_registered(transfer_syntax),
        identity_removed=_one_of(_text(top, _IDENTITY_REMOVED), {"YES", "NO"}, None),
        burned_in_annotation=_one_of(_text(top, _BURNED_IN), {"YES", "NO"}, None),
        problem=problem or unread,
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
        self.at_pixels = self.at_pixels or tag in _PIXEL_DATA
        return tag in _PIXEL_DATA


def _meta(head: bytes) -> tuple[str | None, int]:
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
            if tag in identifiers() and _has_value(element):
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
        return bool(element.value.strip(b" \0\r\n\t^=\\"))
    return bool(element.value)


def _text(data_set: Dataset, tag: int) -> str | None:
    element = _element(data_set, tag)
    if element is None:
        return None
    value = element.value
    text = value.decode("ascii", "replace") if isinstance(value, bytes) else str(value or "")
    return text.strip(" \0") or None


def _registered(uid: str | None) -> str | None:
    if uid is None:
        return None
    return uid if _UID.fullmatch(uid) and UID(uid).name != uid else UNREGISTERED


def _one_of(text: str | None, terms: frozenset[str] | set[str], otherwise: str | None) -> str | None:
    return text if text is None or text in terms else otherwise
