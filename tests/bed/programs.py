"""Listeners that are programs of other people: DCMTK, Orthanc and nginx, each on a port of its own.

`missing` tells which of them this machine has not; a test that needs them skips with it.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.bed import HOST, Authority

PACKAGES = {"storescp": "dcmtk", "dcmqrscp": "dcmtk", "Orthanc": "orthanc", "nginx": "nginx"}
"""Programs and the Debian packages that have them."""

READY_S = 20.0
KNOWN_TITLE = "RISKKIT"
ARCHIVE_TITLE = "ARCHIVE"


def missing(programs: Sequence[str] = tuple(PACKAGES)) -> str:
    """Why the programs cannot be started; empty when all are there."""
    absent = [name for name in programs if found(name) is None]
    return ", ".join(f"no {name} (Debian package {PACKAGES[name]})" for name in absent)


def found(name: str) -> str | None:
    """The path of a program, which for servers is often not that of users."""
    return shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin"]))


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as bound:
        bound.bind((HOST, 0))
        return int(bound.getsockname()[1])


@contextmanager
def started(command: list[str], ports: Sequence[int], folder: Path) -> Iterator[None]:
    """Run a program until the end of the block; it is there when its ports take connections."""
    name = Path(command[0]).name
    command = [str(found(name)), *command[1:]]
    log = folder / f"{name}.log"
    with log.open("wb") as output:
        # A group of its own: dcmqrscp and nginx have children.
        server = subprocess.Popen(command, stdout=output, stderr=output, cwd=folder, start_new_session=True)
    try:
        deadline = time.monotonic() + READY_S
        waiting = list(ports)
        while waiting:
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{name} did not start: {log.read_text(errors='replace')[-2000:]}")
            try:
                socket.create_connection((HOST, waiting[0]), timeout=1).close()
                waiting.pop(0)
            except OSError:
                time.sleep(0.05)
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGTERM)
        try:
            server.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


@contextmanager
def storescp(authority: Authority, *, peers: str = "", profile: str = "") -> Iterator[tuple[str, int]]:
    """DCMTK storescp, which takes any AE title and keeps nothing.

    `peers` is empty for plain DICOM, -ic (no client certificate wanted) or -rc (required); `profile` a
    TLS profile such as +pa.
    """
    port, folder = free_port(), _folder(authority, "storescp")
    options: list[str] = []
    if peers:
        pem = str(authority.issue("dcmtk"))
        options = ["+tls", pem, pem, "+cf", str(authority.anchor), peers, *filter(None, [profile])]
    with started(["storescp", "--ignore", *options, str(port)], [port], folder):
        yield HOST, port


@contextmanager
def dcmqrscp(authority: Authority) -> Iterator[tuple[str, int]]:
    """DCMTK dcmqrscp, an archive that knows its own AE title and one peer.

    That of Debian 12 (3.6.7) has no TLS options: sites put a proxy before it, as `tls_front` does.
    """
    port, folder = free_port(), _folder(authority, "dcmqrscp")
    (folder / "store").mkdir()
    (folder / "dcmqrscp.cfg").write_text(
        f"NetworkTCPPort = {port}\nMaxPDUSize = 16384\nMaxAssociations = 16\n"
        f"HostTable BEGIN\nknown = ({KNOWN_TITLE}, localhost, 11113)\nHostTable END\n"
        "VendorTable BEGIN\nVendorTable END\n"
        f"AETable BEGIN\n{ARCHIVE_TITLE} {folder / 'store'} RW (10, 1024mb) known\nAETable END\n"
    )
    with started(["dcmqrscp", "-c", "dcmqrscp.cfg", str(port)], [port], folder):
        yield HOST, port


@contextmanager
def orthanc(
    authority: Authority, *, tls: bool, mutual: bool = False, lines: Sequence[str] = ()
) -> Iterator[tuple[str, int]]:
    """The DICOM port of an Orthanc, with DicomTlsEnabled or without; `lines` of orthanc.json come last."""
    port, folder = free_port(), _folder(authority, "orthanc")
    pem = str(authority.issue("orthanc"))
    configuration = {
        "Name": "bed",
        "StorageDirectory": str(folder / "db"),
        "IndexDirectory": str(folder / "db"),
        "HttpServerEnabled": False,
        "DicomPort": port,
        "DicomAet": ARCHIVE_TITLE,
        "RemoteAccessAllowed": False,
        "Plugins": [],
    }
    if tls:
        configuration |= {
            "DicomTlsEnabled": True,
            "DicomTlsCertificate": pem,
            "DicomTlsPrivateKey": pem,
            "DicomTlsTrustedCertificates": str(authority.anchor),
            "DicomTlsRemoteCertificateRequired": mutual,
        }
    configuration |= json.loads(f"{{{' '.join(lines).rstrip(',')}}}")
    (folder / "orthanc.json").write_text(json.dumps(configuration))
    with started(["Orthanc", "orthanc.json"], [port], folder):
        yield HOST, port


_MODERN = (
    "ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384;"
)
_LEGACY = "ssl_protocols TLSv1 TLSv1.1 TLSv1.2; ssl_ciphers ALL:@SECLEVEL=0;"


@contextmanager
def nginx(authority: Authority) -> Iterator[dict[str, tuple[str, int]]]:
    """One nginx with a listener of each kind, by name."""
    folder = _folder(authority, "nginx")
    issue = authority.issue
    good = issue("nginx")
    kinds = {
        "nginx-modern": (good, _MODERN + 'add_header Strict-Transport-Security "max-age=63072000";'),
        "nginx-legacy": (good, _LEGACY),
        "nginx-mutual": (
            good,
            _MODERN + f"ssl_client_certificate {authority.anchor}; ssl_verify_client on;",
        ),
        "nginx-expired": (issue("expired", from_days=-400, to_days=-30), _MODERN),
        "nginx-self-signed": (issue("selfsigned", self_signed=True), _MODERN),
        "nginx-wrong-name": (issue("wrongname", sans=("other.example",)), _MODERN),
        # OpenSSL loads so short a key only at this level.
        "nginx-weak-key": (issue("weakkey", bits=1024), _MODERN.replace("SHA384;", "SHA384:@SECLEVEL=0;")),
    }
    ports = {name: free_port() for name in kinds}
    servers = "\n".join(
        f"server {{ listen {HOST}:{ports[name]} ssl; ssl_certificate {pem}; ssl_certificate_key {pem}; "
        f'{options} location / {{ return 200 "ok"; }} }}'
        for name, (pem, options) in kinds.items()
    )
    plain = free_port()
    servers += f'\nserver {{ listen {HOST}:{plain}; location / {{ return 200 "ok"; }} }}'
    every = {**ports, "nginx-plain": plain}
    with _nginx(folder, servers, list(every.values())):
        yield {name: (HOST, port) for name, port in every.items()}


@contextmanager
def nginx_server(authority: Authority, lines: Sequence[str]) -> Iterator[tuple[str, int]]:
    """One nginx with one server block, which holds these lines and listens where they or we say."""
    port, folder = free_port(), _folder(authority, "nginx")
    listens = any(line.startswith("listen ") for line in lines)
    block = "\n".join([*([] if listens else [f"listen {HOST}:{port};"]), *lines])
    block = block.replace("listen 443 ", f"listen {HOST}:{port} ")
    with _nginx(folder, f'server {{ {block}\n location / {{ return 200 "ok"; }} }}', [port]):
        yield HOST, port


@contextmanager
def storescp_as(command: Sequence[str]) -> Iterator[tuple[str, int]]:
    """DCMTK storescp with options of the caller's, the last of which is the port, in a folder of its own."""
    port = int(command[-1])
    with (
        tempfile.TemporaryDirectory() as folder,
        started(["storescp", "--ignore", *command], [port], Path(folder)),
    ):
        yield HOST, port


