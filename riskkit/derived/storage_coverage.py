"""One row per place that may hold ePHI: how it is encrypted, and whether its loss would lose ePHI.

A place that several rows tell of (two tools, a list and a host) is as bad as the worst of them. The header of
a container that a mounted place lies in is judged with that place and is no place of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import pandas as pd
import pyarrow as pa

from riskkit.declare import derive
from riskkit.derived.custody_dates import exported
from riskkit.derived.encryption_strength import (
    BARE,
    LEAST_PBKDF2_ITERATIONS,
    headers,
    in_pool,
    judged_by,
    pools,
    untold,
    weaknesses,
)
from riskkit.derived.inventory import system_names, system_of
from riskkit.derived.key_places import key_place
from riskkit.model import Moment
from riskkit.tables import records, to_arrow
from riskkit.words import amount

STATES = ("plain", "unknown", "untold", "weak", "strong")
"""From worst to best. Untold is encrypted, but the evidence does not show that the method is strong."""

SECURED = ("no", "unknown", "yes")
LISTED_ELSEWHERE = frozenset({"swap", "vault"})
TIER_OF = {"database": "database", "backup": "backup", "tape": "media", "device": "media"}
CARRIED = frozenset({"tape", "device", "bucket"})
"""Kinds that are a device, or a place, of their own."""

SCHEMA = pa.schema(
    [
        ("asset_id", pa.string()),
        ("system_id", pa.string()),
        ("tier", pa.string()),
        ("kind", pa.string()),
        ("device", pa.string()),  # what would be carried away as a whole
        ("holds_phi", pa.bool_()),  # null: nobody says, so it may
        ("bytes", pa.int64()),  # of ePHI, else its size
        ("studies", pa.int64()),
        ("state", pa.string()),  # of STATES
        ("why", pa.string()),  # of the state, where there is more to say
        ("key_place", pa.string()),  # apart, wrapped, beside or unknown
        ("in_use", pa.bool_()),  # mounted: open to whoever is on the host
        ("secured", pa.string()),  # yes, no or unknown: secured PHI by 45 CFR 164.402
        ("collected_on", pa.date32()),  # of the oldest row; null when nobody says
        ("source", pa.string()),
        ("offset", pa.int64()),
        ("n", pa.int64()),
    ]
)


@derive(
    name="storage_coverage",
    doc="One row per place that may hold ePHI: tier, state of its encryption, and whether it is secured PHI.",
)
def storage_coverage(
    storage_assets: pd.DataFrame,
    systems: pd.DataFrame | None,
    custody: pd.DataFrame | None,
    *,
    at: Moment,
) -> pd.DataFrame:
    """Secured PHI (45 CFR 164.402; HHS guidance, 74 FR 19006): strongly encrypted, key apart, not opened.

    A mounted volume is open: whoever takes the running host takes its ePHI.
    """
    assets = list(records(storage_assets))
    known, names, exported_at = headers(assets), system_names(systems), exported(custody)
    copies = {row.system_id for row in (() if systems is None else records(systems)) if row.kind == "backup"}
    listed = pools(assets)
    mounted = {asset.container for asset in assets if asset.container and asset.method in BARE}
    worst: dict[str, dict[str, object]] = {}
    for asset in assets:
        if asset.kind in LISTED_ELSEWHERE or asset.holds_phi is False:
            continue
        if asset.container in mounted and asset.method not in BARE:
            continue
        if in_pool(asset, listed):
            continue
        told = exported_at(asset.source)
        seen = [day for day in (asset.evidence_date, told and told.astimezone(at.zone).date()) if day]
        row = _row(asset, judged_by(asset, known), names, copies) | {"collected_on": min(seen, default=None)}
        worst[asset.asset_id] = _worse(worst.get(asset.asset_id), row)
    rows = pa.Table.from_pylist([worst[name] for name in sorted(worst)], schema=SCHEMA)
    frame: pd.DataFrame = rows.to_pandas(types_mapper=pd.ArrowDtype)
    return frame


def decayed(rows: Any, today: date, max_days: int) -> list[dict[str, Any]]:
    """The rows as dicts, with what is shown by evidence older than `max_days` as unknown; a plain one stays.

    A row without a date stays as it is: that it cannot show anything is said of the evidence as a whole.
    """
    found: list[dict[str, Any]] = [dict(row) for row in (rows if isinstance(rows, list) else _dicts(rows))]
    for row in found:
        age = None if row["collected_on"] is None else (today - row["collected_on"]).days
        if age is not None and age > max_days and row["state"] != "plain":
            row["state"], row["why"] = (
                "unknown",
                f"the evidence is {amount(age, 'day')} old, of {max_days} allowed",
            )
            row["secured"] = "no" if row["secured"] == "no" else "unknown"
    return found


def _dicts(frame: Any) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = to_arrow(frame).to_pylist()
    return listed


def _row(asset: Any, judged: Any, names: Mapping[str, str], copies: Iterable[str]) -> dict[str, object]:
    system = system_of(asset.system_id, names)
    place = key_place(asset, names)
    state, why = _state(asset, judged, place)
    in_use = asset.kind == "volume" and bool(asset.mountpoint)
    tier = "backup" if asset.kind == "volume" and system in copies else TIER_OF.get(asset.kind, "online")
    return {
        "asset_id": asset.asset_id,
        "system_id": system or None,
        "tier": asset.tier or tier,
        "kind": asset.kind,
        "device": asset.device or (asset.asset_id if asset.kind in CARRIED else system or asset.asset_id),
        "holds_phi": asset.holds_phi,
        "bytes": asset.size_bytes if asset.phi_bytes is None else asset.phi_bytes,
        "studies": asset.studies,
        "state": state,
        "why": why,
        "key_place": place,
        "in_use": in_use,
        "secured": _secured(state, place, in_use=in_use),
        "source": asset.source,
        "offset": asset.offset,
        "n": asset.n,
    }


def _state(asset: Any, judged: Any, place: str) -> tuple[str, str | None]:
    if asset.encrypted == "no" or (asset.encrypted == "yes" and judged.encrypted == "no"):
        return "plain", asset.reason or judged.reason
    if asset.encrypted == "unknown":
        return "unknown", asset.reason
    broken, weak = weaknesses(judged, LEAST_PBKDF2_ITERATIONS)
    if place == "beside":
        weak = [*weak, "the key lies with the data"]
    if broken or weak:
        return "weak", "; ".join([*broken, *weak])
    why = untold(judged)
    return ("untold", why) if why else ("strong", None)


def _secured(state: str, place: str, *, in_use: bool) -> str:
    if state in {"plain", "weak"} or place == "beside" or in_use:
        return "no"
    return "yes" if state == "strong" and place == "apart" else "unknown"


def _worse(first: dict[str, object] | None, second: dict[str, object]) -> dict[str, object]:
    """Of two rows on one place the worse, with what the other adds; either order gives the same."""
    if first is None:
        return second
    bad, good = sorted((first, second), key=lambda row: (STATES.index(str(row["state"])), str(row["why"]),
                                                         str(row["source"]), str(row["offset"])))  # fmt: skip
    days = [day for row in (bad, good) if isinstance(day := row["collected_on"], date)]
    return {
        **bad,
        "holds_phi": True if True in (bad["holds_phi"], good["holds_phi"]) else None,
        "bytes": _largest(bad["bytes"], good["bytes"]),
        "studies": _largest(bad["studies"], good["studies"]),
        "in_use": bool(bad["in_use"] or good["in_use"]),
        "secured": min(str(bad["secured"]), str(good["secured"]), key=SECURED.index),
        "collected_on": min(days) if days else None,
    }


def _largest(first: object, second: object) -> int | None:
    return max((number for number in (first, second) if isinstance(number, int)), default=None)
