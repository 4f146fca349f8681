"""Systems of the inventory that no other evidence shows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import narwhals as nw

from riskkit.declare import check
from riskkit.derived.inventory import in_scope, system_names
from riskkit.derived.seen_names import Seen, seen_names
from riskkit.model import Moment, Rows, Verdict
from riskkit.tables import records
from riskkit.words import be, count, out_of


@check(
    id="inventory.system_not_seen",
    title="Every system of the inventory is seen in other evidence",
    question="Which systems that hold ePHI stand in the inventory and in no other evidence?",
    subject="system",
    controls=("45 CFR 164.308(a)(1)(ii)(A)",),
    severity="low",
    remediation="Export the evidence of the system, or record when it was retired and where its data went.",
    look_first="Whether the system still runs.",
    usual_cause="The system was replaced, and its row and perhaps its disks were left.",
)
def inventory_system_not_seen(
    systems: nw.LazyFrame[Any],
    audit_events: nw.LazyFrame[Any] | None,
    endpoints: nw.LazyFrame[Any] | None,
    channel_observations: nw.LazyFrame[Any] | None,
    accounts: nw.LazyFrame[Any] | None,
    configurations: nw.LazyFrame[Any] | None,
    storage_assets: nw.LazyFrame[Any] | None,
    dicom_scans: nw.LazyFrame[Any] | None,
    backups: nw.LazyFrame[Any] | None,
    vulnerability_scans: nw.LazyFrame[Any] | None,
    software: nw.LazyFrame[Any] | None,
    updates: nw.LazyFrame[Any] | None,
    malware_protection: nw.LazyFrame[Any] | None,
    *,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per system in scope: which kinds of evidence name it under any of its names.

    The trail counts for the period, all other evidence as it is.
    """
    names = system_names(systems)
    given = {
        "audit_events": audit_events, "endpoints": endpoints, "channel_observations": channel_observations,
        "accounts": accounts, "configurations": configurations, "storage_assets": storage_assets,
        "dicom_scans": dicom_scans, "backups": backups, "vulnerability_scans": vulnerability_scans,
        "software": software, "updates": updates, "malware_protection": malware_protection,
    }  # fmt: skip
    kinds = sum(table is not None for table in given.values())
    seen: dict[str, list[Seen]] = {}
    for name, one in sorted(seen_names(given, at).items()):
        if name in names:
            seen.setdefault(names[name], []).append(one)
    for system in sorted(filter(in_scope, records(systems)), key=lambda row: row.system_id):
        found = {table for one in seen.get(system.system_id, []) for table in one.tables}
        told = (
            f"{out_of(len(found), kinds, 'kind of evidence')} of the pack {be(len(found), 'names', 'name')} "
            "this system."
        )
        yield Verdict(
            subject=system.system_id,
            result="PASS" if found else "FAIL" if kinds else "UNKNOWN",
            message=told,
            observed=count(len(found), "kind of evidence"),
            expected="at least one",
            scope=system.system_id,
            rows=(Rows.of("systems", [system]),),
        )
