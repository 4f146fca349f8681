"""Places that may hold ePHI and are not encrypted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.derived.encryption_strength import in_pool, pools
from riskkit.derived.inventory import system_names, system_of
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.tables import records

JUDGED_ELSEWHERE = frozenset({"swap", "vault"})
"""By encryption.unencrypted_swap, and copy by copy by backup.unencrypted_copy."""


@check(
    id="encryption.unencrypted_volume",
    title="Every place that holds ePHI is encrypted at rest",
    question="Which volumes, databases, buckets, tapes, devices and backups may hold ePHI and are not "
    "encrypted?",
    subject="storage",
    controls=("45 CFR 164.312(a)(2)(iv)",),
    severity="high",
    remediation="Encrypt the place (LUKS, BitLocker, storage or database encryption) and keep the key "
    "elsewhere.",
    look_first="Whether a layer below or above it is encrypted and only missing in the export.",
    usual_cause="The storage was set up before encryption was asked for, or encryption was left off for "
    "speed.",
    expects=("*",),
)
def encryption_unencrypted_volume(
    storage_assets: pd.DataFrame, systems: pd.DataFrame | None, *, at: Moment
) -> Iterator[Verdict]:
    """One verdict per place; one of which nothing says whether it holds ePHI may hold it."""
    names, assets = system_names(systems), list(records(storage_assets))
    listed = pools(assets)
    for asset in assets:
        if asset.kind in JUDGED_ELSEWHERE or in_pool(asset, listed):
            continue
        result, message = _judged(asset)
        yield Verdict(
            subject=asset.asset_id,
            result=result,
            message=message,
            observed=asset.encrypted + (f" ({asset.method})" if asset.method else ""),
            expected="yes",
            scope=system_of(asset.system_id, names),
            severity=None if asset.holds_phi else "medium",
            collected_at=_seen(asset.evidence_date, at),
            rows=(Rows.of("storage_assets", [asset]),),
        )


def _seen(day: date | None, at: Moment) -> datetime | None:
    """The day on which a list says that it saw a place; else the list is as old as its export."""
    return None if day is None else datetime.combine(day, time.min, at.zone)


def _judged(asset: Any) -> tuple[Result, str]:
    holds = {True: "holds ePHI", None: "may hold ePHI, as nothing says otherwise,"}
    if asset.holds_phi is False:
        return "NA", f"The {asset.kind} is recorded to hold no ePHI."
    why = f": {asset.reason}" if asset.reason else ""
    if asset.encrypted == "yes":
        return "PASS", f"The {asset.kind} {holds[asset.holds_phi]} and is encrypted."
    if asset.encrypted == "no":
        return "FAIL", f"The {asset.kind} {holds[asset.holds_phi]} and is not encrypted{why}."
    return "UNKNOWN", f"Whether the {asset.kind} is encrypted is not known{why}."
