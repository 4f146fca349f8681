"""One certificate, and so one private key, on several systems."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.derived.inventory import system_names, system_of
from riskkit.derived.leaf_certificates import named
from riskkit.model import Result, Verdict
from riskkit.tables import records
from riskkit.words import be, count

MOST = 4


@check(
    id="transmission.certificate_shared",
    title="Each system has a certificate and a private key of its own",
    question="Which listeners present a certificate that a listener of another system presents too?",
    subject="listener",
    controls=("45 CFR 164.312(d)",),
    severity="medium",
    method="TEST",
    remediation="Give each system a key and a certificate of its own, and revoke the one that was shared.",
    look_first="Whether the systems are parts of one cluster behind one name.",
    usual_cause="A wildcard certificate, or an image of a server with its key in it, was copied to several.",
)
def transmission_certificate_shared(
    leaf_certificates: pd.DataFrame, systems: pd.DataFrame | None
) -> Iterator[Verdict]:
    """One verdict per listener that presented a certificate, by its SHA-256.

    Systems are those of endpoints.yaml and, by their names, of the inventory, else hosts: several listeners
    of one system may share. Another certificate for the same key is not seen: no evidence names keys. A
    certificate without a fingerprint is unknown.
    """
    names = system_names(systems)
    leaves = [
        (leaf, system_of(leaf.system_id or leaf.host, names).casefold(), _fingerprint(leaf))
        for leaf in records(leaf_certificates)
    ]
    holders: dict[str, set[str]] = {}
    for _, system, fingerprint in leaves:
        holders.setdefault(fingerprint, set()).add(system)
    for leaf, system, fingerprint in leaves:
        others = sorted(holders[fingerprint] - {system}) if fingerprint else []
        result, message = _judged(fingerprint, others)
        yield Verdict(
            **named(leaf),
            result=result,
            message=message,
            observed=count(len(others), "other system") if fingerprint else "no fingerprint",
            expected="a certificate of its own",
        )


def _fingerprint(leaf: Any) -> str:
    return (leaf.sha256 or "").casefold() if leaf.position == 0 else ""


def _judged(fingerprint: str, others: Sequence[str]) -> tuple[Result, str]:
    if not fingerprint:
        return "UNKNOWN", "No scan names the fingerprint of its certificate."
    if not others:
        return "PASS", "No other system that was looked at presents its certificate."
    rest = f" and {len(others) - MOST} more" if len(others) > MOST else ""
    return "FAIL", (
        f"{count(len(others), 'other system')} {be(len(others), 'presents', 'present')} the same certificate "
        f"({', '.join(others[:MOST])}{rest}): who takes the key from one of them can pass for all."
    )
