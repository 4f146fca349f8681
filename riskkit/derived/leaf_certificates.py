"""The certificate with which each listener identified itself when it was last looked at."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pyarrow as pa

from riskkit.declare import derive
from riskkit.derived.custody_dates import exported
from riskkit.derived.newest_leaves import newest_leaves
from riskkit.model import Rows
from riskkit.tables import TABLES, records

SCHEMA = TABLES["certificates"].schema.append(pa.field("system_id", pa.string()))


@derive(
    name="leaf_certificates",
    doc="One row per listener that presented a certificate: the leaf (position 0) of the newest "
    "observation, of several the one that ends first, with the system of endpoints.yaml. A listener of "
    "which only other certificates of a chain are known keeps the lowest position.",
)
def leaf_certificates(
    certificates: pd.DataFrame,
    endpoints: pd.DataFrame | None,
    custody: pd.DataFrame | None,
    channels: pd.DataFrame | None,
) -> pd.DataFrame:
    """Take the newest leaf by host (whatever its case) and port, under the name that `channels` has for it.

    Of one listener that was seen under several names a name that does not match counts.
    """
    points = [] if endpoints is None else list(records(endpoints))
    systems: dict[tuple[str, int], str | None] = {
        (point.host.casefold(), point.port): point.system_id for point in points
    }
    called: dict[tuple[str, int], Any] = {}
    for channel in () if channels is None else records(channels):
        systems[channel.host.casefold(), channel.port] = channel.system_id
        for name in channel.names.split("|"):
            called[name.casefold(), channel.port] = channel
    found: dict[tuple[str, int], dict[str, Any]] = {}
    for place, leaf in sorted(newest_leaves(certificates, exported(custody)).items()):
        channel = called.get(place)
        host = channel.host if channel else leaf.host
        key = host.casefold(), leaf.port
        row = {**leaf._asdict(), "host": host, "system_id": systems.get(key)}
        found[key] = _worse(found[key], row) if key in found else row
    rows = [found[key] for key in sorted(found)]
    frame: pd.DataFrame = pa.Table.from_pylist(rows, schema=SCHEMA).to_pandas(types_mapper=pd.ArrowDtype)
    return frame


def _worse(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Of two looks at one leaf what either tells; that it does not match a name counts."""
    first, second = sorted((one, other), key=lambda row: (row["position"], row["matches_host"] is not False))
    return {key: second[key] if value is None else value for key, value in first.items()}


def named(leaf: Any) -> dict[str, Any]:
    """Subject, scope and rows of a verdict on one row of `leaf_certificates`."""
    return {
        "subject": f"{leaf.host}:{leaf.port}",
        "scope": leaf.system_id or leaf.host,
        "rows": (Rows.of("certificates", [leaf]),),
    }
