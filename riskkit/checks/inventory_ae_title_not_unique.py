"""AE titles, hosts and other names that more than one system goes by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import narwhals as nw

from riskkit.declare import check
from riskkit.derived.inventory import system_names
from riskkit.derived.trail import first_rows, in_period, row_key
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.tables import records
from riskkit.words import be, count


@check(
    id="inventory.ae_title_not_unique",
    title="AE titles and other names belong to one system each",
    question="Which AE titles or other names do several systems go by?",
    subject="name",
    controls=("45 CFR 164.308(a)(1)(ii)(A)", "45 CFR 164.312(d)"),
    severity="low",
    worst="medium",
    remediation="Give each system an AE title of its own, and keep a register of those in use.",
    look_first="Whether a replaced device and its successor both still answer to the title.",
    usual_cause="A device was installed with the title that its maker gives every device.",
)
def inventory_ae_title_not_unique(
    systems: nw.LazyFrame[Any],
    endpoints: nw.LazyFrame[Any] | None,
    audit_events: nw.LazyFrame[Any] | None,
    *,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per name of the inventory, per AE title of a listener and per one that called.

    DICOM PS3.15 Annex H asks for AE titles that are unique within the network. An AE title that called
    from the addresses of two systems in the period has two owners; addresses that no system goes by are
    counted and leave it unknown when there is more than one.
    """
    names = system_names(systems)
    owners: dict[str, dict[str, list[Any]]] = {}
    spelt: dict[str, str] = {}
    for system in records(systems):
        for name in dict.fromkeys((system.system_id, *(system.aliases or "").split(";"))):
            _own(owners, spelt, name, system.system_id, ("systems", system))
    for endpoint in () if endpoints is None else records(endpoints):
        owner = names.get(
            (endpoint.system_id or endpoint.host).casefold(), endpoint.system_id or endpoint.host
        )
        _own(owners, spelt, endpoint.called_aet or "", owner, ("endpoints", endpoint))
    calls = {} if audit_events is None else _calls(audit_events, at)
    for name, places in calls.items():
        for place, row in places:
            if place.casefold() in names:
                _own(owners, spelt, row.source_aet, names[place.casefold()], ("audit_events", row))
            else:
                spelt.setdefault(name, row.source_aet)
    for name in sorted(owners.keys() | calls.keys()):
        held = owners.get(name, {})
        strangers = sum(place.casefold() not in names for place, _ in calls.get(name, ()))
        result, message = _judged(held, strangers)
        yield Verdict(
            subject=spelt[name],
            result=result,
            message=message,
            observed=f"{count(len(held), 'system')}, {count(strangers, 'other address')}",
            expected="one system",
            scope=min(held, default=spelt[name]),
            severity="medium" if name in calls else None,
            rows=tuple(_rows(held, calls.get(name, ()))),
        )


def _own(
    owners: dict[str, dict[str, list[Any]]], spelt: dict[str, str], name: str, system: str, row: Any
) -> None:
    if name.strip():
        spelt.setdefault(name.strip().casefold(), name.strip())
        owners.setdefault(name.strip().casefold(), {}).setdefault(system, []).append(row)


def _calls(audit_events: nw.LazyFrame[Any], at: Moment) -> dict[str, list[tuple[str, Any]]]:
    """AE titles (in lower case) that called in the period, with each address and its first row."""
    grouped = (
        audit_events.filter(in_period(at), ~nw.col("source_aet").is_null())
        .with_columns(place=nw.coalesce("source_ip", "source_host"), key=row_key())
        .filter(~nw.col("place").is_null())
        .group_by("source_aet", "place", "source")
        .agg(nw.len().alias("events"), nw.col("key").min())
    )
    found: dict[str, dict[str, Any]] = {}
    for row in sorted(records(grouped), key=lambda row: (row.source, row.key)):
        if row.source_aet.strip():
            found.setdefault(row.source_aet.strip().casefold(), {}).setdefault(row.place, row)
    return {name: sorted(places.items()) for name, places in found.items()}


def _judged(held: dict[str, list[Any]], strangers: int) -> tuple[Result, str]:
    if len(held) > 1:
        return "FAIL", f"{len(held)} systems go by this name."
    if strangers and held:
        return "UNKNOWN", (
            f"It also called from {count(strangers, 'address')} that {be(strangers)} no name of its system."
        )
    if strangers > 1:
        return "UNKNOWN", f"It called from {strangers} addresses that no system goes by."
    if strangers:
        return "PASS", "It called from one address, that no system goes by."
    return "PASS", "One system goes by this name."


def _rows(held: dict[str, list[Any]], calls: Any) -> Iterator[Rows]:
    for table in ("systems", "endpoints"):
        rows = [row for owned in held.values() for kind, row in owned if kind == table]
        if rows:
            yield Rows.of(table, rows)
    if calls:
        keys = sorted({(row.source, row.key) for _, row in calls})
        yield first_rows(keys, sum(int(row.events) for _, row in calls), "source_aet = :subject")
