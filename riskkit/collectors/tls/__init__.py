"""`collect tls`: what the listed listeners accept, as one evidence file.

Nothing is connected to that endpoints.yaml does not list with an approver, inside an approved window.
Every endpoint first gets one TLS hello (`preflight`); only one that answers with TLS is scanned deeper,
by sslyze in a child process with a time limit. Only where endpoints.yaml says `dicom_probe: true` are
DICOM associations asked for, and no command but C-ECHO. No HL7 message or query is ever sent; at scan
level `full` an HTTP listener gets `GET /`.

The file, format 1. Keys may be added; their meaning does not change:

- `complete`: false when the run was stopped; `ended_because` says why. What was found is kept.
- `vantage`: where the scanner stood, `internal`, `external` or null; each endpoint may say otherwise.
- `authorization`: `by`, `on`, `reference` as endpoints.yaml states them; `authority`: its name and hash.
- `probe_window`: `start`, `end` and `source_addresses` of all connections of this run. The same, one
  row per endpoint, goes into the table `probe_windows`, so that audit trails can be read without them.
- `sslyze`: sslyze's own document of all endpoints with status `scanned`, scanned without a client
  certificate; `sslyze_with_certificate`: of those scanned again with one, or null. The second must not
  be asked whether a certificate is required: sslyze then always says no.
- `log`: every step with its time, seconds, source and destination.
- `endpoints`: per endpoint its id, host, port, `ip` (the one address that was connected to), `protocol`
  as declared, `vantage`, `seconds`, `status` with `reason`, and `facts`.

An endpoint's `status`:

- `scanned`: sslyze has results.
- `plaintext`: answers, and not with TLS.
- `not_tls`: takes the connection but does not answer a TLS hello with anything that could be judged.
- `refused`, `unresolved`: nothing listens there, or the name has no address.
- `timeout`: too slow to tell. `error`: the scan failed. `skipped`: not looked at, or not deeper, as told.

`facts` are riskkit's own observations beside those of sslyze: objects of `key`, `value`, `reason` (why a
value is `unknown`), `detail` and `confidence` (high, medium, low), the columns of `channel_observations`:

- `answer`: what a TLS hello got: tls, http, dicom, hl7, ssh, other (bytes of no known protocol), slow,
  silent, closes or resets (the connection, without a byte). Absent when there was no connection.
- `group.NAME`: accepted, rejected or unknown: a named group of TLS 1.3 (X25519MLKEM768,
  SecP256r1MLKEM768, SecP384r1MLKEM1024, X25519, X448, secp256r1, secp384r1, secp521r1). Only the first
  three are post-quantum. Without TLS 1.3 those three are rejected with the detail `no TLS 1.3`.
- `dicom.plain`, `dicom.tls`, `dicom.tls_with_certificate`: what an A-ASSOCIATE on such a transport got:
  accepted, rejected (detail: result, source, reason of PS3.8 9.3.4), aborted, closed (before an answer),
  silent, no_tls (the handshake failed). `dicom.plain` = accepted proves DICOM without TLS, on whatever port.
- `dicom.unknown_calling`, `dicom.unknown_called`: accepted, rejected or unknown: an association with a
  calling AE title (a called one) that nobody configured, the other one being right where it is declared.
  Accepted means the association and a C-ECHO alone: a server may still refuse to store or to find.
- `dicom.echo`: success, failure (detail: status) or unknown: C-ECHO on the first accepted association.
- `dicom.implementation`: the peer's Implementation Version Name; detail: its class UID.
- `client_certificate`: accepted, rejected or unknown: a handshake with the certificate of endpoints.yaml.
- `http.without_certificate`: served or refused (detail: the status code): `GET /` without a client
  certificate, at level full, where the handshake asks for one and goes on without.
"""

from __future__ import annotations

import getpass
import json
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from riskkit.collectors.evidence_file import iso, new_evidence_file, stamp
from riskkit.collectors.tls import sslyze_process
from riskkit.collectors.tls.authority import Authority, Target, read_authority, resolve
from riskkit.collectors.tls.hello import connects, preflight

HOSTS_AT_ONCE = 4
"""Hosts that are probed at the same time; the endpoints of one host are probed one after another."""

FORMAT = 1


def collect_tls(
    endpoints_file: Path,
    out: Path,
    *,
    now: Callable[[], datetime],
    only: tuple[str, ...] = (),
    timeout_s: float = 90,
    pause_s: float = 1.0,
    progress: Callable[[str], None] | None = None,
) -> Path:
    """Probe the endpoints of endpoints.yaml and write `network/scans/tls-<time>.json` into the pack `out`.

    `only` limits the run to these endpoint ids; `timeout_s` is the limit for each endpoint's deeper
    scan; `pause_s` the least time between two first connections to one host. Returns the new file
    (mode 0600). Raises CollectError, before any connection, when endpoints.yaml does not clearly
    permit the run.
    """
    started_at = now()
    authority = read_authority(endpoints_file, started_at, only)
    path = out / "network" / "scans" / f"tls-{stamp(started_at)}.json"
    with new_evidence_file(path) as file:
        targets = resolve(authority)
        run = _Run(authority, now, timeout_s, pause_s, progress or (lambda _: None))
        results = run.all(targets)
        document = {
            "riskkit_tls_scan": FORMAT,
            "started_at": iso(started_at),
            "finished_at": iso(now()),
            "tool_version": version("riskkit"),
            "operator": _operator(),
            "authority": {"file": endpoints_file.name, "sha256": authority.sha256},
            "endpoints": results,
            "log": sorted(run.log, key=lambda entry: entry["at"]),
            "sslyze": sslyze_process.merge(
                run.documents[target.endpoint.endpoint_id]
                for target in targets
                if target.endpoint.endpoint_id in run.documents
            ),
        }
        file.write(json.dumps(document, indent=1).encode())
    return path


