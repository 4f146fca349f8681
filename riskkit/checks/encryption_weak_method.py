"""Places that are encrypted in a way that gives less than it seems."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.derived.inventory import system_names, system_of
from riskkit.model import Result, Rows, Verdict
from riskkit.tables import records

BROKEN = re.compile(
    r"(?i)(?<![a-z0-9])(?:3des|des3|tdea|des(?:-ede3)?|rc2|rc4|blowfish|zipcrypto|ecb|xor)(?![a-z0-9])"
)
"""No protection, or blocks of 64 bits: withdrawn or never approved (NIST SP 800-131A revision 2)."""

WEAK: Mapping[str, re.Pattern[str]] = {
    "LUKS1 derives keys by PBKDF2 alone and keeps one unprotected header": re.compile(r"\bLUKS1\b"),
    "CBC lets whoever writes to the medium change what is read": re.compile(
        r"(?i)[a-z0-9]-cbc-(?:plain|plain64|essiv|benbi|null|tcw|lmk)|bitlocker aes-cbc"
    ),
    "the drive's own encryption is trusted unseen": re.compile(r"(?i)by the drive's hardware|hw-opal(?!-)"),
}
BARE = frozenset({"LUKS", "LUKS2", "dm-crypt"})
"""What block devices show without the header: neither cipher nor derivation."""

LEAST_KEY_BITS = 128
_PBKDF2 = re.compile(r"pbkdf2\S* (\d{1,12}) iterations")


@check(
    id="encryption.weak_method",
    title="Places are encrypted by strong methods",
    question="Which encrypted places use a broken or weak cipher, a short key, or a passphrase that can be "
    "guessed quickly?",
    subject="storage",
    controls=("45 CFR 164.312(a)(2)(iv)",),
    severity="medium",
    worst="high",
    remediation="Encrypt anew with AES-XTS or AES-GCM and derive keys from passphrases by Argon2id "
    "(cryptsetup reencrypt, luksConvertKey).",
    look_first="Whether the key slot holds a random key file, for which the number of iterations does not "
    "matter.",
    usual_cause="The volume was set up years ago with the defaults of that time.",
)
def encryption_weak_method(
    storage_assets: pd.DataFrame, systems: pd.DataFrame | None, *, least_pbkdf2_iterations: int = 600_000
) -> Iterator[Verdict]:
    """One verdict per encrypted place; 600 000 iterations of PBKDF2 are our choice (OWASP's of 2023).

    A mounted LUKS volume is judged by the header of its container, when that is part of the evidence.
    """
    assets = list(records(storage_assets))
    headers: dict[str, Any] = {}
    for asset in assets:
        if asset.container and asset.method not in BARE and asset.method is not None:
            headers.setdefault(asset.container, asset)
    names = system_names(systems)
    for asset in assets:
        if asset.encrypted != "yes" or asset.holds_phi is False:
            continue
        judged = headers.get(asset.container or "", asset) if asset.method in BARE else asset
        broken, weak = _weaknesses(judged, least_pbkdf2_iterations)
        result, message = _said(judged, [*broken, *weak])
        rows = [asset] if judged is asset else [asset, judged]
        yield Verdict(
            subject=asset.asset_id,
            result=result,
            message=message,
            observed=", ".join(filter(None, (judged.method, judged.kdf))) or "not recorded",
            expected="AES of at least 128 bits in a mode made for storage",
            scope=system_of(asset.system_id, names),
            severity="high" if broken else None,
            rows=(Rows.of("storage_assets", rows),),
        )


def _weaknesses(asset: Any, least: int) -> tuple[list[str], list[str]]:
    """What is broken, and what is weak."""
    method = asset.method or ""
    broken = [f"{found[0]} protects little" for found in BROKEN.finditer(method)]
    if asset.encrypted == "no":
        broken.append("the header of the container says that not all of it is encrypted")
    if asset.key_bits and asset.key_bits < LEAST_KEY_BITS:
        broken.append(f"a key of {asset.key_bits} bits can be found by trying")
    weak = [why for why, pattern in WEAK.items() if pattern.search(method)]
    rounds = [int(found[1]) for found in _PBKDF2.finditer(asset.kdf or "")]
    if rounds and min(rounds) < least:
        weak.append(f"a passphrase is stretched by {min(rounds)} iterations of PBKDF2, of {least} wanted")
    return broken, weak


def _said(asset: Any, weaknesses: list[str]) -> tuple[Result, str]:
    if weaknesses:
        return "FAIL", f"Of the method: {'; '.join(weaknesses)}."
    if not asset.method:
        return "UNKNOWN", "By which method the place is encrypted is not recorded."
    if asset.method in BARE:
        return "UNKNOWN", "The header that tells cipher and derivation is not part of the evidence."
    return "PASS", "Nothing recorded of the method is known to be weak."
