"""Certificates that do not lead to whom the peers trust."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.derived.channel_words import named
from riskkit.derived.profile_results import leaves_by_place
from riskkit.model import Result, Severity, Verdict
from riskkit.tables import records

Told = tuple[Result, str, Severity | None]


@check(
    id="transmission.certificate_trust",
    title="Certificates lead to the authority that peers trust",
    question="Which listeners present a certificate that does not lead to their trust anchor?",
    subject="listener",
    controls=("45 CFR 164.312(d)", "45 CFR 164.312(e)(1)"),
    severity="medium",
    method="TEST",
    remediation="Have the certificate issued by the authority that peers trust, install the whole chain, and "
    "name the trust anchor in network/endpoints.yaml.",
    look_first="The chain that the listener sends, and the list of authorities on its peers.",
    usual_cause="The certificate is one that the device made for itself.",
)
def transmission_certificate_trust(
    channels: pd.DataFrame, endpoints: pd.DataFrame | None, leaf_certificates: pd.DataFrame | None
) -> Iterator[Verdict]:
    """One verdict per listener that speaks TLS, against the trust that endpoints.yaml names for it.

    Public authorities know nothing of a hospital's own: without an anchor trust is unknown, not failed. A
    chain that OpenSSL takes and RFC 5280 does not is a weakness of the private authority, of low severity.
    """
    points = {} if endpoints is None else {point.endpoint_id: point for point in records(endpoints)}
    leaves = leaves_by_place(leaf_certificates)
    for channel in records(channels):
        if channel.connectivity != "tls":
            continue
        place = channel.host.casefold(), channel.port
        result, message, severity = _judged(channel, points.get(channel.endpoint_id), leaves.get(place))
        yield Verdict(
            **named(channel),
            result=result,
            message=message,
            observed=f"RFC 5280: {channel.chain_strict or 'not tried'}, "
            f"OpenSSL: {channel.chain_openssl or 'not tried'}",
            expected="valid against the trust anchor",
            severity=severity,
        )


def _judged(channel: Any, point: Any | None, leaf: Any | None) -> Told:
    trust = point.trust if point else None
    if trust == "public":
        return _public(channel)
    if trust is None and not (point is not None and point.trust_anchor):
        own = " It is signed by itself." if leaf is not None and leaf.self_signed else ""
        return "UNKNOWN", f"No trust anchor is named for this listener in endpoints.yaml.{own}", None
    why = f" ({channel.chain_reason})" if channel.chain_reason else ""
    return {
        "invalid": ("FAIL", f"The certificate does not lead to its trust anchor{why}.", None),
        "valid": _strictly(channel, why),
    }.get(channel.chain_openssl or "", _by_one(channel, why))


def _strictly(channel: Any, why: str) -> Told:
    if channel.chain_strict == "invalid":
        return "FAIL", f"OpenSSL takes the chain, RFC 5280 does not{why}: newer peers will refuse it.", "low"
    return "PASS", "The certificate leads to its trust anchor.", None


def _by_one(channel: Any, why: str) -> Told:
    """OpenSSL was not asked: what holds by RFC 5280 holds for it too, but not the other way round."""
    if channel.chain_strict == "valid":
        return "PASS", "The certificate leads to its trust anchor.", None
    if channel.chain_strict == "invalid":
        return "UNKNOWN", f"By RFC 5280 its chain does not hold{why}, and OpenSSL was not asked.", None
    return "UNKNOWN", "No scan tried the chain against the trust anchor.", None


def _public(channel: Any) -> Told:
    if channel.chain_public == "valid":
        return "PASS", "A public authority stands behind the certificate.", None
    if channel.chain_public == "invalid":
        return "FAIL", "Peers trust public authorities, and none stands behind the certificate.", None
    return "UNKNOWN", "No scan tried the chain against public authorities.", None
