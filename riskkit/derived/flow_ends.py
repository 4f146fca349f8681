"""At which listeners a flow of flows.csv ends."""

from __future__ import annotations

from typing import Any

from riskkit.derived.inventory import system_of


def leads_to(flow: Any, channel: Any, names: Any) -> bool:
    """Whether a flow ends at a listener: same system, and the port, or else the protocol, that it names."""
    target = system_of(flow.target_system, names).casefold()
    if target not in {(channel.system_id or "").casefold(), channel.host.casefold()}:
        return False
    if flow.port is not None:
        return bool(flow.port == channel.port)
    return channel.declared is None or flow.protocol == channel.declared