@contextmanager
def nginx_of_many(authority: Authority, hosts: Sequence[str]) -> Iterator[list[tuple[str, int]]]:
    """One nginx with a modern listener on the same port of many addresses, as if of many hosts."""
    port, folder = free_port(), _folder(authority, "nginx")
    pem = authority.issue("many", sans=tuple(hosts))
    servers = "".join(
        f"server {{ listen {host}:{port} ssl; ssl_certificate {pem}; ssl_certificate_key {pem}; {_MODERN} "
        'location / { return 200 "ok"; } }\n'
        for host in (HOST, *hosts)
    )
    with _nginx(folder, servers, [port]):
        yield [(host, port) for host in hosts]


@contextmanager
def _nginx(folder: Path, servers: str, ports: Sequence[int]) -> Iterator[None]:
    temporary = " ".join(
        f"{kind}_temp_path {folder}/temp;" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; worker_processes 1;\n"
        "events { worker_connections 512; }\n"
        f"http {{ access_log off; {temporary}\n{servers} }}\n"
    )
    command = ["nginx", "-c", str(folder / "nginx.conf"), "-p", str(folder), "-e", str(folder / "error.log")]
    with started(command, ports, folder):
        yield


def _folder(authority: Authority, name: str) -> Path:
    """A new folder for one server."""
    number = len(list(authority.folder.glob(f"{name}-*")))
    folder = authority.folder / f"{name}-{number}"
    folder.mkdir()
    return folder
