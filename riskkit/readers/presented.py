"""The certificate that a listener presented, as tools print it, and what its PEM form says of revocation."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtensionOID

from riskkit.readers.values import is_address

CURVE_BITS = {"Ed25519": 256, "Ed448": 456}

_KINDS = {"rsa": "RSA", "ec": "EllipticCurve", "ecdsa": "EllipticCurve", "dsa": "DSA", "dh": "DH"}
_HASH = re.compile(r"(?i)(md5|sha-?1(?!\d)|sha-?(?:224|256|384|512))")
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----\s*([A-Za-z0-9+/=\s]+?)\s*-----END CERTIFICATE-----")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_PRINTED = re.compile(r"([A-Z][a-z]{2})\s+(\d{1,2}) (\d\d):(\d\d):(\d\d) (\d{4}) GMT")
_PLAIN = re.compile(r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d))?(?: GMT|Z)?")
_SPECIAL = re.compile(r'([,+"\\<>;=])')
_MOST_BITS = 1 << 17


def key_kind(written: str) -> str | None:
    """RSA, EllipticCurve, DSA, Ed25519 ..., as sslyze names it; None when nothing is written."""
    word = re.sub("[^A-Za-z0-9]", "", written)
    return _KINDS.get(word.lower(), word) or None


def key_bits(written: str, kind: str | None) -> int | None:
    """The length of a key of that kind, if the text is one."""
    found = re.fullmatch(r"\d{1,6}", written.strip(), re.ASCII)
    bits = int(found[0]) if found else None
    return bits if bits and bits < _MOST_BITS else CURVE_BITS.get(kind or "")


def signature_hash(algorithm: str) -> str | None:
    """The hash in the name of a signature algorithm: md5, sha1, sha256 ...; None when it names none."""
    found = _HASH.search(algorithm)
    return found[1].lower().replace("-", "") if found else None


def fingerprint(pem: str) -> str | None:
    """SHA-256 of the DER form of a PEM certificate in a text."""
    found = _PEM.search(pem)
    if not found:
        return None
    try:
        return hashlib.sha256(base64.b64decode("".join(found[1].split()), validate=True)).hexdigest()
    except (binascii.Error, ValueError):
        return None


def revocable_by(pem: str) -> str | None:
    """Where a PEM certificate in a text says that its revocation can be asked: `crl|ocsp`, or none.

    None when there is no certificate, or one that cannot be read.
    """
    found = _PEM.search(pem)
    if not found:
        return None
    try:
        der = base64.b64decode("".join(found[1].split()), validate=True)
        extensions = x509.load_der_x509_certificate(der).extensions
        ways = {"crl" for one in extensions if one.oid == ExtensionOID.CRL_DISTRIBUTION_POINTS} | {
            "ocsp"
            for one in extensions
            if isinstance(one.value, x509.AuthorityInformationAccess)
            for access in one.value
            if access.access_method == AuthorityInformationAccessOID.OCSP
        }
    except (ValueError, TypeError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        return None
    return "|".join(sorted(ways)) or "none"


def moment(written: str) -> datetime | None:
    """A time of a certificate, which is UTC (RFC 5280 section 4.1.2.5), as OpenSSL or ISO 8601 write it."""
    text = written.strip()
    if found := _PRINTED.fullmatch(text):
        if found[1] not in _MONTHS:
            return None
        parts = [found[6], _MONTHS.index(found[1]) + 1, *found.group(2, 3, 4, 5)]
    elif found := _PLAIN.fullmatch(text):
        parts = [*found.group(1, 2, 3, 4, 5), found[6] or 0]
    else:
        return None
    try:
        year, month, day, hour, minute, second = map(int, parts)
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None


def name(parts: Iterable[tuple[str, str]]) -> str | None:
    """An RFC 4514 name of attribute and value, the most specific first."""
    return ",".join(f"{kind}={_escaped(value.strip())}" for kind, value in parts) or None


def _escaped(value: str) -> str:
    return _SPECIAL.sub(r"\\\1", value)


def printed_name(written: str) -> str | None:
    """A name as OpenSSL printed it (`/C=US/CN=a` or only the common name), as RFC 4514 writes names."""
    text = written.strip()
    if not text or not text.isprintable():
        return None
    if not text.startswith("/"):
        return name([("CN", text)])
    parts = [part.partition("=") for part in re.split(r"/(?=[A-Za-z.0-9]+=)", text) if part]
    return name((kind, value) for kind, _, value in reversed(parts))


def alternative_names(written: str) -> Mapping[str, list[str]]:
    """Names of a certificate in the text `DNS:a, IP Address:b`, or only separated by spaces."""
    found: dict[str, list[str]] = {"dns_names": [], "ip_addresses": []}
    for item in re.split(r"[,\s]+(?=\S)", re.sub(r"IP Address:", "IP:", written.strip())):
        kind, colon, value = item.partition(":")
        if colon and kind in {"DNS", "IP"}:
            found["dns_names" if kind == "DNS" else "ip_addresses"].append(value)
        elif item:
            found["ip_addresses" if is_address(item) else "dns_names"].append(item)
    return found


def matches(names: Mapping[str, Any] | None, host: str) -> bool | None:
    """Whether a subject alternative name matches (RFC 9525 section 6.3); None when the names are unknown."""
    if not isinstance(names, dict):
        return None
    wanted = host.strip("[]").rstrip(".").casefold()
    if not is_address(wanted):
        return any(
            _dns_matches(str(one).rstrip(".").casefold(), wanted) for one in names.get("dns_names", ())
        )
    addresses = {str(ip_address(one)) for one in names.get("ip_addresses", ()) if is_address(one)}
    return str(ip_address(wanted)) in addresses


def _dns_matches(pattern: str, host: str) -> bool:
    if not pattern.startswith("*."):
        return pattern == host
    label, _, domain = host.partition(".")
    return bool(label) and domain == pattern[2:]
