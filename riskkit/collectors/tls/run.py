"""One run over all endpoints: hosts side by side, the endpoints of one host one after another."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from riskkit.collectors.evidence_file import iso
from riskkit.collectors.tls import sslyze_process
from riskkit.collectors.tls.authority import Authority, Target
from riskkit.collectors.tls.contact import Task, contact
from riskkit.collectors.tls.facts import Fact, fact
from riskkit.collectors.tls.groups import groups
from riskkit.collectors.tls.hello import Answer, connects, preflight
from riskkit.collectors.tls.switch import POLL_S, Switch

HOSTS_AT_ONCE = 4
"""Hosts that are probed at the same time; the endpoints of one host are probed one after another."""

MOST_CONTACT_S = 40.0
"""Limit of the questions in `contact` for one endpoint, within that of the endpoint."""

_HTTP = frozenset({"https", "http", "dicomweb"})


@dataclass
class _Look:
    """What becomes of one endpoint while it is looked at."""

    target: Target
    began: float
    deadline: float
    status: str = "skipped"
    reason: str = ""
    inferred: bool = False
    facts: list[Fact] = field(default_factory=list)
    source_ip: str = ""
    lost: str = ""
    """Why the host must be left alone from now on."""

    def left(self) -> float:
        """Seconds until the limit of the endpoint."""
        return self.deadline - time.monotonic()


@dataclass
class Run:
    """One run, with its log of every step; `results` grows while it runs."""

    authority: Authority
    now: Callable[[], datetime]
    timeout_s: float
    pause_s: float
    switch: Switch
    progress: Callable[[str], None]
    vantage: str | None
    results: dict[str, dict[str, Any]] = field(default_factory=dict)
    log: list[dict[str, Any]] = field(default_factory=list)
    documents: dict[str, dict[str, Any]] = field(default_factory=dict)
    with_certificate: dict[str, dict[str, Any]] = field(default_factory=dict)
    _abreast: int = 1
    _said: queue.SimpleQueue[str] = field(default_factory=queue.SimpleQueue)
    _failed: list[BaseException] = field(default_factory=list)

    def all(self, targets: list[Target], meanwhile: Callable[[], None]) -> None:
        """Probe every target; `meanwhile` is called between, to keep what was found so far.

        Returns within 2 s of the switch being pulled. An interruption pulls it.
        """
        hosts: dict[str, list[Target]] = {}
        for target in targets:
            hosts.setdefault(target.ip or "", []).append(target)
        waiting: queue.SimpleQueue[list[Target]] = queue.SimpleQueue()
        for one in hosts.values():
            waiting.put(one)
        self._abreast = min(HOSTS_AT_ONCE, len(hosts))
        threads = [
            threading.Thread(target=self._work, args=(waiting, len(targets)), daemon=True)
            for _ in range(self._abreast)
        ]
        for thread in threads:
            thread.start()
        running = True
        while running:
            running = any(thread.is_alive() for thread in threads)
            try:
                time.sleep(POLL_S / 2)
                self._tell()
                if not self.switch.pulled:
                    meanwhile()
            except KeyboardInterrupt:
                self.switch.pull("it was interrupted")
            except BaseException:
                self.switch.pull("it failed")
                raise
        if self._failed:
            raise self._failed[0]

    def _tell(self) -> None:
        while True:
            try:
                self.progress(self._said.get_nowait())
            except queue.Empty:
                return

    def _work(self, waiting: queue.SimpleQueue[list[Target]], of: int) -> None:
        try:
            while True:
                self._host(waiting.get_nowait(), of)
        except queue.Empty:
            return
        except BaseException as error:  # noqa: BLE001 - told by the thread that waits
            self._failed.append(error)
            self.switch.pull("it failed")

    def _host(self, targets: Iterable[Target], of: int) -> None:
        lost = ""
        for number, target in enumerate(targets):
            if number and target.ip and not lost:
                self.switch.event.wait(self.pause_s)
            at, began = self.now(), time.monotonic()
            limit = min(self.timeout_s, self.authority.seconds_left(target.endpoint, at))
            look = _Look(target, began, began + limit, reason=lost)
            if not lost:
                self._endpoint(look, at)
                lost = look.lost
            self._keep(look, of)

    def _keep(self, look: _Look, of: int) -> None:
        endpoint, seconds = look.target.endpoint, time.monotonic() - look.began
        self.results[endpoint.endpoint_id] = {
            "endpoint_id": endpoint.endpoint_id,
            "host": endpoint.host,
            "port": endpoint.port,
            "ip": look.target.ip,
            "protocol": endpoint.protocol,
            "vantage": endpoint.vantage or self.vantage,
            "status": look.status,
            "reason": look.reason,
            "confidence": "medium" if look.inferred else "high",
            "seconds": round(seconds, 3),
            "facts": look.facts,
        }
        done = len(self.results)
        spent = sum(float(one["seconds"]) for one in list(self.results.values()))
        left = spent / done * (of - done) / self._abreast
        told = f"{endpoint.endpoint_id}: {look.status}" + (f" ({look.reason})" if look.reason else "")
        ahead = f", about {left:.0f} s left" if done < of else ""
        self._said.put(f"{done}/{of} {told}; {seconds:.1f} s{ahead}")

    def _endpoint(self, look: _Look, at: datetime) -> None:
        if barred := self._barred(look.target, at):
            look.status, look.reason = barred
            return
        endpoint, ip = look.target.endpoint, str(look.target.ip)
        answer = preflight(endpoint.host, ip, endpoint.port, endpoint.protocol, self.switch.event)
        look.source_ip = answer.source_ip
        self._log(look, "preflight", at)
        if self.switch.event.is_set():
            look.reason = self._stopped()
            return
        look.status, look.reason, look.inferred = answer.kind, answer.reason, answer.inferred
        look.facts += [fact("answer", answer.said)] if answer.said else []
        if answer.kind == "tls":
            self._of_tls(look, answer)
        if endpoint.dicom_probe and answer.kind in {"tls", "plaintext", "not_tls"} and not look.lost:
            self._contact(look, tls=answer.kind == "tls", http=False, dicom=True)
            self._by_association(look)

    def _of_tls(self, look: _Look, answer: Answer) -> None:
        endpoint = look.target.endpoint
        if endpoint.level == "preflight":
            look.status = "skipped"
            look.reason = f"{answer.reason}; scan_level preflight allows no deeper look"
            return
        at = self.now()
        look.facts += groups(endpoint.host, str(look.target.ip), endpoint.port, self.switch.event)
        self._log(look, "groups", at)
        self._deeper(look)
        certificate = self.authority.certificate(endpoint)
        if look.status != "scanned":
            return
        asks = _asks(self.documents.get(endpoint.endpoint_id))
        http = endpoint.level == "full" and endpoint.protocol in _HTTP and asks == "OPTIONAL"
        waits = endpoint.protocol not in _HTTP and asks == "OPTIONAL"
        if http or waits or certificate or self.authority.anchor(endpoint):
            self._contact(look, tls=True, http=http, waits=waits, dicom=False)
        if certificate and not self.switch.event.is_set():
            self._with_certificate(look)

    def _barred(self, target: Target, at: datetime) -> tuple[str, str] | None:
        """Why this endpoint gets no connection at all."""
        if target.endpoint.barred:
            return "skipped", target.endpoint.barred
        if target.ip is None:
            return "unresolved", "the name has no address"
        if self.switch.event.is_set():
            return "skipped", self._stopped()
        if not self.authority.permits(target.endpoint, at):
            return "skipped", "the scan window closed during the run"
        return None

    def _stopped(self) -> str:
        return f"the run was stopped: {self.switch.reason}"

    def _deeper(self, look: _Look) -> None:
        endpoint = look.target.endpoint
        if self.switch.event.is_set():
            look.status, look.reason = "skipped", self._stopped()
            return
        at = self.now()
        scan = sslyze_process.scan(
            endpoint.host,
            str(look.target.ip),
            endpoint.port,
            sslyze_process.commands(endpoint.protocol, endpoint.level),
            budget_s=look.left(),
            stopped=self.switch.event,
        )
        self._log(look, "sslyze", at)
        if scan.document is not None:
            self.documents[endpoint.endpoint_id] = scan.document
        look.status, look.reason = scan.status, scan.reason
        if self.switch.event.is_set() and scan.status != "scanned":
            look.status, look.reason = "skipped", self._stopped()
        elif scan.status != "scanned" and not self._answers(look):
            look.reason = f"{scan.reason}; the listener takes no connections since"
            look.lost = (
                f"the host stopped taking connections during the scan of {endpoint.endpoint_id}: "
                "look after it"
            )

    def _with_certificate(self, look: _Look) -> None:
        """The same again with the client certificate of endpoints.yaml, which changes no status."""
        endpoint = look.target.endpoint
        at = self.now()
        scan = sslyze_process.scan(
            endpoint.host,
            str(look.target.ip),
            endpoint.port,
            sslyze_process.commands(endpoint.protocol, endpoint.level),
            budget_s=look.left(),
            stopped=self.switch.event,
            certificate=self.authority.certificate(endpoint),
        )
        self._log(look, "sslyze with certificate", at)
        if scan.status == "scanned" and scan.document is not None:
            self.with_certificate[endpoint.endpoint_id] = scan.document
        else:
            look.reason = f"with the client certificate: {scan.reason}"

    def _contact(self, look: _Look, *, tls: bool, http: bool, dicom: bool, waits: bool = False) -> None:
        if self.switch.event.is_set():
            return
        endpoint = look.target.endpoint
        files = self.authority.certificate(endpoint)
        certificate, key = map(str, files) if files else ("", "")
        task = Task(
            endpoint.host,
            str(look.target.ip),
            endpoint.port,
            tls,
            certificate=certificate,
            key=key,
            anchor="" if dicom else str(self.authority.anchor(endpoint) or ""),
            http=http,
            waits=waits,
            dicom=dicom,
            called=endpoint.called_aet or "",
            calling=endpoint.calling_aet or "",
        )
        at = self.now()
        found, why = contact(task, budget_s=min(look.left(), MOST_CONTACT_S), stopped=self.switch.event)
        self._log(look, "dicom" if dicom else "certificate", at, task.titles())
        known = {one["key"] for one in look.facts}
        look.facts += [one for one in found if one["key"] not in known]
        if why and not look.reason:
            look.reason = why

    def _by_association(self, look: _Look) -> None:
        """An association without TLS is proof, whatever a TLS hello got."""
        values = {one["key"]: one["value"] for one in look.facts}
        plain = values.get("dicom.plain")
        if plain in {"accepted", "rejected"} and look.status in {"plaintext", "not_tls"}:
            word = "accepts" if plain == "accepted" else "rejects"
            look.status, look.inferred = "plaintext", False
            look.reason = f"{word} a DICOM association in plaintext"

    def _answers(self, look: _Look) -> bool:
        """Whether one of two attempts still connects: two failures after a success may be our doing."""
        for _ in range(2):
            self.switch.event.wait(self.pause_s)
            at = self.now()
            alive = connects(str(look.target.ip), look.target.endpoint.port, self.switch.event)
            self._log(look, "recheck", at)
            if alive or self.switch.event.is_set():
                return True
        return False

    def _log(self, look: _Look, what: str, at: datetime, titles: tuple[str, ...] = ()) -> None:
        ended = self.now()
        self.log.append(
            {
                "at": iso(at),
                "seconds": round(max(ended - at, timedelta()).total_seconds(), 3),
                "what": what,
                "endpoint_id": look.target.endpoint.endpoint_id,
                "from": look.source_ip or None,
                "to": look.target.ip,
                "port": look.target.endpoint.port,
                **({"ae_titles": list(titles)} if titles else {}),
            }
        )


def _asks(document: dict[str, Any] | None) -> str:
    """Whether sslyze says that the handshake asks for a client certificate."""
    results = document["server_scan_results"] if document else []
    connected = results[0].get("connectivity_result") if results else None
    return str(connected.get("client_auth_requirement")) if isinstance(connected, dict) else ""
