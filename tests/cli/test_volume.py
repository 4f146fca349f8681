"""Whether a volume is encrypted is told only where the whole stack can be seen."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from riskkit.cli.volume import is_encrypted, warn_if_plain


def device(block: Path, path: Path) -> Path:
    number = path.stat().st_dev
    node = block / f"{os.major(number)}:{os.minor(number)}"
    node.mkdir(parents=True)
    return node


def mapped(block: Path, node: Path, name: str, uuid: str) -> Path:
    below = block / name
    (below / "dm").mkdir(parents=True)
    (below / "dm" / "uuid").write_text(uuid)
    (node / "slaves").mkdir(exist_ok=True)
    (node / "slaves" / name).symlink_to(below)
    return below


def test_crypt_below_lvm(tmp_path: Path) -> None:
    """dm-crypt anywhere under the volume protects it."""
    node = device(tmp_path / "block", tmp_path)
    mapped(tmp_path / "block", node, "dm-1", "CRYPT-LUKS2-x")
    assert is_encrypted(tmp_path, block=tmp_path / "block") is True


def test_one_plain_leg_is_plain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A volume that lies half on a plain disk is not encrypted, and the analyst is told."""
    node = device(tmp_path / "block", tmp_path)
    mapped(tmp_path / "block", node, "dm-1", "CRYPT-LUKS2-x")
    mapped(tmp_path / "block", node, "dm-2", "LVM-x")
    assert is_encrypted(tmp_path, block=tmp_path / "block") is False


def test_what_cannot_be_seen_is_not_claimed(tmp_path: Path) -> None:
    """A network file system has no block device here: neither yes nor no."""
    assert is_encrypted(tmp_path, block=tmp_path / "nothing") is None
    assert is_encrypted(tmp_path / "gone") is None


def test_the_warning_names_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Silence where it is fine or unknown, one line where it is not."""
    monkeypatch.setattr("riskkit.cli.volume.is_encrypted", lambda path: None)
    warn_if_plain(tmp_path)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("riskkit.cli.volume.is_encrypted", lambda path: False)
    warn_if_plain(tmp_path)
    assert str(tmp_path) in capsys.readouterr().err
