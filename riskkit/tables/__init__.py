"""Every normalized table, declared once: `TABLES` by name."""

from __future__ import annotations

from collections.abc import Mapping

from riskkit.tables import (
    audit,
    backup,
    care,
    inventory,
    network,
    people,
    places,
    programme,
    response,
    storage,
)
from riskkit.tables.citations import cited, cites
from riskkit.tables.inventory import KINDS, of_kind
from riskkit.tables.schema import PROVENANCE, Column, Table, records, same_person, to_arrow

__all__ = [
    "KINDS", "PROVENANCE", "TABLES", "Column", "Table", "cited", "cites", "of_kind", "records",
    "same_person", "to_arrow",
]  # fmt: skip

TABLES: Mapping[str, Table] = {
    table.name: table
    for area in (audit, people, places, care, network, storage, backup, inventory, programme, response)
    for table in area.TABLES
}
