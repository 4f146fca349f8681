"""`cryptsetup luksDump`: how one LUKS1 or LUKS2 device is encrypted. Salts and digests are not read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from riskkit.declare import reader
from riskkit.model import Batch, Context, Member
from riskkit.readers.documents import DocumentError, refused
from riskkit.readers.items import gather
from riskkit.readers.listeners import host_of
from riskkit.readers.luks import argon2, device, pbkdf2, word
from riskkit.readers.texts import head_text, load_text

_TITLE = re.compile(r"\s*LUKS header information(?: for (\S+))?[ \t]*\r?\n")
_FIELD = re.compile(r"([A-Za-z][A-Za-z0-9 ]*):\s*(.*?)\s*(?:\[bytes\])?")
_PART = re.compile(r"(?m)^(?=Data segments:|Keyslots:|Tokens:|Digests:|Key Slot \d+:)")
_ENTRY = re.compile(r"(?m)^  (?=\d+: )")
_UUID = re.compile(r"[0-9a-fA-F-]{36}")

Fields = Mapping[str, str]


def _recognize(head: bytes, _name: str) -> bool:
    return _TITLE.match(head_text(head)) is not None


@reader(
    id="luks_dump",
    title="cryptsetup luksDump of a device",
    version=1,
    tables=("storage_assets",),
    recognize=_recognize,
    offset_unit="item",
)
def read(member: Member, _context: Context) -> Iterator[Batch]:
    """One row; the host is told by the file's name (`luksdump-HOST.txt`), the device by path or UUID.

    The weakest key slot counts, so all kinds of derivation are named.
    """
    try:
        text = load_text(member)
    except DocumentError as error:
        yield refused("storage_assets", error, member)
        return
    host = host_of(member.name, "luksdump|cryptsetup")
    yield gather("storage_assets", member, [text], lambda item: _row(host, item))


def _row(host: str, text: str) -> Mapping[str, object]:
    title = _TITLE.match(text)
    if title is None:
        raise ValueError
    head, *parts = _PART.split(text[title.end() :])
    header = _fields(head)
    uuid = header["UUID"]
    if not _UUID.fullmatch(uuid):
        raise ValueError
    container = f"luks-{uuid.casefold()}"
    name = title[1] or container
    if header["Version"] == "1":
        return device(host, name, 1, *_luks1(header, parts), container=container)
    if header["Version"] == "2":
        return device(host, name, 2, *_luks2(parts), container=container)
    raise ValueError


def _luks1(header: Fields, parts: Sequence[str]) -> tuple[list[str], int, list[str]]:
    slots = [_fields(part) for part in parts if re.match(r"Key Slot \d+: ENABLED", part)]
    kdfs = [pbkdf2(header["Hash spec"], slot["Iterations"]) for slot in slots]
    return [word(f"{header['Cipher name']}-{header['Cipher mode']}")], _bits(header["MK bits"]), kdfs


def _luks2(parts: Sequence[str]) -> tuple[list[str], int | None, list[str]]:
    listed = {part.partition(":")[0]: _ENTRY.split(part)[1:] for part in parts}
    slots = [_fields(entry) for entry in listed["Keyslots"]]
    segments = listed["Data segments"]
    ciphers = [
        word(_fields(entry)["cipher"]) if re.match(r"\d+: (?:crypt|hw-opal-crypt)\b", entry) else _kind(entry)
        for entry in segments
    ]
    bits = [_bits(slot["Key"]) for slot in slots if "Key" in slot]
    return ciphers, max(bits, default=None), [_kdf(slot) for slot in slots if "PBKDF" in slot]


def _kind(entry: str) -> str:
    return word(re.sub(r"^\d+: (\S+)[\s\S]*", r"\1", entry))


def _kdf(slot: Fields) -> str:
    if slot["PBKDF"] == "pbkdf2":
        return pbkdf2(slot["Hash"], slot["Iterations"])
    return argon2(slot["PBKDF"], slot["Time cost"], slot["Memory"], slot["Threads"])


def _bits(text: str) -> int:
    return int(re.sub(r" bits$", "", text)) if re.fullmatch(r"\d{1,5}(?: bits)?", text) else int("")


def _fields(text: str) -> Fields:
    """Label and value of every line that has both; of a label that stands twice the first."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        if field := _FIELD.fullmatch(line.strip()):
            found.setdefault(field[1], field[2])
    return found
