"""`collect tls` and what is judged of it, on real servers: DCMTK, Orthanc, nginx and bad peers."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from riskkit.collectors import collect_tls
from tests import packs
from tests.bed import HOST, Authority, programs
from tests.bed.whole import Row, whole_bed, write_pack

pytestmark = pytest.mark.slow

LIMIT_S = 25.0
JUDGED = frozenset({
    "plaintext", "legacy_tls", "weak_cipher", "client_not_authenticated", "certificate_expiry",
    "certificate_name", "certificate_trust", "weak_certificate_key", "any_ae_title",
})  # fmt: skip
"""The checks of transmission that the bed is made for."""

# Status of the scan, verdict of the channel, and what fails of JUDGED.
EXPECTED: dict[str, tuple[str, str, set[str]]] = {
    "storescp-plain": ("plaintext", "unsecured", {"plaintext", "any_ae_title"}),
    "storescp-tls": ("scanned", "unauthenticated", {"client_not_authenticated", "any_ae_title"}),
    "storescp-mutual": ("scanned", "strong", {"any_ae_title"}),
    "storescp-retired": ("scanned", "breakable", {"client_not_authenticated", "legacy_tls", "weak_cipher"}),
    "dcmqrscp-plain": ("plaintext", "unsecured", {"plaintext"}),
    "dcmqrscp-tls": ("scanned", "unauthenticated", {"client_not_authenticated"}),
    "dcmqrscp-mutual": ("scanned", "baseline", set()),
    "orthanc-plain": ("plaintext", "unsecured", {"plaintext", "any_ae_title"}),
    "orthanc-tls": ("scanned", "breakable", {"client_not_authenticated", "legacy_tls", "any_ae_title"}),
    "orthanc-mutual": ("scanned", "breakable", {"legacy_tls"}),
    "nginx-modern": ("scanned", "baseline", set()),
    "nginx-legacy": ("scanned", "unsecured", {"legacy_tls", "weak_cipher"}),
    "nginx-mutual": ("scanned", "baseline", set()),
    "nginx-expired": ("scanned", "unauthenticated", {"certificate_expiry"}),
    "nginx-self-signed": ("scanned", "unauthenticated", {"certificate_trust"}),
    "nginx-wrong-name": ("scanned", "unauthenticated", {"certificate_name"}),
    "nginx-weak-key": ("scanned", "breakable", {"weak_certificate_key"}),
    "nginx-plain": ("plaintext", "unsecured", {"plaintext"}),
    "closed": ("refused", "undetermined", set()),
    "hl7-silent": ("not_tls", "unsecured", {"plaintext"}),
    "drip": ("timeout", "undetermined", set()),
    "tls-drip": ("timeout", "undetermined", set()),
}

IMPORTED = (
    "storescp-plain", "storescp-retired", "storescp-tls", "nginx-modern", "nginx-legacy",
    "nginx-weak-key", "nginx-expired", "nginx-wrong-name",
)  # fmt: skip
"""Looked at by other tools too; their files say the same or less."""

TOOLS = ("sslyze", "sslscan", "nmap")

Results = dict[str, dict[str, tuple[str, str]]]
"""Result and what was observed, by endpoint and check of transmission."""


@dataclass(frozen=True)
class Seen:
    """One run over the whole bed, and the assessments of what it and other tools saw."""

    seconds: float
    endpoints: dict[str, dict[str, Any]]
    document: dict[str, Any]
    live: Results
    imported: dict[str, Results]
    """By tool."""

    def facts(self, name: str, start: str = "") -> dict[str, str]:
        """riskkit's own facts of an endpoint whose keys start so."""
        found = self.endpoints[name]["facts"]
        return {fact["key"]: fact["value"] for fact in found if fact["key"].startswith(start)}


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    if why := programs.missing():
        pytest.skip(why)
    folder = tmp_path_factory.mktemp("bed")
    pack, servers = folder / "pack", folder / "servers"
    servers.mkdir()
    with whole_bed(Authority(servers)) as rows:
        file = write_pack(pack, rows)
        began = time.monotonic()
        path = collect_tls(file, pack, now=lambda: datetime.now(UTC), pause_s=0, timeout_s=LIMIT_S)
        seconds = time.monotonic() - began
        packs_of = {tool: scanned_by(tool, folder, rows) for tool in TOOLS}
    document = json.loads(path.read_text())
    return Seen(
        seconds,
        {one["endpoint_id"]: one for one in document["endpoints"]},
        document,
        judged(pack, folder / "work", rows),
        {tool: judged(one, folder / f"{tool}-work", rows) for tool, one in packs_of.items() if one},
    )


