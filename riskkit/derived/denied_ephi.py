"""Listeners of which endpoints.yaml says that they carry no ePHI, against what else is known of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from riskkit.derived.flow_ends import leads_to
from riskkit.derived.inventory import system_of

DENIED = "endpoints.yaml says that it carries no ePHI, but "
_SHOWN = 3


def against_no_ephi(
    listener: Any,
    *,
    speaks: str | None,
    flows: Sequence[Any],
    holds_ephi: Mapping[str, bool],
    names: Mapping[str, str],
) -> str | None:
    """What speaks against a listener that is declared to carry no ePHI; None when nothing does.

    `listener` has system_id, host, port and declared; `speaks` is the protocol between nodes that it speaks,
    None for others: a web page of an archive may well be without ePHI, its DICOM port is not. `holds_ephi`
    is by system, case folded.
    """
    senders = sorted({flow.source_system for flow in flows if flow.ephi and leads_to(flow, listener, names)})
    if senders:
        more = f" and {len(senders) - _SHOWN:,} more" if len(senders) > _SHOWN else ""
        return f"flows.csv sends ePHI to it, from {', '.join(senders[:_SHOWN])}{more}"
    if speaks and holds_ephi.get(system_of(listener.system_id or listener.host, names).casefold()):
        return f"it speaks {speaks} and its system holds ePHI"
    return None
