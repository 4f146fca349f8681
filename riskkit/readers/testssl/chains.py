"""The leaf certificates that testssl.sh describes of one listener, one for each kind of key."""

from __future__ import annotations

import re
from collections.abc import Sequence

from riskkit.readers.presented import (
    alternative_names,
    fingerprint,
    key_bits,
    key_kind,
    matches,
    moment,
    name,
    signature_hash,
)
from riskkit.readers.testssl.facts import Finding

_OF_CERTIFICATE = re.compile(r"(cert(?:_\w+)?)(?: <(?:host)?[cC]ert#(\d{1,3})>)?")
_KEY = re.compile(r"([A-Za-z0-9]+) (\d{2,6}) bits?")
_ISSUER = re.compile(r"([^()]{1,200}?)(?: \((.{1,200}?)(?: from ([A-Z]{2}))?\))?")
_HEX = re.compile(r"[0-9A-Fa-f]{64}")
_SELF_SIGNED = "failed (self signed)"
_NO_SAN = "No SAN"


def leaf_rows(found: Sequence[Finding], host: str) -> list[dict[str, object]]:
    """Rows of the leaves whose validity is told: to the minute, in UTC."""
    leaves: dict[str, dict[str, str]] = {}
    for one in found:
        if part := _OF_CERTIFICATE.fullmatch(one.id):
            leaves.setdefault(part[2] or "1", {}).setdefault(part[1], one.text)
    rows = [_row(told, host) for _, told in sorted(leaves.items())]
    return [row for row in rows if row["not_before"] and row["not_after"]]


def _row(told: dict[str, str], host: str) -> dict[str, object]:
    printed = told.get("cert_fingerprintSHA256", "").replace(":", "")
    key = _KEY.match(told.get("cert_keySize", ""))
    kind = key_kind(key[1]) if key else None
    names = told.get("cert_subjectAltName")
    has_names = names is not None and not names.startswith(_NO_SAN)
    common = told.get("cert_commonName", "")
    trust = told.get("cert_chain_of_trust", "")
    return {
        "position": 0,
        "sha256": printed.lower() if _HEX.fullmatch(printed) else _from_pem(told.get("cert", "")),
        "subject": name([("CN", common)]) if common and common.isprintable() else None,
        "issuer": _issuer(told.get("cert_caIssuers", "")),
        "not_before": moment(told.get("cert_notBefore", "")),
        "not_after": moment(told.get("cert_notAfter", "")),
        "key_algorithm": kind,
        "key_bits": key_bits(key[2], kind) if key else None,
        "signature_hash": signature_hash(told.get("cert_signatureAlgorithm", "")),
        "self_signed": None if not trust else trust.startswith(_SELF_SIGNED),
        "matches_host": None
        if names is None
        else matches(alternative_names(names if has_names else ""), host),
        "revocable_by": _revocable_by(told),
    }


def _revocable_by(told: dict[str, str]) -> str | None:
    """`--` stands for an address that the certificate does not name."""
    lines = {
        way: told.get(key) for way, key in (("crl", "cert_crlDistributionPoints"), ("ocsp", "cert_ocspURL"))
    }
    if None in lines.values():
        return None
    return "|".join(way for way, line in lines.items() if line != "--") or "none"


def _from_pem(text: str) -> str | None:
    return fingerprint(text.replace("\\n", "\n"))


def _issuer(written: str) -> str | None:
    """`Common name (Organization from US)` as an RFC 4514 name."""
    found = _ISSUER.fullmatch(written.strip())
    if not found or not written.isprintable():
        return None
    parts = zip(("CN", "O", "C"), found.groups(), strict=True)
    return name((kind, value) for kind, value in parts if value)
