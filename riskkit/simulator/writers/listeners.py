"""The listeners of the hospital, and what they answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

# OpenSSL's name, key bits, key exchange.
SUITES: Mapping[str, tuple[str, int, str]] = {
    "TLS_AES_256_GCM_SHA384": ("TLS_AES_256_GCM_SHA384", 256, "X25519"),
    "TLS_CHACHA20_POLY1305_SHA256": ("TLS_CHACHA20_POLY1305_SHA256", 256, "X25519"),
    "TLS_AES_128_GCM_SHA256": ("TLS_AES_128_GCM_SHA256", 128, "X25519"),
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": ("ECDHE-RSA-AES256-GCM-SHA384", 256, "prime256v1"),
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256": ("ECDHE-RSA-AES128-GCM-SHA256", 128, "prime256v1"),
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA": ("ECDHE-RSA-AES256-SHA", 256, "prime256v1"),
    "TLS_RSA_WITH_AES_128_CBC_SHA": ("AES128-SHA", 128, ""),
    "TLS_RSA_WITH_AES_256_CBC_SHA": ("AES256-SHA", 256, ""),
    "TLS_RSA_WITH_3DES_EDE_CBC_SHA": ("DES-CBC3-SHA", 168, ""),
    "TLS_RSA_WITH_RC4_128_SHA": ("RC4-SHA", 128, ""),
}
MODERN = tuple(SUITES)[:3]
STRONG = tuple(SUITES)[3:5]
LEGACY = (
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
    "TLS_RSA_WITH_AES_128_CBC_SHA",
    "TLS_RSA_WITH_AES_256_CBC_SHA",
)
ONE_OLD = ("TLS_RSA_WITH_AES_128_CBC_SHA",)
WEAKEST = "TLS_RSA_WITH_RC4_128_SHA"
VERSIONS = ("ssl_2_0", "ssl_3_0", "tls_1_0", "tls_1_1", "tls_1_2", "tls_1_3")

Accepted = Mapping[str, Sequence[str]]
GOOD: Accepted = {"tls_1_2": STRONG, "tls_1_3": MODERN}
OLD: Accepted = {"tls_1_0": LEGACY, "tls_1_1": LEGACY, "tls_1_2": (*STRONG, *LEGACY)}
RETIRED: Accepted = {"tls_1_0": ONE_OLD, "tls_1_1": ONE_OLD, "tls_1_2": ONE_OLD}


@dataclass(frozen=True, slots=True)
class Listener:
    """A listener and what it answers; `accepts` is empty where it does not speak TLS."""

    id: str
    system: str
    port: int
    protocol: str
    status: Literal["scanned", "plaintext", "not_tls", "skipped"] = "scanned"
    reason: str = ""
    accepts: Accepted | None = None
    client_auth: Literal["REQUIRED", "OPTIONAL", "DISABLED"] = "DISABLED"
    days_left: int = 290
    self_signed: bool = False
    level: str = "standard"
    vantage: str = "internal"
    key_bits: int = 3072


PLAIN_DICOM = "resets the connection on a TLS hello, as listeners of plain DICOM do"
LISTENERS = (
    Listener("pacs1-dicom-tls", "pacs1", 2762, "dicom-tls", accepts=GOOD, client_auth="REQUIRED"),
    Listener("pacs1-dicom", "pacs1", 104, "dicom", "plaintext", PLAIN_DICOM),
    Listener("pacs1-dicomweb", "pacs1", 443, "dicomweb", accepts=GOOD, level="full"),
    Listener("vna-dicomweb", "vna", 8443, "dicomweb", accepts=OLD, days_left=390, key_bits=2048,
             level="full"),
    Listener("vna-dicom-tls", "vna", 2762, "dicom-tls", accepts=GOOD, client_auth="OPTIONAL"),
    Listener("viewer1-https", "viewer1", 443, "https", accepts=GOOD, days_left=11, level="full",
             vantage="external"),
    Listener("ris1-mllp", "ris1", 2575, "mllp", "not_tls", "is silent for 2 s on a TLS hello"),
    Listener("ris1-https", "ris1", 443, "https", accepts=GOOD, level="full"),
    Listener("router1-dicom-tls", "router1", 2762, "dicom-tls", accepts=RETIRED, key_bits=2048),
    Listener("ct1-dicom", "ct1", 104, "dicom", "skipped", "scan_level none", level="none"),
    Listener("backup1-https", "backup1", 8000, "https", accepts=GOOD, self_signed=True, days_left=900,
             level="full"),
)  # fmt: skip
