"""A zip is encrypted when every file in it is: its flags say so, and what is stored looks like it."""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from riskkit.collectors.dicom.ciphertext import LEAST, NOT_SEEN, bits_of, is_random
from riskkit.collectors.dicom.kind import Kind
from riskkit.collectors.dicom.source import Source
from riskkit.words import be, out_of

MOST = 20_000
"""Files in one zip that are looked at; of one with more it is not known."""

_END, _ENTRY, _LOCAL = b"PK\x05\x06", b"PK\x01\x02", b"PK\x03\x04"
_END_BYTES, _ENTRY_BYTES, _LOCAL_BYTES, _COMMENT_BYTES = 22, 46, 30, 65_535
_LARGEST_DIRECTORY = 16 << 20
_AES_METHOD = 99
_PIECE, _NAMES = 4096, 512
_BEFORE = (0, 10, 12, 14, 18)
"""Bytes before the ciphertext: 12 of ZipCrypto; salt and verification value of AES-128, -192 and -256."""

_FEWEST = 32
"""Bytes of a smaller file cannot tell that they are deflated."""

_NEARLY_ALL = 0.8
"""Share of the most entropy that fewer than 512 bytes can have; random ones lie above, text far below."""


@dataclass(frozen=True, slots=True)
class _Entry:
    flags: int
    method: int
    size: int
    at: int


def zip_kind(source: Source, readable: Callable[[bytes], bool]) -> Kind:
    """Its kind by its directory, and where that calls it encrypted by the beginning of every file in it.

    `readable` says whether a beginning can be read as it stands. A zip may mix, and its names are readable
    in any case.
    """
    entries = _directory(source)
    flagged = [entry for entry in entries or () if entry.flags & 1]
    if not entries or not flagged:
        return Kind("container-zip", "unknown")
    if len(flagged) < len(entries):
        return _open(len(entries) - len(flagged), len(entries))
    if len(entries) > MOST:
        return Kind("container-zip", "unknown", None, f"more than {MOST:,} files in it: not all looked at")
    plain = sum(not _is_encrypted(source, entry, readable) for entry in entries)
    if plain:
        told = f"marked as encrypted, but in {out_of(plain, len(entries), 'file')} {NOT_SEEN}"
        return Kind("container-zip", "unknown", None, told)
    weak = any(entry.method != _AES_METHOD for entry in entries)
    return Kind("encrypted-zip", "no", "ZipCrypto" if weak else "AES")


def _open(open_: int, of: int) -> Kind:
    remark = f"{out_of(open_, of, 'file')} in it {be(open_)} not encrypted"
    return Kind("container-zip", "unknown", None, remark)


def _directory(source: Source) -> list[_Entry] | None:
    """Every file in a zip; None where the directory is not plain to read (zip64 too)."""
    tail = source.fetch(max(0, source.size - _END_BYTES - _COMMENT_BYTES), _END_BYTES + _COMMENT_BYTES)
    at = tail.rfind(_END)
    if at < 0 or len(tail) < at + _END_BYTES:
        return None
    count, length, start = struct.unpack_from("<HII", tail, at + 10)
    if length > _LARGEST_DIRECTORY:
        return None
    directory = source.fetch(start, length)
    entries = []
    at = 0
    for _ in range(count):
        if directory[at : at + 4] != _ENTRY or len(directory) < at + _ENTRY_BYTES:
            return None
        flags, method = struct.unpack_from("<HH", directory, at + 8)
        (size,) = struct.unpack_from("<I", directory, at + 20)
        name, extra, comment = struct.unpack_from("<HHH", directory, at + 28)
        (local,) = struct.unpack_from("<I", directory, at + 42)
        if not directory[at + _ENTRY_BYTES : at + _ENTRY_BYTES + name].endswith(b"/"):
            entries.append(_Entry(flags, method, size, local))
        at += _ENTRY_BYTES + name + extra + comment
    return entries


def _is_encrypted(source: Source, entry: _Entry, readable: Callable[[bytes], bool]) -> bool:
    """Whether a file's own header says so too, and its content neither reads, inflates nor repeats."""
    head = source.fetch(entry.at, _LOCAL_BYTES + _NAMES + _PIECE)
    if not head.startswith(_LOCAL) or len(head) < _LOCAL_BYTES or not head[6] & 1:
        return False
    before = _LOCAL_BYTES + sum(struct.unpack_from("<HH", head, 26))
    length = min(entry.size, _PIECE)
    content = head[before : before + length]
    if len(content) < length:
        content = source.fetch(entry.at + before, length)
    if len(content) < length or readable(content) or any(_inflates(content, entry.size)):
        return False
    if len(content) >= LEAST:
        return is_random(content)
    return len(content) < _FEWEST or bits_of(content) > _NEARLY_ALL * math.log2(len(content))


def _inflates(content: bytes, size: int) -> Iterator[bool]:
    """Whether a deflated file begins where the ciphertext should, or where there is none."""
    for at in _BEFORE:
        machine = zlib.decompressobj(-15)
        try:
            made = machine.decompress(content[at:], 1 << 20)
        except zlib.error:
            continue
        whole = len(machine.unused_data) <= _BEFORE[-1] if machine.eof else size > len(content)
        yield len(content) - at >= _FEWEST and bool(made) and whole