def scanned_by(tool: str, folder: Path, rows: dict[str, Row]) -> Path | None:
    """A pack that holds scans of another tool and none of riskkit; None where it is not installed."""
    if tool != "sslyze" and shutil.which(tool) is None:
        return None
    pack = folder / f"{tool}-pack"
    chosen = {name: rows[name] for name in IMPORTED}
    write_pack(pack, chosen)
    scans = pack / "network" / "scans"
    scans.mkdir()
    places = [(row["host"], str(row["port"])) for row in chosen.values()]
    joined = [f"{host}:{port}" for host, port in places]
    commands = {
        "sslyze": [
            [sys.executable, "-m", "sslyze", "--quiet", "--mozilla_config=disable", "--certinfo", "--sslv2",
             "--sslv3", "--tlsv1", "--tlsv1_1", "--tlsv1_2", "--tlsv1_3", "--elliptic_curves", "--ems",
             "--compression", "--fallback", f"--json_out={scans / 'sslyze.json'}", *joined]
        ],
        "sslscan": [
            ["sslscan", "--show-certificate", f"--xml={scans / f'sslscan-{host}-{port}.xml'}", at]
            for at, (host, port) in zip(joined, places, strict=True)
        ],
        "nmap": [
            ["nmap", "-Pn", "-p", ",".join(port for _, port in places), "--script",
             "+ssl-enum-ciphers,+ssl-cert,+dicom-ping", "-oX", str(scans / "nmap.xml"), HOST]
        ],
    }  # fmt: skip
    for command in commands[tool]:
        subprocess.run(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120, check=False
        )
    return pack


def judged(pack: Path, work: Path, rows: dict[str, Row]) -> Results:
    """Assess a pack; subjects by endpoint id."""
    names = {f"{row['host']}:{row['port']}": name for name, row in rows.items()}
    found: Results = {}
    for outcome in packs.assess(pack, work)["outcomes"]:
        area, _, check = outcome["check"].partition(".")
        for one in outcome["verdicts"] if area == "transmission" else ():
            if one["subject"] in names:
                found.setdefault(names[one["subject"]], {})[check] = one["result"], one["observed"]
    return found


def test_every_listener_has_its_status_verdict_and_findings(seen: Seen) -> None:
    """From the connection to the verdict: each kind of listener is judged as what it is."""
    assert {
        name: (
            one["status"],
            seen.live[name]["channel_verdict"][1],
            {check for check, (result, _) in seen.live[name].items() if result == "FAIL"} & JUDGED,
        )
        for name, one in seen.endpoints.items()
    } == EXPECTED


def test_nothing_hangs(seen: Seen) -> None:
    """No endpoint takes much longer than its limit, slow and silent ones included, and the run is whole."""
    assert seen.document["complete"] is True
    assert {
        name: one["seconds"] for name, one in seen.endpoints.items() if one["seconds"] > LIMIT_S + 3
    } == {}
    assert seen.endpoints["hl7-silent"]["seconds"] < 2.5
    assert seen.endpoints["drip"]["seconds"] < 2.5
    sum_of_all = sum(one["seconds"] for one in seen.endpoints.values())
    assert seen.seconds < sum_of_all + 5


