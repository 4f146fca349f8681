"""Results of sslyze 3, 4 and 5.0, brought into the shape of later releases; nothing is added to them.

Releases 5.0 have results as later ones do, and describe certificates as 3 and 4 did.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

KEY = "scan_commands_results"


def is_older(server: Any) -> bool:
    """Whether a server result is one of sslyze 3 or 4."""
    return isinstance(server, dict) and KEY in server and "server_info" in server


def modern(server: Any) -> Any:
    """A server result as sslyze 6 writes it; what is of no older shape is returned as it is."""
    if not is_older(server):
        return _with_certificates(server)
    info = server["server_info"] if isinstance(server["server_info"], dict) else {}
    results = server[KEY] if isinstance(server[KEY], dict) else {}
    errors = server.get("scan_commands_errors")
    failed = {name: {"status": "ERROR", "error_reason": _reason(error), "result": None}
              for name, error in (errors.items() if isinstance(errors, dict) else ())}  # fmt: skip
    done = {
        name: {"status": "COMPLETED", "result": _result(name, result)} for name, result in results.items()
    }
    return {
        "server_location": info.get("server_location"),
        "network_configuration": info.get("network_configuration"),
        "connectivity_status": "COMPLETED",
        "connectivity_result": info.get("tls_probing_result"),
        "scan_result": {**failed, **done},
    }


def _with_certificates(server: Any) -> Any:
    """A server result of sslyze 5 or 6 whose certificates are described as by 6."""
    results = server.get("scan_result") if isinstance(server, dict) else None
    if not isinstance(results, dict) or not isinstance(attempt := results.get("certificate_info"), dict):
        return server
    told = {**attempt, "result": _result("certificate_info", attempt.get("result"))}
    return {**server, "scan_result": {**results, "certificate_info": told}}


def _reason(error: Any) -> Any:
    return error.get("reason") if isinstance(error, Mapping) else error


def _result(name: str, result: Any) -> Any:
    if not isinstance(result, dict):
        return result
    if name == "session_renegotiation" and "accepts_client_renegotiation" in result:
        # sslyze 3 told of the acceptance that 4 calls a hole.
        return {**result, "is_vulnerable_to_client_renegotiation_dos": result["accepts_client_renegotiation"]}
    if name == "certificate_info":
        deployments = result.get("certificate_deployments")
        found = [_deployment(one) for one in deployments] if isinstance(deployments, list) else deployments
        return {**result, "certificate_deployments": found}
    return result


def _deployment(deployment: Any) -> Any:
    chain = deployment.get("received_certificate_chain") if isinstance(deployment, dict) else None
    if not isinstance(chain, list):
        return deployment
    paths = deployment.get("path_validation_results")
    return {
        **deployment,
        "received_certificate_chain": [_certificate(one) for one in chain],
        "path_validation_results": [_path(one) for one in paths] if isinstance(paths, list) else paths,
    }


def _certificate(certificate: Any) -> Any:
    if not isinstance(certificate, dict):
        return certificate
    key, names = certificate.get("public_key"), certificate.get("subject_alternative_name")
    if isinstance(key, dict) and isinstance(key.get("algorithm"), str):
        key = {**key, "algorithm": key["algorithm"].lstrip("_")}
    if isinstance(names, dict) and "dns_names" not in names:
        names = {
            "dns_names": names.get("dns") or names.get("DNS") or [],
            "ip_addresses": names.get("ip") or [],
        }
    return {**certificate, "public_key": key, "subject_alternative_name": names}


def _path(result: Any) -> Any:
    if isinstance(result, dict) and "was_validation_successful" not in result:
        return {**result, "was_validation_successful": result.get("openssl_error_string") is None
                and bool(result.get("verified_certificate_chain"))}  # fmt: skip
    return result
