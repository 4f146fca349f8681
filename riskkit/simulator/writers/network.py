"""network/: the listeners that may be probed, and what two scans saw of them."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

import yaml

from riskkit.simulator.chance import digest
from riskkit.simulator.hospital import SYSTEMS
from riskkit.simulator.writers.pack import Custody, Pack

SSLYZE_VERSION = "6.3.1"
TOOL_VERSION = "0.1.0"
SCANNER_IP = "10.20.3.9"

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
REPAIRED = "ris1-https"
"""Spoke old versions too in the first of the two scans."""
SCANS = ((37, "first"), (9, "second"))  # days before the end


def write_network(pack: Pack, seed: int) -> None:
    """Write network/endpoints.yaml and network/scans/tls-*.json."""
    custody = Custody(
        "Imaging Informatics", pack.moment(50, 9), "asset register", "listeners of ePHI systems",
        approved_by="Security Officer",
    )  # fmt: skip
    approved = _endpoints(pack)
    pack.text("network/endpoints.yaml", approved, custody)
    sha256 = hashlib.sha256(approved.encode()).hexdigest()
    for back, which in SCANS:
        listeners = [
            replace(one, accepts=OLD) if one.id == REPAIRED and which == "first" else one for one in LISTENERS
        ]
        at = pack.moment(back, 21.5)
        custody = Custody(
            "Infrastructure", at + timedelta(minutes=20), "scan1", "riskkit collect tls",
            approved_by="Security Officer",
        )  # fmt: skip
        document = json.dumps(_scan(pack, seed, listeners, at, sha256), indent=1)
        pack.text(f"network/scans/tls-{at.astimezone(UTC):%Y%m%dT%H%M%SZ}.json", document, custody)


def _endpoints(pack: Pack) -> str:
    entries = [
        {
            "endpoint_id": one.id,
            "system_id": one.system,
            "host": SYSTEMS[one.system].host,
            "port": one.port,
            "protocol": one.protocol,
            "ephi": True,
            "vantage": one.vantage,
            "owner": SYSTEMS[one.system].owner,
            "approved_by": "Security Officer",
            "scan_level": one.level,
        }
        for one in LISTENERS
    ]
    content = {"allowed_networks": ["10.20.0.0/16"], "endpoints": entries}
    head = f"# What may be probed, approved on {pack.span.back(52)}.\n"
    return head + yaml.safe_dump(content, sort_keys=False)


def _scan(
    pack: Pack, seed: int, listeners: Sequence[Listener], at: datetime, approved_sha256: str
) -> dict[str, Any]:
    rows, results, log, now = [], [], [], at
    for one in listeners:
        seconds = {"scanned": 1.7, "not_tls": 2.0}.get(one.status, 0.02)
        rows.append(
            {
                "endpoint_id": one.id,
                "host": SYSTEMS[one.system].host,
                "port": one.port,
                "ip": None if one.status == "skipped" else SYSTEMS[one.system].ip,
                "status": one.status,
                "reason": one.reason,
                "seconds": seconds,
            }
        )
        if one.accepts:
            results.append(_result(pack, seed, one, one.accepts))
        log += [_connection(one, what, now) for what in _connections(one)]
        now += timedelta(seconds=seconds)
    return {
        "riskkit_tls_scan": 1,
        "started_at": _utc(at),
        "finished_at": _utc(now),
        "tool_version": TOOL_VERSION,
        "operator": "scanner@scan1",
        "authority": {"file": "endpoints.yaml", "sha256": approved_sha256},
        "endpoints": rows,
        "log": log,
        "sslyze": {
            "invalid_server_strings": [],
            "server_scan_results": results,
            "date_scans_started": _utc(at),
            "date_scans_completed": _utc(now),
            "sslyze_version": SSLYZE_VERSION,
            "sslyze_url": "https://github.com/nabla-c0d3/sslyze",
        },
    }


def _connections(one: Listener) -> tuple[str, ...]:
    if one.status == "skipped":
        return ()
    return ("preflight", "sslyze") if one.status == "scanned" else ("preflight",)


def _connection(one: Listener, what: str, at: datetime) -> dict[str, Any]:
    return {
        "at": _utc(at),
        "seconds": 1.6 if what == "sslyze" else 0.02,
        "what": what,
        "endpoint_id": one.id,
        "from": SCANNER_IP,
        "to": SYSTEMS[one.system].ip,
        "port": one.port,
    }


def _result(pack: Pack, seed: int, one: Listener, accepts: Accepted) -> dict[str, Any]:
    """One server as sslyze describes it; of what it refused, an example a version stands for all."""
    highest = max(accepts)
    scans: dict[str, Any] = {
        "certificate_info": _done(_certificates(pack, seed, one)),
        **{f"{version}_cipher_suites": _done(_suites(version, accepts)) for version in VERSIONS},
        "tls_compression": _done({"supports_compression": False}),
        "tls_fallback_scsv": _done({"supports_fallback_scsv": True}),
        "elliptic_curves": _done(_curves(accepts)),
        "tls_extended_master_secret": _done({"supports_ems_extension": accepts is not RETIRED}),
    }
    deeper: dict[str, Any] = {
        "tls_1_3_early_data": {"supports_early_data": False},
        "openssl_ccs_injection": {"is_vulnerable_to_ccs_injection": False},
        "heartbleed": {"is_vulnerable_to_heartbleed": False},
        "robot": {
            "robot_result": "NOT_VULNERABLE_RSA_NOT_SUPPORTED"
            if accepts is GOOD
            else "NOT_VULNERABLE_NO_ORACLE"
        },
        "session_renegotiation": {
            "supports_secure_renegotiation": True,
            "is_vulnerable_to_client_renegotiation_dos": False,
            "client_renegotiations_success_count": 0,
        },
        "session_resumption": None,
        "http_headers": None,
    }
    for name, result in deeper.items():
        scans[name] = _done(result) if one.level == "full" and result else _not_scheduled()
    host = SYSTEMS[one.system].host
    number = digest(seed, "scan", one.id).hex()
    return {
        "uuid": f"{number[:8]}-{number[8:12]}-4{number[13:16]}-8{number[17:20]}-{number[20:32]}",
        "server_location": {
            "hostname": host,
            "port": one.port,
            "connection_type": "DIRECT",
            "ip_address": SYSTEMS[one.system].ip,
            "http_proxy_settings": None,
        },
        "network_configuration": {
            "tls_server_name_indication": host,
            "tls_opportunistic_encryption": None,
            "tls_client_auth_credentials": None,
            "xmpp_to_hostname": None,
            "network_timeout": 5,
            "network_max_retries": 3,
        },
        "connectivity_status": "COMPLETED",
        "connectivity_error_trace": None,
        "connectivity_result": {
            "highest_tls_version_supported": highest.upper(),
            "cipher_suite_supported": SUITES[accepts[highest][0]][0],
            "client_auth_requirement": one.client_auth,
            "supports_ecdh_key_exchange": accepts is not RETIRED,
        },
        "scan_status": "COMPLETED",
        "scan_result": scans,
    }


def _done(result: object) -> dict[str, Any]:
    return {"status": "COMPLETED", "error_reason": None, "error_trace": None, "result": result}


def _not_scheduled() -> dict[str, Any]:
    return {"status": "NOT_SCHEDULED", "error_reason": None, "error_trace": None, "result": None}


def _suites(version: str, accepts: Accepted) -> dict[str, Any]:
    accepted = [_suite(name) for name in accepts.get(version, ())]
    refused = "TLS alert: handshake failure" if accepted else "TLS alert: protocol version"
    example = {"cipher_suite": _cipher(WEAKEST), "error_message": refused}
    return {
        "tls_version_used": version.upper(),
        "is_tls_version_supported": bool(accepted),
        "accepted_cipher_suites": accepted,
        "rejected_cipher_suites": [] if version == "tls_1_3" and accepted else [example],
    }


def _suite(name: str) -> dict[str, Any]:
    curve = SUITES[name][2]
    key = None
    if curve:
        key = {
            "type_name": "ECDH",
            "size": 253 if curve == "X25519" else 256,
            "public_bytes": base64.b64encode(digest(0, name)).decode(),
            "curve_name": curve,
            "x": None,
            "y": None,
            "prime": None,
            "generator": None,
        }
    return {"cipher_suite": _cipher(name), "ephemeral_key": key}


def _cipher(name: str) -> dict[str, Any]:
    openssl, bits, _ = SUITES[name]
    return {"name": name, "is_anonymous": False, "key_size": bits, "openssl_name": openssl}


def _curves(accepts: Accepted) -> dict[str, Any]:
    if accepts is RETIRED:
        return {"supports_ecdh_key_exchange": False, "supported_curves": None, "rejected_curves": None}
    return {
        "supports_ecdh_key_exchange": True,
        "supported_curves": [
            {"name": "X25519", "openssl_nid": 1034},
            {"name": "prime256v1", "openssl_nid": 415},
            {"name": "secp384r1", "openssl_nid": 715},
        ],
        "rejected_curves": [{"name": "sect163k1", "openssl_nid": 721}],
    }


def _certificates(pack: Pack, seed: int, one: Listener) -> dict[str, Any]:
    host = SYSTEMS[one.system].host
    issuer = f"CN={host}" if one.self_signed else "CN=Lakeside Issuing CA 2,O=Lakeside Memorial (simulated)"
    ends = pack.span.last + timedelta(days=one.days_left)
    begins = min(ends - timedelta(days=397), pack.span.first - timedelta(days=30))
    leaf = _certificate(seed, f"CN={host}", issuer, begins, ends, one.key_bits, [host])
    chain = [leaf]
    if not one.self_signed:
        begun = pack.span.first - timedelta(days=1461)
        chain.append(_certificate(seed, issuer, issuer, begun, begun + timedelta(days=3652), 4096, []))
    return {
        "hostname_used_for_server_name_indication": host,
        "certificate_deployments": [
            {
                "received_certificate_chain": chain,
                "leaf_certificate_has_must_staple_extension": False,
                "leaf_certificate_is_ev": False,
                "leaf_certificate_signed_certificate_timestamps_count": 0,
                "received_chain_contains_anchor_certificate": None,
                "received_chain_has_valid_order": True,
                "path_validation_results": list(_validations()),
                "verified_chain_has_sha1_signature": None,
                "verified_chain_has_legacy_symantec_anchor": None,
                "ocsp_response": None,
                "ocsp_response_is_trusted": None,
                "verified_certificate_chain": None,
            }
        ],
        "certificate_deployment_with_sni_disabled": None,
    }


def _validations() -> Iterator[dict[str, Any]]:
    """The public trust store knows nothing of a hospital's own authority."""
    yield {
        "trust_store": {
            "path": "mozilla_nss.pem",
            "name": "Mozilla",
            "version": "2026-03-28",
            "ev_oids": None,
        },
        "verified_certificate_chain": None,
        "validation_error": "validation failed: candidates exhausted",
        "was_validation_successful": False,
    }