def test_associations_tell_who_is_let_in(seen: Seen) -> None:
    """Plain, TLS and mutual DICOM are told apart, and titles that nobody configured are tried."""
    plain = seen.facts("storescp-plain", "dicom.")
    assert plain.pop("dicom.implementation").startswith("OFFIS_DCMTK")
    assert plain == {
        "dicom.plain": "accepted",
        "dicom.echo": "success",
        "dicom.unknown_calling": "accepted",
        "dicom.unknown_called": "accepted",
    }
    assert seen.facts("storescp-tls")["dicom.tls"] == "accepted"
    mutual = seen.facts("storescp-mutual")
    assert (mutual["dicom.plain"], mutual["dicom.tls"]) == ("closed", "closed")
    assert mutual["dicom.tls_with_certificate"] == mutual["client_certificate"] == "accepted"
    for name in ("dcmqrscp-plain", "dcmqrscp-tls", "dcmqrscp-mutual"):
        archive = seen.facts(name)
        assert (archive["dicom.unknown_calling"], archive["dicom.unknown_called"]) == ("rejected", "rejected")
        assert archive["dicom.echo"] == "success"


def test_no_probe_without_being_asked(seen: Seen) -> None:
    """Where endpoints.yaml does not ask for it, no association was asked for."""
    for name in ("storescp-retired", "orthanc-mutual", "hl7-silent", "nginx-modern"):
        assert not seen.facts(name, "dicom.")
    steps = {entry["what"] for entry in seen.document["log"]}
    assert steps <= {
        "preflight", "groups", "sslyze", "sslyze with certificate", "certificate", "dicom", "recheck",
    }  # fmt: skip


def test_chains_groups_and_certificates_shown(seen: Seen) -> None:
    """The chain is judged against the anchor, the groups by own hellos, mutual TLS before a certificate."""
    assert seen.facts("nginx-expired")["chain.openssl"] == "valid"  # its dates are another finding
    assert seen.facts("nginx-self-signed")["chain.strict"] == "invalid"
    assert seen.facts("nginx-modern")["group.X25519"] == "accepted"
    assert seen.facts("storescp-retired")["group.X25519MLKEM768"] == "rejected"
    assert seen.facts("nginx-mutual")["http.without_certificate"] == "refused"
    again = seen.document["sslyze_with_certificate"]["server_scan_results"]
    ports = {name: seen.endpoints[name]["port"] for name in seen.endpoints}
    assert {result["server_location"]["port"] for result in again} == {
        ports[name] for name in ("storescp-mutual", "dcmqrscp-mutual", "orthanc-mutual", "nginx-mutual")
    }


def test_the_probes_can_be_set_aside(seen: Seen) -> None:
    """The window holds every step, with the address that the servers saw."""
    window = seen.document["probe_window"]
    assert window["source_addresses"] == ["127.0.0.1"]
    assert all(window["start"] <= entry["at"] <= window["end"] for entry in seen.document["log"])


@pytest.mark.parametrize("tool", TOOLS)
def test_an_import_gives_the_same_findings_or_says_that_it_does_not_know(seen: Seen, tool: str) -> None:
    """No tool's file makes a pass of what fails live, or a failure of what passes."""
    if tool not in seen.imported:
        pytest.skip(f"no {tool} (Debian package {tool})")
    differ = {}
    for name in IMPORTED:
        for check in JUDGED - {"any_ae_title", "certificate_trust"}:
            live, imported = (found[name].get(check, ("none", ""))[0] for found in
                              (seen.live, seen.imported[tool]))  # fmt: skip
            if imported not in {live, "UNKNOWN", "none"}:
                differ[name, check] = live, imported
    assert differ == {}
    told = {
        (name, check): result
        for name in IMPORTED
        for check, (result, _) in seen.imported[tool][name].items()
        if check in JUDGED and result == "FAIL"
    }
    assert ("storescp-retired", "legacy_tls") in told
    if tool == "sslyze":
        failed_live = {
            (name, check)
            for name in IMPORTED
            for check, (result, _) in seen.live[name].items()
            if check in JUDGED - {"any_ae_title"} and result == "FAIL"
        }
        assert set(told) == failed_live
