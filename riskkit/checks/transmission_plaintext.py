"""Channels that carry ePHI without TLS."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.derived.channel_words import as_configured, long_ago, named, why_not_tls
from riskkit.derived.channels import PLAIN_PROTOCOLS
from riskkit.derived.compensations import by_place, lowered
from riskkit.derived.denied_ephi import DENIED
from riskkit.derived.drift import WITHOUT_TLS
from riskkit.model import Result, Verdict
from riskkit.tables import records
from riskkit.words import count

SILENT = "not_tls"
"""Takes the connection and answers a TLS hello with nothing that could be judged."""


@check(
    id="transmission.plaintext",
    title="Every channel that carries ePHI is encrypted",
    question="Which listeners that carry ePHI answer without TLS?",
    subject="listener",
    controls=("45 CFR 164.312(e)(1)", "45 CFR 164.312(e)(2)(ii)"),
    severity="critical",
    method="TEST",
    remediation="Move the listener to TLS (DICOM TLS, HTTPS, MLLP over TLS) and close the plain port, "
    "or document the encrypted tunnel that carries it.",
    look_first="The AE title or port table of the archive and the modalities that still send to the "
    "plain port.",
    usual_cause="Older modalities that speak no TLS keep the plain DICOM port open for everyone.",
    expects=("archive", "viewer"),
)
def transmission_plaintext(
    channels: pd.DataFrame, compensations: pd.DataFrame | None, *, tunnel_compensates: bool = True
) -> Iterator[Verdict]:
    """One verdict per listener, declared or only observed.

    A tunnel that carries every flow to it lowers the severity, is printed, and makes no pass.
    """
    tunnels = by_place(compensations)
    for channel in records(channels):
        result, message = _judged(channel)
        tunnel = tunnels.get((channel.host.casefold(), channel.port))
        steps = tunnel.steps if tunnel and tunnel_compensates and result == "FAIL" else 0
        if result == "FAIL" and tunnel:
            weighs = f"Weighs {count(steps, 'step')} less" if steps else "No tunnel compensates it"
            message += f" {weighs}: {tunnel.told}."
        yield Verdict(
            **named(channel, "connectivity"),
            result=result,
            message=message + as_configured(channel, "connectivity"),
            observed=channel.connectivity or "not observed",
            expected="tls",
            severity=lowered("critical", steps) if steps else None,
        )


def _judged(channel: Any) -> tuple[Result, str]:
    if channel.connectivity == "tls":
        old = long_ago(channel)
        return ("UNKNOWN", f"The listener spoke TLS.{old}") if old else ("PASS", "The listener speaks TLS.")
    if channel.connectivity == SILENT and channel.ephi and channel.declared in PLAIN_PROTOCOLS:
        return "FAIL", (
            f"The listener carries ePHI, is declared as {channel.declared}, which has no TLS, and does not "
            "answer a TLS hello."
        )
    if channel.connectivity not in WITHOUT_TLS:
        return "UNKNOWN", f"Whether this channel is encrypted is not known: {why_not_tls(channel)}."
    if channel.ephi is None:
        unsaid = "and nothing says whether it carries ePHI"
        told = f"and {DENIED}{channel.ephi_against}" if channel.ephi_against else unsaid
        return "UNKNOWN", f"The listener works without TLS, {told}."
    if channel.ephi:
        return "FAIL", f"The listener ({channel.declared}) carries ePHI and works without TLS."
    return "NA", "The listener works without TLS and is declared to carry no ePHI."
