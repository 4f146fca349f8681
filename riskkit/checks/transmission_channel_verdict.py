"""The one answer for each channel: whether ePHI on it is secured and both ends authenticate."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.derived.channel_verdicts import FAILED, STATES
from riskkit.derived.channel_words import long_ago, named
from riskkit.derived.compensations import lowered
from riskkit.model import Result, Severity, Verdict
from riskkit.tables import records
from riskkit.words import capital, count

SEVERITY: dict[str, Severity] = {"unsecured": "critical", "breakable": "high", "unauthenticated": "medium"}
PASSED = ("baseline", "strong")


@check(
    id="transmission.channel_verdict",
    title="Every channel with ePHI is at least at the baseline",
    question="Which channels are unsecured, breakable, unauthenticated or undetermined?",
    subject="listener",
    controls=("45 CFR 164.312(e)(1)", "45 CFR 164.312(e)(2)(ii)"),
    severity="high",
    worst="critical",
    method="TEST",
    remediation="Bring each channel to the baseline, the unsecured ones first; the findings on versions, "
    "suites and certificates say what to change.",
    look_first="The map of channels, and the other findings on the same listener.",
    usual_cause="A channel was opened for one old device and kept for all.",
    expects=("archive", "viewer"),
)
def transmission_channel_verdict(
    channel_verdicts: pd.DataFrame, channels: pd.DataFrame, *, tunnel_compensates: bool = True
) -> Iterator[Verdict]:
    """One verdict per listener; a tunnel lowers the severity of a finding and never makes it a pass."""
    told = {(one.host, one.port): one for one in records(channel_verdicts)}
    for channel in records(channels):
        one = told[channel.host, channel.port]
        steps = one.steps if tunnel_compensates and one.state in FAILED else 0
        severity = SEVERITY.get(one.state)
        yield Verdict(
            **named(channel, "connectivity", "protocol.", "suite.", "mtls."),
            result=_result(one.state),
            message=_message(one, steps) + long_ago(channel),
            observed=one.state,
            expected="baseline or strong",
            severity=lowered(severity, steps) if severity else None,
        )


def _result(state: str) -> Result:
    if state in FAILED:
        return "FAIL"
    return "PASS" if state in PASSED else "NA" if state == "no ePHI" else "UNKNOWN"


def _message(one: Any, steps: int) -> str:
    why = "; ".join(filter(None, one.why.split("|")))
    unclear = "; ".join(filter(None, one.not_known.split("|")))
    parts = [f"{capital(one.state)}: {STATES[one.state]}{f' ({why})' if why else ''}."]
    if unclear:
        parts.append(f"Not known: {unclear}.")
    if one.state in FAILED and one.tunnel:
        weighs = (
            f"Weighs {count(steps, 'step')} less because of a tunnel" if steps else "No tunnel compensates it"
        )
        parts.append(f"{weighs}: {one.tunnel}.")
    if one.state != "no ePHI":
        parts.append(f"PHI secured in the sense of HHS: {one.hhs_secured_phi} ({one.hhs_why}).")
    return " ".join(parts)
