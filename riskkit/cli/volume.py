"""Whether a folder lies on an encrypted volume, as far as Linux shows it."""

from __future__ import annotations

import os
from pathlib import Path

import click

BLOCK = Path("/sys/dev/block")


def is_encrypted(path: Path, *, block: Path = BLOCK) -> bool | None:
    """True when dm-crypt lies under the folder's device, False when the whole stack is visible without it.

    None where that cannot be seen: network and container file systems, other operating systems.
    """
    try:
        device = path.stat().st_dev
    except OSError:
        return None
    node = block / f"{os.major(device)}:{os.minor(device)}"
    return _crypt(node.resolve()) if node.exists() else None


def _crypt(node: Path) -> bool:
    uuid = node / "dm" / "uuid"
    if uuid.is_file() and uuid.read_text(encoding="ascii", errors="replace").startswith("CRYPT-"):
        return True
    below = sorted((node / "slaves").iterdir()) if (node / "slaves").is_dir() else []
    return bool(below) and all(_crypt(child.resolve()) for child in below)


def warn_if_plain(path: Path, *, synthetic: bool = False) -> None:
    """Tell the analyst when real evidence lies on a volume that is visibly not encrypted."""
    if not synthetic and is_encrypted(path) is False:
        click.echo(
            f"warning: {path} lies on a volume without encryption. Evidence holds ePHI: move it.",
            err=True,
        )
