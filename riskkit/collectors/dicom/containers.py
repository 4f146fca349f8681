"""The beginning of the first file in an archive or compressed file, never more than a few kilobytes of it."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable

from riskkit.collectors.dicom.kind import HEAD_BYTES
from riskkit.collectors.dicom.source import Source

_XZ_MEMORY = 128 << 20
_TAR_BLOCK = 512
_ZIP_HEADER, _STORED, _DEFLATED = 30, 0, 8


def first_file(source: Source, head: bytes, file_class: str) -> bytes | None:
    """Up to 16 KiB of it; None where it cannot be seen: encrypted, another format, or broken."""
    try:
        return CONTAINERS[file_class](source, head) or None
    except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError):
        return None


def _gzip(_source: Source, head: bytes) -> bytes:
    return zlib.decompressobj(31).decompress(head, HEAD_BYTES)


def _bzip2(source: Source, _head: bytes) -> bytes:
    # It gives nothing before a whole block, of at most 900 kB, has been read.
    return bz2.BZ2Decompressor().decompress(source.fetch(0, 1 << 20), HEAD_BYTES)


def _xz(_source: Source, head: bytes) -> bytes:
    return lzma.LZMADecompressor(memlimit=_XZ_MEMORY).decompress(head, HEAD_BYTES)


def _tar(source: Source, _head: bytes) -> bytes | None:
    """The first regular file among the first entries, behind folders and long names (POSIX ustar, pax)."""
    at = 0
    for _ in range(16):
        block = source.fetch(at, _TAR_BLOCK)
        size = int(block[124:136].strip(b" \0") or b"0", 8)
        if len(block) < _TAR_BLOCK or size < 0:
            return None
        if block[156:157] in (b"\0", b"0"):
            return source.fetch(at + _TAR_BLOCK, min(size, HEAD_BYTES))
        at += _TAR_BLOCK + (size + _TAR_BLOCK - 1) // _TAR_BLOCK * _TAR_BLOCK
    return None


def _zip(_source: Source, head: bytes) -> bytes | None:
    flags, method = int.from_bytes(head[6:8], "little"), int.from_bytes(head[8:10], "little")
    size = int.from_bytes(head[18:22], "little")
    start = _ZIP_HEADER + int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little")
    if flags & 1:
        return None
    if method == _DEFLATED:
        return zlib.decompressobj(-15).decompress(head[start:], HEAD_BYTES)
    return head[start : start + size] if method == _STORED else None


CONTAINERS: dict[str, Callable[[Source, bytes], bytes | None]] = {
    "container-gzip": _gzip,
    "container-bzip2": _bzip2,
    "container-xz": _xz,
    "container-tar": _tar,
    "container-zip": _zip,
}
"""Containers that can be looked into with what Python brings along."""
