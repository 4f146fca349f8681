"""`zfs get -j` and `zfs get -Hp`: which data sets of a ZFS host are encrypted, and where their keys lie."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from riskkit.declare import reader
from riskkit.model import Batch, Context, Member, Quarantined
from riskkit.readers.documents import DocumentError, load_json, refused
from riskkit.readers.items import IgnoredError, gather, whole
from riskkit.readers.listeners import host_of
from riskkit.readers.pools import pools_of
from riskkit.readers.texts import has_keys, head_text, load_text, outline
from riskkit.tables import TABLES

_CELLS = (3, 4)  # with or without the source of the value
_LINE = re.compile(r"(?m)^[^\t\r\n]+\tencryption\t(?:off|on|-|aes-\d{3}-[gc]cm)(?:\t|\r?$)")
_CIPHER = re.compile(r"aes-(\d{3})-[gc]cm")

Properties = Mapping[str, str]


def _recognize(head: bytes, _name: str) -> bool:
    if outline(head)[0]:
        return has_keys(head, "output_version", "datasets") and '"zfs get"' in head_text(head)
    return _LINE.search(head_text(head)) is not None


@reader(
    id="zfs_get",
    title="zfs get of a host, as JSON (-j) or columns (-Hp)",
    version=1,
    tables=("storage_assets",),
    recognize=_recognize,
    offset_unit="item",
)
def read(member: Member, _context: Context) -> Iterator[Batch]:
    """One row per file system or volume; a snapshot is encrypted as what it was taken of.

    The host is told by the file's name (`zfs-HOST.json`). A line that is none of the command's is
    quarantined.
    """
    with member.open() as stream:
        is_json = bool(outline(stream.read(64 << 10))[0])
    try:
        found, broken = _from_json(load_json(member)) if is_json else _from_lines(load_text(member))
    except DocumentError as error:
        yield refused("storage_assets", error, member)
        return
    host = host_of(member.name, "zfs[-_]get|zfs")
    yield gather("storage_assets", member, found.items(), lambda item: _row(host, *item))
    quarantined = tuple(Quarantined(line, "bad_framing") for line in broken)
    yield Batch("storage_assets", TABLES["storage_assets"].empty(), len(broken), 0, quarantined)


def _from_json(content: Any) -> tuple[Mapping[str, Any], list[int]]:
    datasets = content.get("datasets") if isinstance(content, dict) else None
    if not isinstance(datasets, dict):
        raise DocumentError("json_malformed", "datasets is no object")
    return {name: _properties(dataset) for name, dataset in datasets.items()}, []


def _properties(dataset: Any) -> Properties:
    """Value by property, the type of the data set among them; nothing of what is no data set."""
    if not isinstance(dataset, dict) or not isinstance(dataset.get("properties"), dict):
        return {}
    values = {
        name: str(found["value"])
        for name, found in dataset["properties"].items()
        if isinstance(found, dict) and "value" in found
    }
    return {"type": str(dataset.get("type", "")), **values}


def _from_lines(text: str) -> tuple[Mapping[str, Properties], list[int]]:
    found: dict[str, dict[str, str]] = {}
    broken = []
    for number, line in enumerate(text.splitlines(), start=1):
        cells = line.split("\t")
        if len(cells) in _CELLS and all(cells[:2]):
            found.setdefault(cells[0], {}).setdefault(cells[1], cells[2])
        elif line.strip():
            broken.append(number)
    return found, broken


def _row(host: str, name: str, properties: Properties) -> Mapping[str, object]:
    if "@" in name or "#" in name or properties.get("type", "").casefold() in {"snapshot", "bookmark"}:
        raise IgnoredError("snapshot or bookmark")
    value = properties.get("encryption", "")
    cipher = _CIPHER.fullmatch(value)
    encrypted = "yes" if cipher or value == "on" else "no" if value == "off" else "unknown"
    iterations = properties.get("pbkdf2iters", "")
    stretched = properties.get("keyformat") == "passphrase" and re.fullmatch(r"[1-9]\d{0,9}", iterations)
    mount = properties.get("mountpoint", "")
    return {
        "asset_id": f"{host}:{name}",
        "system_id": host,
        "kind": "volume",
        "mountpoint": mount if mount.startswith("/") else None,
        "size_bytes": whole(properties.get("used")),
        "encrypted": encrypted,
        "method": f"ZFS {value}" if encrypted == "yes" else None,
        "key_bits": int(cipher[1]) if cipher else None,
        "kdf": f"pbkdf2-sha1 {iterations} iterations" if stretched else None,
        "key_location": _location(host, properties.get("keylocation", "")) if encrypted == "yes" else None,
        "reason": "the value of encryption was not exported" if encrypted == "unknown" else None,
        "container": pools_of(host),
    }


def _location(host: str, value: str) -> str | None:
    """Where the key is read from: `file:///path` lies on the host, `prompt` is typed."""
    if value.startswith("file://"):
        return f"{host}:{value.removeprefix('file://')}"
    address = re.fullmatch(r"(https?://)(?:[^/@]*@)?([^?#]*).*", value)
    return address[1] + address[2] if address else value if value == "prompt" else None
