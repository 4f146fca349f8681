"""`restic cat config`: that a repository is one of restic's, whose format knows no unencrypted form."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from riskkit.declare import reader
from riskkit.model import Batch, Context, Member
from riskkit.readers.borg_json import BESIDE
from riskkit.readers.documents import DocumentError, load_json, refused
from riskkit.readers.items import gather, named
from riskkit.readers.texts import has_keys

FORMATS = (1, 2)
"""Versions of the repository format whose encryption its design document tells."""

_ID = re.compile(r"[0-9a-f]{64}", re.ASCII)


def _recognize(head: bytes, _name: str) -> bool:
    return has_keys(head, "version", "id", "chunker_polynomial")


@reader(
    id="restic_config",
    title="restic cat config of a repository",
    version=1,
    tables=("storage_assets",),
    recognize=_recognize,
    offset_unit="item",
)
def read(member: Member, _context: Context) -> Iterator[Batch]:
    """One row: the repository, by the begin of its id, as restic shortens it.

    Encryption is part of the format: AES-256-CTR with Poly1305-AES, the master key in the repository under
    a password (scrypt), says restic's design document. An unknown version is unknown.
    """
    try:
        content = load_json(member)
        if not isinstance(content, dict):
            raise DocumentError("json_malformed", "no object")
    except DocumentError as error:
        yield refused("storage_assets", error, member)
        return
    yield gather("storage_assets", member, [content], _row)


def _row(config: Mapping[str, Any]) -> Mapping[str, object]:
    identifier, version = named(config, "id"), config["version"]
    if not _ID.fullmatch(identifier) or type(version) is not int:
        raise ValueError
    known = version in FORMATS
    return {
        "asset_id": f"restic repository {identifier[:8]}",
        "kind": "backup",
        "encrypted": "yes" if known else "unknown",
        "method": "restic AES-256-CTR Poly1305-AES" if known else None,
        "key_bits": 256 if known else None,
        "kdf": "scrypt" if known else None,
        "key_location": BESIDE if known else None,
        "reason": None if known else "the version of the repository format is not known",
    }
