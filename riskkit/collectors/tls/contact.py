"""What only a finished handshake or an association can tell, asked in a child process of its own.

`contact` starts the child; the child (`main`) prints one fact a line, so that a peer that holds it costs
the rest and not what was found. Of DICOM only A-ASSOCIATE with the Verification SOP class, C-ECHO and
A-RELEASE are sent; of HTTP only `GET /`.
"""

from __future__ import annotations

import json
import socket
import ssl
import sys
import tempfile
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from riskkit.collectors.tls import child
from riskkit.collectors.tls.facts import Fact, fact

STEP_S = 5.0
"""Seconds for each wait on the peer."""

OUR_TITLE = "RISKKIT"
"""Calling AE title where endpoints.yaml gives none."""

NOBODYS_TITLE = "ZZRISKKIT"
"""A title that no one configured; one only is tried, titles are never enumerated."""

VERIFICATION = "1.2.840.10008.1.1"
_ALERT_WAIT_S = 0.5
_CLOSE_WAIT_S = 1.5
_SUCCESS = 0x0000
_NO_CHECK_TIME = 0x200000
"""X509_V_FLAG_NO_CHECK_TIME of OpenSSL, to which Python gives no name."""
_NO_CERTIFICATE_STATUS = frozenset({"400", "401", "403", "495", "496"})


@dataclass(frozen=True, slots=True)
class Task:
    """What to ask of one listener at its pinned address."""

    host: str
    ip: str
    port: int
    tls: bool
    certificate: str = ""
    key: str = ""
    anchor: str = ""
    http: bool = False
    waits: bool = False
    dicom: bool = False
    called: str = ""
    calling: str = ""

    def titles(self) -> tuple[str, ...]:
        """The calling AE titles that are used."""
        return (self.calling or OUR_TITLE, *((NOBODYS_TITLE,) if self.calling else ())) if self.dicom else ()


def contact(task: Task, *, budget_s: float, stopped: threading.Event) -> tuple[list[Fact], str]:
    """The facts, and why some may be missing; the child is killed after `budget_s`."""
    with tempfile.TemporaryFile(prefix="riskkit-contact-") as output:
        command = [sys.executable, "-P", "-m", "riskkit.collectors.tls.contact", json.dumps(asdict(task))]
        code = child.run(command, budget_s, stopped, output)
        output.seek(0)
        found: list[Fact] = []
        for written in output.read().splitlines():
            try:
                found.append(fact(**json.loads(written)))
            except (ValueError, TypeError):
                continue  # the line that was being written when the child was killed
    if code is None:
        return found, "the peer held the probe longer than its limit" if not stopped.is_set() else "stopped"
    return found, "" if code == 0 else f"the probe ended with code {code}"


def main(written: str) -> None:
    """Print the facts of a task, each when it is known."""
    task = Task(**json.loads(written))
    for found in _facts(task):
        sys.stdout.write(json.dumps(found) + "\n")
        sys.stdout.flush()


def _facts(task: Task) -> Iterator[Fact]:
    if task.tls and task.certificate:
        yield _client_certificate(task)
    if task.tls and task.anchor:
        yield _chain("chain.openssl", task, strict=False)
        yield _chain("chain.strict", task, strict=True)
    if task.tls and task.http:
        yield _without_certificate(task)
    if task.tls and task.waits:
        yield _after_handshake(task)
    if task.dicom:
        yield from _associations(task)


