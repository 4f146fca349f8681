"""inventory/: the systems of the hospital, with every name under which other evidence knows them."""

from __future__ import annotations

from riskkit.simulator.hospital import SYSTEMS
from riskkit.simulator.writers.pack import Custody, Pack

COLUMNS = (
    "system_id", "name", "kind", "location", "owner", "holds_ephi", "criticality", "product", "version",
    "supported_until", "covered", "aliases", "operated_by",
)  # fmt: skip


def write_inventory(pack: Pack) -> None:
    """Write inventory/systems.csv."""
    rows = (
        (
            one.id, one.name, one.kind, one.location, one.owner, one.holds_ephi, one.criticality, one.product,
            one.version, one.supported_until, one.covered,
            ";".join(filter(None, (one.host, one.ip, one.aet, one.source))), one.operated_by,
        )
        for one in SYSTEMS.values()
    )  # fmt: skip
    custody = Custody("Imaging Informatics", pack.moment(41, 10), "asset register", "systems that hold ePHI")
    pack.table("inventory/systems.csv", COLUMNS, rows, custody)
