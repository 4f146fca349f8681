"""How places are encrypted, and where their keys lie."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.checks.conftest import Ask
from tests.evidence import results

WEAK = "encryption.weak_method"
BESIDE = "encryption.key_with_data"
ROTATED = "encryption.key_not_rotated"


def asset(name: str = "a", **columns: Any) -> dict[str, Any]:
    return {"asset_id": name, "system_id": "pacs", "kind": "volume", "encrypted": "yes", **columns}


@pytest.mark.parametrize(
    ("columns", "result", "severity"),
    [
        ({"method": "LUKS2 aes-xts-plain64", "key_bits": 256, "kdf": "argon2id time 4"}, "PASS", None),
        ({"method": "LUKS2 aes-xts-plain64", "kdf": "pbkdf2-sha256 600000 iterations"}, "PASS", None),
        ({"method": "LUKS2 aes-xts-plain64", "kdf": "pbkdf2-sha256 599999 iterations"}, "FAIL", None),
        ({"method": "LUKS2 aes-xts-plain64",
          "kdf": "argon2id time 4; pbkdf2-sha256 1000 iterations"}, "FAIL", None),
        ({"method": "LUKS1 aes-xts-plain64"}, "FAIL", None),
        ({"method": "LUKS2 aes-cbc-essiv:sha256"}, "FAIL", None),
        ({"method": "LUKS2 aes-cbc-plain64"}, "FAIL", None),
        ({"method": "LUKS2 hw-opal"}, "FAIL", None),
        ({"method": "LUKS2 des3_ede-cbc-plain64"}, "FAIL", "high"),
        ({"method": "CMS 3DES-CBC"}, "FAIL", "high"),
        ({"method": "zip, ZipCrypto"}, "FAIL", "high"),
        ({"method": "AES-ECB"}, "FAIL", "high"),
        ({"method": "vendor", "key_bits": 56}, "FAIL", "high"),
        ({"method": "BitLocker AES-CBC 128"}, "FAIL", None),
        ({"method": "BitLocker, by the drive's hardware"}, "FAIL", None),
        ({"method": "BitLocker XTS-AES 128", "key_bits": 128}, "PASS", None),
        ({"method": "ZFS aes-256-gcm", "kdf": "pbkdf2-sha1 350000 iterations"}, "FAIL", None),
        ({"method": "pgBackRest aes-256-cbc"}, "UNKNOWN", None),
        ({"method": "aws:kms"}, "PASS", None),
        ({"method": "Described drive"}, "UNKNOWN", None),
        ({}, "UNKNOWN", None),
        ({"method": "LUKS2"}, "UNKNOWN", None),
        ({"method": "dm-crypt"}, "UNKNOWN", None),
    ],
)  # fmt: skip
def test_weak_methods(ask: Ask, columns: dict[str, Any], result: str, severity: str | None) -> None:
    """Broken weighs more than weak, and what is not recorded is unknown."""
    (verdict,) = ask(WEAK, storage_assets=[asset(**columns)])
    assert (verdict.result, verdict.severity) == (result, severity)


STRONG = (
    "AES-256", "AES256", "aes", "AES-256-GCM", "AES 256 bit", "AES-256 (XTS mode)", "aes-xts-plain64",
    "LUKS2 aes-xts-plain64", "XTS-AES 128", "BitLocker XTS-AES 256", "FileVault", "ZFS on", "ZFS aes-256-ccm",
    "restic AES-256-CTR Poly1305-AES", "borg repokey-blake2", "borg keyfile-chacha20-poly1305",
    "AES256, aws:kms", "SSE-KMS", "EBS", "EncryptionAtRestWithPlatformKey", "Google's own key",
    "LTO AES-256-GCM", "AES-256-CBC HMAC-SHA256",
)  # fmt: skip
NO_METHOD = (
    "unknown", "none", "yes", "n.a.", "-", "password protected", "BitLocker", "LUKS", "LUKS2 aes",
    "VeraCrypt", "no AES-256", "AES-256 not used", "AES-256?", "AES-256 planned", "AES or none",
    "vendor default",
    "AES-256-CBC", "LTO AES-256-CBC", "AES-128-CTR", "AES-64", "serpent-xts-plain64", "AES256, none",
    "LUKS2 aes-xts-plain64, twofish-xts-plain64", "encrypted", "256", "SED",
)  # fmt: skip


@pytest.mark.parametrize(("methods", "result"), [(STRONG, "PASS"), (NO_METHOD, "UNKNOWN")])
def test_only_a_method_that_is_understood_passes(ask: Ask, methods: tuple[str, ...], result: str) -> None:
    """AES, or a cloud's own name; a product alone, a mode that notices nothing and mere words do not."""
    verdicts = ask(WEAK, storage_assets=[asset(f"{n}", method=method) for n, method in enumerate(methods)])
    wrong = {
        methods[int(verdict.subject)]: verdict.message for verdict in verdicts if verdict.result != result
    }
    assert (len(verdicts), wrong) == (len(methods), {})


