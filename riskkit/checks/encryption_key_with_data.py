"""Keys that lie where the data lies, and so leave with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.derived.inventory import system_names, system_of
from riskkit.model import Result, Rows, Verdict
from riskkit.tables import records

NOT_JUDGED = frozenset({"swap", "vault"})
BESIDE = frozenset(
    {
        "same", "same place", "same volume", "same disk", "same bucket", "same server", "same host",
        "with data", "with the data", "local", "local disk", "host", "on the host",
    }
)  # fmt: skip
WRAPPED = "under a passphrase"


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
        result, message = _judged(asset, names)
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


def _judged(asset: Any, names: Mapping[str, str]) -> tuple[Result, str]:
    where = (asset.key_location or "").strip().casefold()
    if not where:
        return "UNKNOWN", "Where the key lies is not recorded."
    if where.endswith(WRAPPED):
        return "UNKNOWN", "The key lies with the data under a passphrase; where that is kept is not recorded."
    if where in BESIDE or where in _own_names(asset):
        return "FAIL", "The key is recorded to lie with the data."
    host, _, path = where.partition(":")
    if path.startswith("/") and asset.system_id and _same_system(host, asset.system_id, names):
        return "FAIL", "The key is a file on the host that holds the data."
    if where.startswith("/"):
        return "FAIL", "The key is a file on the host that holds the data."
    return "PASS", "The key is recorded to lie apart from the data."


def _own_names(asset: Any) -> set[str]:
    own = (asset.asset_id, asset.system_id, asset.mountpoint, asset.container)
    return {name.casefold() for name in own if name}


def _same_system(host: str, system_id: str, names: Mapping[str, str]) -> bool:
    return system_of(host, names).casefold() == system_of(system_id, names).casefold()
