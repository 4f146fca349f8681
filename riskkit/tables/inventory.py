"""The systems that hold ePHI: what every other kind of evidence is measured against."""

from __future__ import annotations

from riskkit.tables.schema import Column, Table

SYSTEMS = Table(
    name="systems",
    doc="Systems of the organisation; those that hold ePHI are the scope of the analysis.",
    place="inventory/systems.csv",
    canonical=True,
    key=("system_id",),
    ask="the inventory of systems: every archive, viewer, router, worklist, database and backup with ePHI",
    columns=(
        Column("system_id", required=True),
        Column("name", required=True),
        Column(
            "kind",
            doc="archive, viewer, router, worklist, modality, database, backup ...",
            required=True,
        ),
        Column("location"),
        Column("owner"),
        Column("holds_ephi", "boolean", required=True),
        Column("criticality", values=("low", "moderate", "high")),
        Column("product"),
        Column("version"),
        Column("supported_until", "date"),
        Column("covered", "boolean", "evidence of this system is part of the pack; empty means yes"),
        Column("aliases", doc="hosts, AE titles and audit source ids of this system, joined by ;"),
    ),
)

TABLES = (SYSTEMS,)
