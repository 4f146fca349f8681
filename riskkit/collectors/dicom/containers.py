"""The first file in an archive or compressed file, as far as somebody asks for it."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable

from riskkit.collectors.dicom.source import Inflated, Memory, Part, Source

LARGEST = 32 << 20
"""Bytes of a first file that are unpacked at most."""

ARCHIVES = frozenset({"container-tar", "container-zip"})
"""Containers that may hold more files than the first."""

_BLOCKS = 1 << 20  # of bzip2 and xz, read and unpacked at once
_XZ_MEMORY = 128 << 20
_TAR_BLOCK = 512
_ZIP_HEADER, _STORED, _DEFLATED = 30, 0, 8


def first_file(source: Source, head: bytes, file_class: str) -> Source | None:
    """Its content; None where it cannot be seen: encrypted, another format, empty, or broken."""
    try:
        inner = CONTAINERS[file_class](source, head)
        return inner if inner is not None and inner.fetch(0, 1) else None
    except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError):
        return None


def _gzip(source: Source, _head: bytes) -> Source:
    return Inflated(source, 0, 31, LARGEST)


def _bzip2(source: Source, _head: bytes) -> Source:
    # It gives nothing before a whole block, of at most 900 kB, has been read.
    return Memory(bz2.BZ2Decompressor().decompress(source.fetch(0, _BLOCKS), _BLOCKS))


def _xz(source: Source, _head: bytes) -> Source:
    machine = lzma.LZMADecompressor(memlimit=_XZ_MEMORY)
    return Memory(machine.decompress(source.fetch(0, _BLOCKS), _BLOCKS))


def _tar(source: Source, _head: bytes) -> Source | None:
    """The first regular file among the first entries, behind folders and long names (POSIX ustar, pax)."""
    at = 0
    for _ in range(16):
        block = source.fetch(at, _TAR_BLOCK)
        size = int(block[124:136].strip(b" \0") or b"0", 8)
        if len(block) < _TAR_BLOCK or size < 0:
            return None
        if block[156:157] in (b"\0", b"0"):
            return Part(source, at + _TAR_BLOCK, size, LARGEST)
        at += _TAR_BLOCK + (size + _TAR_BLOCK - 1) // _TAR_BLOCK * _TAR_BLOCK
    return None


def _zip(source: Source, head: bytes) -> Source | None:
    flags, method = int.from_bytes(head[6:8], "little"), int.from_bytes(head[8:10], "little")
    size = int.from_bytes(head[18:22], "little")
    start = _ZIP_HEADER + int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little")
    if flags & 1:
        return None
    if method == _DEFLATED:
        return Inflated(source, start, -15, LARGEST)
    return Part(source, start, size, LARGEST) if method == _STORED else None


CONTAINERS: dict[str, Callable[[Source, bytes], Source | None]] = {
    "container-gzip": _gzip,
    "container-bzip2": _bzip2,
    "container-xz": _xz,
    "container-tar": _tar,
    "container-zip": _zip,
}
"""Containers that can be looked into with what Python brings along."""
