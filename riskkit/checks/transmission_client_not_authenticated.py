"""DICOM and HL7 nodes that let any client in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.derived.channel_words import as_configured, named, why_not_tls
from riskkit.derived.drift import WITHOUT_TLS
from riskkit.model import Result, Verdict
from riskkit.tables import records

NODE_PROTOCOLS = frozenset({"dicom-tls", "mllp-tls"})
"""Between nodes there is no log-in: the certificate is the only thing that tells who calls."""

ABOUT = ("connectivity", "mtls.client_auth")
LENIENT = {
    "optional": "The listener asks for a client certificate and goes on without one.",
    "any": "The listener asks for a client certificate and takes any, whoever made it.",
    **dict.fromkeys(
        ("disabled", "none", "not_requested"), "The listener does not ask for a client certificate."
    ),
}


@check(
    id="transmission.client_not_authenticated",
    title="Nodes that speak DICOM or HL7 over TLS ask for a client certificate",
    question="Which DICOM TLS and MLLP TLS listeners accept clients without a certificate?",
    subject="listener",
    controls=("45 CFR 164.312(d)",),
    severity="medium",
    method="TEST",
    remediation="Require client certificates on the listener and enrol each node that may connect.",
    look_first="The TLS settings of the DICOM or HL7 listener: verification of the peer certificate.",
    usual_cause="TLS was switched on for encryption only, as certificates for every modality are work.",
)
def transmission_client_not_authenticated(channels: pd.DataFrame) -> Iterator[Verdict]:
    """One verdict per listener that is declared as dicom-tls or mllp-tls (IHE ATNA, ITI-19)."""
    for channel in records(channels):
        if channel.declared not in NODE_PROTOCOLS:
            continue
        result, message = _judged(channel)
        yield Verdict(
            **named(channel, *ABOUT),
            result=result,
            message=message + as_configured(channel, *ABOUT),
            observed=channel.client_auth or "not observed",
            expected="required",
        )


def _judged(channel: Any) -> tuple[Result, str]:
    asked = (channel.client_auth or "").casefold()
    if channel.ephi is False:
        return "NA", "The listener is declared to carry no ePHI."
    if channel.connectivity in WITHOUT_TLS:
        return "FAIL", "The listener speaks no TLS, so no certificate tells who connects."
    if asked == "required":
        return "PASS", "The listener requires a client certificate."
    if asked in LENIENT:
        return "FAIL", LENIENT[asked]
    why = why_not_tls(channel) or channel.client_auth_reason or "the scan got no answer"
    return "UNKNOWN", f"Whether it asks for a client certificate is not known: {why}."
