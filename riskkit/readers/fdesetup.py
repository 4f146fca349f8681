"""`fdesetup status`: whether FileVault protects the start volume of a Mac."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from riskkit.declare import reader
from riskkit.model import Batch, Context, Member
from riskkit.readers.documents import DocumentError, refused
from riskkit.readers.items import gather
from riskkit.readers.listeners import host_of
from riskkit.readers.texts import head_text, load_text

_STATUS = re.compile(r"\s*FileVault is (On|Off)\b[^\n]*")
_CONVERTING = re.compile(r"(?m)^\s*(Encryption|Decryption) in progress")


def _recognize(head: bytes, _name: str) -> bool:
    return _STATUS.match(head_text(head).lstrip("\ufeff")) is not None


@reader(
    id="fdesetup",
    title="fdesetup status of a Mac",
    version=1,
    tables=("storage_assets",),
    recognize=_recognize,
    offset_unit="item",
)
def read(member: Member, _context: Context) -> Iterator[Batch]:
    """One row, for the start volume; while it is being encrypted or decrypted it is not encrypted.

    The host is told by the file's name (`fdesetup-HOST.txt`).
    """
    try:
        text = load_text(member)
    except DocumentError as error:
        yield refused("storage_assets", error, member)
        return
    host = host_of(member.name, "fdesetup|filevault")
    yield gather("storage_assets", member, [text], lambda item: _row(host, item))


def _row(host: str, text: str) -> Mapping[str, object]:
    status = _STATUS.match(text.lstrip("\ufeff"))
    if status is None:
        raise ValueError
    converting = _CONVERTING.search(text) is not None
    encrypted = status[1] == "On" and not converting
    return {
        "asset_id": f"{host}:/",
        "system_id": host,
        "kind": "volume",
        "mountpoint": "/",
        "encrypted": "yes" if encrypted else "no",
        "method": "FileVault" if encrypted else None,
        "reason": "it is not encrypted in full" if converting else None,
    }
