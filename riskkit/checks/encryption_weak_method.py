"""Places that are encrypted in a way that gives less than it seems."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.derived.encryption_strength import (
    LEAST_PBKDF2_ITERATIONS,
    headers,
    judged_by,
    untold,
    weaknesses,
)
from riskkit.derived.inventory import system_names, system_of
from riskkit.model import Result, Rows, Verdict
from riskkit.tables import records
from riskkit.words import capital


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
    storage_assets: pd.DataFrame,
    systems: pd.DataFrame | None,
    *,
    least_pbkdf2_iterations: int = LEAST_PBKDF2_ITERATIONS,
) -> Iterator[Verdict]:
    """One verdict per encrypted place; 600 000 iterations of PBKDF2 are our choice (OWASP's of 2023).

    A mounted LUKS volume is judged by the header of its container, when that is part of the evidence.
    """
    assets = list(records(storage_assets))
    known, names = headers(assets), system_names(systems)
    for asset in assets:
        if asset.encrypted != "yes" or asset.holds_phi is False:
            continue
        judged = judged_by(asset, known)
        broken, weak = weaknesses(judged, least_pbkdf2_iterations)
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


def _said(asset: Any, found: list[str]) -> tuple[Result, str]:
    if found:
        return "FAIL", f"Of the method: {'; '.join(found)}."
    if why := untold(asset):
        return "UNKNOWN", f"{capital(why)}."
    return "PASS", "The method is AES, and nothing recorded of it is known to be weak."
