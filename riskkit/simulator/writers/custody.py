"""evidence.csv: who exported which file, when, where and how."""

from __future__ import annotations

from riskkit.simulator.writers.pack import Pack

COLUMNS = ("file", "exported_by", "exported_at", "system", "command", "filters", "approved_by")


def write_custody(pack: Pack) -> None:
    """Write evidence.csv about every file written so far."""
    rows = (
        (name, one.by, one.at, one.system, one.command, one.filters, one.approved_by)
        for name, one in sorted(pack.custody.items())
    )
    pack.table("evidence.csv", COLUMNS, rows)
