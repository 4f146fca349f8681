"""What a file of an image store is, by its content: DICOM, an encrypted envelope, a container, or unknown.

`readable` says whether anyone who has the file can read it. It is `no` only where the format itself
proves encryption and what should be ciphertext looks like it: high entropy alone proves nothing (an xz
archive looks like ciphertext), nor does a beginning alone, and a signed envelope (`signed-cms`) is not
encrypted, whatever its file name ends with.

Classes: `dicom`, `dicom-no-preamble`, `orthanc-zlib` (compressed, not encrypted), `signed-cms`, `empty`
are readable; `encrypted-cms`, `-openpgp`, `-age`, `-openssl`, `-zip`, `-luks` are not; `container-cms`,
`-gzip`, `-bzip2`, `-xz`, `-zstd`, `-7z`, `-rar`, `-tar`, `-zip`, `-openpgp`, `-luks`, `-bitlocker`,
`high-entropy-unknown` and `other` are unknown. A container that can be opened here is as readable as its
first file: `yes` when that can be read. `encrypted-orthanc` is what Orthanc's storage plugins write.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections import Counter

from riskkit.collectors.dicom.cms import cms, pem, smime
from riskkit.collectors.dicom.containers import CONTAINERS, first_file
from riskkit.collectors.dicom.elements import LONG_VRS, SHORT_VRS
from riskkit.collectors.dicom.encrypted import encrypted_file
from riskkit.collectors.dicom.kind import HEAD_BYTES, Kind
from riskkit.collectors.dicom.openpgp import armored, openpgp
from riskkit.collectors.dicom.source import Memory, Source
from riskkit.collectors.dicom.zips import zip_kind

DEPTH = 3
"""Containers in containers that are looked into: some files hold themselves, without end."""


def classify(source: Source, head: bytes | None = None, *, depth: int = DEPTH) -> Kind:
    """Classify by the first 16 KiB, or less of a DICOM file; of a zip the directory and its files too.

    `head` is what was read of the beginning so far; `depth` says how many containers are opened in turn.
    """
    size = source.size
    if size == 0:
        return Kind("empty", "yes")
    head = source.fetch(0, HEAD_BYTES) if head is None else head
    if head[128:132] == b"DICM":
        return Kind("dicom", "yes")
    if len(head) < HEAD_BYTES:
        head = source.fetch(0, HEAD_BYTES)
    if head.startswith(b"PK\x03\x04"):
        packed = zip_kind(source, lambda content: classify(Memory(content), depth=0).readable == "yes")
        return packed if packed.readable == "no" or packed.remark else _within(source, head, packed, depth)
    kind = (
        _by_magic(head)
        or encrypted_file(source, head)
        or cms(head)
        or pem(head)
        or smime(head)
        or armored(head)
        or openpgp(head)
        or _orthanc_zlib(head)
        or _bare_dicom(head, size)
    )
    if kind is not None:
        return _within(source, head, kind, depth) if kind.file_class in CONTAINERS else kind
    return _orthanc_encrypted(head, size) or Kind(
        "high-entropy-unknown" if _is_high_entropy(head) else "other", "unknown"
    )


def _within(source: Source, head: bytes, kind: Kind, depth: int) -> Kind:
    """A container is readable when its first file is; that one being encrypted proves nothing of the rest."""
    inner = first_file(source, head, kind.file_class) if depth else None
    if inner and classify(Memory(inner.fetch(0, HEAD_BYTES)), depth=depth - 1).readable == "yes":
        return Kind(kind.file_class, "yes")
    return kind


# ---------------------------------------------------------------- fixed beginnings

_CONTAINERS: tuple[tuple[bytes, str], ...] = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\0", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\x07", "rar"),
)
_BITLOCKER = b"-FVE-FS-"
_SUSPENDED = "whether its key lies in the clear on it, as while protection is off, is not told"
_OTHER = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"%PDF-", b"SQLite format 3\0")
_KINDS: tuple[tuple[int, bytes, Kind], ...] = (
    (3, _BITLOCKER, Kind("container-bitlocker", "unknown", None, _SUSPENDED)),
    *((0, magic, Kind("other", "unknown")) for magic in _OTHER),
    (257, b"ustar", Kind("container-tar", "unknown")),
)
"""Where the beginning stands, how it reads, and what it says."""


def _by_magic(head: bytes) -> Kind | None:
    for magic, name in _CONTAINERS:
        if head.startswith(magic):
            return Kind(f"container-{name}", "unknown")
    for place, magic, kind in _KINDS:
        if head.startswith(magic, place):
            return kind
    return None


# ---------------------------------------------------------------- Orthanc, DICOM without preamble, the rest

ORTHANC_ZLIB_FROM = _SIZE_BYTES = 8
_PLAUSIBLE_SIZE = 1 << 40


def _orthanc_zlib(head: bytes) -> Kind | None:
    """An attachment of Orthanc's StorageCompression: its size as u64, then a zlib stream (RFC 1950)."""
    claimed = int.from_bytes(head[:_SIZE_BYTES], "little")
    zlib_head = head[_SIZE_BYTES : _SIZE_BYTES + 2]
    if zlib_head not in (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda") or claimed > _PLAUSIBLE_SIZE:
        return None
    try:
        start = zlib.decompressobj().decompress(head[_SIZE_BYTES:], HEAD_BYTES)
    except zlib.error:
        return None
    return Kind("orthanc-zlib", "yes") if 0 < len(start) <= claimed else None


def _bare_dicom(head: bytes, size: int) -> Kind | None:
    """A data set that begins at once: three plausible elements in rising order, in any of its encodings."""
    for endian, explicit in (("<", True), ("<", False), (">", True)):
        if _elements(head, size, endian, explicit, wanted=3):
            return Kind("dicom-no-preamble", "yes")
    return None


_FIRST_GROUPS = (2, 8)


def _elements(head: bytes, size: int, endian: str, explicit: bool, wanted: int) -> bool:
    at, last, found = 0, 0, 0
    while found < wanted and at + 12 <= len(head):
        group, number = struct.unpack_from(f"{endian}HH", head, at)
        vr = head[at + 4 : at + 6]
        if not explicit:
            value, length = at + 8, struct.unpack_from(f"{endian}I", head, at + 4)[0]
        elif vr in LONG_VRS:
            value, length = at + 12, struct.unpack_from(f"{endian}I", head, at + 8)[0]
        elif vr in SHORT_VRS:
            value, length = at + 8, struct.unpack_from(f"{endian}H", head, at + 6)[0]
        else:
            return False
        tag = group << 16 | number
        if (not found and group not in _FIRST_GROUPS) or tag <= last or value + length > size:
            return False
        at, last, found = value + length, tag, found + 1
    return found > 0 and (found == wanted or at == size)


_ORTHANC_MAGIC, _ORTHANC_OVERHEAD, _LARGEST_KEY_ID = b"A1", 118, 0xFFFF


def _orthanc_encrypted(head: bytes, size: int) -> Kind | None:
    """Magic, master key id, wrapped IV and data key, AES-256-GCM; two bytes alone would prove nothing."""
    key_id = int.from_bytes(head[2:6], "little")
    if not head.startswith(_ORTHANC_MAGIC) or not 0 < key_id <= _LARGEST_KEY_ID or size <= _ORTHANC_OVERHEAD:
        return None
    return Kind("encrypted-orthanc", "no", "AES-256-GCM") if _is_high_entropy(head) else None


_SAMPLE = slice(256, 256 + 8192)
_LEAST_SAMPLE = 1024
_HIGH = 0.975
"""Share of the most entropy that a sample of its size can have; random bytes and archives lie above."""


def _is_high_entropy(head: bytes) -> bool:
    sample = head[_SAMPLE]
    if len(sample) < _LEAST_SAMPLE:
        return False
    total = len(sample)
    bits = -sum(n / total * math.log2(n / total) for n in Counter(sample).values())
    return bits > _HIGH * 8
