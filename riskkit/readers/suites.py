"""Names of cipher suites: from what OpenSSL, nmap and Java call them to the names of IANA."""

from __future__ import annotations

import re

_IANA = re.compile(r"(?:TLS|SSL)_[A-Za-z0-9]+(?:_[A-Za-z0-9]+)*")
_KEY_EXCHANGE = (
    ("ECDHE-RSA-", "ECDHE_RSA"), ("ECDHE-ECDSA-", "ECDHE_ECDSA"), ("ECDHE-PSK-", "ECDHE_PSK"),
    ("DHE-RSA-", "DHE_RSA"), ("EDH-RSA-", "DHE_RSA"), ("DHE-DSS-", "DHE_DSS"), ("EDH-DSS-", "DHE_DSS"),
    ("DHE-PSK-", "DHE_PSK"), ("RSA-PSK-", "RSA_PSK"), ("PSK-", "PSK"),
    ("ECDH-RSA-", "ECDH_RSA"), ("ECDH-ECDSA-", "ECDH_ECDSA"), ("DH-RSA-", "DH_RSA"), ("DH-DSS-", "DH_DSS"),
    ("AECDH-", "ECDH_anon"), ("ADH-", "DH_anon"), ("ECDHE-ARIA", "ECDHE_RSA"),
    ("SRP-RSA-", "SRP_SHA_RSA"), ("SRP-DSS-", "SRP_SHA_DSS"), ("SRP-", "SRP_SHA"),
)  # fmt: skip
_STREAMS = {
    "RC4-SHA": "RC4_128_SHA", "RC4-MD5": "RC4_128_MD5", "NULL-SHA": "NULL_SHA", "NULL-MD5": "NULL_MD5",
    "NULL-SHA256": "NULL_SHA256", "NULL-SHA384": "NULL_SHA384",
    "DES-CBC3-SHA": "3DES_EDE_CBC_SHA", "3DES-EDE-CBC-SHA": "3DES_EDE_CBC_SHA", "DES-CBC-SHA": "DES_CBC_SHA",
    "IDEA-CBC-SHA": "IDEA_CBC_SHA", "SEED-SHA": "SEED_CBC_SHA",
    "CHACHA20-POLY1305": "CHACHA20_POLY1305_SHA256", "CHACHA20-POLY1305-SHA256": "CHACHA20_POLY1305_SHA256",
}  # fmt: skip
_EXPORTED = {
    "RC4-MD5": "RC4_40_MD5", "RC2-CBC-MD5": "RC2_CBC_40_MD5", "DES-CBC-SHA": "DES40_CBC_SHA",
    "RC4-SHA": "RC4_40_SHA",
}  # fmt: skip
_BLOCK = re.compile(
    r"(?P<cipher>AES|CAMELLIA|ARIA)-?(?P<bits>128|256)"
    r"(?:-(?P<mode>CBC|GCM|CCM8|CCM))?(?:-(?P<hash>SHA(?:256|384)?))?"
)


def iana(name: str) -> str | None:
    """The IANA name of a suite, given that name or one of OpenSSL, nmap or Java; None for any other text.

    OpenSSL leaves out what was usual: RSA key exchange, CBC, and the hash of CCM.
    """
    if _IANA.fullmatch(name):
        return name.replace("SSL_", "TLS_", 1).replace("TLS_AKE_WITH_", "TLS_", 1)
    exported = name.startswith(("EXP-", "EXP1024-"))
    rest = name.partition("-")[2] if exported else name
    exchange = "RSA"
    for prefix, named in _KEY_EXCHANGE:
        if rest.startswith(prefix):
            exchange, rest = named, rest.removeprefix(prefix.removesuffix("ARIA"))
            break
    if exported:
        cipher = _EXPORTED.get(rest)
        return cipher and f"TLS_{exchange}_EXPORT_WITH_{cipher}"
    cipher = _STREAMS.get(rest) or _block(rest)
    return cipher and f"TLS_{exchange}_WITH_{cipher}"


def listed(written: str) -> tuple[list[str], bool]:
    """The suites of a cipher list of OpenSSL or DCMTK, and whether they are all that it allows.

    A list that says more than names (HIGH, !aNULL, @SECLEVEL) means what the host's OpenSSL makes of it.
    """
    tokens = [token for token in re.split(r"[:,\s]+", written.strip().strip("\"'")) if token]
    names = [iana(token) for token in tokens]
    return [name for name in names if name], bool(names) and all(names)


def _block(rest: str) -> str | None:
    found = _BLOCK.fullmatch(rest)
    if not found:
        return None
    mode, digest = found["mode"] or "CBC", found["hash"]
    cipher = f"{found['cipher']}_{found['bits']}_{mode.replace('CCM8', 'CCM_8')}"
    if mode.startswith("CCM"):
        return cipher if digest is None else None
    return f"{cipher}_{digest}" if digest else None
