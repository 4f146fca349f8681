"""Names that the evidence holds and the inventory does not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import narwhals as nw

from riskkit.declare import check
from riskkit.derived.inventory import system_names
from riskkit.derived.seen_names import seen_names
from riskkit.model import Moment, Rows, Verdict
from riskkit.tables import records
from riskkit.words import be, count


@check(
    id="inventory.system_not_listed",
    title="The inventory lists every system that the evidence shows",
    question="Which hosts, AE titles and audit sources of the evidence does the inventory not list?",
    subject="name",
    controls=("45 CFR 164.308(a)(1)(ii)(A)",),
    severity="medium",
    remediation="Find the system behind the name, and add it to inventory/systems.csv or its name to the "
    "aliases of the system that it belongs to.",
    look_first="Whether it is a further name of a system that the inventory knows.",
    usual_cause="Projects put systems into service, and nobody tells those who keep the inventory.",
)
def inventory_system_not_listed(
    systems: nw.LazyFrame[Any],
    audit_events: nw.LazyFrame[Any],
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
    workstations: nw.LazyFrame[Any] | None,
    *,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per name, upper and lower case the same; workstations are listed apart and left out.

    The trail counts for the period, all other evidence as it is. Without a trail strangers are not seen,
    and a system whose trail is missing leaves the question open.
    """
    names = system_names(systems)
    listed = list(records(systems))
    desks = {row.host.casefold() for row in (() if workstations is None else records(workstations))}
    given = {
        "audit_events": audit_events, "endpoints": endpoints, "channel_observations": channel_observations,
        "accounts": accounts, "configurations": configurations, "storage_assets": storage_assets,
        "dicom_scans": dicom_scans, "backups": backups, "vulnerability_scans": vulnerability_scans,
        "software": software, "updates": updates,
    }  # fmt: skip
    for name, seen in sorted(seen_names(given, at).items()):
        if name in desks and name not in names:
            continue
        known = name in names
        kinds = len(seen.tables)
        told = (
            f"{count(kinds, 'kind of evidence')} {be(kinds, 'names', 'name')} it, as: "
            f"{', '.join(sorted(seen.roles))}."
        )
        home = [row for row in listed if known and row.system_id == names[name]]
        yield Verdict(
            subject=seen.name,
            result="PASS" if known else "FAIL",
            message=f"The inventory {'lists' if known else 'does not list'} this name; {told}",
            observed="listed" if known else "not listed",
            expected="an id or alias of a system",
            scope=names.get(name, seen.name),
            # What is listed rests on the inventory, however old the evidence that names it.
            rows=(Rows.of("systems", home),) if home else tuple(seen.rows),
        )
