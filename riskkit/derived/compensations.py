"""Which listeners are reached through tunnels alone, as flows.csv says, and what that is worth."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Any

import pandas as pd
import pyarrow as pa

from riskkit.declare import derive
from riskkit.derived.inventory import system_names, system_of
from riskkit.model import SEVERITIES, Severity
from riskkit.tables import records
from riskkit.words import amount

SCHEMA = pa.schema(
    [
        ("host", pa.string()),
        ("port", pa.int64()),
        ("flows", pa.int64()),  # flows with ePHI, or that may hold it, to this listener
        ("in_tunnels", pa.int64()),  # of them in a tunnel of which there is evidence
        ("steps", pa.int64()),  # by how many steps of severity it counts less: 0, 1 or 2
        ("told", pa.string()),  # the tunnel's own evidence and weaknesses, or why it does not count
    ]
)


@derive(
    name="compensations",
    doc="One row per listener to which flows.csv names a flow through a tunnel: how many of its flows run in "
    "tunnels of which there is evidence, by how many steps a missing encryption weighs less, and why.",
)
def compensations(
    channels: pd.DataFrame,
    flows: pd.DataFrame,
    tunnel_states: pd.DataFrame | None,
    systems: pd.DataFrame | None,
) -> pd.DataFrame:
    """Match flows with listeners by system and port (or protocol), and tunnels by their id or host.

    Two steps for tunnels that were seen up, one for those that are only configured, none when one flow
    runs outside, a tunnel has a serious weakness or is stale, or its networks do not hold the listener.
    """
    names = system_names(systems)
    tunnels = [] if tunnel_states is None else list(records(tunnel_states))
    told = list(records(flows))
    rows = []
    for channel in records(channels):
        mine = [flow for flow in told if flow.ephi is not False and leads_to(flow, channel, names)]
        if any(flow.tunnel or flow.crosses == "vpn" for flow in mine):
            rows.append(_row(channel, mine, tunnels))
    frame: pd.DataFrame = pa.Table.from_pylist(rows, schema=SCHEMA).to_pandas(types_mapper=pd.ArrowDtype)
    return frame


def leads_to(flow: Any, channel: Any, names: Any) -> bool:
    """Whether a flow ends at a listener: same system, and the port, or else the protocol, that it names."""
    target = system_of(flow.target_system, names).casefold()
    if target not in {(channel.system_id or "").casefold(), channel.host.casefold()}:
        return False
    if flow.port is not None:
        return bool(flow.port == channel.port)
    return channel.declared is None or flow.protocol == channel.declared


def lowered(severity: Severity, steps: int) -> Severity:
    """A severity some steps lower."""
    return SEVERITIES[max(SEVERITIES.index(severity) - steps, 0)]


def by_place(compensations: pd.DataFrame | None) -> dict[tuple[str, int], Any]:
    """Rows by host (case folded) and port."""
    found = () if compensations is None else records(compensations)
    return {(one.host.casefold(), one.port): one for one in found}


def _row(channel: Any, flows: list[Any], tunnels: list[Any]) -> dict[str, Any]:
    steps, inside = 2, 0
    words: list[str] = []
    for flow in flows:
        tunnel = _named(flow, tunnels)
        if tunnel is None:
            steps = 0
            words.append(
                f"the flow from {flow.source_system} names "
                + ("a tunnel of which the pack holds no evidence" if flow.tunnel else "no tunnel")
            )
            continue
        inside += 1
        why = _no_use(tunnel, channel.host)
        steps = 0 if why else min(steps, 2 if tunnel.seen else 1)
        weak = "".join(f"; {text}" for text in filter(None, tunnel.weaknesses.split("|")))
        words.append(f"{tunnel.evidence}{weak}" + (f"; it does not count, because {why}" if why else ""))
    return {
        "host": channel.host,
        "port": channel.port,
        "flows": len(flows),
        "in_tunnels": inside,
        "steps": steps,
        "told": "; ".join(dict.fromkeys(words)),
    }


def _named(flow: Any, tunnels: list[Any]) -> Any | None:
    wanted = (flow.tunnel or "").casefold()
    if not wanted:
        return None
    exact = [one for one in tunnels if one.tunnel_id.casefold() == wanted]
    return next(iter(exact or [one for one in tunnels if one.host.casefold() == wanted]), None)


def _no_use(tunnel: Any, host: str) -> str:
    if tunnel.serious:
        return "of a weakness that opens it"
    if tunnel.stale:
        return f"it was last up {amount(tunnel.stale_days, 'day')} before the end of the period"
    try:
        address = ip_address(host)
    except ValueError:
        return ""  # a name, which no evidence ties to an address
    cidrs = [text for text in f"{tunnel.local_cidrs or ''}|{tunnel.remote_cidrs or ''}".split("|") if text]
    covered = any(address.version == net.version and address in net for net in map(ip_network, cidrs))
    return "" if covered or not cidrs else "its networks do not hold the address of the listener"