def test_a_volume_is_judged_by_its_header(ask: Ask) -> None:
    """The header of the container decides for what is mounted from it; another container's does not."""
    verdicts = ask(
        WEAK,
        storage_assets=[
            asset("/data", method="LUKS2", container="luks-1"),
            asset("/other", method="LUKS2", container="luks-2"),
            asset("/part", method="LUKS2", container="luks-3"),
            asset("header", method="LUKS2 aes-cbc-plain64", container="luks-1"),
            asset("moving", method="LUKS2 aes-xts-plain64, linear", container="luks-3", encrypted="no"),
            asset("plain", encrypted="no"),
            asset("boot", method="LUKS1", holds_phi=False),
        ],
    )
    assert results(verdicts) == {"/data": "FAIL", "/other": "UNKNOWN", "/part": "FAIL", "header": "FAIL"}


APART = (
    "key server", "Key server", "AWS KMS", "Cloud KMS", "HSM", "network HSM", "Azure Key Vault",
    "cloud key service", "HashiCorp Vault", "TPM with PIN", "TPM+PIN", "in the key vault",
    "another account", "a separate site", "vault1", "vault1.example", "vault1:/keys/images",
    "vault1.example:D:\\keys", "https://vault1.example:8200/v1/k", "\\\\vault1\\keys",
    "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    "projects/p/locations/eu/keyRings/r/cryptoKeys/k", "https://hospital.vault.azure.net/keys/k/1",
)  # fmt: skip
WITH_DATA = (
    "pacs", "pacs.example", "PACS.example", "10.0.0.5", "pacs:/etc/key", "PACS.example:/etc/key",
    "pacs.example:C:\\keys\\k.bin", "\\\\pacs\\keys", "https://pacs.example/k", "localhost:/etc/key",
    "https://127.0.0.1/k", "/etc/key", "~/key", "C:\\keys\\k.bin", "c:/keys/k", "file:///etc/key",
    "/data", "shelf 4", "Same volume", "same device", "same server as data", "on same server as data",
    "the server itself", "on the NAS itself", "embedded in the drive", "local TPM", "TPM",
    "with the images, on the same tape", "on the host", "local disk", "with data",
)  # fmt: skip
NOT_UNDERSTOOD = (
    "unknown", "not known", "TBD", "?", "none", "yes", "no separate key store", "key server?",
    "no key server", "KMS planned", "KMS on the same host", "HSM, but copied to the server",
    "not in the key vault", "sticky note on the laptop", "label on the cartridge", "safe", "IT",
    "vault2", "vault2:/keys/images", "https://keys.example/k", "\\\\nas7\\keys", "server", "local KMS",
    "not on the same server", "vault1 or pacs",
)  # fmt: skip
UNDER_A_PASSPHRASE = ("prompt", "in the repository, under a passphrase")


