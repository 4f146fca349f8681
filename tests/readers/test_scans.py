"""Scans of other tools: what each file says, and the same verdicts as sslyze's own where they agree."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskkit.discovery import find
from riskkit.model import Reader
from riskkit.readers.listeners import host_of
from riskkit.readers.nmap_xml import read as nmap
from riskkit.readers.ssllabs_json import read as ssllabs
from riskkit.readers.sslscan_xml import read as sslscan
from riskkit.readers.suites import iana, listed
from riskkit.readers.testssl import read as testssl
from tests.checks.conftest import Ask
from tests.evidence import instant, results
from tests.readers.reading import SAMPLES, Reading, read_all, real

READERS = {reader.id: reader for reader in find("riskkit.readers", Reader)}
CAPTURED = "network/captured/"


def facts(reading: Reading) -> dict[int, dict[str, dict[str, Any]]]:
    """Observations by port and key."""
    found: dict[int, dict[str, dict[str, Any]]] = {}
    for row in reading.table("channel_observations"):
        found.setdefault(row["port"], {})[row["key"]] = row
    return found


def values(found: dict[str, dict[str, Any]], prefix: str = "") -> dict[str, str]:
    return {key: row["value"] for key, row in found.items() if key.startswith(prefix)}


def sample(reader: Reader, name: str) -> Reading:
    return read_all(reader, (SAMPLES / reader.id / name).read_bytes(), name)


def seen(reader: Reader, name: str, port: int) -> dict[str, dict[str, Any]]:
    return facts(sample(reader, name))[port]


OLD = {"protocol.tls1_0": "accepted", "protocol.tls1_1": "accepted", "protocol.tls1_2": "accepted"}
NEW = {
    "protocol.tls1_0": "rejected",
    "protocol.tls1_1": "rejected",
    "protocol.tls1_2": "accepted",
    "protocol.tls1_3": "accepted",
}


@pytest.mark.parametrize(
    ("reader", "name", "port", "expected", "suites"),
    [
        (testssl, "ts33_13445.csv", 13445, OLD, 56),
        (testssl, "ts33_13106.csv", 13106, OLD, 1),
        (testssl, "ts33_13105.json", 13105, NEW, 7),
        (nmap, "nmap_13445.xml", 13445, OLD, 56),
        (nmap, "nmap_13106.xml", 13106, OLD, 1),
        (nmap, "nmap_13105.xml", 13105, NEW, 7),
        (sslscan, "sslscan_13445.xml", 13445, OLD, 56),
        (sslscan, "sslscan_13106.xml", 13106, OLD, 1),
        (sslscan, "sslscan_13105.xml", 13105, NEW, 3),
    ],
    ids=lambda value: value.id if isinstance(value, Reader) else str(value)[:20],
)
def test_versions_and_suites(
    reader: Reader, name: str, port: int, expected: dict[str, str], suites: int
) -> None:
    """Versions as the file names them, and each suite once, by its IANA name."""
    found = seen(reader, name, port)
    assert found["connectivity"]["value"] == "tls"
    assert values(found).items() >= expected.items()
    named = [key for key in found if key.startswith("suite.")]
    assert all(key.startswith("suite.TLS_") for key in named)
    assert len(named) == suites


def test_the_same_suites_by_every_tool() -> None:
    """Four tools name the same suites of the same listener, in the same versions."""
    (bed,) = real(CAPTURED + "local_bed_13endpoints_6.3.1.json")
    sslyze = facts(read_all(READERS["sslyze_json"], bed.read_bytes()))[13106]
    others = [
        seen(testssl, "ts33_13106.csv", 13106),
        seen(nmap, "nmap_13106.xml", 13106),
        seen(sslscan, "sslscan_13106.xml", 13106),
    ]
    suite = {"suite.TLS_RSA_WITH_AES_128_CBC_SHA": "tls1_0|tls1_1|tls1_2"}
    for found in (sslyze, *others):
        assert {key: row["detail"] for key, row in found.items() if key.startswith("suite.")} == suite


def test_lists_of_suites_of_testssl_3_0() -> None:
    """Debian's testssl.sh writes `TLS 1.2` and no line that ends a list: the end of the run ends it."""
    found = seen(testssl, "ts30_mutual.json", 13105)
    suites = {key: row["detail"] for key, row in found.items() if key.startswith("suite.")}
    assert list(suites.values()).count("tls1_2") == 4
    assert list(suites.values()).count("tls1_3") == 3
    assert not values(found, "suites.")
    cut = (SAMPLES / "testssl" / "ts30_mutual.json").read_text().replace('"scanTime"', '"other"')
    assert set(values(facts(read_all(testssl, cut.encode()))[13105], "suites.").values()) == {"unknown"}


