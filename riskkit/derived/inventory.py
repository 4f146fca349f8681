"""What questions about systems share: every name of a system, and which systems hold ePHI."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

from riskkit.tables import records

Address = IPv4Address | IPv6Address

NO_TRAIL = frozenset({"backup"})
"""Kinds of systems whose work shows in the trail of the systems that they copy."""


def system_names(systems: Any | None) -> Mapping[str, str]:
    """Every name of a system (id, hosts, AE titles, audit source ids), case folded, to its id.

    `systems` is the table in whatever frame it came, or None: then there are no names.
    """
    names: dict[str, str] = {}
    for system in () if systems is None else records(systems):
        for name in (system.system_id, *(system.aliases or "").split(";")):
            if name.strip():
                names.setdefault(name.strip().casefold(), system.system_id)
    return names


def system_of(name: str | None, names: Mapping[str, str]) -> str:
    """The id of the system that goes by a name, else the name itself; empty for none."""
    return names.get(name.casefold(), name) if name else ""


def address_of(name: str) -> Address | None:
    """The network address that a name is; None for any other name."""
    try:
        return ip_address(name.strip().strip("[]"))
    except ValueError:
        return None


def in_scope(system: Any) -> bool:
    """Whether a row of `systems` holds ePHI and its evidence is part of the pack."""
    return bool(system.holds_ephi) and system.covered is not False