@pytest.mark.parametrize(
    ("places", "result", "says"),
    [
        (APART, "PASS", "is recorded to lie apart"),
        (WITH_DATA, "FAIL", "is recorded to lie with the data"),
        (NOT_UNDERSTOOD, "UNKNOWN", "names neither a key service nor another listed system"),
        (UNDER_A_PASSPHRASE, "UNKNOWN", "under a passphrase; where that is kept is not recorded"),
        ((None, " "), "UNKNOWN", "Where the key lies is not recorded"),
    ],
)
def test_key_with_data(ask: Ask, places: tuple[str | None, ...], result: str, says: str) -> None:
    """Apart is a key service or another listed system; the own names, paths and device are with the data.

    Whatever else somebody wrote is unknown, as are a passphrase and what is not recorded.
    """
    system = {"system_id": "pacs", "name": "P", "kind": "archive", "holds_ephi": True}
    verdicts = ask(
        BESIDE,
        storage_assets=[
            asset(f"{number}", key_location=where, mountpoint="/data", device="shelf 4")
            for number, where in enumerate(places)
        ],
        systems=[
            system | {"aliases": "pacs.example;10.0.0.5"},
            system | {"system_id": "vault1", "name": "V", "aliases": "vault1.example"},
        ],
    )
    wrong = {
        places[int(verdict.subject)]: verdict.message
        for verdict in verdicts
        if verdict.result != result or says not in verdict.message
    }
    assert (len(verdicts), wrong) == (len(places), {})


def test_another_system_is_apart_only_from_a_listed_one(ask: Ask) -> None:
    """What `archive-2` is nobody says: it may be a name of the system that keeps the key."""
    vault = {"system_id": "vault1", "name": "V", "kind": "archive", "holds_ephi": True}
    assets = [
        asset("unlisted", system_id="archive-2", key_location="vault1"),
        asset("none", system_id=None, key_location="vault1"),
        asset("carried", system_id=None, device="vault1", key_location="vault1:/keys"),
    ]
    assert results(ask(BESIDE, storage_assets=assets, systems=[vault])) == {
        "unlisted": "UNKNOWN",
        "none": "UNKNOWN",
        "carried": "FAIL",
    }


def test_only_encrypted_places_have_a_key(ask: Ask) -> None:
    """No key is asked for where nothing is encrypted, nor where no ePHI is."""
    assets = [
        asset("no", encrypted="no"),
        asset("boot", holds_phi=False),
        asset("vault", kind="vault"),
        asset("data", holds_phi=True),
    ]
    assert results(ask(BESIDE, storage_assets=assets)) == {"data": "UNKNOWN"}


def key(name: str, **columns: Any) -> dict[str, Any]:
    return {"key_id": name, "key_manager": "customer", **columns}


def test_rotation(ask: Ask) -> None:
    """Replaced in time, by hand or by the service; what several answers say of one key is joined."""
    verdicts = ask(
        ROTATED,
        storage_assets=[
            asset("v1", key_id="auto"),
            asset("v2", key_id="unseen"),
            asset("by hand", key_last_rotated=date(2025, 1, 1)),
            asset("long ago", key_last_rotated=date(2020, 1, 1)),
            asset("disk"),
        ],
        encryption_keys=[
            key("auto", key_usage="ENCRYPT_DECRYPT"),
            key("auto", rotation_enabled="yes", rotation_days=365),
            key("never", rotation_enabled="no", key_created_on=date(2019, 1, 1)),
            key("new", rotation_enabled="no", key_created_on=date(2026, 1, 1)),
            key("slow", rotation_enabled="yes", rotation_days=2560),
            key("signs", key_usage="SIGN_VERIFY", rotation_enabled="no"),
            key("contradicted", rotation_enabled="no"),
            key("contradicted", rotation_enabled="yes"),
            key("silent"),
        ],
    )
    assert results(verdicts) == {
        "auto": "PASS",
        "unseen": "UNKNOWN",
        "key of by hand": "PASS",
        "key of long ago": "FAIL",
        "never": "FAIL",
        "new": "PASS",
        "slow": "FAIL",
        "signs": "NA",
        "contradicted": "FAIL",
        "silent": "UNKNOWN",
    }
    assert "opens 1 place on record" in {verdict.subject: verdict.message for verdict in verdicts}["auto"]
