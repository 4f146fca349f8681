"""sslyze as a child process: one endpoint, one child, one time limit.

A process of its own for two reasons: sslyze is AGPL and is not imported, and a peer that drips
bytes holds it for ever, so that only killing helps. It writes its results at the end, so a child that
shared endpoints would lose them all.
"""

from __future__ import annotations

import json
import sys
import tempfile
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from riskkit.collectors.tls import child

STANDARD = (
    "--certinfo", "--sslv2", "--sslv3", "--tlsv1", "--tlsv1_1", "--tlsv1_2", "--tlsv1_3",
    "--elliptic_curves", "--ems", "--compression", "--fallback",
)  # fmt: skip
"""What handshakes alone can tell."""

FULL = (*STANDARD, "--reneg", "--resum", "--heartbleed", "--openssl_ccs", "--robot")
"""Also the probes for known flaws, which a fragile device may not survive."""

FULL_HTTP = (*FULL, "--http_headers", "--early_data")
"""Also one `GET /` with and without early data: only where the protocol is HTTP."""

_HTTP = frozenset({"https", "http", "dicomweb"})

_OPTION = {
    "certificate_info": "--certinfo",
    "ssl_2_0_cipher_suites": "--sslv2",
    "ssl_3_0_cipher_suites": "--sslv3",
    "tls_1_0_cipher_suites": "--tlsv1",
    "tls_1_1_cipher_suites": "--tlsv1_1",
    "tls_1_2_cipher_suites": "--tlsv1_2",
    "tls_1_3_cipher_suites": "--tlsv1_3",
    "elliptic_curves": "--elliptic_curves",
    "tls_extended_master_secret": "--ems",
    "tls_compression": "--compression",
    "tls_fallback_scsv": "--fallback",
    "session_renegotiation": "--reneg",
    "session_resumption": "--resum",
    "heartbleed": "--heartbleed",
    "openssl_ccs_injection": "--openssl_ccs",
    "robot": "--robot",
    "http_headers": "--http_headers",
    "tls_1_3_early_data": "--early_data",
}
"""The option that asks for each part of sslyze's result."""


@dataclass(frozen=True, slots=True)
class Scan:
    """What became of one child: a status with its reason, and sslyze's own document if it wrote one."""

    status: Literal["scanned", "timeout", "error"]
    reason: str
    document: dict[str, Any] | None = None


def commands(protocol: str, level: str) -> tuple[str, ...]:
    """The sslyze options for a scan level; HTTP requests go only to HTTP listeners, at level full."""
    if level != "full":
        return STANDARD
    return FULL_HTTP if protocol in _HTTP else FULL


def scan(
    host: str,
    ip: str,
    port: int,
    options: tuple[str, ...],
    *,
    budget_s: float,
    stopped: threading.Event,
    certificate: tuple[Path, Path] | None = None,
) -> Scan:
    """Scan one listener at its pinned address; the child is killed with its group after `budget_s`.

    `certificate` is a client certificate and its key, which sslyze shows to the listener. What a broken
    connection left open is asked once more within the budget: one lost packet must not hide a cipher suite.
    """
    began = time.monotonic()
    # sslyze reads `host:port{ip}` and then asks no name server.
    place = f"{f'[{host}]' if ':' in host else host}:{port}{{{ip}}}"
    first = _scan(place, options, budget_s, stopped, certificate)
    broken = _broken(first)
    left_s = budget_s - (time.monotonic() - began)
    if not broken or left_s <= 0 or stopped.is_set():
        return first
    asked = tuple(option for part, option in _OPTION.items() if part in broken and option in options)
    answered = _results(_scan(place, asked, left_s, stopped, certificate))
    _results(first).update(
        {part: answered[part] for part in broken if answered.get(part, {}).get("status") == "COMPLETED"}
    )
    return first


def _scan(
    place: str,
    options: tuple[str, ...],
    budget_s: float,
    stopped: threading.Event,
    certificate: tuple[Path, Path] | None,
) -> Scan:
    with tempfile.TemporaryDirectory(prefix="riskkit-tls-") as folder:
        output = Path(folder) / "sslyze.json"
        # -P: a file in the current folder named like one of sslyze's modules must not be run.
        command = [sys.executable, "-P", "-m", "sslyze", "--quiet", "--slow_connection"]
        if certificate is not None:
            command += [f"--cert={certificate[0]}", f"--key={certificate[1]}"]
        command += [*options, f"--json_out={output}", place]
        code = child.run(command, budget_s, stopped)
        if code is None:
            if stopped.is_set():
                return Scan("error", "the run was stopped during the scan")
            return Scan("timeout", f"sslyze was stopped after {budget_s:.0f} s without a result")
        try:
            document = json.loads(output.read_bytes())
            (result,) = document["server_scan_results"]
        except (OSError, ValueError, KeyError, TypeError):
            return Scan("error", f"sslyze ended with code {code} and without a result")
    if result.get("connectivity_status") != "COMPLETED":
        return Scan("error", "sslyze found no TLS version and cipher suite to talk with", document)
    return Scan("scanned", "", document)


def _results(scanned: Scan) -> dict[str, Any]:
    """The parts of the result by name; none when nothing was scanned."""
    if scanned.status != "scanned" or scanned.document is None:
        return {}
    found = scanned.document["server_scan_results"][0].get("scan_result")
    return found if isinstance(found, dict) else {}


def _broken(scanned: Scan) -> frozenset[str]:
    """The parts that sslyze could not ask because a connection broke."""
    return frozenset(
        part
        for part, found in _results(scanned).items()
        if part in _OPTION and found.get("error_reason") == "CONNECTIVITY_ISSUE"
    )


def merge(documents: Iterable[dict[str, Any]]) -> dict[str, Any] | None:
    """One sslyze document with the server results of all; None when there is none."""
    found = list(documents)
    if not found:
        return None
    return {
        **found[0],
        "invalid_server_strings": [text for one in found for text in one.get("invalid_server_strings", ())],
        "server_scan_results": [result for one in found for result in one["server_scan_results"]],
        "date_scans_started": min(str(one.get("date_scans_started", "")) for one in found),
        "date_scans_completed": max(str(one.get("date_scans_completed", "")) for one in found),
    }
