"""The certificate with which each listener identified itself when it was last looked at."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pyarrow as pa

from riskkit.declare import derive
from riskkit.model import Rows
from riskkit.tables import TABLES, records

SCHEMA = TABLES["certificates"].schema.append(pa.field("system_id", pa.string()))


@derive(
    name="leaf_certificates",
    doc="One row per listener that presented a certificate: the leaf (position 0) of the newest "
    "observation, with the system of endpoints.yaml. A listener of which only other certificates "
    "of a chain are known keeps the lowest position.",
)
def leaf_certificates(certificates: pd.DataFrame, endpoints: pd.DataFrame | None) -> pd.DataFrame:
    """Take the newest leaf by host (whatever its case) and port."""
    points = [] if endpoints is None else list(records(endpoints))
    systems = {(point.host.casefold(), point.port): point.system_id for point in points}
    newest: dict[tuple[str, int], Any] = {}
    for certificate in sorted(records(certificates), key=_oldest_and_farthest_first):
        newest[certificate.host.casefold(), certificate.port] = certificate
    rows = [{**newest[key]._asdict(), "system_id": systems.get(key)} for key in sorted(newest)]
    frame: pd.DataFrame = pa.Table.from_pylist(rows, schema=SCHEMA).to_pandas(types_mapper=pd.ArrowDtype)
    return frame


def named(leaf: Any) -> dict[str, Any]:
    """Subject, scope and rows of a verdict on one row of `leaf_certificates`."""
    return {
        "subject": f"{leaf.host}:{leaf.port}",
        "scope": leaf.system_id or leaf.host,
        "rows": (Rows.of("certificates", [leaf]),),
    }


def _oldest_and_farthest_first(certificate: Any) -> tuple[Any, ...]:
    return certificate.observed_at, -certificate.position, certificate.sha256