def test_names_of_suites_as_testssl_pairs_them() -> None:
    """testssl.sh prints the name of OpenSSL and that of IANA side by side: all pairs come out."""
    pairs = set()
    for path in real(CAPTURED + "ts33_*.csv"):
        for line in path.read_text().splitlines():
            cells = line.split('","')
            if cells[0].startswith('"cipher-tls'):
                words = cells[4].split()
                pairs.add((words[2], words[-1]))
    assert len(pairs) > 50
    assert {iana(openssl): name for openssl, name in pairs} == {name: name for _, name in pairs}


@pytest.mark.parametrize(
    ("written", "names", "whole"),
    [
        ("ECDHE-RSA-AES128-GCM-SHA256:AES128-SHA", 2, True),
        ("TLS_AES_128_GCM_SHA256", 1, True),
        ("SSL_RSA_WITH_3DES_EDE_CBC_SHA", 1, True),
        ("HIGH:!aNULL", 0, False),
        ("ECDHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0", 1, False),
        ("", 0, False),
    ],
)
def test_cipher_lists(written: str, names: int, whole: bool) -> None:
    """A list of names is whole; an expression means what its OpenSSL makes of it."""
    found, complete = listed(written)
    assert (len(found), complete) == (names, whole)


@given(st.text(max_size=60))
def test_any_text_is_a_suite_or_not(text: str) -> None:
    """No text raises, and what comes out is a name of IANA's form."""
    name = iana(text)
    assert name is None or name.startswith("TLS_")


@pytest.mark.parametrize(
    ("reader", "name"),
    [(testssl, "ts33_13104.json"), (nmap, "nmapd_13104.xml"), (sslscan, "sslscan_13104.xml")],
    ids=["testssl", "nmap", "sslscan"],
)
def test_plain_dicom(reader: Reader, name: str) -> None:
    """Of a listener without TLS only that is known, whatever grade or score a tool gives it."""
    found = seen(reader, name, 13104)
    assert found["connectivity"]["value"] in {"no_tls", "plaintext"}
    assert not [key for key in found if key.startswith(("protocol.", "suite.", "heartbleed", "robot"))]


SAME = {
    13104: ["ts33_13104.json", "nmapd_13104.xml", "sslscan_13104.xml"],
    13105: ["ts33_13105.json", "nmap_13105.xml", "sslscan_13105.xml"],
    13106: ["ts33_13106.json", "ts33_13106.csv", "nmap_13106.xml", "sslscan_13106.xml"],
    13443: ["ts33_13443.json", "ts33_13443.csv", "nmap_13443.xml", "sslscan_13443.xml"],
    13445: ["ts33_13445.json", "ts33_13445.csv", "nmap_13445.xml", "sslscan_13445.xml"],
}
CHECKS = ("plaintext", "legacy_tls", "weak_cipher", "client_not_authenticated", "weak_certificate_key")
LISTENERS = {13104: "dicom", 13105: "dicom-tls", 13106: "dicom-tls", 13443: "https", 13445: "https"}
SILENT = {
    # What a tool does not look for, or did not see: unknown, never the opposite of what sslyze says.
    "legacy_tls": {"nmap_13105.xml", "nmap_13443.xml"},
    "client_not_authenticated": {
        "nmap_13105.xml",
        "sslscan_13105.xml",
        "nmap_13106.xml",
        "sslscan_13106.xml",
    },
    "weak_cipher": {"nmap_13105.xml", "sslscan_13105.xml", "nmap_13443.xml"},
}


