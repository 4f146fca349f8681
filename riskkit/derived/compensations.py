"""Which listeners are reached through tunnels alone, as flows.csv says, and what that is worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

import pandas as pd
import pyarrow as pa

from riskkit.declare import derive
from riskkit.derived.flow_ends import leads_to
from riskkit.derived.inventory import Address, address_of, system_names, system_of
from riskkit.derived.tunnel_states import not_up
from riskkit.model import SEVERITIES, Severity
from riskkit.tables import records
from riskkit.words import count

Network = IPv4Network | IPv6Network

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

    Two steps for tunnels that were seen up, one for those that are only configured or of which no evidence
    ties the listener's name to their networks, none when one flow runs outside, a tunnel has a serious
    weakness or is stale, or it does not carry the listener. Of several that a flow may mean the worst counts.
    """
    names = system_names(systems)
    tunnels = [] if tunnel_states is None else list(records(tunnel_states))
    told = list(records(flows))
    rows = []
    for channel in records(channels):
        mine = [flow for flow in told if flow.ephi is not False and leads_to(flow, channel, names)]
        if any(flow.tunnel or flow.crosses == "vpn" for flow in mine):
            rows.append(_row(channel, mine, tunnels, _addresses(channel, systems, names)))
    frame: pd.DataFrame = pa.Table.from_pylist(rows, schema=SCHEMA).to_pandas(types_mapper=pd.ArrowDtype)
    return frame


def lowered(severity: Severity, steps: int) -> Severity:
    """A severity some steps lower."""
    return SEVERITIES[max(SEVERITIES.index(severity) - steps, 0)]


def by_place(compensations: pd.DataFrame | None) -> dict[tuple[str, int], Any]:
    """Rows by host (case folded) and port."""
    found = () if compensations is None else records(compensations)
    return {(one.host.casefold(), one.port): one for one in found}


def _row(channel: Any, flows: list[Any], tunnels: list[Any], addresses: Sequence[Address]) -> dict[str, Any]:
    steps, inside = 2, 0
    words: list[str] = []
    for flow in flows:
        named = _named(flow, tunnels)
        if not named:
            steps = 0
            words.append(
                f"the flow from {flow.source_system} names "
                + ("a tunnel of which the pack holds no evidence" if flow.tunnel else "no tunnel")
            )
            continue
        inside += 1
        worth, told = _worth(named, channel, addresses)
        steps = min(steps, worth)
        words.append(told)
    return {
        "host": channel.host,
        "port": channel.port,
        "flows": len(flows),
        "in_tunnels": inside,
        "steps": steps,
        "told": "; ".join(dict.fromkeys(words)),
    }


def _named(flow: Any, tunnels: list[Any]) -> list[Any]:
    """Every tunnel that a flow may mean: of that id, else all of that host."""
    wanted = (flow.tunnel or "").casefold()
    if not wanted:
        return []
    exact = [one for one in tunnels if one.tunnel_id.casefold() == wanted]
    return exact or [one for one in tunnels if one.host.casefold() == wanted]


def _worth(named: list[Any], channel: Any, addresses: Sequence[Address]) -> tuple[int, str]:
    """Steps and words of the worst of the tunnels that a flow may run in.

    Those whose networks hold an address of the listener, where there are any, and else all of them.
    """
    holding = [one for one in named if any(_holds(one, address) for address in addresses)]
    judged = [(*_counts(one, channel, addresses), one) for one in holding or named]
    steps, why, tunnel = min(judged, key=lambda found: (found[0], found[2].host, found[2].tunnel_id))
    told = f"{tunnel.evidence}{''.join(f'; {text}' for text in tunnel.weaknesses.split('|') if text)}"
    if why:
        told += f"; {'it counts one step at most' if steps else 'it does not count'}, because {why}"
    if len(judged) > 1:
        told = f"of {count(len(judged), 'tunnel')} that the flow may run in the worst counts: {told}"
    return steps, told


def _counts(tunnel: Any, channel: Any, addresses: Sequence[Address]) -> tuple[int, str]:
    """Steps, and why they are fewer than a tunnel in operation would give."""
    ports = {part.rpartition("/")[2] for part in (tunnel.traffic or "").split("|")}
    held = sum(_holds(tunnel, address) for address in addresses)
    known = 2 if tunnel.seen else 1
    for holds, most, why in (
        (tunnel.serious, 0, "of a weakness that opens it"),
        (tunnel.stale, 0, f"it {not_up(tunnel)}"),
        (tunnel.traffic and str(channel.port) not in ports, 0, f"it carries {tunnel.traffic} alone"),
        (not _networks(tunnel), 1, "its networks are not told"),
        (not addresses, 1, "the inventory names no address of the listener to match with its networks"),
        (addresses and not held, 0, "its networks do not hold the address of the listener"),
        (held < len(addresses), 1, f"its networks hold {held} of {len(addresses)} addresses of the system"),
    ):
        if holds:
            return min(known, most), why
    return known, ""


def _networks(tunnel: Any) -> list[Network]:
    cidrs = f"{tunnel.local_cidrs or ''}|{tunnel.remote_cidrs or ''}".split("|")
    return [ip_network(text) for text in cidrs if text]


def _holds(tunnel: Any, address: Address) -> bool:
    return any(address.version == net.version and address in net for net in _networks(tunnel))


def _addresses(channel: Any, systems: pd.DataFrame | None, names: Mapping[str, str]) -> list[Address]:
    """Of a listener given by its address that one, else all that the inventory names of its system."""
    if own := address_of(channel.host):
        return [own]
    system = system_of(channel.system_id or channel.host, names)
    mine = () if systems is None else (one for one in records(systems) if one.system_id == system)
    listed = (address_of(name) for one in mine for name in (one.aliases or "").split(";"))
    return list(dict.fromkeys(filter(None, listed)))
