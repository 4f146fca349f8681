"""Real listeners on loopback, good and bad, for the tests of everything that looks at a network.

Each is a context manager that yields (host, port). None needs a program beside Python.
"""

from __future__ import annotations

import contextlib
import socket
import socketserver
import ssl
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

Listener = AbstractContextManager[tuple[str, int]]
HOST = "127.0.0.1"
A_ABORT = bytes.fromhex("07000000000400000201")  # unrecognized PDU, PS3.8 table 9-26


@dataclass(frozen=True)
class Authority:
    """A private certificate authority that lives in `folder`."""

    folder: Path

    @cached_property
    def _key(self) -> rsa.RSAPrivateKey:
        return rsa.generate_private_key(65537, 2048)

    @cached_property
    def _certificate(self) -> x509.Certificate:
        return (
            _unsigned("Bed CA", self._key.public_key(), _name("Bed CA"), -1, 3650)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(
                x509.KeyUsage(
                    digital_signature=False,
                    content_commitment=False,
                    key_encipherment=False,
                    data_encipherment=False,
                    key_agreement=False,
                    key_cert_sign=True,
                    crl_sign=True,
                    encipher_only=False,
                    decipher_only=False,
                ),
                critical=True,
            )
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )

    @property
    def anchor(self) -> Path:
        """The authority's own certificate as PEM."""
        path = self.folder / "ca.pem"
        path.write_bytes(_pem(self._certificate))
        return path

    def issue(
        self,
        name: str,
        *,
        bits: int = 2048,
        from_days: int = -1,
        to_days: int = 300,
        sans: tuple[str, ...] = ("127.0.0.1", "localhost"),
        self_signed: bool = False,
        client: bool = False,
    ) -> Path:
        """A server's (or client's) certificate with its key and chain as one PEM; days count from now."""
        usage = ExtendedKeyUsageOID.CLIENT_AUTH if client else ExtendedKeyUsageOID.SERVER_AUTH
        key = rsa.generate_private_key(65537, bits)
        issuer = _name(name) if self_signed else self._certificate.subject
        signer = key if self_signed else self._key
        certificate = (
            _unsigned(name, key.public_key(), issuer, from_days, to_days)
            .add_extension(x509.SubjectAlternativeName([_san(san) for san in sans]), critical=False)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
            )
            .sign(signer, hashes.SHA256())
        )
        path = self.folder / f"{name}.pem"
        chain = b"" if self_signed else _pem(self._certificate)
        private = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        path.write_bytes(private + _pem(certificate) + chain)
        return path


def good_tls(authority: Authority) -> Listener:
    """TLS 1.2 and 1.3, RSA 2048, the right names, valid, issued by the bed's authority."""
    return tls(_good(authority))


def good_https(authority: Authority) -> Listener:
    """As `good_tls`, and answers any request with an empty page and HSTS."""
    page = b"HTTP/1.1 200 OK\r\nStrict-Transport-Security: max-age=63072000\r\nContent-Length: 0\r\n\r\n"
    return tls(_good(authority), answer=page)


def mutual_tls(authority: Authority) -> Listener:
    """As `good_tls`, and a client without a certificate is turned away."""
    return tls(_mutual(authority))


def late_mutual_tls(authority: Authority) -> Listener:
    """As `mutual_tls`, of TLS 1.2, but looks for the certificate after the handshake, as nginx does."""
    context = _mutual(authority)
    context.verify_mode = ssl.CERT_OPTIONAL
    context.maximum_version = ssl.TLSVersion.TLSv1_2

    def handle(connection: socket.socket) -> None:
        connection.settimeout(5)
        with context.wrap_socket(connection, server_side=True) as secure:
            while secure.getpeercert() and secure.recv(4096):
                pass
            secure.unwrap()

    return listener(handle)


def tls_front(authority: Authority, behind: tuple[str, int], *, mutual: bool) -> Listener:
    """Ends TLS and passes what comes to another listener: how old servers are given TLS."""
    context = _mutual(authority) if mutual else _good(authority)

    def handle(connection: socket.socket) -> None:
        connection.settimeout(5)
        with context.wrap_socket(connection, server_side=True) as secure, socket.socket() as other:
            other.connect(behind)
            secure.settimeout(0.05)
            other.settimeout(0.05)
            while _passed(secure, other) and _passed(other, secure):
                pass

    return listener(handle)