def _operator() -> str:
    """Who ran the scan and from which machine: the audit trails of the scanned systems will show it."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):
        user = "unknown"
    return f"{user}@{socket.gethostname()}"


@dataclass
class _Run:
    """One run over all targets, with its log of every connection."""

    authority: Authority
    now: Callable[[], datetime]
    timeout_s: float
    pause_s: float
    progress: Callable[[str], None]
    log: list[dict[str, Any]] = field(default_factory=list)
    documents: dict[str, dict[str, Any]] = field(default_factory=dict)
    stopped: threading.Event = field(default_factory=threading.Event)

    def all(self, targets: list[Target]) -> list[dict[str, Any]]:
        """Probe every target; the results are in the order of the targets."""
        hosts: dict[str, list[Target]] = {}
        for target in targets:
            hosts.setdefault(target.ip or "", []).append(target)
        with ThreadPoolExecutor(HOSTS_AT_ONCE) as pool:
            try:
                done = [entry for entries in pool.map(self._host, hosts.values()) for entry in entries]
            except BaseException:
                # Without this the pool would wait for every child's time limit.
                self.stopped.set()
                raise
        order = {target.endpoint.endpoint_id: number for number, target in enumerate(targets)}
        return sorted(done, key=lambda entry: order[entry["endpoint_id"]])

    def _host(self, targets: list[Target]) -> list[dict[str, Any]]:
        entries = []
        lost = ""
        for number, target in enumerate(targets):
            began = time.monotonic()
            if lost:
                status, reason = "skipped", lost
            else:
                if number and target.ip:
                    self.stopped.wait(self.pause_s)
                status, reason, lost = self._endpoint(target)
            endpoint = target.endpoint
            entries.append(
                {
                    "endpoint_id": endpoint.endpoint_id,
                    "host": endpoint.host,
                    "port": endpoint.port,
                    "ip": target.ip,
                    "status": status,
                    "reason": reason,
                    "seconds": round(time.monotonic() - began, 3),
                }
            )
            self.progress(f"{endpoint.endpoint_id}: {status}" + (f" ({reason})" if reason else ""))
        return entries

    def _endpoint(self, target: Target) -> tuple[str, str, str]:
        """Status and reason of one endpoint, and why its host must be left alone from now on, if so."""
        at, began = self.now(), time.monotonic()
        if barred := self._barred(target, at):
            return *barred, ""
        endpoint, ip = target.endpoint, str(target.ip)
        answer = preflight(endpoint.host, ip, endpoint.port, endpoint.protocol)
        self._log(target, "preflight", at, began, answer.source_ip)
        if answer.kind != "tls":
            return answer.kind, answer.reason, ""
        if endpoint.level == "preflight":
            return "skipped", f"{answer.reason}; scan_level preflight allows no deeper look", ""
        return self._deeper(target, answer.source_ip)

    def _barred(self, target: Target, at: datetime) -> tuple[str, str] | None:
        """Why this endpoint gets no connection at all."""
        if target.endpoint.level == "none":
            return "skipped", "scan_level none"
        if target.ip is None:
            return "unresolved", "the name has no address"
        if self.stopped.is_set():
            return "skipped", "the run was interrupted"
        if not self.authority.permits(target.endpoint, at):
            return "skipped", "the scan window closed during the run"
        return None

    def _deeper(self, target: Target, source_ip: str) -> tuple[str, str, str]:
        endpoint = target.endpoint
        at, began = self.now(), time.monotonic()
        scan = sslyze_process.scan(
            endpoint.host,
            str(target.ip),
            endpoint.port,
            sslyze_process.commands(endpoint.protocol, endpoint.level),
            budget_s=self.timeout_s,
            stopped=self.stopped,
        )
        self._log(target, "sslyze", at, began, source_ip)
        if scan.document is not None:
            self.documents[endpoint.endpoint_id] = scan.document
        if scan.status == "scanned" or self._answers(target, source_ip):
            return scan.status, scan.reason, ""
        lost = f"the host stopped taking connections during the scan of {endpoint.endpoint_id}: look after it"
        return scan.status, f"{scan.reason}; the listener takes no connections since", lost

    def _answers(self, target: Target, source_ip: str) -> bool:
        """Whether one of two attempts still connects: two failures after a success may be our doing."""
        for _ in range(2):
            self.stopped.wait(self.pause_s)
            at, began = self.now(), time.monotonic()
            alive = connects(str(target.ip), target.endpoint.port)
            self._log(target, "recheck", at, began, source_ip)
            if alive:
                return True
        return False

    def _log(self, target: Target, what: str, at: datetime, began: float, source_ip: str) -> None:
        self.log.append(
            {
                "at": iso(at),
                "seconds": round(time.monotonic() - began, 3),
                "what": what,
                "endpoint_id": target.endpoint.endpoint_id,
                "from": source_ip or None,
                "to": target.ip,
                "port": target.endpoint.port,
            }
        )
