"""The certificates that one server presented, as sslyze describes them."""

from __future__ import annotations

import base64
import hashlib
import ssl
from collections.abc import Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from riskkit.readers.presented import CURVE_BITS, matches, revocable_by
from riskkit.readers.values import Remarks, converter
from riskkit.tables import TABLES

TABLE = TABLES["certificates"]

# RFC 5280 section 4.1.2.5: the times of a certificate are UTC, also where sslyze 5 writes no zone.
_INSTANT = converter(TABLE.by_name["not_after"], ZoneInfo("UTC"), Remarks())


def certificates(result: Mapping[str, Any], host: str) -> Iterator[dict[str, object]]:
    """The certificates of all deployments of a server, each once, by position in its chain.

    Raises ValueError (BadValueError among them), KeyError or TypeError where the file is not as
    sslyze writes it.
    """
    seen = set()
    for deployment in result["certificate_deployments"]:
        for position, certificate in enumerate(deployment["received_certificate_chain"]):
            row = _certificate(certificate, position, host)
            if row["sha256"] not in seen:
                seen.add(row["sha256"])
                yield row


def _certificate(certificate: Mapping[str, Any], position: int, host: str) -> dict[str, object]:
    key = certificate["public_key"]
    algorithm = str(key["algorithm"]).removesuffix("PublicKey")
    hashed = certificate.get("signature_hash_algorithm") or {}
    subject = _text(certificate["subject"].get("rfc4514_string"))
    issuer = _text(certificate["issuer"].get("rfc4514_string"))
    return {
        "position": position,
        "sha256": _fingerprint(certificate),
        "subject": subject,
        "issuer": issuer,
        "not_before": _INSTANT(certificate["not_valid_before"]),
        "not_after": _INSTANT(certificate["not_valid_after"]),
        "key_algorithm": algorithm,
        "key_bits": _bits(key.get("key_size")) or CURVE_BITS.get(algorithm),
        "signature_hash": _text(hashed.get("name")),
        "self_signed": None if subject is None else subject == issuer,
        "matches_host": None if position else matches(certificate.get("subject_alternative_name"), host),
        "revocable_by": revocable_by(_text(certificate.get("as_pem")) or ""),
    }


def _fingerprint(certificate: Mapping[str, Any]) -> str:
    pem = certificate.get("as_pem")
    if pem:
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem.strip())).hexdigest()
    return base64.b64decode(certificate["fingerprint_sha256"], validate=True).hex()


def _text(value: object) -> str | None:
    """Text as it is; what sslyze could not parse is None."""
    return value if isinstance(value, str) else None


def _bits(value: object) -> int | None:
    return value if type(value) is int and 0 < value < 1 << 31 else None