def _passed(from_: socket.socket, to: socket.socket) -> bool:
    """Pass on what is there; false at the end of the connection."""
    try:
        piece = from_.recv(65536)
    except TimeoutError:
        return True
    to.sendall(piece)
    return bool(piece)


def legacy_tls(authority: Authority) -> Listener:
    """TLS 1.0 and 1.1 only, with an expired, self-signed RSA 1024 certificate of another name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # Python warns of the old versions, which are the point.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    certificate = authority.issue(
        "legacy", bits=1024, from_days=-800, to_days=-40, sans=("old.example",), self_signed=True
    )
    context.load_cert_chain(certificate)
    return tls(context)


def tls(context: ssl.SSLContext, *, answer: bytes = b"") -> Listener:
    """A listener that completes handshakes, and sends `answer` to whatever comes until the client goes."""

    def handle(connection: socket.socket) -> None:
        connection.settimeout(5)
        with context.wrap_socket(connection, server_side=True) as secure:
            while secure.recv(4096):
                secure.sendall(answer)

    return listener(handle)


def silent() -> Listener:
    """Takes connections and never says a word, as an MLLP listener does on anything but HL7."""
    return listener(_read_until_gone)


def drip(start: bytes = b"", *, byte: bytes = b"\x03", every_s: float = 1.0) -> Listener:
    """Sends `start` at once and then one byte after another, for ever."""

    def handle(connection: socket.socket) -> None:
        connection.sendall(start)
        while True:
            time.sleep(every_s)
            connection.sendall(byte)

    return listener(handle)


def tls_then_drip() -> Listener:
    """Begins a ServerHello of the largest size and drips the rest: passes a short look, holds a long one."""
    return drip(bytes.fromhex("160303400002003ffc0303"), byte=b"\0", every_s=0.5)


def plain_http() -> Listener:
    """Answers anything with an HTTP error in plaintext."""
    return answering(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


def plain_dicom() -> Listener:
    """Answers what is no DICOM PDU with A-ABORT in plaintext."""
    return answering(A_ABORT)


def answering(answer: bytes) -> Listener:
    """Reads once, sends `answer` and closes."""

    def handle(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(answer)

    return listener(handle)


def resetting() -> Listener:
    """Resets every connection once something was sent."""

    def handle(connection: socket.socket) -> None:
        connection.recv(1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.close()

    return listener(handle, shutdown=False)


@contextmanager
def closed() -> Iterator[tuple[str, int]]:
    """A port that nothing listens on."""
    with socket.socket() as bound:
        bound.bind((HOST, 0))  # bound and not listening: nobody else gets it meanwhile
        yield bound.getsockname()


@contextmanager
def listener(handle: Callable[[socket.socket], None], *, shutdown: bool = True) -> Iterator[tuple[str, int]]:
    """Serve each connection with `handle` in a thread of its own; its errors end that connection only."""
    connections: list[socket.socket] = []

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            connections.append(self.request)
            with contextlib.suppress(OSError, ValueError):
                handle(self.request)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True
        request_queue_size = 64

        def shutdown_request(self, request: object) -> None:
            if shutdown:
                super().shutdown_request(request)  # type: ignore[arg-type]

    with Server((HOST, 0), Handler) as server:
        server.block_on_close = False
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield server.server_address
        finally:
            server.shutdown()
            thread.join()
            for connection in connections:
                connection.close()


_FORWARD_SECRET = "ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AES"
"""Whatever Python was built with: that of Debian offers key exchange with RSA too if it is not told."""


def _good(authority: Authority) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_FORWARD_SECRET)
    context.load_cert_chain(authority.issue("good"))
    return context


def _mutual(authority: Authority) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_FORWARD_SECRET)
    context.load_cert_chain(authority.issue("mutual"))
    context.load_verify_locations(authority.anchor)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def _read_until_gone(connection: socket.socket) -> None:
    while connection.recv(4096):
        pass


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _san(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _unsigned(
    name: str, key: rsa.RSAPublicKey, issuer: x509.Name, from_days: int, to_days: int
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=from_days))
        .not_valid_after(now + timedelta(days=to_days))
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
