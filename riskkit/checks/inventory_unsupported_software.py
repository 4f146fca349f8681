"""Systems, and the software on them, whose makers no longer mend them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pandas as pd

from riskkit.catalog.support_dates import Support, support_of
from riskkit.declare import check
from riskkit.derived.inventory import system_names, system_of
from riskkit.derived.measures import Covers
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.tables import records
from riskkit.words import amount

OF_THE_DISTRIBUTION = ("pkg:deb/", "pkg:rpm/", "pkg:apk/")
"""Packages that the operating system's makers mend, however old the release that they are made of."""


@check(
    id="inventory.unsupported_software",
    title="Systems that hold ePHI run software that its maker still supports",
    question="Which systems that hold ePHI run software whose support has ended?",
    subject="system",
    controls=("45 CFR 164.308(a)(1)(ii)(B)",),
    severity="high",
    remediation="Upgrade or replace the system, or isolate it and record in compensating_controls.csv what "
    "protects it instead and until when.",
    look_first="The version that really runs, and the maker's end-of-support notice for it.",
    usual_cause="The maker certifies upgrades late, and the device cannot be taken out of service.",
)
def inventory_unsupported_software(
    systems: pd.DataFrame,
    software: pd.DataFrame | None,
    compensating_controls: pd.DataFrame | None,
    *,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per system that holds ePHI, and one per listed component that the catalogue knows.

    `supported_until` of the inventory comes before catalog/support_dates.yaml. Packages of a Linux
    distribution are mended by it and are not judged by the dates of those who first made them.
    """
    covers = Covers(compensating_controls, systems, at)
    held = {system.system_id: system for system in records(systems) if system.holds_ephi}
    for name, system in sorted(held.items()):
        until, told = _of_system(system)
        yield _verdict(name, name, until, told, covers, at, Rows.of("systems", [system]))
    names = system_names(systems)
    parts: dict[tuple[str, str, str], tuple[Support, list[Any]]] = {}
    for part in () if software is None else records(software):
        home = system_of(part.system_id, names)
        support = None if (part.purl or "").startswith(OF_THE_DISTRIBUTION) else _known(part)
        if support and home in held:
            parts.setdefault((home, support.product, support.release), (support, []))[1].append(part)
    for (home, product, release), (support, rows) in sorted(parts.items()):
        subject = f"{home}: {product} {release}"
        newest = sorted(rows, key=lambda row: (row.source, row.offset or 0, row.n or 0))
        until = support.until if support.quotable else None
        told = f" ({support.told})" if support.quotable else f"its date was read nowhere ({support.told})"
        yield _verdict(subject, home, until, told, covers, at, Rows.of("software", newest))


def _known(part: Any) -> Support | None:
    found = support_of(part.name, part.version)
    return found if found and found.until else None


def _of_system(system: Any) -> tuple[date | None, str]:
    """The last day of support, and where it is from or why there is none."""
    if system.supported_until is not None:
        return system.supported_until, " by the inventory"
    found = support_of(system.product, system.version)
    if found is None:
        return None, "neither the inventory nor the catalogue of support dates tells"
    if not found.quotable:
        return None, f"what the catalogue says of {found.product} was read nowhere ({found.told})"
    if found.until is None:
        return None, f"the makers of {found.product} mend only the newest release ({found.told})"
    return found.until, f" for {found.product} {found.release} ({found.told})"


def _verdict(
    subject: str, system: str, until: date | None, told: str, covers: Covers, at: Moment, rows: Rows
) -> Verdict:
    cover = covers.of(system, "unsupported")
    result, message = _judged(until, told, at)
    failed = result == "FAIL"
    return Verdict(
        subject=subject,
        result=result,
        message=message + (cover.told if failed else ""),
        observed=f"supported until {until}" if until else "unknown",
        expected=f"supported beyond {at.today}",
        scope=system,
        severity=cover.lowered("high") if failed else None,
        rows=(rows, *(cover.rows if failed else ())),
    )


def _judged(until: date | None, told: str, at: Moment) -> tuple[Result, str]:
    if until is None:
        return "UNKNOWN", f"Until when it is supported is not known: {told}."
    days = (until - at.today).days
    if days <= 0:
        return "FAIL", f"Support ended {amount(-days, 'day')} ago, on {until}{told}."
    return "PASS", f"Support lasts until {until}{told}."