def judged(ask: Ask, check: str, port: int, reading: Reading) -> str:
    """The verdict on one listener, declared under the name by which the tool reached it."""
    observations = reading.table("channel_observations")
    (host,) = {row["host"] for row in observations if row["port"] == port}
    endpoint = {
        "endpoint_id": "e",
        "system_id": "pacs",
        "host": host,
        "port": port,
        "protocol": LISTENERS[port],
        "ephi": True,
        "approved_by": "Security official",
    }
    tables = {"endpoints": [endpoint], "channel_observations": observations}
    if check == "weak_certificate_key":
        tables["certificates"] = [row for row in reading.table("certificates") if row["port"] == port]
        if not tables["certificates"]:
            return "no certificate"
    verdicts = results(ask(f"transmission.{check}", **tables))
    return verdicts.get(f"{host}:{port}", "not asked")


@pytest.mark.parametrize("check", CHECKS)
def test_an_import_is_judged_like_a_scan(ask: Ask, check: str) -> None:
    """The same listener gives the same verdict through each tool, or unknown where a tool is silent."""
    (bed,) = real(CAPTURED + "local_bed_13endpoints_6.3.1.json")
    sslyze = read_all(READERS["sslyze_json"], bed.read_bytes())
    for port, names in SAME.items():
        wanted = judged(ask, check, port, sslyze)
        for name in names:
            (path,) = real(CAPTURED + name)
            reader = nmap if "nmap" in name else sslscan if "sslscan" in name else testssl
            found = judged(ask, check, port, read_all(reader, path.read_bytes(), name))
            expected = "UNKNOWN" if name in SILENT.get(check, ()) else wanted
            assert found == expected, (check, name, wanted)


def test_what_must_fail_fails(ask: Ask) -> None:
    """Plain DICOM is plaintext, and the legacy listener is legacy, through every tool."""
    for port, check in (
        (13104, "plaintext"),
        (13445, "legacy_tls"),
        (13445, "weak_cipher"),
        (13106, "weak_cipher"),
    ):
        for name in SAME[port]:
            (path,) = real(CAPTURED + name)
            reader = nmap if "nmap" in name else sslscan if "sslscan" in name else testssl
            assert judged(ask, check, port, read_all(reader, path.read_bytes(), name)) == "FAIL", name


def test_the_verdict_on_a_channel_is_the_same_through_every_tool(ask: Ask) -> None:
    """Through each tool it is that of sslyze or unknown, and never a pass where that fails."""
    (bed,) = real(CAPTURED + "local_bed_13endpoints_6.3.1.json")
    sslyze = read_all(READERS["sslyze_json"], bed.read_bytes())
    told = {}
    for port, names in SAME.items():
        wanted = judged(ask, "channel_verdict", port, sslyze)
        for name in names:
            (path,) = real(CAPTURED + name)
            reader = nmap if "nmap" in name else sslscan if "sslscan" in name else testssl
            told[name] = judged(ask, "channel_verdict", port, read_all(reader, path.read_bytes(), name))
            assert told[name] in {wanted, "UNKNOWN"}, (name, wanted)
    plain, old = SAME[13104], [*SAME[13106], *SAME[13445]]
    assert {told[name] for name in [*plain, *old]} == {"FAIL"}


