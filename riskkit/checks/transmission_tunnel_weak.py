"""Tunnels that are relied on and are weak, or were not up for long."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.derived.tunnel_states import STALE_DAYS, faults
from riskkit.model import Result, Rows, Verdict
from riskkit.tables import records
from riskkit.words import count


@check(
    id="transmission.tunnel_weak",
    title="Tunnels use current algorithms, authenticate both ends and are up",
    question="Which tunnels use weak algorithms, do not authenticate a peer, or were not up lately?",
    subject="tunnel",
    controls=("45 CFR 164.312(e)(1)", "45 CFR 164.312(e)(2)(ii)", "45 CFR 164.312(d)"),
    severity="medium",
    worst="high",
    method="EXAMINE",
    remediation="Use IKEv2, AES-GCM with SHA-256 and groups of 2048 bits or more, give each end a key of its "
    "own, and take away tunnels that nobody uses.",
    look_first="The proposals and the authentication of the gateway, and when the peer was last seen.",
    usual_cause="The tunnel was agreed on with a partner years ago, and the partner's device sets the limit.",
)
def transmission_tunnel_weak(tunnel_states: pd.DataFrame) -> Iterator[Verdict]:
    """One verdict per tunnel (NIST SP 800-77 r1); a configuration cannot tell whether a tunnel is up."""
    for tunnel in records(tunnel_states):
        result, message = _judged(tunnel)
        place = tunnel.rests_on
        key = place["source"], place["offset"] or 0, place["n"] or 0
        yield Verdict(
            subject=f"{tunnel.tunnel_id} of {tunnel.host}",
            result=result,
            message=f"{message} {tunnel.evidence}.",
            observed="; ".join(faults(tunnel)) or "no weakness",
            expected="no weakness, up lately",
            scope=tunnel.host,
            rows=(Rows("tunnels", 1, (key,)),),
            severity="high" if tunnel.serious else None,
        )


def _judged(tunnel: Any) -> tuple[Result, str]:
    if weaknesses := faults(tunnel):
        return "FAIL", f"The tunnel has {count(len(weaknesses), 'weakness')}: {'; '.join(weaknesses)}."
    untold = [text for text in tunnel.untold.split("|") if text]
    if untold:
        return "UNKNOWN", f"Not known of the tunnel: {'; '.join(untold)}."
    return "PASS", f"No weakness is known of the tunnel, and it was up within {STALE_DAYS} days."
