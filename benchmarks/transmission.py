"""riskkit beside testssl.sh, sslscan and nmap on the same listeners, and 50 endpoints at once.

python -m benchmarks.transmission                riskkit, sslscan, nmap and testssl.sh: a quarter of an hour
python -m benchmarks.transmission --no-testssl   without the slowest

Real servers on loopback (tests/bed): DCMTK, Orthanc, nginx. A referee tells who is right: one handshake of
this Python's OpenSSL per version and per suite, one for the question whether a client certificate is
wanted, and what the bed knows of its own certificates. Peers that are not installed are skipped, loudly.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psutil  # type: ignore[import-untyped]

from riskkit.collectors import collect_tls
from riskkit.discovery import find
from riskkit.ingest.unpack import Unpacked
from riskkit.model import Context, Reader
from riskkit.readers.suites import iana
from tests.bed import Authority, closed, drip, mutual_tls, plain_dicom, programs, silent
from tests.bed.whole import Row, whole_bed, write_pack

COMPARED = (
    "storescp-plain", "storescp-tls", "storescp-mutual", "storescp-retired", "dcmqrscp-plain", "orthanc-tls",
    "orthanc-mutual", "nginx-modern", "nginx-legacy", "nginx-mutual", "nginx-expired", "nginx-self-signed",
    "nginx-wrong-name", "nginx-weak-key", "nginx-plain", "hl7-silent", "closed",
)  # fmt: skip
TESTSSL = ("--protocols", "--server-defaults", "--cipher-per-proto")
"""The parts of testssl.sh that tell the facts compared here: all of it takes three to four times as long."""

TESTSSL_LIMIT_S = 180
PACKAGES = {"testssl": "testssl.sh", "sslscan": "sslscan", "nmap": "nmap"}
VERSIONS = {
    "tls1_0": ssl.TLSVersion.TLSv1, "tls1_1": ssl.TLSVersion.TLSv1_1,
    "tls1_2": ssl.TLSVersion.TLSv1_2, "tls1_3": ssl.TLSVersion.TLSv1_3,
}  # fmt: skip
PLAIN = frozenset({"storescp-plain", "dcmqrscp-plain", "orthanc-plain", "nginx-plain"})
SAYS_LESS = {("no_tls", "plaintext"), ("no_tls", "not_tls")}
KNOWN = {"nginx-weak-key": {"key_bits": "1024"}, "nginx-expired": {"expired": "yes"},
         "nginx-wrong-name": {"matches_host": "False"}}  # fmt: skip

Facts = dict[str, str]


def main() -> None:
    """Run both parts and print them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--no-testssl", action="store_true", help="leave out testssl.sh, which takes minutes")
    chosen = parser.parse_args()
    if why := programs.missing():
        print(f"SKIPPED: {why}")
        return
    with tempfile.TemporaryDirectory(prefix="riskkit-bench-") as folder:
        beside(Path(folder) / "beside", testssl=not chosen.no_testssl)
        fifty(Path(folder) / "fifty")


# ---------------------------------------------------------------- one bed, four tools


