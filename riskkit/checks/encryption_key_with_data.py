"""Keys that lie where the data lies, and so leave with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from riskkit.declare import check
from riskkit.derived.inventory import system_names, system_of
from riskkit.derived.key_places import KeyPlace, key_place
from riskkit.model import Result, Rows, Verdict
from riskkit.tables import records

NOT_JUDGED = frozenset({"swap", "vault"})
SAID: Mapping[KeyPlace, tuple[Result, str]] = {
    "unknown": ("UNKNOWN", "Where the key lies is not recorded."),
    "wrapped": (
        "UNKNOWN",
        "The key lies with the data under a passphrase; where that is kept is not recorded.",
    ),
    "beside": ("FAIL", "The key is recorded to lie with the data, or on the host that holds it."),
    "apart": ("PASS", "The key is recorded to lie apart from the data."),
}

NOT_UNDERSTOOD = (
    "What is recorded of where the key lies names neither a key service nor another listed system, so it "
    "does not tell whether the key lies apart."
)


@check(
    id="encryption.key_with_data",
    title="Keys lie apart from the data that they open",
    question="Which encrypted places have their key on the same device or host?",
    subject="storage",
    controls=("45 CFR 164.312(a)(2)(iv)", "45 CFR 164.402"),
    severity="high",
    remediation="Move the key to a key server, a TPM with PIN or another place, and change it, as copies of "
    "the old one may exist.",
    look_first="Whether the key at that place is itself encrypted by one that lies elsewhere.",
    usual_cause="A key file was the simplest way to let the host start unattended.",
)
def encryption_key_with_data(storage_assets: pd.DataFrame, systems: pd.DataFrame | None) -> Iterator[Verdict]:
    """One verdict per encrypted place.

    HHS guidance on unsecured PHI (74 FR 19006, 2009-04-27): keys are to be kept on a device or at a
    location separate from the data.
    """
    names = system_names(systems)
    for asset in records(storage_assets):
        if asset.encrypted != "yes" or asset.holds_phi is False or asset.kind in NOT_JUDGED:
            continue
        place = key_place(asset, names)
        result, message = SAID[place]
        if place == "unknown" and (asset.key_location or "").strip():
            message = NOT_UNDERSTOOD
        yield Verdict(
            subject=asset.asset_id,
            result=result,
            message=message,
            observed=asset.key_location or "not recorded",
            expected="another device or location",
            scope=system_of(asset.system_id, names),
            severity=None if asset.holds_phi else "medium",
            rows=(Rows.of("storage_assets", [asset]),),
        )
