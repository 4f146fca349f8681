"""Surrogates and fingerprints: keyed, so that nobody without the site's key can guess who is meant."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from riskkit.errors import SettingsError

KEY_VARIABLE = "RISKKIT_SITE_KEY"
"""Environment variable that names the key file."""

PUBLIC_SAMPLE_KEY = hashlib.sha256(b"riskkit sample evidence, not secret").digest()
"""The key of simulated packs, which hold nobody's data."""

KEY_BYTES = 32


def default_key_file() -> Path:
    """Where the site's key lies unless RISKKIT_SITE_KEY names another place: outside every pack."""
    return key_folder() / "site.key"


def key_folder() -> Path:
    """Where keys are made unless another place is named."""
    configuration = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(configuration) / "riskkit"


def site_key(pack: Path, *, synthetic: bool) -> bytes:
    """The site's key, at least 32 bytes; the public one for a synthetic pack.

    Raises SettingsError when there is none, when it is short or lies inside the pack.
    """
    if synthetic:
        return PUBLIC_SAMPLE_KEY
    named = os.environ.get(KEY_VARIABLE)
    path = Path(named) if named else default_key_file()
    if not path.is_file():
        raise SettingsError(
            "there is no site key, so nobody can be shown under a surrogate",
            file=path,
            do=f"Make one with `riskkit key {path}` and keep it outside the pack",
        )
    if path.resolve().is_relative_to(pack.resolve()):
        raise SettingsError(
            "the site key lies inside the pack",
            file=path,
            do="Move it out and set RISKKIT_SITE_KEY",
        )
    key = path.read_bytes().strip()
    if len(key) < KEY_BYTES:
        raise SettingsError(f"the site key is shorter than {KEY_BYTES} bytes", file=path, do="Make a new one")
    return key


def make_key(path: Path) -> None:
    """Write a new random key, mode 0600; raises SettingsError rather than overwrite one."""
    write_key(path, secrets.token_hex(KEY_BYTES).encode(), keep="Keep it: surrogates depend on it")


def write_key(path: Path, content: bytes, *, keep: str) -> None:
    """Write a secret into a new file, mode 0600.

    Raises SettingsError rather than overwrite one; `keep` then says why it is to be kept.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError as error:
        raise SettingsError("a key is there already", file=path, do=keep) from error
    with os.fdopen(handle, "wb") as file:
        file.write(content)


def fingerprint(key: bytes, text: str) -> str:
    """16 hex digits that stand for `text` in every period (HMAC-SHA-256, truncated to 64 bits)."""
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()[:16]


def surrogate(key: bytes, period: str, kind: str, value: str) -> str:
    """A name such as `user-3F9A2C71` for one value, stable within a period, not linkable between periods."""
    digest = hmac.new(key, f"{period}\x1f{kind}\x1f{value}".encode(), hashlib.sha256).hexdigest()
    return f"{kind}-{digest[:8].upper()}"