def _context(task: Task, *, certificate: bool) -> ssl.SSLContext:
    """Take any version, suite and certificate: what is accepted is judged later, elsewhere."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
    context.set_ciphers("ALL:@SECLEVEL=0")
    if certificate:
        context.load_cert_chain(task.certificate, task.key or None)
    return context


@contextmanager
def _connected(task: Task, context: ssl.SSLContext) -> Iterator[ssl.SSLSocket]:
    """A connection whose handshake is done. Raises OSError, of which SSLError is one."""
    with (
        socket.create_connection((task.ip, task.port), timeout=STEP_S) as plain,
        context.wrap_socket(plain, server_hostname=task.host) as secure,
    ):
        yield secure


def _chain(key: str, task: Task, *, strict: bool) -> Fact:
    """Whether the chain leads to the trust anchor; names, dates and short keys are other questions."""
    context = _context(task, certificate=bool(task.certificate))
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(task.anchor)
    # Older Pythons leave it off, newer ones not everywhere.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.verify_flags |= ssl.VerifyFlags(_NO_CHECK_TIME)
    if strict:
        context.verify_flags |= ssl.VERIFY_X509_STRICT
    try:
        with _connected(task, context):
            return fact(key, "valid")
    except ssl.SSLCertVerificationError as error:
        return fact(key, "invalid", detail=error.verify_message)
    except OSError:
        return fact(key, "unknown", reason="the handshake did not come to its end")


def _client_certificate(task: Task) -> Fact:
    key = "client_certificate"
    try:
        with _connected(task, _context(task, certificate=True)) as secure:
            # In TLS 1.3 a server judges the certificate after the client thinks that all is done.
            secure.settimeout(_ALERT_WAIT_S)
            try:
                ended = not secure.recv(1)
            except TimeoutError:
                ended = False
            if ended:
                return fact(key, "unknown", reason="the server closed after the handshake")
    except ssl.SSLError as error:
        return fact(key, "rejected", detail=(error.reason or "").lower())
    except OSError:
        return fact(key, "unknown", reason="the handshake was not answered to its end")
    return fact(key, "accepted")


def _without_certificate(task: Task) -> Fact:
    key = "http.without_certificate"
    name = f"[{task.host}]" if ":" in task.host else task.host
    request = f"GET / HTTP/1.1\r\nHost: {name}:{task.port}\r\nConnection: close\r\n\r\n"
    try:
        with _connected(task, _context(task, certificate=False)) as secure:
            secure.sendall(request.encode())
            words = secure.recv(64).split(b" ", 2)
    except (OSError, ValueError):
        return fact(key, "unknown", reason="the request got no answer")
    status = words[1].decode("ascii", "replace")[:3] if len(words) > 1 else ""
    if not words[0].startswith(b"HTTP/") or not status.isdecimal():
        return fact(key, "unknown", reason="the answer is no HTTP")
    return fact(key, "refused" if status in _NO_CERTIFICATE_STATUS else "served", detail=status)


def _after_handshake(task: Task) -> Fact:
    """Whether the connection stays open when no certificate was shown; nothing is sent after the handshake.

    A TLS gateway that only looks at the certificate when the handshake is over closes it.
    """
    key = "handshake.without_certificate"
    try:
        with _connected(task, _context(task, certificate=False)) as secure:
            secure.settimeout(_CLOSE_WAIT_S)
            try:
                return fact(key, "kept" if secure.recv(1) else "closed")
            except TimeoutError:
                return fact(key, "kept")
            except (ssl.SSLError, ConnectionError):
                return fact(key, "closed")
    except OSError:
        return fact(key, "unknown", reason="the handshake did not come to its end")


@dataclass(frozen=True, slots=True)
class _Association:
    """What became of one request for an association."""

    result: str
    detail: str = ""
    echo: str = ""
    implementation: tuple[str, str] | None = None


def _associations(task: Task) -> Iterator[Fact]:
    calling, called = task.calling or OUR_TITLE, task.called or "ANY-SCP"
    transports: list[tuple[str, ssl.SSLContext | None]] = [("dicom.plain", None)]
    if task.tls:
        transports.append(("dicom.tls", _context(task, certificate=False)))
    if task.tls and task.certificate:
        transports.append(("dicom.tls_with_certificate", _context(task, certificate=True)))
    open_to: tuple[str, ssl.SSLContext | None, _Association] | None = None
    for key, context in transports:
        found = _associate(task, context, calling, called)
        yield fact(key, found.result, detail=found.detail)
        # The weakest transport that is open counts: an attacker would take it too.
        if found.result == "accepted" and (open_to is None or open_to[2].result != "accepted"):
            open_to = key, context, found
            yield from _echoed(found, key)
        elif found.result == "rejected" and open_to is None:
            open_to = key, context, found
    if open_to is None:
        reason = "no transport got an answer to an association request"
        yield fact("dicom.unknown_calling", "unknown", reason=reason)
        yield fact("dicom.unknown_called", "unknown", reason=reason)
        return
    key, context, first = open_to
    transport = key.removeprefix("dicom.")
    yield _titled("dicom.unknown_calling", transport, _associate(task, context, NOBODYS_TITLE, called)
                  if task.calling else first)  # fmt: skip
    yield _titled("dicom.unknown_called", transport, _associate(task, context, calling, NOBODYS_TITLE)
                  if task.called else first)  # fmt: skip


def _titled(key: str, transport: str, found: _Association) -> Fact:
    if found.result in {"accepted", "rejected"}:
        return fact(key, found.result, detail=found.detail or transport)
    return fact(key, "unknown", reason=f"the association was {found.result}")


def _echoed(found: _Association, key: str) -> Iterator[Fact]:
    transport = key.removeprefix("dicom.")
    if found.echo == "success":
        yield fact("dicom.echo", "success", detail=transport)
    elif found.echo:
        yield fact("dicom.echo", "failure", detail=found.echo)
    else:
        yield fact("dicom.echo", "unknown", reason="no answer to a C-ECHO")
    if found.implementation:
        yield fact("dicom.implementation", found.implementation[0], detail=found.implementation[1])


def _associate(task: Task, context: ssl.SSLContext | None, calling: str, called: str) -> _Association:
    """Ask for one association with the Verification SOP class, echo when it is accepted, release."""
    from pynetdicom import AE, evt  # noqa: PLC0415 - the parent process need not load it

    entity = AE(ae_title=calling)
    entity.connection_timeout = entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = STEP_S
    entity.add_requested_context(VERIFICATION)
    received: dict[str, Any] = {}
    association = entity.associate(
        task.ip,
        task.port,
        ae_title=called,
        tls_args=None if context is None else (context, task.host),
        evt_handlers=[
            (evt.EVT_PDU_RECV, lambda event: received.update({type(event.pdu).__name__: event.pdu})),
            (evt.EVT_CONN_OPEN, lambda _event: received.update(open=True)),
        ],
    )
    if association.is_established:
        status = association.send_c_echo()
        code = getattr(status, "Status", None)
        echo = "" if code is None else "success" if code == _SUCCESS else f"0x{code:04X}"
        peer = association.acceptor
        named = _printable(peer.implementation_version_name), str(peer.implementation_class_uid or "")
        association.release()
        return _Association("accepted", "", echo, named if any(named) else None)
    # What came counts: a peer that closes at once makes pynetdicom call its rejection an abort.
    if (rejection := received.get("A_ASSOCIATE_RJ")) is not None:
        detail = f"{rejection.result}/{rejection.source}/{rejection.reason_diagnostic}"
        return _Association("rejected", detail)
    if "A_ASSOCIATE_AC" in received:
        return _Association("accepted", "without the Verification SOP class")
    if any("ABORT" in name for name in received):
        return _Association("aborted")
    if "open" not in received:
        return _Association("no_tls" if context is not None else "closed")
    return _Association("closed")


def _printable(name: object) -> str:
    text = name.decode("ascii", "replace") if isinstance(name, bytes) else str(name or "")
    return "".join(letter for letter in text if letter.isprintable() and letter.isascii())[:16].strip()


if __name__ == "__main__":
    main(sys.argv[1])
