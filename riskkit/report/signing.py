"""Ed25519 signatures of manifests (RFC 8032), in files that OpenSSL reads too.

`manifest.json.sig` holds the 64 bytes, `manifest.json.pub` the public key as PEM. The same key and the
same manifest give the same signature.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from riskkit.errors import SettingsError
from riskkit.pseudonyms import key_folder, write_key
from riskkit.report.folder import MANIFEST

SIGNATURE, PUBLIC_KEY = f"{MANIFEST}.sig", f"{MANIFEST}.pub"

KEY_VARIABLE = "RISKKIT_SIGNING_KEY"
"""Environment variable that names the key file."""

_OTHERS = 0o077
_HEX_DIGITS = 64


def default_signing_key() -> Path:
    """Where a signing key is made unless another place is named: beside the site's key."""
    return key_folder() / "signing.pem"


def make_signing_key(path: Path) -> str:
    """Write a new private key (mode 0600) and PATH.pub beside it; returns the public key's fingerprint.

    Raises SettingsError rather than overwrite a key.
    """
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_key(path, private, keep="Keep it: earlier reports are signed with it")
    path.with_name(f"{path.name}.pub").write_bytes(public_pem(key.public_key()))
    return fingerprint(key.public_key())


def read_signing_key(path: Path, *, outside: Iterable[Path]) -> Ed25519PrivateKey:
    """The private key of a file (PKCS #8, PEM, no passphrase).

    Raises SettingsError when it is none, when others may read it, or when it lies inside one of the
    folders `outside`, such as the evidence pack: whoever gets the pack could sign.
    """
    if not path.is_file():
        raise SettingsError(
            "there is no signing key", file=path, do=f"Make one with `riskkit key --signing {path}`"
        )
    for folder in outside:
        if path.resolve().is_relative_to(folder.resolve()) or path.absolute().is_relative_to(
            folder.absolute()
        ):
            raise SettingsError(
                "the signing key lies inside the pack, the work folder or the report",
                file=path,
                do="Move it out",
            )
    if os.name == "posix" and path.stat().st_mode & _OTHERS:
        raise SettingsError("others may read the signing key", file=path, do=f"Run `chmod 600 {path}`")
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise SettingsError(
            "is no private key in PEM without a passphrase", file=path, do="Make one: `riskkit key --signing`"
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise SettingsError("is no Ed25519 key", file=path, do="Make one: `riskkit key --signing`")
    return key


def public_pem(key: Ed25519PublicKey) -> bytes:
    """A public key as PEM (SubjectPublicKeyInfo)."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def fingerprint(key: Ed25519PublicKey) -> str:
    """SHA-256, in hex, of a public key's SubjectPublicKeyInfo (DER)."""
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()


def read_fingerprint(named: str) -> str:
    """The fingerprint that somebody named: 64 hex digits, or a file with the public key.

    Raises SettingsError when it is neither.
    """
    digits = named.replace(":", "").casefold()
    if len(digits) == _HEX_DIGITS and not set(digits) - set("0123456789abcdef"):
        return digits
    try:
        key = load_pem_public_key(Path(named).read_bytes())
    except (OSError, ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise SettingsError(
            "is neither a fingerprint of 64 hex digits nor a public Ed25519 key in PEM", file=named
        )
    return fingerprint(key)


def check_signature(manifest: bytes, signature: bytes, pem: bytes) -> str | None:
    """The fingerprint of the key that signed a manifest; None when the signature does not hold.

    The key's file must be as `public_pem` writes it, so that no byte of it can change unseen.
    """
    try:
        key = load_pem_public_key(pem)
        if not isinstance(key, Ed25519PublicKey) or public_pem(key) != pem:
            return None
        key.verify(signature, manifest)
    except (ValueError, InvalidSignature, UnsupportedAlgorithm):
        return None
    return fingerprint(key)
