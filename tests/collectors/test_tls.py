"""`collect_tls` against real listeners on loopback: what it may touch, what it says, and that it ends."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import socket
import ssl
import stat
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from riskkit.collectors import collect_tls
from riskkit.collectors.tls import Switch, plan_tls, sslyze_process
from riskkit.collectors.tls.endpoint import EndpointsFile
from riskkit.collectors.tls.groups import groups
from riskkit.collectors.tls.hello import client_hello, preflight
from riskkit.errors import CollectError
from riskkit.readers import canonical
from tests import bed
from tests.readers.reading import read_all

NOW = datetime(2026, 10, 5, 3, 0, tzinfo=UTC)
AUTHORIZATION = {"by": "Chief information officer", "date": "2026-10-01", "reference": "CHG-118"}


def clock() -> datetime:
    return NOW


def endpoint(name: str, address: tuple[str, int] = ("127.0.0.1", 1), **columns: Any) -> dict[str, Any]:
    return {
        "endpoint_id": name,
        "host": address[0],
        "port": address[1],
        "protocol": "dicom-tls",
        "approved_by": "Chief information officer",
        **columns,
    }


def hours(start: int, end: int) -> dict[str, str]:
    return {
        "window_start": (NOW + timedelta(hours=start)).isoformat(),
        "window_end": (NOW + timedelta(hours=end)).isoformat(),
    }


def write(pack: Path, *endpoints: dict[str, Any], **top: Any) -> Path:
    path = pack / "network" / "endpoints.yaml"
    path.parent.mkdir(exist_ok=True, parents=True)
    permitted = {"authorization": AUTHORIZATION, **hours(-24, 24)}
    path.write_text(yaml.safe_dump({"endpoints": list(endpoints), **permitted, **top}))
    return path


def collect(pack: Path, file: Path, **options: Any) -> dict[str, Any]:
    made = collect_tls(file, pack, now=clock, pause_s=0, **options)
    document: dict[str, Any] = json.loads(made.read_text())
    return document


def by_id(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {entry["endpoint_id"]: entry for entry in document["endpoints"]}


@pytest.fixture
def counted() -> Iterator[tuple[tuple[str, int], list[object]]]:
    """A listener that counts who connects to it."""
    connections: list[object] = []
    with bed.listener(connections.append) as address:
        yield address, connections


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"approved_by": None}, "approved_by: is empty"),
        ({"approved_by": " "}, "approved_by: is empty"),
        ({"host": "10.0.0.0/24"}, "names more than one host"),
        ({"host": "10.0.0.*"}, "names more than one host"),
        ({"host": "pacs-?"}, "names more than one host"),
        ({"host": "10.0.0.1,10.0.0.2"}, "names more than one host"),
        ({"host": "10.0.0.1-20"}, "neither an address nor a host name"),
        ({"host": "--json_out=x"}, "neither an address nor a host name"),
        ({"host": "pacs{10.0.0.1}"}, "neither an address nor a host name"),
        ({"host": "pacs:443"}, "neither an address nor a host name"),
        ({"host": 10}, "host"),
        ({"port": 0}, "port"),
        ({"port": 70000}, "port"),
        ({"port": "104"}, "port"),
        ({"protocol": "dicom-tsl"}, "protocol: must be one of dicom, dicom-tls"),
        ({"scan_level": "harder"}, "scan_level: must be one of none, preflight, standard, full"),
        ({"scan_levle": "none"}, "scan_levle: unknown key"),
        ({"window_start": "2026-10-05T02:00:00"}, "window_start"),
    ],
)
def test_an_unclear_endpoint_is_refused_before_any_connection(
    tmp_path: Path, counted: Any, change: dict[str, Any], says: str
) -> None:
    """One wrong row stops the whole run, names itself, and leaves no file behind."""
    address, connections = counted
    file = write(tmp_path, endpoint("right", address), endpoint("wrong") | change)
    with pytest.raises(CollectError, match=r"endpoint wrong") as error:
        collect(tmp_path, file)
    assert says in str(error.value)
    assert connections == []
    assert not (tmp_path / "network" / "scans").exists()


def test_an_endpoint_without_an_approver_is_refused(tmp_path: Path) -> None:
    """The key is required, not only its value."""
    entry = endpoint("archive")
    del entry["approved_by"]
    with pytest.raises(CollectError, match="endpoint archive, approved_by: is missing"):
        collect(tmp_path, write(tmp_path, entry))


def test_without_the_file_nothing_is_scanned(tmp_path: Path) -> None:
    """The error says what is missing and why."""
    with pytest.raises(CollectError, match="who approved it"):
        collect_tls(tmp_path / "endpoints.yaml", tmp_path, now=clock)


@pytest.mark.parametrize("text", ["endpoints: [", "- a", "", "endpoints: []", "endpoints:\n  - 7", "\0"])
def test_a_file_that_lists_nothing_is_refused(tmp_path: Path, text: str) -> None:
    """Broken YAML, a list without its key, an empty list: a CollectError that names the file."""
    file = tmp_path / "endpoints.yaml"
    file.write_text(text)
    with pytest.raises(CollectError, match=r"endpoints\.yaml"):
        collect_tls(file, tmp_path, now=clock)


@pytest.mark.parametrize(
    ("second", "says"),
    [
        (endpoint("b", ("PACS.example", 104)), "same host and port twice: pacs.example:104"),
        (endpoint("a", ("other.example", 104)), "same endpoint_id twice: a"),
    ],
    ids=["address", "id"],
)
def test_doubles_are_refused(tmp_path: Path, second: dict[str, Any], says: str) -> None:
    """A listener is scanned once, and a result belongs to one id."""
    file = write(tmp_path, endpoint("a", ("pacs.example", 104)), second)
    with pytest.raises(CollectError, match=says):
        collect(tmp_path, file)


@pytest.mark.parametrize("place", ["file", "endpoint"])
@pytest.mark.parametrize(
    ("start", "end", "open_"), [(-2, -1, False), (-2, 0, False), (0, 1, True), (1, 2, False)]
)
def test_the_window_is_kept(
    tmp_path: Path, counted: Any, place: str, start: int, end: int, open_: bool
) -> None:
    """Outside window_start (inclusive) to window_end (exclusive) nothing is connected to."""
    address, connections = counted
    window = hours(start, end)
    on_endpoint, on_top = (window, {}) if place == "endpoint" else ({}, window)
    file = write(tmp_path, endpoint("a", address, scan_level="preflight", **on_endpoint), **on_top)
    if open_:
        collect(tmp_path, file)
        assert len(connections) == 1
    else:
        with pytest.raises(CollectError, match="scan window is not open for a"):
            collect(tmp_path, file)
        assert connections == []


def test_a_window_that_closes_during_the_run_is_kept(tmp_path: Path, counted: Any) -> None:
    """What the clock no longer permits is skipped with that reason, not scanned."""
    address, connections = counted
    times = iter([NOW] + [NOW + timedelta(hours=2)] * 50)
    file = write(tmp_path, endpoint("a", address), **hours(-1, 1))
    made = collect_tls(file, tmp_path, now=lambda: next(times))
    entry = by_id(json.loads(made.read_text()))["a"]
    assert (entry["status"], entry["reason"]) == ("skipped", "the scan window closed during the run")
    assert connections == []


def test_only_the_named_endpoints_are_probed(tmp_path: Path, counted: Any) -> None:
    """`only` narrows the run, also past a closed window of others; an unknown id is an error."""
    address, connections = counted
    file = write(
        tmp_path,
        endpoint("a", address, scan_level="preflight"),
        endpoint("b", ("127.0.0.1", 9), **hours(1, 2)),
    )
    assert [entry["endpoint_id"] for entry in collect(tmp_path, file, only=("a",))["endpoints"]] == ["a"]
    assert len(connections) == 1
    with pytest.raises(CollectError, match="has no endpoint c"):
        collect(tmp_path / "other", file, only=("a", "c"))


@pytest.mark.parametrize(
    ("host", "networks", "allowed"),
    [
        ("127.0.0.1", ["127.0.0.0/8"], True),
        ("localhost", ["127.0.0.0/8"], True),
        ("127.0.0.1", ["10.0.0.0/8", "fd00::/8"], False),
        ("localhost", ["10.0.0.0/8"], False),
        ("127.0.0.1", [], False),
        ("224.0.0.1", ["0.0.0.0/0"], False),
        ("0.0.0.0", ["0.0.0.0/0"], False),  # noqa: S104 - refused, that is the test
    ],
)
def test_addresses_outside_the_allowed_networks_are_refused(
    tmp_path: Path, counted: Any, host: str, networks: list[str], allowed: bool
) -> None:
    """A name that resolves elsewhere stops the run before the first packet, also to the others."""
    address, connections = counted
    file = write(
        tmp_path, endpoint("a", (host, address[1]), scan_level="preflight"), allowed_networks=networks
    )
    if allowed:
        collect(tmp_path, file)
        assert len(connections) == 1
    else:
        with pytest.raises(CollectError, match="address of a lies outside allowed_networks"):
            collect(tmp_path, file)
        assert connections == []


def test_a_name_is_resolved_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The address of the first answer is pinned: a name server that changes its mind leads nowhere else."""
    with bed.plain_http() as (_, port):
        answers = iter([[(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]])
        real = socket.getaddrinfo

        def fake(host: str, *rest: Any, **options: Any) -> Any:
            return next(answers) if host == "pacs.example" else real(host, *rest, **options)

        monkeypatch.setattr(socket, "getaddrinfo", fake)
        document = collect(tmp_path, write(tmp_path, endpoint("a", ("pacs.example", port))))
    entry = by_id(document)["a"]
    assert (entry["host"], entry["ip"], entry["status"]) == ("pacs.example", "127.0.0.1", "plaintext")


# ---------------------------------------------------------------- preflight


PREFLIGHT = [
    pytest.param(bed.plain_http, "https", "plaintext", "plain HTTP", id="http"),
    pytest.param(bed.plain_dicom, "dicom", "plaintext", "A-ABORT", id="dicom"),
    pytest.param(lambda: bed.answering(b"\0garbage"), "dicom", "plaintext", "not with TLS", id="garbage"),
    pytest.param(lambda: bed.answering(b"\x0bMSH|"), "mllp-tls", "plaintext", "MLLP", id="mllp"),
    pytest.param(lambda: bed.answering(b"\x16\x03\x01\x00\x10\x01"), "dicom", "plaintext", "not with TLS",
                 id="client-hello-echoed"),
    pytest.param(bed.resetting, "dicom", "plaintext", "resets", id="reset-dicom"),
    pytest.param(bed.resetting, "dicom-tls", "not_tls", "resets", id="reset-other"),
    pytest.param(lambda: bed.answering(b""), "dicom", "not_tls", "closes", id="closes"),
    pytest.param(bed.silent, "mllp", "not_tls", "silent", id="silent"),
    pytest.param(lambda: bed.drip(b"\x16", every_s=0.5), "dicom-tls", "timeout", "too slow", id="drip"),
    pytest.param(lambda: bed.answering(b"220 mail ready\r\n"), "smtp", "not_tls", "StartTLS", id="smtp"),
    pytest.param(bed.closed, "dicom", "refused", "refuses", id="refused"),
    pytest.param(lambda: bed.answering(b"\x15\x03\x01\x00\x02\x02\x28"), "dicom", "tls", "alert", id="alert"),
    pytest.param(bed.tls_then_drip, "dicom-tls", "tls", "answers", id="tls-then-drip"),
]  # fmt: skip


@pytest.mark.parametrize(("open_listener", "protocol", "kind", "says"), PREFLIGHT)
def test_preflight_tells_listeners_apart(open_listener: Any, protocol: str, kind: str, says: str) -> None:
    """Each kind of listener gets its own word within the time limit of two steps."""
    began = time.monotonic()
    with open_listener() as (host, port):
        answer = preflight(host, host, port, protocol)
    assert (answer.kind, says in answer.reason) == (kind, True), answer
    assert time.monotonic() - began < 4.5


@pytest.mark.parametrize("make", [bed.good_tls, bed.legacy_tls, bed.mutual_tls])
def test_preflight_recognizes_tls_of_every_age(tmp_path: Path, make: Any) -> None:
    """TLS 1.0 and 1.3, with and without client certificates, answer the one hello."""
    with make(bed.Authority(tmp_path)) as (host, port):
        assert preflight("localhost", host, port, "dicom-tls").kind == "tls"


def test_the_hello_is_one_that_openssl_understands() -> None:
    """OpenSSL reads it to the end: it asks for a key share (HelloRetryRequest) and finds no fault."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    seen: list[str] = []
    context.sni_callback = lambda _socket, name, _context: seen.append(name)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = context.wrap_bio(incoming, outgoing, server_side=True)
    incoming.write(client_hello("pacs.example"))
    with pytest.raises(ssl.SSLError):
        server.do_handshake()  # no certificate is loaded, so it ends there
    assert seen == ["pacs.example"]
    assert len(client_hello("pacs.example")) < 256  # some balancers hang on 256 to 511 bytes


def test_preflight_sends_the_hello_and_nothing_else() -> None:
    """No handshake is completed and no application data follows."""
    received: list[bytes] = []

    def handle(connection: socket.socket) -> None:
        connection.settimeout(3)
        connection.sendall(b"\x16\x03\x03\x00\x30\x02\x00\x00\x2c")
        while piece := connection.recv(4096):
            received.append(piece)

    with bed.listener(handle) as (host, port):
        assert preflight(host, host, port, "dicom").kind == "tls"
        time.sleep(0.2)
    sent = b"".join(received)
    assert sent[:3] == b"\x16\x03\x01"
    assert len(sent) == 5 + int.from_bytes(sent[3:5])


# ---------------------------------------------------------------- the whole run


def test_a_run_over_the_whole_bed(tmp_path: Path) -> None:
    """Every endpoint ends with a status, in the order of the file; only TLS was scanned deeper."""
    authority = bed.Authority(tmp_path)
    beds = {
        "good": bed.good_tls(authority),
        "bad": bed.legacy_tls(authority),
        "mutual": bed.mutual_tls(authority),
        "http": bed.plain_http(),
        "dicom": bed.plain_dicom(),
        "silent": bed.silent(),
        "closed": bed.closed(),
        "look": bed.good_tls(authority),
        "left": bed.good_tls(authority),
    }
    levels = {"look": "preflight", "left": "none"}
    said: list[str] = []
    with ExitStack() as stack:
        rows = [
            endpoint(name, stack.enter_context(one), scan_level=levels.get(name))
            for name, one in beds.items()
        ]
        rows.append(endpoint("nowhere", ("nowhere.invalid", 104)))
        file = write(tmp_path, *rows)
        document = collect(tmp_path, file, progress=said.append)
    assert {name: entry["status"] for name, entry in by_id(document).items()} == {
        "good": "scanned",
        "bad": "scanned",
        "mutual": "scanned",
        "http": "plaintext",
        "dicom": "plaintext",
        "silent": "not_tls",
        "closed": "refused",
        "look": "skipped",
        "left": "skipped",
        "nowhere": "unresolved",
    }
    assert [entry["endpoint_id"] for entry in document["endpoints"]] == [*beds, "nowhere"]
    assert len(said) == len(rows)
    assert document["riskkit_tls_scan"] == 1
    assert document["started_at"] == "2026-10-05T03:00:00.000Z"
    assert document["authority"]["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    for name, entry in by_id(document).items():
        assert set(entry) == {
            "endpoint_id", "host", "port", "ip", "protocol", "vantage", "status", "reason", "confidence",
            "seconds", "facts",
        }, name  # fmt: skip
        assert entry["reason"] or entry["status"] == "scanned"

    results = {
        (result["server_location"]["hostname"], result["server_location"]["port"]): result
        for result in document["sslyze"]["server_scan_results"]
    }
    entries = by_id(document)
    scanned = {
        name: results[(entries[name]["host"], entries[name]["port"])] for name in ("good", "bad", "mutual")
    }
    assert len(results) == 3

    def accepts(name: str, version: str) -> bool:
        return bool(
            scanned[name]["scan_result"][f"{version}_cipher_suites"]["result"]["accepted_cipher_suites"]
        )

    versions = ("tls_1_0", "tls_1_1", "tls_1_2", "tls_1_3")
    assert [accepts("good", version) for version in versions] == [False, False, True, True]
    assert [accepts("bad", version) for version in versions] == [True, True, False, False]
    assert scanned["mutual"]["connectivity_result"]["client_auth_requirement"] == "REQUIRED"
    assert scanned["good"]["connectivity_result"]["client_auth_requirement"] == "DISABLED"
    leaf = scanned["bad"]["scan_result"]["certificate_info"]["result"]["certificate_deployments"][0]
    assert leaf["received_certificate_chain"][0]["public_key"]["key_size"] == 1024
    for result in scanned.values():
        for probe in ("http_headers", "tls_1_3_early_data", "heartbleed", "robot"):
            assert result["scan_result"][probe]["status"] == "NOT_SCHEDULED"

    logged = {(entry["what"], entry["endpoint_id"]) for entry in document["log"]}
    assert {name for what, name in logged if what == "preflight"} == set(beds) - {"left"}
    assert {name for what, name in logged if what == "sslyze"} == {"good", "bad", "mutual"}
    assert {entry["to"] for entry in document["log"]} == {"127.0.0.1"}


def test_a_peer_that_drips_is_killed_within_its_limit(tmp_path: Path) -> None:
    """A ServerHello that never ends costs `timeout_s` and gives `timeout`; the next endpoint is scanned."""
    with bed.tls_then_drip() as slow, bed.good_tls(bed.Authority(tmp_path)) as good:
        file = write(tmp_path, endpoint("slow", slow), endpoint("good", good))
        began = time.monotonic()
        document = collect(tmp_path, file, timeout_s=3)
        took = time.monotonic() - began
    entries = by_id(document)
    assert entries["slow"]["status"] == "timeout"
    assert "without a result" in entries["slow"]["reason"]
    assert entries["good"]["status"] == "scanned"
    assert took < 15
    assert [entry["what"] for entry in document["log"] if entry["endpoint_id"] == "slow"] == [
        "preflight",
        "groups",
        "sslyze",
        "recheck",
    ]


def test_no_child_outlives_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The killed child is gone, with its process group, when the run returns."""
    pids: list[int] = []
    popen = subprocess.Popen

    def spy(*arguments: Any, **options: Any) -> Any:
        process = popen(*arguments, **options)
        pids.append(process.pid)
        return process

    monkeypatch.setattr(subprocess, "Popen", spy)
    with bed.tls_then_drip() as slow:
        collect(tmp_path, write(tmp_path, endpoint("slow", slow)), timeout_s=1)
    assert len(pids) == 1
    with pytest.raises(ProcessLookupError):
        os.killpg(pids[0], 0)


def test_a_host_that_stops_answering_is_left_alone(tmp_path: Path) -> None:
    """A listener that dies under the scan ends the run on its host: the next endpoint is not touched."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve_once() -> None:
        with server, server.accept()[0] as connection:
            connection.sendall(b"\x15\x03\x01\x00\x02\x02\x28")

    thread = threading.Thread(target=serve_once)
    thread.start()
    with bed.good_tls(bed.Authority(tmp_path)) as other:
        file = write(tmp_path, endpoint("frail", server.getsockname()), endpoint("next", other))
        document = collect(tmp_path, file)
    thread.join()
    entries = by_id(document)
    assert entries["frail"]["status"] == "error"
    assert "takes no connections since" in entries["frail"]["reason"]
    assert entries["next"]["status"] == "skipped"
    assert "stopped taking connections during the scan of frail" in entries["next"]["reason"]
    assert not [entry for entry in document["log"] if entry["endpoint_id"] == "next"]


def test_requests_go_only_to_http_listeners_at_the_full_level() -> None:
    """Whatever the protocol, no application data below `full`, and none but to HTTP at `full`."""
    sends = {"--http_headers", "--early_data"}
    for protocol in ("dicom", "dicom-tls", "mllp-tls", "https", "dicomweb", "other"):
        assert not sends & set(sslyze_process.commands(protocol, "standard"))
        at_full = set(sslyze_process.commands(protocol, "full"))
        assert (sends <= at_full) == (protocol in ("https", "dicomweb"))
        assert {"--heartbleed", "--robot", "--openssl_ccs"} <= at_full


@pytest.mark.slow
def test_a_full_scan_of_https_has_the_headers(tmp_path: Path) -> None:
    """The options are ones that sslyze knows: a full scan completes."""
    with bed.good_https(bed.Authority(tmp_path)) as address:
        file = write(tmp_path, endpoint("web", address, protocol="https", scan_level="full"))
        document = collect(tmp_path, file)
    assert by_id(document)["web"]["status"] == "scanned"
    (result,) = document["sslyze"]["server_scan_results"]
    assert result["scan_result"]["heartbleed"]["status"] == "COMPLETED"
    headers = result["scan_result"]["http_headers"]["result"]
    assert headers["strict_transport_security_header"]["max_age"] == 63072000


# ---------------------------------------------------------------- the file


def test_the_file_is_for_its_owner_and_never_overwritten(tmp_path: Path) -> None:
    """Mode 0600 under its own name, no leftover; a second run in the same second is refused."""
    with bed.closed() as address:
        file = write(tmp_path, endpoint("a", address))
        made = collect_tls(file, tmp_path, now=clock)
        assert made == tmp_path / "network" / "scans" / "tls-20261005T030000Z.json"
        assert stat.S_IMODE(made.stat().st_mode) == 0o600
        assert list(made.parent.iterdir()) == [made]
        before = made.read_bytes()
        with pytest.raises(CollectError, match="exists already"):
            collect_tls(file, tmp_path, now=clock)
    assert made.read_bytes() == before
    assert json.loads(before)["sslyze"] is None


def test_a_run_that_is_interrupted_keeps_what_it_found(tmp_path: Path) -> None:
    """An interruption ends the run; the file holds what was found and says that it is not complete."""

    def interrupt(_said: str) -> None:
        raise KeyboardInterrupt

    with bed.closed() as address, bed.tls_then_drip() as slow:
        file = write(tmp_path, endpoint("a", address), endpoint("b", slow))
        document = collect(tmp_path, file, progress=interrupt)
    assert (document["complete"], document["ended_because"]) == (False, "it was interrupted")
    assert by_id(document)["a"]["status"] == "refused"
    assert by_id(document)["b"]["status"] == "skipped"
    assert "stopped: it was interrupted" in by_id(document)["b"]["reason"]


def test_sslyze_is_run_and_not_imported() -> None:
    """sslyze is AGPL: collecting must not pull it, or nassl, into the process."""
    code = "import riskkit.collectors, sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"sslyze", "nassl"} & {name.partition(".")[0] for name in loaded.stdout.split()}


# ---------------------------------------------------------------- authorization


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (None, "authorization"),
        ({"by": "CIO", "date": "2026-10-01"}, "authorization.reference: is missing"),
        ({"by": " ", "date": "2026-10-01", "reference": "CHG-118"}, "authorization.by: is empty"),
        ({"by": "CIO", "date": "soon", "reference": "CHG-118"}, "authorization.date"),
    ],
)
def test_authorization_is_required(tmp_path: Path, counted: Any, given: Any, says: str) -> None:
    """Who permitted it, when, and where that is written; otherwise nothing is connected to."""
    address, connections = counted
    with pytest.raises(CollectError, match=r"endpoints\.yaml.*authorization") as error:
        collect(tmp_path, write(tmp_path, endpoint("a", address), authorization=given))
    assert says in str(error.value)
    assert connections == []


@pytest.mark.parametrize("missing", ["window_start", "window_end"])
def test_a_window_is_required(tmp_path: Path, counted: Any, missing: str) -> None:
    """A window without start or end is none; the endpoint may state what the file does not."""
    address, connections = counted
    row = endpoint("a", address, scan_level="preflight")
    with pytest.raises(CollectError, match="no scan window for a"):
        collect(tmp_path, write(tmp_path, row, **{missing: None}))
    assert connections == []
    collect(tmp_path, write(tmp_path, row | {missing: hours(-1, 1)[missing]}, **{missing: None}))
    assert len(connections) == 1


def test_what_is_planned_is_told_without_a_connection(tmp_path: Path, counted: Any) -> None:
    """The plan names the authorization and what is sent to every endpoint, and connects to none."""
    address, connections = counted
    file = write(tmp_path, endpoint("a", address), endpoint("b", ("b.invalid", 1), kind="modality"))
    first, a, b, last = plan_tls(file, now=clock)
    assert "CHG-118" in first
    assert a.endswith("standard: one TLS hello, groups of TLS 1.3, sslyze")
    assert "owner_approval is missing" in b
    assert last.startswith("1 of 2 endpoints on 1 host,")
    assert connections == []


def test_a_plan_can_be_read_before_its_window(tmp_path: Path, counted: Any) -> None:
    """Before and after the window the plan is told, with the reason why a run would be refused now."""
    address, connections = counted
    for window, why in ((hours(1, 2), "not now: its window opens"), (hours(-2, -1), "its window closed")):
        file = write(tmp_path, endpoint("a", address), **window)
        _, a, last = plan_tls(file, now=clock)
        assert why in a
        assert "1 refused now" in last
        with pytest.raises(CollectError, match="the scan window is not open for a"):
            collect(tmp_path, file)
    assert connections == []


# ---------------------------------------------------------------- devices and DICOM


@pytest.mark.parametrize("said", ["list", "inventory"])
def test_a_device_is_left_alone_without_its_owner(tmp_path: Path, counted: Any, said: str) -> None:
    """A modality by the list or the inventory gets no connection; with approval one hello and no more."""
    address, connections = counted
    row = endpoint("ct", address, system_id="ct1")
    if said == "list":
        row["kind"] = "CT modality"
    else:
        (tmp_path / "inventory").mkdir()
        (tmp_path / "inventory" / "systems.csv").write_text("system_id,kind\nct1,modality\n")
    entry = by_id(collect(tmp_path, write(tmp_path, row)))["ct"]
    assert entry["status"] == "skipped"
    assert "owner_approval is missing" in entry["reason"]
    assert connections == []
    (tmp_path / "network" / "scans").rename(tmp_path / "earlier")
    collect(tmp_path, write(tmp_path, row | {"owner_approval": "Chief technologist, 2026-10-01, CHG-118"}))
    assert len(connections) == 1


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"dicom_probe": True}, "dicom_probe needs owner_approval"),
        ({"dicom_probe": True, "owner_approval": " "}, "dicom_probe needs owner_approval"),
        ({"dicom_probe": True, "protocol": "mllp", "owner_approval": "x"}, "is for protocol dicom"),
        ({"dicom_probe": "yes"}, "dicom_probe"),
        ({"called_aet": "SEVENTEEN_LETTERS"}, "is no AE title"),
        ({"calling_aet": "A\\B"}, "is no AE title"),
        ({"client_key": "a.pem"}, "client_key without client_certificate"),
        ({"client_certificate": "none.pem"}, "cannot be read"),
        ({"window_start": "2026-10-05T02:00:00Z", "window_end": "2026-10-05T01:00:00Z"}, "not after"),
    ],
)
def test_an_unclear_probe_is_refused(tmp_path: Path, counted: Any, change: dict[str, Any], says: str) -> None:
    """What would be asked of DICOM, with which titles and certificate, is clear or not asked."""
    address, connections = counted
    with pytest.raises(CollectError, match="endpoint a") as error:
        collect(tmp_path, write(tmp_path, endpoint("a", address, **change)))
    assert says in str(error.value)
    assert connections == []


# ---------------------------------------------------------------- the kill switch


@pytest.mark.parametrize("how", ["switch", "file"])
def test_the_kill_switch_stops_within_two_seconds(tmp_path: Path, how: str) -> None:
    """In the middle of a dripping scan, silent preflights waiting: the run ends, its results are kept."""
    switch = Switch()
    with ExitStack() as stack:
        closed = endpoint("closed", stack.enter_context(bed.closed()))
        slow = endpoint("slow", stack.enter_context(bed.tls_then_drip()))
        silent = [
            endpoint(f"silent{n}", ("127.0.0.2", stack.enter_context(bed.silent())[1])) for n in range(3)
        ]
        file = write(tmp_path, closed, slow, *silent)
        stop = file.with_name("STOP")
        pulled: list[float] = []

        def pull() -> None:
            pulled.append(time.monotonic())
            if how == "file":
                stop.touch()
            else:
                switch.pull("SIGTERM")

        timer = threading.Timer(2.5, pull)
        timer.start()
        document = collect(tmp_path, file, switch=switch)
        ended = time.monotonic()
        timer.join()
    assert ended - pulled[0] < 2
    assert document["complete"] is False
    assert document["ended_because"] == ("the file STOP was found" if how == "file" else "SIGTERM")
    entries = by_id(document)
    assert entries["closed"]["status"] == "refused"
    assert entries["slow"]["status"] == "skipped"
    assert entries["slow"]["facts"][0]["value"] == "tls"
    if how == "file":
        with pytest.raises(CollectError, match="stops every run"):
            collect(tmp_path / "other", file)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_command_within_two_seconds(tmp_path: Path, number: int) -> None:
    """The command ends with code 2 and names the file, which says that it is not whole."""
    with bed.tls_then_drip() as slow, bed.closed() as gone:
        file = write(tmp_path, endpoint("a", gone), endpoint("b", slow))
        content = yaml.safe_load(file.read_text())
        now = datetime.now(UTC)
        content |= {"window_start": now - timedelta(hours=1), "window_end": now + timedelta(hours=1)}
        file.write_text(yaml.safe_dump(content))
        command = [sys.executable, "-m", "riskkit", "collect", "tls", str(file), "--live"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
            assert running.stderr is not None
            while "a: refused" not in running.stderr.readline():
                assert running.poll() is None
            time.sleep(1.5)
            sent = time.monotonic()
            running.send_signal(number)
            said, _ = running.communicate(timeout=10)
            assert time.monotonic() - sent < 2
    assert running.returncode == 2
    document = json.loads(Path(said.strip()).read_text())
    assert (document["complete"], document["ended_because"]) == (False, signal.Signals(number).name)
    assert [one["status"] for one in document["endpoints"]] == ["refused", "skipped"]


def test_the_command_connects_only_when_told(tmp_path: Path, counted: Any) -> None:
    """Without --live the plan is told, no file written and nothing connected to."""
    address, connections = counted
    file = write(tmp_path, endpoint("a", address), window_start="2020-01-01T00:00:00Z",
                 window_end="2099-01-01T00:00:00Z")  # fmt: skip
    command = [sys.executable, "-m", "riskkit", "collect", "tls", str(file)]
    told = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "a: 127.0.0.1" in told.stdout
    assert "--live" in told.stderr
    assert connections == []
    assert not (tmp_path / "network" / "scans").exists()


def test_the_documented_list_is_a_list() -> None:
    """The example of docs/live-scans.md is what the collector reads, to the last key."""
    text = (Path(__file__).parents[2] / "docs" / "live-scans.md").read_text()
    example = "\n".join(line for line in text.splitlines() if line.startswith("    "))
    file = EndpointsFile.model_validate(yaml.safe_load(textwrap.dedent(example)))
    assert file.endpoints[0].dicom_probe
    assert file.endpoints[0].holds(NOW)


def test_the_progress_tells_what_is_left(tmp_path: Path) -> None:
    """One line per endpoint with its number, its time and, but for the last, the time left."""
    said: list[str] = []
    with bed.closed() as one, bed.plain_http() as other:
        file = write(tmp_path, endpoint("a", one), endpoint("b", other))
        collect(tmp_path, file, progress=said.append)
    assert said[0].startswith("1/2 a: refused")
    assert said[0].endswith("s left")
    assert said[1].startswith("2/2 b: plaintext")
    assert "left" not in said[1]


def test_the_probe_window_is_written_for_the_audit(tmp_path: Path) -> None:
    """The table says when which address was at which listener, and reads back by the canonical reader."""
    with bed.plain_dicom() as one, bed.closed() as closed:
        file = write(tmp_path, endpoint("a", one, system_id="pacs1"), endpoint("b", closed))
        document = collect(tmp_path, file)
    (path,) = (tmp_path / "network" / "scans").glob("probe-windows-*.csv")
    reading = read_all(canonical.read, path.read_bytes(), path.name)
    (row,) = reading.table("probe_windows")
    assert (row["endpoint_id"], row["system_id"], row["source_address"]) == ("a", "pacs1", "127.0.0.1")
    assert row["probe_started_at"] == NOW
    assert document["probe_window"]["source_addresses"] == ["127.0.0.1"]


# ---------------------------------------------------------------- groups


def test_groups_of_a_recorded_post_quantum_server() -> None:
    """A HelloRetryRequest names X25519MLKEM768, then an alert: that group and no other."""
    retry = bytes.fromhex(
        "16030300580200005403 03cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c"
        "20" + "00" * 32 + "130200000c002b0002030400330002 11ec"
    )
    alert = b"\x15\x03\x03\x00\x02\x02\x28"
    answers = iter([retry, alert])

    def handle(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(next(answers))

    with bed.listener(handle) as (host, port):
        found = {one["key"]: one["value"] for one in groups(host, host, port)}
    assert found.pop("group.X25519MLKEM768") == "accepted"
    assert set(found.values()) == {"rejected"}


def test_groups_of_openssl(tmp_path: Path) -> None:
    """OpenSSL's usual groups are accepted; what is no TLS 1.3 has no post-quantum group."""
    authority = bed.Authority(tmp_path)
    with bed.mutual_tls(authority) as (host, port):
        found = {one["key"]: one["value"] for one in groups(host, host, port)}
    assert found["group.X25519"] == found["group.secp256r1"] == "accepted"
    with bed.legacy_tls(authority) as (host, port):
        (*found_old,) = groups(host, host, port)
    assert {(one["value"], one["detail"]) for one in found_old} == {("rejected", "no TLS 1.3")}


def test_a_gateway_that_looks_for_certificates_after_the_handshake(tmp_path: Path) -> None:
    """It is optional by the handshake; the connection is closed without a certificate and kept with one."""
    authority = bed.Authority(tmp_path)
    certificate = str(authority.issue("probe", client=True))
    with bed.late_mutual_tls(authority) as late, bed.good_tls(authority) as open_to_all:
        file = write(tmp_path, endpoint("late", late, protocol="mllp-tls", client_certificate=certificate),
                     endpoint("open", open_to_all, protocol="mllp-tls"))  # fmt: skip
        found = by_id(collect(tmp_path, file))
    values = {fact["key"]: fact["value"] for fact in found["late"]["facts"]}
    assert (values["handshake.without_certificate"], values["client_certificate"]) == ("closed", "accepted")
    assert "handshake.without_certificate" not in {fact["key"] for fact in found["open"]["facts"]}