def beside(folder: Path, *, testssl: bool) -> None:
    """Print time per endpoint and tool, and every fact on which a tool differs from the referee."""
    (folder / "servers").mkdir(parents=True)
    with whole_bed(Authority(folder / "servers")) as every:
        rows = {name: every[name] for name in COMPARED}
        said: dict[str, dict[str, Facts]] = {"riskkit": {}}
        seconds: dict[str, dict[str, float]] = {"riskkit": {}}
        _by_riskkit(folder, rows, said["riskkit"], seconds["riskkit"])
        for tool, scan in _peers(testssl=testssl).items():
            said[tool], seconds[tool] = {}, {}
            for name in COMPARED:
                began = time.monotonic()
                said[tool][name] = scan(folder, rows[name])
                seconds[tool][name] = time.monotonic() - began
        truth = {name: _referee(name, rows[name]) for name in COMPARED}
    tools = list(said)
    print("\nSeconds per endpoint\n")
    print(f"{'':18}" + "".join(f"{tool:>10}" for tool in tools))
    for name in COMPARED:
        cells = (f"{seconds[tool][name]:10.1f}" if name in seconds[tool] else f"{'-':>10}" for tool in tools)
        print(f"{name:18}" + "".join(cells))
    print("\nThe listeners without TLS\n")
    for name in [one for one in COMPARED if one in PLAIN or one == "hl7-silent"]:
        for tool in tools:
            if name in said[tool]:
                print(f"{name:18}{tool:10}{_of_plain(said[tool][name])}")
    print("\nFacts that the referee knows: how many each tool tells rightly, wrongly, or not")
    for tool in tools:
        counts = {"right": 0, "wrong": 0, "not told": 0}
        wrong = []
        for name, facts in said[tool].items():
            for key, right in truth[name].items():
                told = facts.get(key, "")
                # "no TLS" is true of a listener in plaintext, and leaves out what matters.
                less = told in {"", "unknown"} or (told, right) in SAYS_LESS
                verdict = "not told" if less else "right" if told == right else "wrong"
                counts[verdict] += 1
                if verdict != "right":
                    wrong.append(f"  {name:18}{key:22}it says {told or 'nothing'}, the referee {right}")
        print(f"\n{tool}: " + ", ".join(f"{number} {word}" for word, number in counts.items()))
        print("\n".join(wrong))


def _of_plain(facts: Facts) -> str:
    found = {key: value for key, value in facts.items() if key == "connectivity" or key.startswith("verdict")}
    return ", ".join(f"{key} {value}" for key, value in found.items()) or "nothing"


def _by_riskkit(
    folder: Path, rows: dict[str, Row], said: dict[str, Facts], seconds: dict[str, float]
) -> None:
    file = write_pack(folder / "pack", rows)
    path = collect_tls(file, folder / "pack", now=lambda: datetime.now(UTC), pause_s=0)
    document = json.loads(path.read_text())
    every = _read(path, "network/scans/" + path.name)
    verdicts = _verdicts(folder)
    for one in document["endpoints"]:
        name = one["endpoint_id"]
        seconds[name] = one["seconds"]
        said[name] = every.get((one["host"], one["port"]), {}) | {"verdict": verdicts.get(name, "")}
        if said[name].get("http.without_certificate") == "refused":
            # A web server insists after the handshake; sslyze alone takes that for optional.
            said[name]["mtls.client_auth"] = "REQUIRED"


def _verdicts(folder: Path) -> dict[str, str]:
    """What an assessment of the pack says of each channel."""
    from riskkit.assess import findings_json, open_pack  # noqa: PLC0415 - only after the scan

    findings = findings_json(open_pack(folder / "pack", work=folder / "work"))
    (outcome,) = (one for one in findings["outcomes"] if one["check"] == "transmission.channel_verdict")
    return {one["scope"]: one["observed"] for one in outcome["verdicts"]}


def _peers(*, testssl: bool) -> dict[str, Callable[[Path, Row], Facts]]:
    found: dict[str, Callable[[Path, Row], Facts]] = {}
    for tool, scan in (("sslscan", _sslscan), ("nmap", _nmap), ("testssl", _testssl)):
        if tool == "testssl" and not testssl:
            print("SKIPPED: testssl.sh, as told")
        elif shutil.which(tool) is None:
            print(f"SKIPPED: no {tool} (Debian package {PACKAGES[tool]})")
        else:
            found[tool] = scan
    return found


def _run(command: list[str], limit_s: float = 120) -> str:
    """What a peer prints; at the limit it is killed with its children, and what it wrote so far counts."""
    child = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    try:
        return child.communicate(timeout=limit_s)[0]
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        return child.communicate()[0]


def _sslscan(folder: Path, row: Row) -> Facts:
    path = folder / f"sslscan-{row['host']}-{row['port']}.xml"
    _run(["sslscan", "--show-certificate", f"--xml={path}", f"{row['host']}:{row['port']}"])
    return _of(path, row)


def _nmap(folder: Path, row: Row) -> Facts:
    path = folder / f"nmap-{row['port']}.xml"
    scripts = "+ssl-enum-ciphers,+ssl-cert,+dicom-ping"
    written = _run(
        ["nmap", "-Pn", "-p", str(row["port"]), "--script", scripts, "-oX", str(path), row["host"]]
    )
    facts = _of(path, row)
    for line in written.splitlines():
        if "least strength" in line or "Insecure" in line:
            facts["verdict"] = line.strip("|_ ")
    return facts


