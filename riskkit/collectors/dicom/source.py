"""Where bytes come from: a file of the store, memory, or what a compressed file inflates to; bounded."""

from __future__ import annotations

import io
import os
import zlib
from collections.abc import Callable
from typing import BinaryIO, Protocol

INFLATE_STEP = 64 << 10


class Source(Protocol):
    """Bytes by place."""

    @property
    def size(self) -> int:
        """Bytes in all; of what is inflated, as far as it was."""

    def fetch(self, at: int, length: int) -> bytes:
        """Up to `length` bytes from `at`; fewer only at the end. Raises OSError."""

    def ends_at(self, at: int) -> bool:
        """Whether the content ends just there."""

    def file(self) -> BinaryIO:
        """The same content for code that wants a file."""


class Stored:
    """An open file of the store; `bytes_read` counts what was read of it.

    `untouched` says that its time of access stays as it is for certain.
    """

    __slots__ = ("bytes_read", "descriptor", "size", "untouched")

    def __init__(self, descriptor: int, size: int, untouched: bool = False) -> None:
        self.descriptor, self.size, self.untouched = descriptor, size, untouched
        self.bytes_read = 0

    def __enter__(self) -> Stored:
        return self

    def __exit__(self, *_error: object) -> None:
        os.close(self.descriptor)

    def fetch(self, at: int, length: int) -> bytes:
        """Read without moving any position."""
        data = _pread(self.descriptor, length, at)
        self.bytes_read += len(data)
        return data

    def ends_at(self, at: int) -> bool:
        """Whether the file ends there."""
        return at == self.size

    def file(self) -> BinaryIO:
        """A file that is closed without closing the descriptor."""
        return io.BufferedReader(_Reading(self), INFLATE_STEP)


class _Reading(io.RawIOBase):
    """A stored file as Python's own kind of file, so that its reads are counted as well."""

    def __init__(self, stored: Stored) -> None:
        self._stored, self._at = stored, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        origin = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._stored.size}[whence]
        self._at = max(0, origin + offset)
        return self._at

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        data = self._stored.fetch(self._at, len(buffer))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


class Memory:
    """Bytes that are at hand."""

    __slots__ = ("content",)

    def __init__(self, content: bytes) -> None:
        self.content = content

    @property
    def size(self) -> int:
        """Bytes in all."""
        return len(self.content)

    def fetch(self, at: int, length: int) -> bytes:
        """A slice."""
        return self.content[at : at + length]

    def ends_at(self, at: int) -> bool:
        """Whether they end there."""
        return at == len(self.content)

    def file(self) -> BinaryIO:
        """As a file."""
        return io.BytesIO(self.content)


class Part:
    """A part of another source; as a file no more than `limit` bytes of it."""

    __slots__ = ("_limit", "_start", "_whole", "size")

    def __init__(self, whole: Source, start: int, size: int, limit: int) -> None:
        self._whole, self._start, self.size, self._limit = whole, start, size, limit

    def fetch(self, at: int, length: int) -> bytes:
        """Of the other source, not past the end of the part."""
        return self._whole.fetch(self._start + at, max(0, min(length, self.size - at)))

    def ends_at(self, at: int) -> bool:
        """Whether the part ends there."""
        return at == self.size

    def file(self) -> BinaryIO:
        """As a file."""
        return io.BytesIO(self.fetch(0, self._limit))


class Inflated:
    """What a deflated stream holds, inflated only as far as it is asked for and never past `limit` bytes.

    `window` is that of zlib: -15 a bare stream, 15 with the header of RFC 1950, 31 gzip. What came
    before a break in the stream is kept.
    """

    def __init__(self, packed: Source, start: int, window: int, limit: int) -> None:
        self._machine = zlib.decompressobj(window)
        self._packed, self._next, self._limit = packed, start, limit
        self._plain = bytearray()
        self.broken = False

    @property
    def size(self) -> int:
        """Bytes that were inflated so far."""
        return len(self._plain)

    @property
    def whole(self) -> bool:
        """Whether the stream was inflated to its own end."""
        return self._machine.eof

    def fetch(self, at: int, length: int) -> bytes:
        """Inflate up to `at + length` and give the part that was asked for."""
        self._inflate(min(at + length, self._limit))
        return bytes(self._plain[at : at + length])

    def ends_at(self, at: int) -> bool:
        """Whether the stream ends there."""
        self._inflate(min(at + 1, self._limit))
        return self._machine.eof and at == len(self._plain)

    def file(self) -> BinaryIO:
        """As a file, inflated up to the limit."""
        self._inflate(self._limit)
        return io.BytesIO(bytes(self._plain))

    def _inflate(self, end: int) -> None:
        machine = self._machine
        while len(self._plain) < end and not machine.eof and not self.broken:
            piece = machine.unconsumed_tail
            if not piece:
                piece = self._packed.fetch(self._next, INFLATE_STEP)
                self._next += len(piece)
                if not piece:
                    self.broken = True
                    return
            try:
                # Never less than a step: one byte at a time would take for ever.
                self._plain += machine.decompress(piece, max(INFLATE_STEP, end - len(self._plain)))
            except zlib.error:
                self.broken = True


def _lseek_read(descriptor: int, length: int, at: int) -> bytes:
    os.lseek(descriptor, at, os.SEEK_SET)
    return os.read(descriptor, length)


_pread: Callable[[int, int, int], bytes] = getattr(os, "pread", _lseek_read)  # Windows has none