def test_groups_chain_and_key_exchange_by_testssl() -> None:
    """testssl.sh names hybrid groups, the shortest DH group and how OpenSSL sees the chain."""
    (path,) = real(CAPTURED + "ts33_13443.json")
    found = values(facts(read_all(testssl, path.read_bytes()))[13443])
    assert found["group.X25519MLKEM768"] == "rejected"
    assert (found["exchange_keys"], found["chain.openssl"], found["stapled"]) == ("DH-2048", "valid", "no")
    weak = path.read_bytes().replace(b"ffdhe2048 ffdhe3072", b"Unknown DH group (1024 bits) ffdhe3072")
    assert values(facts(read_all(testssl, weak))[13443])["exchange_keys"] == "DH-1024"
    failed = path.read_bytes().replace(b'"passed."', b'"failed (chain incomplete)."')
    told = values(facts(read_all(testssl, failed))[13443])
    assert (told["chain.public"], "chain.openssl" in told) == ("invalid", False)


def test_ssllabs_looks_from_outside() -> None:
    """What SSL Labs saw was seen from the internet."""
    rows = sample(ssllabs, "viewer.json").table("channel_observations")
    assert {row["vantage"] for row in rows} == {"external"}


def test_certificates_have_the_fingerprints_of_sslyze() -> None:
    """nmap and testssl.sh name the same leaf; sslscan names no fingerprint and the same validity."""
    leaf = "1b8116f877c55de7362463d7a4204b8928b271bf5c74dea6649c4cdd36db2636"
    rows = [
        sample(testssl, "ts33_13445.csv").table("certificates"),
        sample(nmap, "nmap_13445.xml").table("certificates"),
        sample(sslscan, "sslscan_13445.xml").table("certificates"),
    ]
    assert [row["sha256"] for (row,) in rows] == [leaf, leaf, None]
    for (row,) in rows:
        assert (row["key_algorithm"], row["key_bits"], row["signature_hash"]) == ("RSA", 1024, "sha1")
        assert (row["self_signed"], row["matches_host"], row["subject"]) == (
            True,
            False,
            "CN=oldpacs.example",
        )
        assert row["not_after"].replace(second=0) == datetime(2036, 11, 20, 23, 55, tzinfo=UTC)


def test_a_run_that_was_stopped() -> None:
    """What was not reached is unknown, the versions without all suites are named, and a note says so."""
    whole = (SAMPLES / "testssl" / "ts33_13445.csv").read_bytes()
    cut = whole[: whole.index(b'"supportedciphers_TLSv1_1"') + 40]
    reading = read_all(testssl, cut)
    found = facts(reading)[13445]
    assert found["protocol.tls1_0"]["value"] == "accepted"
    assert (found["heartbleed"]["value"], found["heartbleed"]["reason"]) == (
        "unknown",
        "the run ended before",
    )
    assert "suites.tls1_0" not in found
    assert found["suites.tls1_2"]["value"] == "unknown"
    assert reading.notes == ["1 of 1 listener not scanned to the end"]
    assert sample(testssl, "ts33_13105.json").notes == []


@pytest.mark.parametrize("end", [b"]", b""])
def test_flat_json_that_breaks_off(end: bytes) -> None:
    """Whole findings before the break count, with or without the bracket that the tool adds when stopped."""
    whole = (SAMPLES / "testssl" / "ts33_13105.json").read_bytes()
    cut = whole[: whole.index(b'"id"           : "TLS1_3"') - 20]
    found = facts(read_all(testssl, cut + end))[13105]
    assert found["protocol.tls1_2"]["value"] == "accepted"
    assert found["protocol.tls1_3"]["value"] == "unknown"


CLEAN = CAPTURED + "ts33_13105.csv"
WORSE = {
    "TLS1": "offered (deprecated)",
    "TLS1_1": "offered (deprecated)",
    "heartbleed": "VULNERABLE, timed out",
    "clientAuth": "none",
}


def at_address(path: Path, name: str, address: str, changed: dict[str, str] | None = None) -> list[list[str]]:
    """The rows of a captured table as if they were of another name and address, with other findings."""
    with path.open(newline="") as file:
        rows = [row for row in csv.reader(file) if row[1] != "/"][1:]
    told = changed or {}
    return [[row[0], f"{name}/{address}", "2762", row[3], told.get(row[0], row[4]), *row[5:]] for row in rows]


