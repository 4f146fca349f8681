"""One server of a scan in the JSON of sslyze."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from riskkit.simulator.chance import digest
from riskkit.simulator.hospital import SYSTEMS
from riskkit.simulator.writers.listeners import (
    GOOD,
    RETIRED,
    SUITES,
    VERSIONS,
    WEAKEST,
    Accepted,
    Listener,
)
from riskkit.simulator.writers.pack import Pack


def server_result(pack: Pack, seed: int, one: Listener) -> dict[str, Any]:
    """One server as sslyze describes it; of what it refused, an example a version stands for all."""
    accepts = one.accepts or {}
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
