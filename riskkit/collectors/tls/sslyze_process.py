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

    `certificate` is a client certificate and its key, which sslyze shows to the listener.
    """
    # sslyze reads `host:port{ip}` and then asks no name server.
    name = f"[{host}]" if ":" in host else host
    with tempfile.TemporaryDirectory(prefix="riskkit-tls-") as folder:
        output = Path(folder) / "sslyze.json"
        # -P: a file in the current folder named like one of sslyze's modules must not be run.
        command = [sys.executable, "-P", "-m", "sslyze", "--quiet", "--slow_connection"]
        if certificate is not None:
            command += [f"--cert={certificate[0]}", f"--key={certificate[1]}"]
        command += [*options, f"--json_out={output}", f"{name}:{port}{{{ip}}}"]
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
