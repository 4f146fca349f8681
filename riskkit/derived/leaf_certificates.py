"""The certificate with which each listener identified itself when it was last looked at."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pandas as pd
import pyarrow as pa

from riskkit.declare import derive
from riskkit.derived.channels import NEVER
from riskkit.derived.custody_dates import exported
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
    certificates: pd.DataFrame, endpoints: pd.DataFrame | None, custody: pd.DataFrame | None
) -> pd.DataFrame:
    """Take the newest leaf by host (whatever its case) and port; evidence.csv dates what names no date."""
    when = exported(custody)
    points = [] if endpoints is None else list(records(endpoints))
    systems = {(point.host.casefold(), point.port): point.system_id for point in points}
    newest: dict[tuple[str, int], Any] = {}
    for certificate in sorted(
        records(certificates), key=lambda one: _oldest_and_farthest_first(one, when(one.source))
    ):
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


def _oldest_and_farthest_first(certificate: Any, exported_at: datetime | None) -> tuple[Any, ...]:
    at = certificate.observed_at or exported_at or NEVER
    place = certificate.source or "", certificate.offset or 0, certificate.n or 0
    # Of several leaves, of other keys or other addresses of the name, the one that ends first.
    return at, -certificate.position, -certificate.not_after.timestamp(), certificate.sha256 or "", place
