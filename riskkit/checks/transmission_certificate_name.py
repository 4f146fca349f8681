"""Certificates that name another host."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.derived.channels import NODE_PROTOCOLS
from riskkit.derived.leaf_certificates import named
from riskkit.model import Result, Verdict
from riskkit.tables import records


@check(
    id="transmission.certificate_name",
    title="Certificates name the host that peers connect to",
    question="Which listeners present a certificate whose names do not match the host?",
    subject="listener",
    controls=("45 CFR 164.312(d)",),
    severity="medium",
    method="TEST",
    remediation="Issue the certificate with the name or address that peers connect to as subject alternative "
    "name.",
    look_first="The subject alternative names of the leaf certificate, and the name in the peers' settings.",
    usual_cause="The host was renamed, or peers connect to its address.",
)
def transmission_certificate_name(
    leaf_certificates: pd.DataFrame, channels: pd.DataFrame | None
) -> Iterator[Verdict]:
    """One verdict per listener (RFC 9525); of low severity for nodes, as many compare keys, not names."""
    declared = {} if channels is None else {
        (one.host.casefold(), one.port): one.declared for one in records(channels)
    }  # fmt: skip
    for leaf in records(leaf_certificates):
        is_node = declared.get((leaf.host.casefold(), leaf.port)) in NODE_PROTOCOLS
        result, message = _judged(leaf)
        yield Verdict(
            **named(leaf),
            result=result,
            message=message,
            observed={True: "matches", False: "does not match"}.get(leaf.matches_host, "not known"),
            expected="a subject alternative name that matches",
            severity="low" if is_node else None,
        )


def _judged(leaf: Any) -> tuple[Result, str]:
    if leaf.position != 0 or leaf.matches_host is None:
        return "UNKNOWN", "The scan does not tell the names of the certificate."
    if leaf.matches_host:
        return "PASS", "A subject alternative name matches the host."
    return "FAIL", "No subject alternative name matches the host that was connected to."
