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
        ({"method": "pgBackRest aes-256-cbc"}, "PASS", None),
        ({"method": "aws:kms"}, "PASS", None),
        ({"method": "Described drive"}, "PASS", None),
        ({}, "UNKNOWN", None),
        ({"method": "LUKS2"}, "UNKNOWN", None),
        ({"method": "dm-crypt"}, "UNKNOWN", None),
    ],
)  # fmt: skip
def test_weak_methods(ask: Ask, columns: dict[str, Any], result: str, severity: str | None) -> None:
    """Broken weighs more than weak, and what is not recorded is unknown."""
    (verdict,) = ask(WEAK, storage_assets=[asset(**columns)])
    assert (verdict.result, verdict.severity) == (result, severity)


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


@pytest.mark.parametrize(
    ("columns", "result"),
    [
        ({"key_location": "key server"}, "PASS"),
        ({"key_location": "prompt"}, "PASS"),
        ({"key_location": "vault1:/keys/images"}, "PASS"),
        ({"key_location": "AWS KMS"}, "PASS"),
        ({"key_location": "pacs:/etc/key"}, "FAIL"),
        ({"key_location": "PACS.example:/etc/key"}, "FAIL"),
        ({"key_location": "/etc/key"}, "FAIL"),
        ({"key_location": "A"}, "FAIL"),
        ({"key_location": "/data", "mountpoint": "/data"}, "FAIL"),
        ({"key_location": "Same volume"}, "FAIL"),
        ({"key_location": "in the repository, under a passphrase"}, "UNKNOWN"),
        ({}, "UNKNOWN"),
    ],
)
def test_key_with_data(ask: Ask, columns: dict[str, Any], result: str) -> None:
    """On the same host, under any of its names, is with the data; what is not recorded is unknown."""
    system = {"system_id": "pacs", "name": "P", "kind": "archive", "holds_ephi": True}
    (verdict,) = ask(
        BESIDE, storage_assets=[asset(**columns)], systems=[system | {"aliases": "pacs.example"}]
    )
    assert verdict.result == result


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
