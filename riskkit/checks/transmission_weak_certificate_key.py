"""Certificates whose key or signature is too weak."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.derived.leaf_certificates import named
from riskkit.model import Result, Verdict
from riskkit.tables import records

WEAK_SIGNATURES = frozenset({"md5", "sha1"})
DSA = frozenset({"dsa", "dsapublickey"})


@check(
    id="transmission.weak_certificate_key",
    title="Certificates have keys and signatures of today's strength",
    question="Which listeners present a certificate with a short key, DSA, or an MD5 or SHA-1 signature?",
    subject="listener",
    controls=("45 CFR 164.312(e)(2)(ii)", "45 CFR 164.312(d)"),
    severity="high",
    method="TEST",
    remediation="Issue a new certificate with an RSA key of at least 2048 bits or an elliptic curve key of "
    "at least 256 bits, signed with SHA-256 or better.",
    look_first="The leaf certificate of the listener and the template of the authority that issued it.",
    usual_cause="The certificate came with the device or from an authority set up many years ago.",
)
def transmission_weak_certificate_key(
    leaf_certificates: pd.DataFrame,
    *,
    rsa_bits: int = 2048,
    curve_bits: int = 256,
) -> Iterator[Verdict]:
    """One verdict per listener on the leaf of the latest scan (NIST SP 800-131A r2: 112 bits of strength)."""
    for leaf in records(leaf_certificates):
        result, message = _judged(leaf, rsa_bits, curve_bits)
        yield Verdict(
            **named(leaf),
            result=result,
            message=message,
            observed=f"{leaf.key_algorithm or 'unknown'} {leaf.key_bits or 'unknown'} bits, "
            f"signed with {leaf.signature_hash or 'unknown'}",
            expected=f"RSA of {rsa_bits} or a curve of {curve_bits} bits, signed with SHA-256 or better",
        )


def _judged(leaf: Any, rsa_bits: int, curve_bits: int) -> tuple[Result, str]:
    if leaf.position != 0:
        return "UNKNOWN", "The scan holds no leaf certificate of this listener."
    weaknesses = list(_weaknesses(leaf, rsa_bits, curve_bits))
    if weaknesses:
        return "FAIL", f"The certificate {' and '.join(weaknesses)}."
    untold = [
        name
        for name, value in (
            ("the kind of the key", leaf.key_algorithm),
            ("the length of the key", leaf.key_bits),
            ("the signature", leaf.signature_hash or _is_modern_curve(leaf)),
        )
        if not value
    ]
    if untold:
        return "UNKNOWN", f"The scan does not tell {' and '.join(untold)}."
    return "PASS", f"The certificate has a {leaf.key_algorithm} key of {leaf.key_bits} bits."


def _weaknesses(leaf: Any, rsa_bits: int, curve_bits: int) -> Iterator[str]:
    algorithm = (leaf.key_algorithm or "").casefold()
    needed = rsa_bits if "rsa" in algorithm else curve_bits
    if algorithm in DSA:
        yield "has a DSA key"
    elif algorithm and leaf.key_bits is not None and leaf.key_bits < needed:
        yield f"has a {leaf.key_algorithm} key of {leaf.key_bits} bits where {needed} are needed"
    # Nobody relies on the signature that a certificate puts under itself.
    if (leaf.signature_hash or "").casefold().replace("-", "") in WEAK_SIGNATURES and not leaf.self_signed:
        yield f"is signed with {leaf.signature_hash}"


def _is_modern_curve(leaf: Any) -> bool:
    """Ed25519 and Ed448 sign without a separate hash."""
    return (leaf.key_algorithm or "").casefold().startswith("ed")
