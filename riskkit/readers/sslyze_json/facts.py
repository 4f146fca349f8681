"""What sslyze says of one server, as observations: key, value, and why a value is unknown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from riskkit.readers.items import elements
from riskkit.readers.listeners import UNKNOWN, Fact

VERSIONS = {
    "ssl_2_0": "ssl2_0", "ssl_3_0": "ssl3_0", "tls_1_0": "tls1_0",
    "tls_1_1": "tls1_1", "tls_1_2": "tls1_2", "tls_1_3": "tls1_3",
}  # fmt: skip

_SUPPORTED = {True: "yes", False: "no"}
_VULNERABLE = {True: "vulnerable", False: "not_vulnerable"}
_FLAGS = (
    ("compression", "tls_compression", "supports_compression", _SUPPORTED),
    ("early_data", "tls_1_3_early_data", "supports_early_data", _SUPPORTED),
    ("fallback_scsv", "tls_fallback_scsv", "supports_fallback_scsv", _SUPPORTED),
    ("ems", "tls_extended_master_secret", "supports_ems_extension", _SUPPORTED),
    ("secure_renegotiation", "session_renegotiation", "supports_secure_renegotiation", _SUPPORTED),
    (
        "client_renegotiation",
        "session_renegotiation",
        "is_vulnerable_to_client_renegotiation_dos",
        _SUPPORTED,
    ),
    ("heartbleed", "heartbleed", "is_vulnerable_to_heartbleed", _VULNERABLE),
    ("ccs", "openssl_ccs_injection", "is_vulnerable_to_ccs_injection", _VULNERABLE),
)
_WORDS = (
    ("resumption.session_id", "session_resumption", "session_id_resumption_result"),
    ("resumption.ticket", "session_resumption", "tls_ticket_resumption_result"),
)
_ROBOT = {
    "NOT_VULNERABLE_NO_ORACLE": ("not_vulnerable", ""),
    "NOT_VULNERABLE_RSA_NOT_SUPPORTED": ("not_vulnerable", "no RSA key exchange"),
    "VULNERABLE_WEAK_ORACLE": ("vulnerable", "weak oracle"),
    "VULNERABLE_STRONG_ORACLE": ("vulnerable", "strong oracle"),
}
_CLIENT_AUTH = frozenset({"REQUIRED", "OPTIONAL", "DISABLED"})

# How sslyze names what ended its first contact. Plain DICOM, plain HTTP and garbage look alike to it.
_NO_CONTACT = {
    "ServerTlsConfigurationNotSupported": ("no_tls", "no TLS version and cipher suite was found"),
    "ServerRejectedTlsHandshake": ("no_tls", "the TLS handshake was rejected"),
    "ServerRejectedConnection": ("refused", "the connection was refused"),
    "ConnectionToServerTimedOut": ("timeout", "no connection in time"),
    "TlsHandshakeTimedOut": (UNKNOWN, "no answer to a TLS hello in time"),
}
_ERROR_NAME = re.compile(r"(?:sslyze\.errors\.)([A-Z]\w{3,60}):")
_TOKEN = re.compile(r"[A-Z][A-Z0-9_]{2,60}")


class _Attempt(NamedTuple):
    """A scan command's result, or why it has none."""

    result: Mapping[str, Any] | None
    reason: str


def connected(server: Any) -> bool:
    """Whether sslyze spoke TLS with a server."""
    return isinstance(server, dict) and isinstance(server.get("connectivity_result"), dict)


def server_facts(server: Mapping[str, Any]) -> Iterator[Fact]:
    """Everything that is known of a server; only its connectivity when sslyze got no TLS."""
    if not connected(server):
        yield _no_contact(server)
        return
    yield Fact("connectivity", "tls")
    yield _client_auth(server)
    scans = server.get("scan_result")
    attempts = {name: attempt(value) for name, value in scans.items()} if isinstance(scans, dict) else {}
    yield from _protocols(attempts)
    yield from _curves(_of(attempts, "elliptic_curves"))
    for key, command, name, words in _FLAGS:
        yield _flag(key, _of(attempts, command), name, words)
    for key, command, name in _WORDS:
        yield _word(key, _of(attempts, command), name)
    yield _robot(_of(attempts, "robot"))
    yield from _exchange_keys(attempts)
    yield from _chain(_of(attempts, "certificate_info"))
    if attempts.get("http_headers", _NOT_SCHEDULED) != _NOT_SCHEDULED:
        yield _hsts(attempts["http_headers"])


def attempt(value: Any) -> _Attempt:
    """Read one scan attempt; an error of any kind leaves a reason and no result."""
    if not isinstance(value, dict):
        return _Attempt(None, "not in the file")
    result, status = value.get("result"), value.get("status", "COMPLETED")
    if status == "COMPLETED" and isinstance(result, dict):
        return _Attempt(result, "")
    reason = value.get("error_reason") or status
    return _Attempt(None, reason if isinstance(reason, str) and _TOKEN.fullmatch(reason) else "ERROR")


_NOT_SCHEDULED = _Attempt(None, "NOT_SCHEDULED")


def _of(attempts: Mapping[str, _Attempt], command: str) -> _Attempt:
    return attempts.get(command, _Attempt(None, "not in the file"))


def _no_contact(server: Mapping[str, Any]) -> Fact:
    trace = server.get("connectivity_error_trace")
    named = _ERROR_NAME.findall(trace) if isinstance(trace, str) else []
    value, reason = _NO_CONTACT.get(named[-1] if named else "", (UNKNOWN, "no connection to test"))
    return Fact("connectivity", value, reason, confidence="medium" if value == "no_tls" else "high")