def _testssl(folder: Path, row: Row) -> Facts:
    path = folder / f"testssl-{row['host']}_{row['port']}.json"
    _run(
        ["testssl", "--quiet", "--color", "0", "--warnings", "off", *TESTSSL, "--jsonfile", str(path),
         f"{row['host']}:{row['port']}"],
        TESTSSL_LIMIT_S,
    )  # fmt: skip
    facts = _of(path, row)
    if path.exists():
        text = path.read_text(errors="replace")
        try:
            told = {one["id"]: one["finding"] for one in json.loads(text)}
        except ValueError:
            told = {"overall_grade": "none, cut off"}
        facts["verdict"] = f"grade {told.get('overall_grade', 'none')}"
    return facts


def _of(path: Path, row: Row) -> Facts:
    return _read(path, path.name).get((row["host"], row["port"]), {}) if path.exists() else {}


def _read(path: Path, name: str) -> dict[tuple[str, int], Facts]:
    """A file as riskkit reads it: facts by place, with those of the leaf."""
    member = Unpacked(name, path.stat().st_size, lambda: path.open("rb"))
    head = path.read_bytes()[: 64 << 10]
    found: dict[tuple[str, int], Facts] = {}
    for reader in _readers():
        if reader.recognize(head, name):
            for batch in reader.read(member, Context(ZoneInfo("UTC"))):
                for one in batch.rows.to_pylist():
                    facts = found.setdefault((one["host"], one["port"]), {})
                    facts |= _leaf(one) if batch.table == "certificates" else _fact(one)
    for facts in found.values():
        suites = [key for key in facts if key.startswith("suite.") and "_WITH_" in key]
        # `suites.tls1_2` = unknown: the file does not name all suites of that version.
        if facts.get("connectivity") == "tls" and not any(key.startswith("suites.") for key in facts):
            facts["suites_to_tls1_2"] = str(len(suites))
    return found


@cache
def _readers() -> tuple[Reader, ...]:
    return tuple(one for one in find("riskkit.readers", Reader) if "channel_observations" in one.tables)


def _fact(one: dict[str, Any]) -> Facts:
    return {one["key"]: one["value"]}


def _leaf(one: dict[str, Any]) -> Facts:
    if one["position"]:
        return {}
    return {
        "key_bits": str(one["key_bits"] or ""),
        "matches_host": "" if one["matches_host"] is None else str(one["matches_host"]),
        "expired": "yes" if one["not_after"] < datetime.now(UTC) else "no",
    }


# ---------------------------------------------------------------- the referee


def _referee(name: str, row: Row) -> Facts:
    """What is so: by single handshakes, and by how the bed was built."""
    if name == "closed":
        return {"connectivity": "refused"}
    if name in PLAIN:
        return {"connectivity": "plaintext"}
    if name == "hl7-silent":
        return {"connectivity": "not_tls"}
    files = row.get("client_certificate")
    facts = {"connectivity": "tls", "key_bits": "2048", "expired": "no", "matches_host": "True"}
    facts |= {
        f"protocol.{version}": "accepted" if _handshake(row, files, one, one) else "rejected"
        for version, one in VERSIONS.items()
    }
    facts["mtls.client_auth"] = "REQUIRED" if "mutual" in name else "OPTIONAL" if _asks(row) else "DISABLED"
    facts["suites_to_tls1_2"] = str(sum(_accepts(row, files, suite) for suite in _suites()))
    return facts | KNOWN.get(name, {})


def _asks(row: Row) -> bool:
    """Whether a client certificate is asked for, by openssl's own words."""
    return "Requested Signature Algorithms" in _run(
        ["openssl", "s_client", "-connect", f"{row['host']}:{row['port']}"]
    )