def table_of(*parts: list[list[str]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow(["id", "fqdn/ip", "port", "severity", "finding", "cve", "cwe"])
    writer.writerows(row for part in parts for row in part)
    return text.getvalue().encode()


@pytest.mark.parametrize("second", ["10.0.0.6", "10.0.0.5"], ids=["another address", "a later run"])
@pytest.mark.parametrize("worse_first", [False, True])
def test_testssl_counts_the_worst_look(second: str, worse_first: bool) -> None:
    """Of two addresses of a name, or two runs in one file, none hides what the other showed."""
    (path,) = real(CLEAN)
    changes = [WORSE, {}] if worse_first else [{}, WORSE]
    parts = [
        at_address(path, "pacs1.example", address, changed)
        for address, changed in zip(("10.0.0.5", second), changes, strict=True)
    ]
    reading = read_all(testssl, table_of(*parts))
    expected = {
        "connectivity": "tls", "protocol.tls1_0": "accepted", "protocol.tls1_1": "accepted",
        "protocol.tls1_2": "accepted", "protocol.ssl3_0": "rejected", "heartbleed": "vulnerable",
        "ccs": "not_vulnerable", "mtls.client_auth": "DISABLED",
    }  # fmt: skip
    assert values(facts(reading)[2762]).items() >= expected.items()
    assert reading.records["channel_observations"] == 1
    assert "1 listener seen at several addresses or more than once: the worst counts" in reading.notes


def test_testssl_addresses_that_were_not_reached() -> None:
    """What one address showed is not known of a name whose other address gave no answer."""
    (path,) = real(CLEAN)
    failed = [["scanProblem", "pacs1.example/10.0.0.6", "2762", "FATAL", "Can't connect", "", ""]]
    found = values(
        facts(read_all(testssl, table_of(at_address(path, "pacs1.example", "10.0.0.5"), failed)))[2762]
    )
    unknown = ("protocol.tls1_0", "heartbleed", "mtls.client_auth", "suites.tls1_2")
    assert {key: found[key] for key in unknown} == dict.fromkeys(unknown, "unknown")
    assert found["protocol.tls1_2"] == "accepted"
    again = [["scanProblem", "pacs1.example/10.0.0.5", "2762", "FATAL", "Can't connect", "", ""]]
    whole = table_of(at_address(path, "pacs1.example", "10.0.0.5"), again)
    assert values(facts(read_all(testssl, whole))[2762])["heartbleed"] == "not_vulnerable"


def test_testssl_keeps_the_leaf_of_each_address() -> None:
    """The second address shows a certificate of its own: both are kept."""
    (path,) = real(CLEAN)
    other = {"cert_notAfter": "2026-01-01 00:00", "cert_fingerprintSHA256": "AB" * 32}
    for address in ("10.0.0.5", "10.0.0.6"):
        parts = at_address(path, "p.example", "10.0.0.5"), at_address(path, "p.example", address, other)
        leaves = read_all(testssl, table_of(*parts)).table("certificates")
        assert [row["sha256"] == "ab" * 32 for row in leaves] == [False, True]


def test_pretty_targets_of_one_name() -> None:
    """The pretty form has a target for each address."""
    document = json.loads(pretty("ts33_13105.json"))
    text = json.dumps(document["scanResult"][0] | {"ip": "192.0.2.2"}).replace(
        "Not vulnerable", "not vulnerable"
    )
    other = json.loads(text.replace('"id": "TLS1", "severity": "INFO", "finding": "not offered"',
                                    '"id": "TLS1", "severity": "LOW", "finding": "offered"'))  # fmt: skip
    assert other["protocols"] != document["scanResult"][0]["protocols"]
    document["scanResult"].append(other)
    found = facts(read_all(testssl, json.dumps(document).encode()))[443]
    assert found["protocol.tls1_0"]["value"] == "accepted"


def pretty(name: str) -> bytes:
    """A flat file in the shape of --jsonfile-pretty, which adds date and version."""
    flat = [one for one in json.loads((SAMPLES / "testssl" / name).read_bytes()) if one["ip"] != "/"]
    findings = [{key: one[key] for key in ("id", "severity", "finding")} for one in flat]
    target: dict[str, Any] = {
        "targetHost": "pacs.example",
        "ip": "192.0.2.1",
        "port": "443",
        "service": "HTTP",
    }
    target |= {"protocols": findings[:20], "serverDefaults": findings[20:]}
    return json.dumps(
        {
            "Invocation": "testssl.sh --jsonfile-pretty=x pacs.example",
            "at": "scanner:/usr/bin/openssl",
            "version": "3.2 ",
            "startTime": "1795478824",
            "scanResult": [target],
        },
        indent=1,
    ).encode()


def test_the_pretty_form_says_the_same() -> None:
    """The same facts as the flat form, with a date, a version and the name that was scanned."""
    data = pretty("ts33_13105.json")
    assert testssl.recognize(data, "")
    reading = read_all(testssl, data)
    assert values(facts(reading)[443]) == values(seen(testssl, "ts33_13105.json", 13105))
    row = reading.table("channel_observations")[0]
    assert (row["host"], row["tool_version"]) == ("pacs.example", "3.2")
    assert reading.collected_at == datetime(2026, 11, 24, 0, 7, 4, tzinfo=UTC)
    cut = read_all(testssl, data[: len(data) // 2])
    assert facts(cut)[443]["connectivity"]["value"] == "tls"


def test_a_target_that_could_not_be_reached() -> None:
    """A failed target is a finding without place, or unknown; never without TLS."""
    problem = {"id": "scanProblem", "severity": "FATAL", "finding": "Can't connect"}
    failed = json.dumps({"Invocation": "testssl.sh x", "scanResult": [problem]}).encode()
    assert read_all(testssl, failed).reasons("channel_observations") == {"unknown_format": 1}
    flat = json.dumps([{"ip": "a/192.0.2.1", "port": "443", **problem}]).encode()
    assert values(facts(read_all(testssl, flat))[443]) == {"connectivity": "unknown"}


@pytest.mark.parametrize(
    "doctype",
    [
        b'<!DOCTYPE nmaprun SYSTEM "file:///etc/passwd">',
        b'<!DOCTYPE nmaprun PUBLIC "-//IDN nmap.org//DTD Nmap XML 1.04//EN" "https://x.example/nmap.dtd">',
        b'<!DOCTYPE nmaprun [<!ENTITY a "b">]>',
        b"<!DOCTYPE nmaprun []>",
        b"<!DOCTYPE other>",
    ],
)
def test_hostile_doctypes(doctype: bytes) -> None:
    """Only the bare name that nmap writes is let through."""
    data = (SAMPLES / "nmap_xml" / "nmap_13106.xml").read_bytes().replace(b"<!DOCTYPE nmaprun>", doctype)
    reading = read_all(nmap, data)
    assert reading.reasons("channel_observations") == {"xml_dtd": 1}
    assert not reading.accepted["channel_observations"]


def test_no_doctype_for_sslscan() -> None:
    """sslscan writes none, so every one is refused; entities are not resolved anywhere."""
    data = (SAMPLES / "sslscan_xml" / "sslscan_13106.xml").read_bytes()
    declared = data.replace(b"<document ", b"<!DOCTYPE document><document ")
    assert read_all(sslscan, declared).reasons("channel_observations") == {"xml_dtd": 1}
    entity = data.replace(b"AES128-SHA", b"&bomb;", 1)
    assert read_all(sslscan, entity).reasons("channel_observations")["truncated"] == 1


def test_xml_that_nests_or_swells() -> None:
    """Depth and attributes are capped."""
    deep = b"<nmaprun>" + b"<a>" * 100
    assert read_all(nmap, deep).reasons("channel_observations") == {"xml_too_deep": 1}
    wide = b"<nmaprun><a " + b" ".join(b'a%d="1"' % number for number in range(100)) + b"/></nmaprun>"
    assert read_all(nmap, wide).reasons("channel_observations") == {"xml_too_large": 1}


def test_a_cut_nmap_file_keeps_whole_ports() -> None:
    """The port within which the file ends is quarantined, those before it stay."""
    whole = (SAMPLES / "nmap_xml" / "nmap_13106.xml").read_bytes()
    port = whole[whole.index(b"<port ") : whole.index(b"</port>") + 7]
    two = whole.replace(b"</ports>", port.replace(b"13106", b"13107") + b"</ports>")
    reading = read_all(nmap, two[: two.index(b"13107") + 400])
    assert list(facts(reading)) == [13106]
    assert reading.reasons("channel_observations") == {"truncated": 1}


def test_silent_ports_of_nmap() -> None:
    """A port on which ssl-enum-ciphers printed nothing is unknown; closed and filtered are told apart."""
    (path,) = real(CAPTURED + "nmap_13243.xml")
    data = path.read_bytes()
    assert values(facts(read_all(nmap, data))[13243]) == {"connectivity": "unknown"}
    for state, value in ((b"closed", "refused"), (b"filtered", "timeout")):
        changed = data.replace(b'state="open"', b'state="%s"' % state)
        assert values(facts(read_all(nmap, changed))[13243]) == {"connectivity": value}


def test_ssllabs_counts_the_worst_address() -> None:
    """Of two addresses one accepts TLS 1.0 and has no HSTS; the chain is told once.

    What was seen at one address alone and is good, as the fall-back signal, is not known of the host.
    """
    reading = sample(ssllabs, "viewer.json")
    rows = [row for row in reading.table("channel_observations") if row["host"] == "viewer.example"]
    found = {row["key"]: row["value"] for row in rows}
    expected = {
        "connectivity": "tls", "protocol.tls1_0": "accepted", "protocol.tls1_1": "rejected",
        "protocol.ssl3_0": "rejected", "heartbleed": "not_vulnerable", "hsts": "no",
        "mtls.client_auth": "unknown", "curve.X25519": "accepted", "fallback_scsv": "unknown",
    }  # fmt: skip
    assert found.items() >= expected.items()
    assert [(row["position"], row["matches_host"]) for row in reading.table("certificates")] == [
        (0, True),
        (1, None),
    ]
    legacy = [
        row["value"] for row in reading.table("channel_observations") if row["host"] == "legacy.example"
    ]
    assert legacy == ["no_tls"]
    assert reading.collected_at == datetime(2026, 11, 24, 0, 8, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("host", "point"),
    [
        ({"status": "IN_PROGRESS"}, {}),
        ({"status": "IN_PROGRESS"}, {"progress": 30, "statusMessage": "In progress"}),
        ({}, {"progress": 30}),
        ({}, {"statusMessage": "In progress"}),
        ({"status": None}, {"statusMessage": None}),
        ({"status": "ERROR"}, {}),
    ],
)
def test_ssllabs_that_was_not_done(ask: Ask, host: dict[str, Any], point: dict[str, Any]) -> None:
    """What a test has not found so far is unknown; what it has found is a finding."""
    document = json.loads((SAMPLES / "ssllabs_json" / "viewer.json").read_bytes())[:1]
    whole = values(facts(read_all(ssllabs, json.dumps(document).encode()))[443])
    document[0].update(host)
    for one in document[0]["endpoints"]:
        one.update(point)
    reading = read_all(ssllabs, json.dumps(document).encode())
    found = values(facts(reading)[443])
    assert {found[key] for key, value in whole.items() if value in {"rejected", "not_vulnerable"}} == {
        "unknown"
    }
    assert {found[key] for key, value in whole.items() if value == "accepted"} == {"accepted"}
    assert found["suites.tls1_2"] == "unknown"
    rows = reading.table("channel_observations")
    (legacy,) = ask("transmission.legacy_tls", channel_observations=rows)
    assert legacy.result == "FAIL"
    clean = [{**row, "value": "unknown"} if row["key"] == "protocol.tls1_0" else row for row in rows]
    for check in ("legacy_tls", "weak_cipher"):
        (verdict,) = ask(f"transmission.{check}", channel_observations=clean)
        assert verdict.result == "UNKNOWN"


def test_ssllabs_without_details() -> None:
    """The short form of the API holds a grade alone: nothing is known."""
    document = json.loads((SAMPLES / "ssllabs_json" / "viewer.json").read_bytes())[:1]
    for point in document[0]["endpoints"]:
        del point["details"]
    found = facts(read_all(ssllabs, json.dumps(document).encode()))[443]
    assert values(found) == {"connectivity": "unknown"}


@pytest.mark.parametrize(
    ("name", "host"),
    [
        ("network/nginx-pacs1.conf", "pacs1"),
        ("network/pacs1/nginx.conf", "pacs1"),
        ("network/pacs1.conf", "pacs1"),
        ("configs.zip!pacs1.example/nginx.conf", "pacs1.example"),
        ("network/nginx_pacs1.conf.gz", "pacs1"),
    ],
)
def test_the_host_of_a_configuration(name: str, host: str) -> None:
    """It is in the name of the file or of its folder."""
    assert host_of(name, "nginx") == host


def test_every_captured_file_is_read() -> None:
    """No real file is unknown or gives nothing."""
    unread = []
    for path in real(CAPTURED + "*"):
        data = path.read_bytes()
        mine = [one for one in READERS.values() if one.recognize(data[: 64 << 10], path.name)]
        mine = [one for one in mine if "channel_observations" in one.tables]
        if len(mine) != 1 or not read_all(mine[0], data, path.name).accepted["channel_observations"]:
            unread.append(Path(path).name)
    assert unread == []


def test_undated_scans_are_dated_by_custody(ask: Ask) -> None:
    """sslscan writes no date: two of its files are told apart by evidence.csv alone."""
    rows = sample(sslscan, "sslscan_13445.xml").table("channel_observations")
    fixed = [{**row, "source": "b.xml", "value": "rejected"} for row in rows if row["key"] in OLD]
    custody = [
        {"file": "sslscan_13445.xml", "exported_at": instant("2026-10-01 12:00")},
        {"file": "b.xml", "exported_at": instant("2026-10-02 12:00")},
    ]
    (verdict,) = ask("transmission.legacy_tls", channel_observations=[*fixed, *rows], custody=custody)
    assert verdict.result == "PASS"


def test_a_live_scan_and_its_import_give_the_same_findings(ask: Ask) -> None:
    """Within a scan of riskkit and by themselves sslyze's results are judged alike by every check."""
    own = json.loads((SAMPLES / "sslyze_json" / "tls-scan-own-facts.json").read_text())
    for item in own["endpoints"]:
        item["facts"], item["vantage"] = [], None
    scanned = {(one["host"], one["port"]) for one in own["endpoints"] if one["status"] == "scanned"}
    live = read_all(READERS["sslyze_json"], json.dumps({**own, "vantage": None}).encode())
    imported = read_all(READERS["sslyze_json"], json.dumps(own["sslyze"]).encode())
    checks = [
        "plaintext", "legacy_tls", "weak_cipher", "client_not_authenticated", "known_vulnerability",
        "channel_verdict", "profile_prohibited", "profile_missing", "certificate_expiry", "certificate_name",
        "certificate_trust", "weak_certificate_key",
    ]  # fmt: skip
    for check in checks:
        told = []
        for reading in (live, imported):
            (place,) = scanned
            tables = {
                name: [row for row in reading.table(name) if (row["host"], row["port"]) == place]
                for name in ("channel_observations", "certificates")
            }
            point = {"endpoint_id": "e", "system_id": "pacs", "host": place[0], "port": place[1],
                     "protocol": "dicom-tls", "ephi": True, "approved_by": "Security official"}  # fmt: skip
            (verdict,) = ask(f"transmission.{check}", endpoints=[point], **tables)
            told.append((verdict.result, verdict.severity, verdict.message))
        assert told[0] == told[1], check
