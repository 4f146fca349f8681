"""Flows of ePHI between systems of which the pack shows nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.derived.channel_words import places
from riskkit.derived.channels import ANSWERED
from riskkit.derived.flow_ends import leads_to
from riskkit.derived.inventory import system_names, system_of
from riskkit.model import Result, Rows, Severity, Verdict
from riskkit.tables import records
from riskkit.words import be, count, out_of


@check(
    id="transmission.flow_without_evidence",
    title="Every flow of ePHI between systems was looked at",
    question="For which flows between systems does nothing in the pack show how they are protected?",
    subject="flow",
    controls=("45 CFR 164.312(e)(1)", "45 CFR 164.308(a)(1)(ii)(A)"),
    severity="medium",
    worst="high",
    method="EXAMINE",
    remediation="Name the listener of the flow in network/endpoints.yaml, have it scanned, and add the "
    "configuration of the tunnel that carries it.",
    look_first="Who operates the target system, and whether its listener may be scanned.",
    usual_cause="The target belongs to a partner or a vendor, and nobody asked for evidence.",
)
def transmission_flow_without_evidence(
    flows: pd.DataFrame,
    channels: pd.DataFrame | None,
    tunnel_states: pd.DataFrame | None,
    systems: pd.DataFrame | None,
) -> Iterator[Verdict]:
    """One verdict per row of flows.csv; a flow through the internet without evidence weighs more.

    That a flow was looked at says nothing of whether it is secured: its listener's own verdict does.
    """
    names = system_names(systems)
    listeners = [] if channels is None else list(records(channels))
    tunnels = [] if tunnel_states is None else list(records(tunnel_states))
    said: set[str] = set()
    for flow in records(flows):
        mine = [one for one in listeners if leads_to(flow, one, names)]
        seen = [one for one in mine if one.connectivity in ANSWERED]
        result, message = _judged(flow, mine, seen, tunnels)
        keys = tuple(key for one in seen for key in places(one.rests_on))
        rows = (Rows("channel_observations", len(keys), keys[: Rows.FIRST]),) if keys else ()
        subject = _subject(flow, said)
        yield Verdict(
            subject=subject,
            result=result,
            message=message,
            observed=f"{count(len(seen), 'listener')} looked at",
            expected="evidence of the listener, and of the tunnel where one is named",
            scope=system_of(flow.target_system, names),
            rows=(Rows.of("flows", [flow]), *rows),
            severity=_severity(flow),
        )


def _subject(flow: Any, said: set[str]) -> str:
    port = f":{flow.port}" if flow.port is not None else ""
    subject = f"{flow.source_system} to {flow.target_system}{port} ({flow.protocol})"
    # flows.csv may list one twice, for two purposes; each stands for itself.
    while subject in said:
        subject += " again"
    said.add(subject)
    return subject


def _severity(flow: Any) -> Severity | None:
    return "high" if flow.crosses == "internet" else None


def _judged(flow: Any, mine: list[Any], seen: list[Any], tunnels: list[Any]) -> tuple[Result, str]:
    if flow.ephi is False:
        return "NA", "The flow is declared to carry no ePHI."
    way = f", and it crosses the {flow.crosses}" if flow.crosses in {"internet", "vpn"} else ""
    wanted = (flow.tunnel or "").casefold()
    there = wanted in {name.casefold() for one in tunnels for name in (one.tunnel_id, one.host)}
    if wanted and not there:
        return "FAIL", "The flow names a tunnel of which the pack holds no evidence."
    if not seen:
        what = (
            (f"none of its {len(mine)} listeners was" if len(mine) > 1 else "its listener was not")
            + " seen to answer"
            if mine
            else "no listener of it is known"
        )
        if wanted:
            return (
                "UNKNOWN",
                f"The tunnel that the flow names is there, but {what}: what lies behind it is dark.",
            )
        return "FAIL", f"Nothing shows how this flow is protected: {what}{way}."
    if flow.crosses == "vpn" and not wanted:
        return "FAIL", "The flow is said to cross a VPN, and flows.csv does not name its tunnel."
    return _looked_at(flow, mine, seen)


def _looked_at(flow: Any, mine: list[Any], seen: list[Any]) -> tuple[Result, str]:
    denied = sum(bool(one.ephi_against) or one.ephi is False for one in mine)
    if flow.ephi and denied:
        return "UNKNOWN", (
            "The flow is said to carry ePHI, and endpoints.yaml says that its listener carries none "
            f"({out_of(denied, len(mine), 'listener')}): one of the two is wrong."
        )
    tunnel = ", and the tunnel that it names" if flow.tunnel else ""
    return "PASS", (
        f"{out_of(len(seen), len(mine), 'listener')} of this flow {be(len(seen), 'was', 'were')} looked "
        f"at{tunnel}."
    )
