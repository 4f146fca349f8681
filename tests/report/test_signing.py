"""Who signed a report: a key outside of the pack, and nobody else's signature holds."""

import os
import shutil
import subprocess

import pytest

from riskkit.errors import SettingsError
from riskkit.report.signing import (
    check_signature,
    make_signing_key,
    public_pem,
    read_fingerprint,
    read_signing_key,
)


@pytest.fixture
def key(tmp_path):
    make_signing_key(tmp_path / "keys" / "signing.pem")
    return tmp_path / "keys" / "signing.pem"


def test_a_key_is_made_once(tmp_path, key):
    """The private half is its owner's alone, and is not overwritten."""
    if os.name == "posix":
        assert key.stat().st_mode & 0o777 == 0o600
    with pytest.raises(SettingsError, match="a key is there already"):
        make_signing_key(key)
    assert b"PRIVATE" not in key.with_name("signing.pem.pub").read_bytes()


def test_a_signature_holds_for_its_bytes_and_key(key):
    """Any bit of manifest, signature or key that differs, and it does not."""
    private = read_signing_key(key, outside=[])
    content, pem = b'{"a": 1}\n', public_pem(private.public_key())
    signature = private.sign(content)
    fingerprint = check_signature(content, signature, pem)
    assert fingerprint == read_fingerprint(str(key.with_name("signing.pem.pub")))
    assert fingerprint == read_fingerprint(fingerprint.upper())
    for place in range(len(content)):
        assert check_signature(_flip(content, place), signature, pem) is None
    for place in range(len(signature)):
        assert check_signature(content, _flip(signature, place), pem) is None
    for place in range(len(pem)):
        for bit in (1, 2, 32):
            assert check_signature(content, signature, _flip(pem, place, bit)) is None, (place, bit)


def _flip(content, place, bit=1):
    changed = bytearray(content)
    changed[place] ^= bit
    return bytes(changed)


@pytest.mark.parametrize("where", ["inside", "by a link", "linked to"])
def test_a_key_inside_the_pack_is_refused(tmp_path, key, where):
    """Whoever gets the pack could sign: also when a link leads in or out."""
    pack = tmp_path / "pack"
    pack.mkdir()
    named = pack / "signing.pem"
    if where == "inside":
        shutil.copy(key, named)
    elif where == "linked to":
        named.symlink_to(key)
    else:
        shutil.move(key, named)
        named = tmp_path / "elsewhere.pem"
        named.symlink_to(pack / "signing.pem")
    with pytest.raises(SettingsError, match="lies inside the pack"):
        read_signing_key(named, outside=[pack])


def test_what_is_no_signing_key_is_refused(tmp_path, key):
    """No file, no PEM, a key of another kind, a key that others may read: each with what to do."""
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    with pytest.raises(SettingsError, match="riskkit key --signing"):
        read_signing_key(tmp_path / "none.pem", outside=[])
    other = tmp_path / "other.pem"
    other.touch(mode=0o600)
    with pytest.raises(SettingsError, match="no private key in PEM"):
        read_signing_key(other, outside=[])
    made = ec.generate_private_key(ec.SECP256R1())
    other.write_bytes(made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(SettingsError, match="no Ed25519 key"):
        read_signing_key(other, outside=[])
    if os.name == "posix":
        key.chmod(0o640)
        with pytest.raises(SettingsError, match="others may read"):
            read_signing_key(key, outside=[])
    with pytest.raises(SettingsError, match="neither a fingerprint"):
        read_fingerprint("somebody")


@pytest.mark.skipif(not shutil.which("openssl"), reason="needs openssl")
def test_openssl_agrees(tmp_path, key):
    """What is written can be verified without riskkit."""
    private = read_signing_key(key, outside=[])
    (tmp_path / "manifest.json").write_bytes(b"{}\n")
    (tmp_path / "manifest.json.sig").write_bytes(private.sign(b"{}\n"))
    (tmp_path / "manifest.json.pub").write_bytes(public_pem(private.public_key()))
    done = subprocess.run(
        ["openssl", "pkeyutl", "-verify", "-rawin", "-in", "manifest.json", "-sigfile", "manifest.json.sig",
         "-pubin", "-inkey", "manifest.json.pub"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, "Verified Successfully" in done.stdout) == (0, True), done.stderr
