"""Keys stay out of the pack; surrogates cannot be followed from one period to the next."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from riskkit.errors import SettingsError
from riskkit.pseudonyms import KEY_VARIABLE, fingerprint, make_key, site_key, surrogate


@pytest.fixture
def key_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "outside" / "site.key"
    monkeypatch.setenv(KEY_VARIABLE, str(path))
    return path


def test_no_key_is_a_clear_error(tmp_path: Path, key_file: Path) -> None:
    """The error says how to make one."""
    with pytest.raises(SettingsError, match="riskkit key"):
        site_key(tmp_path, synthetic=False)


def test_a_made_key_is_private_and_used(tmp_path: Path, key_file: Path) -> None:
    """The key is random, mode 0600, and never overwritten."""
    make_key(key_file)
    pack = tmp_path / "pack"
    pack.mkdir()
    assert len(site_key(pack, synthetic=False)) >= 32
    if os.name == "posix":
        assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    with pytest.raises(SettingsError, match="there already"):
        make_key(key_file)


def test_a_key_inside_the_pack_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever gets the pack must not get the key with it."""
    monkeypatch.setenv(KEY_VARIABLE, str(tmp_path / "pack" / "site.key"))
    make_key(tmp_path / "pack" / "site.key")
    with pytest.raises(SettingsError, match="inside the pack"):
        site_key(tmp_path / "pack", synthetic=False)


def test_a_short_key_is_refused(tmp_path: Path, key_file: Path) -> None:
    """A key that can be guessed protects nobody."""
    key_file.parent.mkdir()
    key_file.write_text("secret")
    with pytest.raises(SettingsError, match="shorter"):
        site_key(tmp_path / "pack", synthetic=False)


def test_surrogates_and_fingerprints() -> None:
    """A surrogate holds within a period only; a fingerprint holds for ever; both need the key."""
    one, two = b"1" * 32, b"2" * 32
    assert surrogate(one, "2026-10", "user", "x") == surrogate(one, "2026-10", "user", "x")
    assert surrogate(one, "2026-10", "user", "x") != surrogate(one, "2026-09", "user", "x")
    assert surrogate(one, "2026-10", "user", "x") != surrogate(two, "2026-10", "user", "x")
    assert fingerprint(one, "x") != fingerprint(two, "x")
    assert len(fingerprint(one, "x")) == 16
