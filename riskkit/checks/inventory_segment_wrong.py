"""Systems with ePHI in a part of the network that is for something else."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.derived.inventory import in_scope
from riskkit.derived.measures import Covers
from riskkit.model import Moment, Result, Rows, Severity, Verdict
from riskkit.tables import records
from riskkit.words import be, out_of

WRONG: tuple[tuple[frozenset[str], Severity], ...] = (
    (frozenset({"guest", "internet"}), "high"),
    (frozenset({"office", "vendor"}), "medium"),
)
"""Zones in which no ePHI belongs, the worst first."""

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


@check(
    id="inventory.segment_wrong",
    title="Systems that hold ePHI stand in a part of the network of their own",
    question="Which systems that hold ePHI share their segment with guests, offices or vendors?",
    subject="system",
    controls=("45 CFR 164.308(a)(1)(ii)(B)", "45 CFR 164.312(a)(1)"),
    severity="medium",
    worst="high",
    remediation="Move the system into a segment for imaging or servers, and let in only the connections "
    "that it needs.",
    look_first="Which address the system really has, and the rules of the firewall in front of it.",
    usual_cause="The device was plugged into the nearest socket and works.",
    expects=("*",),
)
def inventory_segment_wrong(
    network_segments: pd.DataFrame,
    systems: pd.DataFrame,
    compensating_controls: pd.DataFrame | None,
    *,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per system in scope, by the addresses among its aliases; the smallest segment counts.

    A segment that is not filtered separates nothing; one of which that is not said leaves it unknown.
    """
    segments = [(network, row) for row in records(network_segments) if (network := _network(row.network))]
    covers = Covers(compensating_controls, systems, at)
    for system in sorted(filter(in_scope, records(systems)), key=lambda row: row.system_id):
        names = (system.aliases or "").split(";")
        addresses: list[Address] = [found for name in names if (found := _address(name)) is not None]
        placed = [row for address in addresses if (row := _smallest(address, segments)) is not None]
        result, message, severity = _judged(addresses, placed)
        cover = covers.of(system.system_id, "segment")
        failed = result == "FAIL"
        yield Verdict(
            subject=system.system_id,
            result=result,
            message=message + (cover.told if failed else ""),
            observed=", ".join(sorted({row.zone for row in placed})) or "no segment",
            expected="a filtered segment for imaging, servers, clinical use, management or backup",
            scope=system.system_id,
            severity=cover.lowered(severity) if failed else None,
            rows=(Rows.of("network_segments", placed), Rows.of("systems", [system])),
        )


def _judged(addresses: list[Address], placed: list[Any]) -> tuple[Result, str, Severity]:
    zones = {row.zone for row in placed}
    for wrong, severity in WRONG:
        if zones & wrong:
            return (
                "FAIL",
                f"The system stands in a segment for: {', '.join(sorted(zones & wrong))}.",
                severity,
            )
    unfiltered = sum(row.filtered is False for row in placed)
    if unfiltered:
        told = f"{out_of(unfiltered, len(placed), 'segment')} of the system {be(unfiltered)} not filtered."
        return "FAIL", told, "medium"
    if why := _unclear(addresses, placed):
        return "UNKNOWN", why, "medium"
    return "PASS", f"The system stands in a filtered segment for: {', '.join(sorted(zones))}.", "medium"


def _unclear(addresses: list[Address], placed: list[Any]) -> str:
    if not addresses:
        return "The inventory names no address of the system."
    if len(placed) < len(addresses):
        missing = len(addresses) - len(placed)
        return f"{out_of(missing, len(addresses), 'address')} {be(missing)} in no segment of the plan."
    return "Whether the segment is filtered is not said." if any(r.filtered is None for r in placed) else ""


def _smallest(address: Address, segments: list[tuple[Network, Any]]) -> Any | None:
    holding = [
        (network.prefixlen, row)
        for network, row in segments
        if network.version == address.version and address in network
    ]
    return max(holding, key=lambda one: (one[0], one[1].network, one[1].zone), default=(0, None))[1]


def _address(text: str) -> Address | None:
    try:
        return ip_address(text.strip())
    except ValueError:
        return None


def _network(text: str) -> Network | None:
    try:
        return ip_network(text.strip(), strict=False)
    except ValueError:
        return None
