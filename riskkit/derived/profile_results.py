"""How each listener that speaks TLS stands against each profile of the catalog."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pyarrow as pa

from riskkit.catalog.transmission import Judged, load_profiles
from riskkit.declare import derive
from riskkit.derived.offers import offer_of
from riskkit.tables import records

_PARTS = ("prohibited", "missing", "unclear", "discouraged", "not_recommended")

SCHEMA = pa.schema(
    [
        ("host", pa.string()),
        ("port", pa.int64()),
        ("system_id", pa.string()),
        ("profile", pa.string()),
        ("result", pa.string()),  # prohibited, unknown, incomplete, met, not applicable
        *((part, pa.string()) for part in _PARTS),  # names, joined by |
    ]
)


@derive(
    name="profile_results",
    doc="One row per listener and profile: whether the listener offers what the profile prohibits (risk), "
    "lacks what it requires (incomplete), or cannot be judged (unknown), with the names.",
)
def profile_results(channels: pd.DataFrame, leaf_certificates: pd.DataFrame | None) -> pd.DataFrame:
    """Judge every listener by every profile; one without TLS by none."""
    leaves = leaves_by_place(leaf_certificates)
    rows = []
    for channel in records(channels):
        offer = offer_of(channel, leaves.get((channel.host.casefold(), channel.port)))
        for profile in load_profiles():
            applies = channel.connectivity == "tls" and profile.concerns(channel.declared)
            judged = profile.judge(offer) if applies else Judged()
            rows.append(
                {
                    "host": channel.host,
                    "port": channel.port,
                    "system_id": channel.system_id,
                    "profile": profile.id,
                    "result": judged.result if applies else "not applicable",
                    **{part: "|".join(getattr(judged, part)) for part in _PARTS},
                }
            )
    frame: pd.DataFrame = pa.Table.from_pylist(rows, schema=SCHEMA).to_pandas(types_mapper=pd.ArrowDtype)
    return frame


def leaves_by_place(leaf_certificates: pd.DataFrame | None) -> dict[tuple[str, int], Any]:
    """Rows of `leaf_certificates` by host (case folded) and port."""
    leaves = () if leaf_certificates is None else records(leaf_certificates)
    return {(leaf.host.casefold(), leaf.port): leaf for leaf in leaves}
