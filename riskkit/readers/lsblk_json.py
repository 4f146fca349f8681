"""`lsblk -J`: the block devices of a Linux host, and which mounted file systems lie on dm-crypt."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from riskkit.declare import reader
from riskkit.model import Batch, Context, Member
from riskkit.readers.documents import DocumentError, load_json, refused
from riskkit.readers.listeners import host_of
from riskkit.readers.pools import POOL, pools_of
from riskkit.tables import TABLES

DEEPEST = 64
NO_PHI = re.compile(r"/(?:boot|efi)(?:/.*)?|/snap/.*")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MOUNTS = frozenset({"mountpoint", "mountpoints"})
_ESP = "c12a7328-f81f-11d2-ba4b-00a0c93ec93b"
"""PARTTYPE of what a computer starts from (UEFI specification, table 5.6)."""

LEAST_BYTES = 2 << 20
"""Smaller devices without a file system hold no study: the 1 MiB of a boot loader, extended partitions."""

BELOW_A_PLACE = "holds what is listed"
"""Of an ignored device: its partitions and volumes are listed below it."""
EMPTY = "holds nothing"
A_FILE = "a file of a listed place"
_ASSETS = TABLES["storage_assets"]


@dataclass
class _Device:
    """One device, however many parents show it; it is covered when every way to it is."""

    node: Mapping[str, Any]
    covers: list[Mapping[str, Any] | None] = field(default_factory=list)
    known: bool = True


def _recognize(head: bytes, _name: str) -> bool:
    return re.match(rb'(?:\xef\xbb\xbf)?\s*\{\s*"blockdevices"\s*:', head) is not None


@reader(
    id="lsblk_json",
    title="lsblk -J of a Linux host",
    version=1,
    tables=("storage_assets",),
    recognize=_recognize,
    offset_unit="item",
)
def read(member: Member, _context: Context) -> Iterator[Batch]:
    """One row per mount point of a device, and one for a device that is not mounted and has none below it.

    Such a device may hold images as well as a mounted one: what lies in it is not told. Covered means
    that dm-crypt (type `crypt`, or a parent of type `crypto_LUKS`) lies on every way from the disk to the
    file system. Encryption below the host (array, hypervisor) is not visible here.
    """
    try:
        devices = _devices(member)
    except DocumentError as error:
        yield refused("storage_assets", error, member)
        return
    if devices and not any(_MOUNTS & device.node.keys() for device in devices):
        yield refused(
            "storage_assets", DocumentError("missing_required", "MOUNTPOINTS was not exported"), member
        )
        return
    host = host_of(member.name, "lsblk")
    rows, ignored = [], Counter[str]()
    for number, device in enumerate(devices):
        mounts: list[str | None] = list(_mounts(device.node))
        if not mounts:
            if why := _no_place(device.node):
                ignored[why] += 1
                continue
            mounts = [None]
        for n, mount in enumerate(mounts):
            rows.append({**_row(host, mount, device), "source": member.name, "offset": number, "n": n})
    yield Batch(
        "storage_assets",
        _ASSETS.rows(rows),
        records=len(devices),
        accepted=len(devices) - ignored.total(),
        ignored=dict(ignored),
    )


def _no_place(node: Mapping[str, Any]) -> str | None:
    """Why a device that is not mounted is no place of its own; None where data may rest on it."""
    if node.get("children"):
        return BELOW_A_PLACE
    if node.get("fstype"):
        return None
    if node.get("type") == "loop":
        return A_FILE
    size = _size(node.get("size"))
    return EMPTY if node.get("type") == "rom" or (size is not None and size < LEAST_BYTES) else None


def _devices(member: Member) -> list[_Device]:
    content = load_json(member)
    listed = content.get("blockdevices") if isinstance(content, dict) else None
    found: dict[str, _Device] = {}
    _walk(listed, None, known=True, depth=0, found=found)
    return list(found.values())


def _walk(
    nodes: Any, cover: Mapping[str, Any] | None, *, known: bool, depth: int, found: dict[str, _Device]
) -> None:
    if not isinstance(nodes, list) or depth > DEEPEST:
        raise DocumentError("json_malformed", "the devices are not listed as lsblk does")
    for node in nodes:
        if not isinstance(node, dict) or not isinstance(node.get("name"), str):
            raise DocumentError("json_malformed", "the devices are not listed as lsblk does")
        here = cover or (node if _encrypts(node) else None)
        told = known and ("type" in node or "fstype" in node)
        device = found.setdefault(str(node.get("kname") or node["name"]), _Device(node))
        device.covers.append(here)
        device.known = device.known and told
        below = node.get("children")
        if below is not None:
            _walk(below, here, known=told, depth=depth + 1, found=found)


def _encrypts(node: Mapping[str, Any]) -> bool:
    return node.get("fstype") == "crypto_LUKS" or node.get("type") == "crypt"


def _how(cover: Mapping[str, Any]) -> dict[str, object]:
    """LUKS, its version and its header's UUID, or dm-crypt without LUKS."""
    if cover.get("fstype") != "crypto_LUKS":
        return {"method": "dm-crypt"}
    version, uuid = cover.get("fsver"), str(cover.get("uuid")).casefold()
    return {
        "method": f"LUKS{version}" if version in {"1", "2"} else "LUKS",
        "container": f"luks-{uuid}" if _UUID.fullmatch(uuid) else None,
    }


