"""`cryptsetup luksDump --dump-json-metadata`: how a LUKS2 device is encrypted, without salts and digests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from riskkit.declare import reader
from riskkit.model import Batch, Context, Member
from riskkit.readers.documents import DocumentError, load_json, refused
from riskkit.readers.items import gather, one_or_many
from riskkit.readers.listeners import host_of
from riskkit.readers.luks import argon2, device, pbkdf2, word
from riskkit.readers.texts import has_keys


def _recognize(head: bytes, _name: str) -> bool:
    return has_keys(head, "keyslots", "segments", "digests")


@reader(
    id="luks_metadata",
    title="cryptsetup luksDump --dump-json-metadata of a LUKS2 device",
    version=1,
    tables=("storage_assets",),
    recognize=_recognize,
    offset_unit="item",
)
def read(member: Member, _context: Context) -> Iterator[Batch]:
    """One row; the metadata holds neither device nor UUID: `luksdump-HOST-DEVICE.json` tells both.

    Segments that only back up another (`backup-...` flags of a reencryption) hold no data of their own.
    """
    try:
        documents = one_or_many(load_json(member))
    except DocumentError as error:
        yield refused("storage_assets", error, member)
        return
    host, _, name = host_of(member.name, "luksdump|cryptsetup").partition("-")
    yield gather("storage_assets", member, documents, lambda item: _row(host, name or "LUKS2 device", item))


def _row(host: str, name: str, document: Mapping[str, Any]) -> Mapping[str, object]:
    segments = [
        segment
        for segment in document["segments"].values()
        if not any(str(flag).startswith("backup-") for flag in segment.get("flags", []))
    ]
    slots = list(document["keyslots"].values())
    bits = [8 * _bytes(slot["key_size"]) for slot in slots if slot.get("type") == "luks2"]
    return device(
        host,
        name,
        2,
        [word(segment["encryption"] if "encryption" in segment else segment["type"]) for segment in segments],
        max(bits, default=None),
        [_kdf(slot["kdf"]) for slot in slots if "kdf" in slot],
    )


def _kdf(kdf: Mapping[str, Any]) -> str:
    if kdf["type"] == "pbkdf2":
        return pbkdf2(kdf["hash"], kdf["iterations"])
    return argon2(kdf["type"], kdf["time"], kdf["memory"], kdf["cpus"])


def _bytes(size: object) -> int:
    if not isinstance(size, int) or isinstance(size, bool) or not 0 < size <= 512:  # noqa: PLR2004
        raise ValueError
    return size
