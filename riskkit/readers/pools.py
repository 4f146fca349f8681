"""How block devices that are part of ZFS pools and the data sets of a host are joined."""

from __future__ import annotations

POOL = "ZFS"
"""The method of a device in a pool: its data sets, not the device, are encrypted."""


def pools_of(host: str) -> str:
    """The container of all pools of a host: which device is in which pool, lsblk does not show."""
    return f"zfs-{host}"
