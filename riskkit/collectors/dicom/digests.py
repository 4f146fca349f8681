"""Keyed digests of an image: whether two copies are the same can be told, and nothing else.

HMAC-SHA-256 with the site's key, truncated to 128 bits. What is digested is the data set: the File Meta
Information belongs to the file, not to the image, and the compression of a store is undone before.
"""

from __future__ import annotations

import hashlib
import hmac
import zlib
from collections.abc import Iterator

from riskkit.collectors.dicom.facts import SOP_INSTANCE, Facts
from riskkit.collectors.dicom.source import Source

STEP = 1 << 20
HEX_DIGITS = 32


def key_id(key: bytes) -> str:
    """16 hex digits by which two scans tell that they were made with one key."""
    return hmac.new(key, b"riskkit digest key", hashlib.sha256).hexdigest()[:16]


def digests(source: Source, facts: Facts, key: bytes, zlib_from: int | None) -> dict[str, str | None]:
    """Digests of the SOP Instance UID, of the header, and of what follows from the pixel data on.

    None stands for what is not there: pixel data, or a stream that breaks.
    """
    uid = facts.texts.get(SOP_INSTANCE, b"").strip(b" \0")
    header, pixels = (hmac.new(key, word, hashlib.sha256) for word in (b"header", b"pixels"))
    at, from_, to = 0, facts.data_from, facts.data_to
    try:
        for piece in _plain(source, facts, zlib_from):
            view = memoryview(piece)
            header.update(view[max(0, from_ - at) : max(0, to - at)])
            pixels.update(view[max(0, to - at) :])
            at += len(piece)
    except zlib.error:
        return {}
    return {
        "instance_digest": _hex(hmac.new(key, b"instance" + uid, hashlib.sha256)) if uid else None,
        "header_digest": _hex(header),
        "pixel_digest": _hex(pixels) if at > to else None,
    }


def _hex(digest: hmac.HMAC) -> str:
    return digest.hexdigest()[:HEX_DIGITS]


def _plain(source: Source, facts: Facts, zlib_from: int | None) -> Iterator[bytes]:
    pieces = _pieces(source, zlib_from or 0)
    if zlib_from is not None:
        pieces = _inflated(pieces, 15)
    if facts.deflated_from is not None:
        pieces = _inflated(_without(pieces, facts.deflated_from), -15)
    yield from pieces


def _pieces(source: Source, at: int) -> Iterator[bytes]:
    while piece := source.fetch(at, STEP):
        yield piece
        at += len(piece)


def _without(pieces: Iterator[bytes], count: int) -> Iterator[bytes]:
    for piece in pieces:
        yield piece[count:]
        count = max(0, count - len(piece))


def _inflated(pieces: Iterator[bytes], window: int) -> Iterator[bytes]:
    machine = zlib.decompressobj(window)
    for packed in pieces:
        piece = packed
        while piece and not machine.eof:
            yield machine.decompress(piece, STEP)
            piece = machine.unconsumed_tail