def _mounts(node: Mapping[str, Any]) -> list[str]:
    many = node.get("mountpoints")
    listed = many if isinstance(many, list) else [node.get("mountpoint")]
    return [mount for mount in listed if isinstance(mount, str) and mount]


def _row(host: str, mount: str | None, device: _Device) -> dict[str, object]:
    swap = mount == "[SWAP]" or (mount is None and device.node.get("fstype") == "swap")
    no_phi = mount is not None and NO_PHI.fullmatch(mount)
    starts = str(device.node.get("parttype")).casefold() == _ESP
    encrypted, reason = _judged(device, mounted=mount is not None)
    return {
        "asset_id": f"{host}:{device.node['name'] if swap or mount is None else mount}",
        "system_id": host,
        "kind": "swap" if swap else "volume",
        "mountpoint": None if swap else mount,
        "holds_phi": False if no_phi or starts else None,
        "size_bytes": _size(device.node.get("size")),
        "encrypted": encrypted,
        "reason": reason,
        **(_how(device.covers[0]) if encrypted == "yes" and device.covers[0] else {}),
        **(_pool(host) if mount is None and device.node.get("fstype") == "zfs_member" else {}),
    }


def _pool(host: str) -> dict[str, object]:
    """A part of a pool, whose data sets are listed by `zfs get` of the host."""
    return {"method": POOL, "container": pools_of(host)}


def _judged(device: _Device, *, mounted: bool) -> tuple[str, str | None]:
    """Whether a device is encrypted; why that is unknown, or that it is not mounted."""
    if all(device.covers):
        return "yes", None
    if why := _why_unknown(device, mounted=mounted):
        return "unknown", why
    return "no", None if mounted else "it is not mounted, and what lies on it can be read by who takes it"


def _why_unknown(device: _Device, *, mounted: bool) -> str | None:
    if not device.known:
        return "the export names neither type nor file system"
    system = device.node.get("fstype")
    if str(system).startswith("zfs"):
        return "ZFS encrypts by itself: add `zfs get encryption`"
    if not mounted and not system:
        return "it is not mounted, and no file system is shown"
    if not mounted and str(system).casefold().endswith(("_member", "bitlocker")):
        return f"it is part of something else ({system}) that is not open on this host"
    if device.node["name"].startswith("zram"):
        return "zram is memory; whether it is written back to a disk is not shown"
    return None


def _size(value: Any) -> int | None:
    text = str(value)
    return int(text) if re.fullmatch(r"\d{1,18}", text, re.ASCII) else None