def _client_auth(server: Mapping[str, Any]) -> Fact:
    configuration = server.get("network_configuration")
    # A server that is shown a certificate looks to sslyze as if it asked for none.
    if isinstance(configuration, dict) and configuration.get("tls_client_auth_credentials"):
        return Fact("mtls.client_auth", UNKNOWN, "scanned with a client certificate")
    found = server["connectivity_result"].get("client_auth_requirement")
    if found in _CLIENT_AUTH:
        return Fact("mtls.client_auth", found)
    return Fact("mtls.client_auth", UNKNOWN, "not in the file")


def _protocols(attempts: Mapping[str, _Attempt]) -> Iterator[Fact]:
    suites: dict[str, list[str]] = {}
    for name, version in VERSIONS.items():
        result, reason = _of(attempts, f"{name}_cipher_suites")
        accepted = None if result is None else elements(result.get("accepted_cipher_suites"))
        if accepted is None:
            yield Fact(f"protocol.{version}", UNKNOWN, reason or "not in the file")
            continue
        yield Fact(f"protocol.{version}", "accepted" if accepted else "rejected")
        for suite in accepted:
            named = suite.get("cipher_suite") if isinstance(suite, dict) else None
            if isinstance(named, dict) and isinstance(named.get("name"), str):
                suites.setdefault(named["name"], []).append(version)
    for suite, versions in suites.items():
        yield Fact(f"suite.{suite}", "accepted", detail="|".join(versions))


def _exchange_keys(attempts: Mapping[str, _Attempt]) -> Iterator[Fact]:
    """The shortest finite-field key exchange of all accepted suites."""
    sizes = set()
    for name in VERSIONS:
        result = _of(attempts, f"{name}_cipher_suites").result
        for suite in (elements(result.get("accepted_cipher_suites")) if result else None) or ():
            key = suite.get("ephemeral_key") if isinstance(suite, dict) else None
            size = key.get("size") if isinstance(key, dict) and key.get("type_name") == "DH" else None
            if type(size) is int and 0 < size < 1 << 16:
                sizes.add(size)
    if sizes:
        yield Fact("exchange_keys", f"DH-{min(sizes)}")


_SUPPLIED = "Supplied CA file"
"""How sslyze calls the authorities that it was given; it judges by RFC 5280, more strictly than OpenSSL."""


def _chain(found: _Attempt) -> Iterator[Fact]:
    """Paths to the trust stores: one public one is enough, and a supplied one is judged by itself."""
    deployments = elements(found.result.get("certificate_deployments")) if found.result else None
    if deployments is None or not all(isinstance(one, dict) for one in deployments):
        return
    supplied: list[tuple[bool, str]] = []
    public: list[bool] = []
    for deployment in deployments:
        stores: list[bool] = []
        for path in elements(deployment.get("path_validation_results")) or ():
            store = path.get("trust_store") if isinstance(path, dict) else None
            holds = path.get("was_validation_successful") if isinstance(path, dict) else None
            if not isinstance(store, dict) or not isinstance(holds, bool):
                continue
            if store.get("name") == _SUPPLIED:
                supplied.append((holds, _why(path.get("validation_error"))))
            else:
                stores.append(holds)
        if stores:
            public.append(any(stores))
    if supplied:
        why = next((reason for holds, reason in supplied if not holds), "")
        yield Fact("chain.strict", "valid" if all(holds for holds, _ in supplied) else "invalid", detail=why)
    if public:
        yield Fact("chain.public", "valid" if all(public) else "invalid")
    if deployments:
        stapled = all(deployment.get("ocsp_response") for deployment in deployments)
        yield Fact("stapled", "yes" if stapled else "no")


def _why(error: object) -> str:
    """The last part of what the validation said, when it is plain words."""
    text = error.rpartition(": ")[2] if isinstance(error, str) else ""
    return text if re.fullmatch(r"[A-Za-z0-9 ,.'()-]{1,120}", text) else ""


def _curves(found: _Attempt) -> Iterator[Fact]:
    if found.result is None:
        yield Fact("curves", UNKNOWN, found.reason)
        return
    for curve in elements(found.result.get("supported_curves")) or ():
        if isinstance(curve, dict) and isinstance(curve.get("name"), str):
            yield Fact(f"curve.{curve['name']}", "accepted")


def _flag(key: str, found: _Attempt, name: str, words: Mapping[bool, str]) -> Fact:
    value = found.result.get(name) if found.result else None
    if not isinstance(value, bool):
        return Fact(key, UNKNOWN, found.reason or "not in the file")
    return Fact(key, words[value])


def _word(key: str, found: _Attempt, name: str) -> Fact:
    value = found.result.get(name) if found.result else None
    if not (isinstance(value, str) and _TOKEN.fullmatch(value)):
        return Fact(key, UNKNOWN, found.reason or "not in the file")
    return Fact(key, value.casefold())


def _robot(found: _Attempt) -> Fact:
    value = found.result.get("robot_result") if found.result else None
    if value in _ROBOT:
        word, detail = _ROBOT[value]
        return Fact("robot", word, detail=detail)
    return Fact("robot", UNKNOWN, found.reason or "inconsistent results")


def _hsts(found: _Attempt) -> Fact:
    if found.result is None or found.result.get("http_error_trace"):
        return Fact("hsts", UNKNOWN, found.reason or "the HTTP request failed")
    header = found.result.get("strict_transport_security_header")
    if not isinstance(header, dict):
        return Fact("hsts", "no")
    return Fact("hsts", "yes", detail=f"max-age={header.get('max_age')}")