def _suites() -> list[str]:
    """All suites up to TLS 1.2 that this OpenSSL can offer."""
    context = _context(None)
    context.set_ciphers("ALL:COMPLEMENTOFALL:@SECLEVEL=0")
    return [
        one["name"] for one in context.get_ciphers() if one["protocol"] != "TLSv1.3" and iana(one["name"])
    ]


def _accepts(row: Row, files: str | None, suite: str) -> bool:
    return _handshake(row, files, ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_2, suite)


def _context(files: str | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if files:
        context.load_cert_chain(files)
    return context


def _handshake(
    row: Row, files: str | None, lowest: ssl.TLSVersion, highest: ssl.TLSVersion, suite: str = "ALL"
) -> bool:
    context = _context(files)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version, context.maximum_version = lowest, highest
    context.set_ciphers(f"{suite}:@SECLEVEL=0")
    try:
        with socket.create_connection((row["host"], row["port"]), timeout=5) as plain:
            context.wrap_socket(plain, server_hostname=row["host"]).close()
    except OSError:
        return False
    return True


# ---------------------------------------------------------------- fifty endpoints


@contextmanager
def _fifty(authority: Authority) -> Iterator[dict[str, Row]]:
    """Fifty listeners: 36 of nginx on as many addresses, and 14 of all other kinds."""
    hosts = [f"127.0.1.{number}" for number in range(1, 37)]
    others: dict[str, Callable[[], Any]] = {
        "mutual": lambda: mutual_tls(authority), "dicom": plain_dicom, "silent": silent, "closed": closed,
        "drip": lambda: drip(b"\x16"),
    }  # fmt: skip
    with ExitStack() as stack:
        places = dict(enumerate(stack.enter_context(programs.nginx_of_many(authority, hosts))))
        rows = {f"web{number}": _row(f"web{number}", place, "https") for number, place in places.items()}
        for number in range(14):
            kind = list(others)[number % len(others)]
            name = f"{kind}{number}"
            place = stack.enter_context(others[kind]())
            rows[name] = _row(name, place, "dicom" if kind == "dicom" else "dicom-tls")
        yield rows


def _row(name: str, place: tuple[str, int], protocol: str) -> Row:
    return {
        "endpoint_id": name, "host": place[0], "port": place[1], "protocol": protocol, "ephi": True,
        "approved_by": "Security Officer",
    }  # fmt: skip


def fifty(folder: Path) -> None:
    """Print wall time, CPU and peak memory of `riskkit collect tls` over fifty endpoints."""
    (folder / "servers").mkdir(parents=True)
    with _fifty(Authority(folder / "servers")) as rows:
        file = write_pack(folder / "pack", rows)
        command = [sys.executable, "-m", "riskkit", "collect", "tls", str(file), "--live"]
        began = time.monotonic()
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as child:
            peak: list[int] = [0]
            watcher = threading.Thread(target=_watch, args=(child.pid, peak), daemon=True)
            watcher.start()
            path = Path((child.communicate()[0] or "").strip())
        took = time.monotonic() - began
    watcher.join()
    if not path.is_file():
        raise SystemExit(f"riskkit collect tls ended with code {child.returncode} and without a file")
    document = json.loads(path.read_text())
    statuses: dict[str, int] = {}
    for one in document["endpoints"]:
        statuses[one["status"]] = statuses.get(one["status"], 0) + 1
    slowest = max(document["endpoints"], key=lambda one: float(one["seconds"]))
    print(
        f"\n{len(document['endpoints'])} endpoints: {took:.1f} s, peak {peak[0] / 1e6:.0f} MB (all processes)"
    )
    print(f"  {statuses}; slowest {slowest['endpoint_id']} {slowest['seconds']} s")


def _watch(pid: int, peak: list[int]) -> None:
    """The most memory that a process and its children hold together, shared pages counted once each."""
    try:
        root = psutil.Process(pid)
        while root.is_running() and root.status() != psutil.STATUS_ZOMBIE:
            held = 0
            for one in [root, *root.children(recursive=True)]:
                try:
                    full = one.memory_full_info()
                    held += int(getattr(full, "pss", full.rss))
                except psutil.Error:
                    continue
            peak[0] = max(peak[0], held)
            time.sleep(0.1)
    except psutil.Error:
        return


if __name__ == "__main__":
    main()
