"""Certificates of which peers cannot learn that they were revoked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.derived.channel_words import named as channel_named
from riskkit.derived.leaf_certificates import named
from riskkit.model import Result, Verdict
from riskkit.tables import records


@check(
    id="transmission.certificate_revocation",
    title="Peers can learn that a certificate was revoked",
    question="Which listeners present a certificate that names no OCSP service and no CRL?",
    subject="listener",
    controls=("45 CFR 164.312(d)",),
    severity="low",
    method="TEST",
    remediation="Let the authority write its CRL or OCSP address into certificates, or issue them for a "
    "time so short that revocation is not needed.",
    look_first="The extensions of the leaf certificate and the template of the authority.",
    usual_cause="The authority is a small one of the organisation that publishes no list.",
)
def transmission_certificate_revocation(
    leaf_certificates: pd.DataFrame, channels: pd.DataFrame | None
) -> Iterator[Verdict]:
    """One verdict per listener; nobody is asked whether the certificate is in fact revoked."""
    seen = {} if channels is None else {(one.host.casefold(), one.port): one for one in records(channels)}
    for leaf in records(leaf_certificates):
        channel = seen.get((leaf.host.casefold(), leaf.port))
        result, message = _judged(leaf, channel.stapled if channel else None)
        about = channel_named(channel) if channel else named(leaf)
        yield Verdict(
            **about,
            result=result,
            message=message,
            observed=leaf.revocable_by or "not known",
            expected="ocsp, crl or a stapled answer",
        )


def _judged(leaf: Any, stapled: str | None) -> tuple[Result, str]:
    if leaf.position != 0:
        return "UNKNOWN", "The scan holds no leaf certificate of this listener."
    if stapled == "yes":
        return "PASS", "The listener sends an answer of the authority along."
    if leaf.self_signed:
        return "NA", "A certificate that is signed by itself is revoked by taking it off the peers' lists."
    if leaf.revocable_by is None:
        return "UNKNOWN", "The scan does not tell where peers could ask about revocation."
    if leaf.revocable_by == "none":
        return "FAIL", "The certificate names neither an OCSP service nor a CRL."
    return "PASS", f"Peers can ask about revocation: {leaf.revocable_by.replace('|', ', ')}."
