"""`manage-bde -status`: the volumes of a Windows host, as text. Key protectors are not read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal

from riskkit.declare import reader
from riskkit.model import Batch, Context, Member
from riskkit.readers.bitlocker import volume
from riskkit.readers.documents import DocumentError, refused
from riskkit.readers.items import gather
from riskkit.readers.listeners import host_of
from riskkit.readers.texts import head_text, load_text
from riskkit.words import count

# Every language keeps the product's name and the version of Windows in the first line.
_TOOL = re.compile(r"\s*[^\n]{0,200}BitLocker[^\n]{0,200}\d+\.\d+\.\d{4,5}")
_ENGLISH = re.compile(r"\s*Volume \S+[^\n]*\n[\s\S]{0,400}?Conversion Status:")
_VOLUME = re.compile(
    r"(?m)^(?=\S.*?(?<![A-Za-z0-9])[A-Za-z]:[\"»”\u201c\u00a0 ]*(?:\[|$))|^(?=Volume \\\\\?)"
)
_LETTER = re.compile(r"(?<![A-Za-z0-9])([A-Za-z]:)|(\\\\\?\\Volume\{[0-9a-fA-F-]{36}\}\\?)")
_FIELD = re.compile(r"(?m)^\s+([A-Z][A-Za-z ]+):[ \t]+(\S.*?)\s*$")
_SIZE = re.compile(r"(\d{1,7}(?:\.\d{1,3})?) (MB|GB|TB)")
_UNITS = {"MB": 1 << 20, "GB": 1 << 30, "TB": 1 << 40}
NOT_ENGLISH = "the text is not the English one: add Get-BitLockerVolume | ConvertTo-Json"


def _recognize(head: bytes, _name: str) -> bool:
    text = head_text(head).lstrip("\ufeff")
    return bool((_TOOL.match(text) and _VOLUME.search(text)) or _ENGLISH.match(text))


@reader(
    id="manage_bde",
    title="manage-bde -status of a Windows host",
    version=1,
    tables=("storage_assets",),
    recognize=_recognize,
    offset_unit="item",
)
def read(member: Member, _context: Context) -> Iterator[Batch]:
    """One row per volume; in another language than English each is unknown, and a note says so.

    The host is told by the file's name (`manage-bde-HOST.txt`).
    """
    try:
        text = load_text(member)
    except DocumentError as error:
        yield refused("storage_assets", error, member)
        return
    host = host_of(member.name, "manage-bde|manage_bde|bitlocker")
    blocks = [block for block in _VOLUME.split(text)[1:] if block]
    foreign = [block for block in blocks if "conversion status" not in map(str.casefold, _fields(block))]
    notes = (f"{count(len(foreign), 'volume')}: {NOT_ENGLISH}",) if foreign else ()
    yield gather("storage_assets", member, blocks, lambda block: _row(host, block), notes=notes)


def _row(host: str, block: str) -> Mapping[str, object]:
    letter = _LETTER.search(block.splitlines()[0])
    if letter is None:
        raise ValueError
    fields = _fields(block)
    found = volume(
        host,
        letter[0].upper() if letter[1] else letter[0],
        fields.get("Conversion Status", ""),
        fields.get("Protection Status", ""),
        fields.get("Encryption Method", ""),
        _size(fields.get("Size", "")),
    )
    return found if "Conversion Status" in fields else {**found, "reason": NOT_ENGLISH}


def _fields(block: str) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for field in _FIELD.finditer(block.partition("Key Protectors:")[0]):
        found.setdefault(field[1], field[2])
    return found


def _size(text: str) -> int | None:
    size = _SIZE.fullmatch(text)
    return int(Decimal(size[1]) * _UNITS[size[2]]) if size else None
