"""Keys that are never replaced."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.tables import records
from riskkit.words import amount, count

ENCRYPTS = "ENCRYPT_DECRYPT"


@dataclass
class _Key:
    """All that the evidence says of one key."""

    assets: list[Any] = field(default_factory=list)
    told: list[Any] = field(default_factory=list)

    def dates(self, column: str) -> list[date]:
        return [day for row in (*self.told, *self.assets) if (day := getattr(row, column, None))]

    def values(self, column: str) -> set[Any]:
        return {value for row in self.told if (value := getattr(row, column)) is not None}


@check(
    id="encryption.key_not_rotated",
    title="Keys of key services are replaced regularly",
    question="Which keys were not replaced in time and are not replaced by their service?",
    subject="key",
    controls=("45 CFR 164.312(a)(2)(iv)",),
    severity="low",
    remediation="Switch on rotation in the key service, or replace the key and record the date.",
    look_first="Whether the key was replaced by hand under a new name.",
    usual_cause="Rotation is off by default for keys that customers make.",
)
def encryption_key_not_rotated(
    storage_assets: pd.DataFrame,
    encryption_keys: pd.DataFrame | None,
    *,
    max_days: int = 730,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per key that is named, or whose last rotation is recorded with an asset.

    Two years are the longest that NIST SP 800-57 part 1 (table 1) suggests for a symmetric key that
    encrypts data. Keys that do something else than encrypt are not judged.
    """
    keys: dict[str, _Key] = {}
    for asset in records(storage_assets):
        if asset.encrypted != "no" and asset.holds_phi is not False:
            if asset.key_id:
                keys.setdefault(asset.key_id, _Key()).assets.append(asset)
            elif asset.key_last_rotated:
                keys.setdefault(f"key of {asset.asset_id}", _Key()).assets.append(asset)
    for row in () if encryption_keys is None else records(encryption_keys):
        keys.setdefault(row.key_id, _Key()).told.append(row)
    for name, key in sorted(keys.items()):
        result, message, observed = _judged(key, max_days, at)
        yield Verdict(
            subject=name,
            result=result,
            message=message,
            observed=observed,
            expected=f"replaced within {amount(max_days, 'day')}",
            rows=(Rows.of("encryption_keys", key.told), Rows.of("storage_assets", key.assets)),
        )


def _judged(key: _Key, max_days: int, at: Moment) -> tuple[Result, str, str]:
    usages = key.values("key_usage")
    if usages and ENCRYPTS not in usages:
        return "NA", "The key does not encrypt data.", "no encryption"
    used = f"it opens {count(len(key.assets), 'place')} on record"
    age = _age(key.dates("key_last_rotated"), at)
    if age is not None:
        facts = f"The key was last replaced {amount(age, 'day')} before the end of the period; {used}."
        return ("PASS" if age <= max_days else "FAIL"), facts, amount(age, "day")
    states = key.values("rotation_enabled")
    if "yes" in states and "no" not in states:
        days = max(key.values("rotation_days"), default=None)
        often = f"every {amount(days, 'day')}" if days else "by itself"
        late = days is not None and days > max_days
        return (
            ("FAIL" if late else "PASS"),
            f"The key service replaces the key {often}; {used}.",
            "rotation on",
        )
    age = _age(key.dates("key_created_on"), at)
    if age is not None and age <= max_days:
        return "PASS", f"The key is {amount(age, 'day')} old; {used}.", f"{amount(age, 'day')} old"
    if "no" in states:
        return "FAIL", f"Rotation is off, and no replacement of the key is on record; {used}.", "rotation off"
    return "UNKNOWN", f"Whether the key is replaced is not recorded; {used}.", "not recorded"


def _age(days: list[date], at: Moment) -> int | None:
    """Days since the latest of these that lies in the past."""
    latest = max((day for day in days if day <= at.today), default=None)
    return None if latest is None else (at.today - latest).days
