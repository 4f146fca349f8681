"""Every normalized table, declared once: `TABLES` by name."""

from __future__ import annotations

from collections.abc import Mapping

from riskkit.tables import audit, backup, care, inventory, network, people, programme, storage
from riskkit.tables.schema import PROVENANCE, Column, Table, records, to_arrow

__all__ = ["PROVENANCE", "TABLES", "Column", "Table", "records", "to_arrow"]

TABLES: Mapping[str, Table] = {
    table.name: table
    for area in (audit, people, care, network, storage, backup, inventory, programme)
    for table in area.TABLES
}
