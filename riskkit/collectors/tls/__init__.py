"""`collect tls`: what the listed listeners accept, as one evidence file.

Nothing is connected to that endpoints.yaml does not list with an approver. Every endpoint first gets
one TLS hello (`preflight`); only one that answers with TLS is scanned deeper, by sslyze in a child
process with a time limit. No DICOM command, HL7 message or query is ever sent; at scan level `full`
an HTTP listener gets `GET /`.

An endpoint's `status`:

- `scanned`: sslyze has results.
- `plaintext`: answers, and not with TLS.
- `not_tls`: takes the connection but does not answer a TLS hello with anything that could be judged.
- `refused`, `unresolved`: nothing listens there, or the name has no address.
- `timeout`: too slow to tell. `error`: the scan failed. `skipped`: not looked at, or not deeper, as told.
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