def _certificate(
    seed: int, subject: str, issuer: str, begins: date, ends: date, bits: int, names: Sequence[str]
) -> dict[str, Any]:
    """What sslyze tells of a certificate; there is no PEM, because there is no certificate."""
    number = digest(seed, "certificate", subject, issuer, ends)
    return {
        "hpkp_pin": base64.b64encode(digest(seed, "pin", subject, issuer)).decode(),
        "fingerprint_sha1": base64.b64encode(number[:20]).decode(),
        "fingerprint_sha256": base64.b64encode(number).decode(),
        "serial_number": int.from_bytes(number[:16]) >> 1,
        "not_valid_before": f"{begins}T00:00:00Z",
        "not_valid_after": f"{ends}T23:59:59Z",
        "subject_alternative_name": {"dns_names": list(names), "ip_addresses": []},
        "signature_hash_algorithm": {"name": "sha256", "digest_size": 32},
        "signature_algorithm_oid": {
            "name": "sha256WithRSAEncryption",
            "dotted_string": "1.2.840.113549.1.1.11",
        },
        "subject": _name(subject),
        "issuer": _name(issuer),
        "public_key": {
            "algorithm": "RSAPublicKey",
            "key_size": bits,
            "rsa_e": 65537,
            "rsa_n": None,
            "ec_curve_name": None,
            "ec_x": None,
            "ec_y": None,
        },
    }


def _name(rfc4514: str) -> dict[str, Any]:
    oids = {"CN": ("commonName", "2.5.4.3"), "O": ("organizationName", "2.5.4.10")}
    attributes = []
    for part in rfc4514.split(","):
        key, _, value = part.partition("=")
        name, dotted = oids[key]
        attributes.append(
            {"oid": {"name": name, "dotted_string": dotted}, "value": value, "rfc4514_string": part}
        )
    return {"rfc4514_string": rfc4514, "attributes": attributes}


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
