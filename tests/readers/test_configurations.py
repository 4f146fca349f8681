"""Configurations of listeners: what each file says, never more, and no secret in any row, note or error."""

from __future__ import annotations

import json
from typing import Any

import pytest

from riskkit.discovery import find
from riskkit.model import Reader
from tests.checks.conftest import Ask
from tests.readers.reading import SAMPLES, Reading, read_all, real

READERS = {reader.id: reader for reader in find("riskkit.readers", Reader)}
CONFIGURATIONS = (
    "orthanc_listeners", "nginx_conf", "apache_conf", "haproxy_cfg", "stunnel_conf", "dcmtk_command",
    "dcm4chee_ldif", "dcm4chee_json",
)  # fmt: skip
TUNNELS = ("wireguard", "strongswan", "openvpn_conf")
CANARY = "canary-password-7f3a"


def sample(reader: str, name: str) -> Reading:
    return read_all(READERS[reader], (SAMPLES / reader / name).read_bytes(), f"network/{name}")


def read_text(reader: str, text: str, name: str = "network/host1.conf") -> Reading:
    assert READERS[reader].recognize(text.encode(), "")
    return read_all(READERS[reader], text.encode(), name)


def facts(reading: Reading) -> dict[int, dict[str, str]]:
    found: dict[int, dict[str, str]] = {}
    for row in reading.table("channel_observations"):
        found.setdefault(row["port"], {})[row["key"]] = row["value"]
    return found


def accepted(found: dict[str, str]) -> set[str]:
    return {
        key.removeprefix("protocol.") for key, value in found.items() if value == "accepted" and key[0] == "p"
    }


def suites(found: dict[str, str]) -> set[str]:
    return {key.removeprefix("suite.") for key in found if key.startswith("suite.")}


@pytest.mark.parametrize("reader", CONFIGURATIONS)
def test_nobody_saw_a_configuration(reader: str) -> None:
    """Tool, confidence and date say so on every row, and the host is that of the file's name."""
    for path in sorted((SAMPLES / reader).iterdir()):
        rows = read_all(READERS[reader], path.read_bytes(), f"network/h1/{path.name}").table(
            "channel_observations"
        )
        assert {row["tool"] for row in rows} == {"config"}
        assert {row["observed_at"] for row in rows} == {None}
        assert {row["confidence"] for row in rows} <= {"medium", "low"}


def test_orthanc() -> None:
    """Comments and a last comma are read over; ports, TLS, versions, suites and certificates are told."""
    found = facts(sample("orthanc_listeners", "orthanc-pacs1.json"))
    dicom = found[2762]
    assert (dicom["connectivity"], dicom["mtls.client_auth"]) == ("tls", "DISABLED")
    assert accepted(dicom) == {"tls1_0", "tls1_1", "tls1_2", "tls1_3"}
    assert suites(dicom) == {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_RSA_WITH_AES_128_CBC_SHA"}
    assert found[8042] == {"connectivity": "plaintext"}
    rows = sample("orthanc_listeners", "orthanc-pacs1.json").table("channel_observations")
    assert {row["host"] for row in rows} == {"pacs1"}


def test_orthanc_of_the_test_bed() -> None:
    """Mutual TLS with the versions of the release on one, both listeners plain on the other."""
    secured = facts(sample("orthanc_listeners", "orthanc-o1.json"))
    assert (secured[13242]["connectivity"], secured[13242]["mtls.client_auth"]) == ("tls", "REQUIRED")
    assert secured[13242]["protocol.tls1_0"] == "unknown"
    assert secured[13042]["protocol.tls1_1"] == "rejected"
    plain = facts(sample("orthanc_listeners", "orthanc-o2.json"))
    assert {port: found["connectivity"] for port, found in plain.items()} == {
        13243: "plaintext",
        13043: "plaintext",
    }


def test_what_orthanc_leaves_at_its_default_is_of_low_confidence() -> None:
    """The option may stand in another file or in the environment."""
    rows = sample("orthanc_listeners", "orthanc-o2.json").table("channel_observations")
    assert {row["confidence"] for row in rows} == {"low"}
    off = json.dumps({"DicomServerEnabled": False, "DicomPort": 1, "HttpPort": 2, "SslEnabled": True})
    reading = read_text("orthanc_listeners", off)
    assert list(facts(reading)) == [2]
    assert reading.ignored["channel_observations"] == {"switched off": 1}


def test_nginx_of_the_test_bed() -> None:
    """Five servers as the file names them; a list of suites that is an expression is not expanded."""
    found = facts(sample("nginx_conf", "nginx-localhost.conf"))
    assert {port: one["connectivity"] for port, one in found.items()} == {
        13443: "tls", 13444: "tls", 13445: "tls", 13446: "tls", 13480: "plaintext",
    }  # fmt: skip
    assert accepted(found[13443]) == {"tls1_3"}
    assert accepted(found[13445]) == {"tls1_0", "tls1_1", "tls1_2"}
    assert found[13445]["suites.tls1_0"] == "unknown"
    assert found[13446]["mtls.client_auth"] == "REQUIRED"
    assert len(suites(found[13444])) == 3
    assert "suites.tls1_2" not in found[13444]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http { ssl_protocols TLSv1.2; server { listen 443 ssl; } }", {443: {"tls1_2"}}),
        ("server { listen [::]:443 ssl; listen 80; }", {443: set(), 80: None}),
        ("server { listen 443; ssl on; ssl_protocols TLSv1; }", {443: {"tls1_0"}}),
        (
            "stream { server { listen 2762 ssl; proxy_pass a:104; ssl_protocols TLSv1.2; } }",
            {2762: {"tls1_2"}},
        ),
        ("server { listen unix:/run/a.sock; listen 81; }", {81: None}),
        ("upstream a { server 10.0.0.1:1; } server { listen 82; # } comment\n}", {82: None}),
        (
            "server { listen 443 ssl; ssl_protocols TLSv1; }"
            " server { listen 443 ssl default_server; ssl_protocols TLSv1.3; }",
            {443: {"tls1_3"}},
        ),
        ("server { listen 443 ssl; add_header X \"a;b{}\"; ssl_protocols 'TLSv1.2'; }", {443: {"tls1_2"}}),
    ],
)
def test_nginx_blocks(text: str, expected: dict[int, set[str] | None]) -> None:
    """Inheritance, addresses, streams, quotation and the default server; None is a plain listener."""
    found = facts(read_text("nginx_conf", text))
    assert {
        port: None if one["connectivity"] == "plaintext" else accepted(one) for port, one in found.items()
    } == expected


@pytest.mark.parametrize("text", ["server { listen 1;", "server { listen 1; } }"])
def test_nginx_with_broken_braces(text: str) -> None:
    """Nobody can say what such a file means."""
    reading = read_text("nginx_conf", text)
    assert len(reading.quarantined["channel_observations"]) == 1
    assert not facts(reading)


def test_apache() -> None:
    """Virtual hosts with words that add, take away and replace; a bare version replaces what was before."""
    found = facts(sample("apache_conf", "apache-viewer1.conf"))
    assert found[80] == {"connectivity": "plaintext"}
    assert accepted(found[443]) == {"tls1_2", "tls1_3"}
    assert (found[443]["protocol.ssl3_0"], found[443]["mtls.client_auth"]) == ("rejected", "DISABLED")
    assert accepted(found[8443]) == accepted(found[8444]) == {"tls1_0", "tls1_2"}
    assert found[8443]["mtls.client_auth"] == "REQUIRED"
    assert "TLS_RSA_WITH_AES_128_CBC_SHA" in suites(found[8443])


def test_haproxy() -> None:
    """Defaults of the global section hold where a line says nothing else; sockets are no listeners."""
    reading = sample("haproxy_cfg", "haproxy-lb1.cfg")
    found = facts(reading)
    assert set(found) == {80, 443, 8443, 8444, 2762}
    assert accepted(found[443]) == {"tls1_2", "tls1_3"}
    assert accepted(found[8443]) == {"tls1_0", "tls1_1", "tls1_2", "tls1_3"}
    assert "TLS_RSA_WITH_3DES_EDE_CBC_SHA" in suites(found[8443])
    assert (found[2762]["mtls.client_auth"], found[443]["mtls.client_auth"]) == ("REQUIRED", "DISABLED")
    assert reading.ignored["channel_observations"] == {"a socket of this host": 1}


def test_stunnel() -> None:
    """A server encrypts its port; a client takes plain connections; each service overrides the defaults."""
    found = facts(sample("stunnel_conf", "stunnel-ct1.conf"))
    assert {port: one["connectivity"] for port, one in found.items()} == {
        2762: "tls",
        11112: "plaintext",
        2576: "tls",
    }
    assert found[2762]["mtls.client_auth"] == "REQUIRED"
    assert accepted(found[2762]) == {"tls1_2", "tls1_3"}
    assert "tls1_0" in accepted(found[2576])
    assert found[2576]["protocol.ssl3_0"] == "rejected"


def test_dcmtk() -> None:
    """TLS, profile, client certificates and port of each command; what has no port is told."""
    unit = facts(sample("dcmtk_command", "storescp.service"))
    assert accepted(unit[2762]) == {"tls1_2"}
    assert (unit[2762]["protocol.tls1_1"], unit[2762]["mtls.client_auth"]) == ("rejected", "REQUIRED")
    reading = sample("dcmtk_command", "nodes.sh")
    found = facts(reading)
    assert found[104] == {"connectivity": "plaintext"}
    assert accepted(found[2763]) == {"tls1_0", "tls1_1", "tls1_2"}
    assert found[2763]["mtls.client_auth"] == "DISABLED"
    assert (found[2764]["mtls.client_auth"], suites(found[2764])) == (
        "OPTIONAL",
        {"TLS_RSA_WITH_3DES_EDE_CBC_SHA"},
    )
    assert reading.reasons("channel_observations") == {"missing_required": 1}
    assert reading.ignored["channel_observations"] == {"the port is in another file": 1}


def test_a_number_may_belong_to_an_option() -> None:
    """Where the port is not certain it is not guessed."""
    text = "storescp -ta 30 +xs 104 -to 60\n"
    assert read_text("dcmtk_command", text).reasons("channel_observations") == {"missing_required": 1}
    assert list(facts(read_text("dcmtk_command", "storescp -ta 30 104\n"))) == [104]


def test_dcm4chee() -> None:
    """Suites make a connection one of TLS; its own host counts unless it is localhost."""
    reading = sample("dcm4chee_ldif", "dcm4chee-arc.ldif")
    found = facts(reading)
    assert found[11112] == {"connectivity": "plaintext"}
    assert (found[2762]["connectivity"], found[2762]["mtls.client_auth"]) == ("tls", "DISABLED")
    assert accepted(found[2762]) == {"tls1_0", "tls1_2"}
    assert "TLS_RSA_WITH_3DES_EDE_CBC_SHA" in suites(found[2762])
    hosts = {row["port"]: row["host"] for row in reading.table("channel_observations")}
    assert hosts == {11112: "archive.example", 2762: "archive.example", 2575: "arc"}
    assert reading.ignored["channel_observations"] == {"a connection that only goes out": 1}


@pytest.mark.parametrize("reader", CONFIGURATIONS + TUNNELS)
def test_no_secret_leaves_a_file(reader: str) -> None:
    """Passwords, private and preshared keys are in no row, note, reason or detail."""
    secrets = (CANARY, "canary-{secret}", "QU5BUllQUklWQVRF", "Q0FOQVJZU0hBUkVE")
    for path in sorted((SAMPLES / reader).iterdir()):
        reading = read_all(READERS[reader], path.read_bytes(), f"network/{path.name}")
        told = repr((reading.rows, reading.notes, reading.quarantined, reading.ignored))
        assert not any(secret in told or secret[:12] in told for secret in secrets)
        whole = repr([table.to_pylist() for table in reading.rows.values()])
        assert not any(secret in whole for secret in secrets)


@pytest.mark.parametrize("reader", CONFIGURATIONS + TUNNELS)
def test_no_secret_leaves_a_damaged_file(reader: str) -> None:
    """Wherever a line is lost or doubled, the secret stays where it is."""
    secrets = (CANARY, "QU5BUllQUklWQVRF", "Q0FOQVJZU0hBUkVE", "7f3a")
    for path in sorted((SAMPLES / reader).iterdir()):
        lines = path.read_bytes().splitlines(keepends=True)
        for number in range(len(lines)):
            for data in (
                b"".join(lines[:number] + lines[number + 1 :]),
                b"".join(lines[: number + 1] + lines[number:]),
                b"".join(lines[:number]) + lines[number].rstrip(b"\n") + b"".join(lines[number + 1 :]),
            ):
                reading = read_all(READERS[reader], data, f"network/{path.name}")
                tables = [table.to_pylist() for table in reading.rows.values()]
                told = repr((tables, reading.notes, reading.quarantined, reading.ignored))
                assert not any(secret in told for secret in secrets), (path.name, number)


def test_the_configuration_of_the_test_bed_and_its_scan(ask: Ask) -> None:
    """What nginx is told to do is what sslyze sees: no drift, and one that was edited is found."""
    (bed,) = real("network/captured/local_bed_13endpoints_6.3.1.json")
    scan = read_all(READERS["sslyze_json"], bed.read_bytes()).table("channel_observations")
    scan = [row for row in scan if row["port"] in {13443, 13444, 13445, 13446, 13480}]
    text = (SAMPLES / "nginx_conf" / "nginx-localhost.conf").read_text()

    def drift(config: str) -> dict[str, Any]:
        said = read_text("nginx_conf", config, "network/nginx-localhost.conf").table("channel_observations")
        verdicts = ask("transmission.drift", channel_observations=[*scan, *said])
        return {verdict.subject: verdict for verdict in verdicts}

    assert {verdict.result for verdict in drift(text).values()} == {"PASS"}
    edited = drift(text.replace("TLSv1 TLSv1.1 TLSv1.2", "TLSv1.2"))
    assert {key for key, verdict in edited.items() if verdict.result == "FAIL"} == {"localhost:13445"}
    assert edited["localhost:13445"].severity == "medium"


def test_wireguard_configuration() -> None:
    """Each peer is a tunnel; its networks, whether a secret is shared, and an end that may be anywhere."""
    first, second = sample("wireguard", "wg0.conf").table("tunnels")
    assert (first["tunnel_id"], first["endpoint_b"]) == ("wg0:eHTmN3xP", "192.0.2.44:51820")
    assert (first["local_cidrs"], first["remote_cidrs"]) == ("10.200.0.0/24", "10.201.0.0/24|10.202.0.0/24")
    assert first["authentication"] == "public key and preshared key"
    assert (second["endpoint_b"], second["remote_cidrs"], second["authentication"]) == (
        None,
        "0.0.0.0/0",
        "public key",
    )


def test_wireguard_in_operation() -> None:
    """A dump dates itself by its last handshake; a peer without one has none."""
    reading = sample("wireguard", "wg-show-gateway1.dump")
    first, second = reading.table("tunnels")
    assert (first["host"], first["confidence"]) == ("gateway1", "high")
    assert reading.collected_at == first["last_handshake"]
    assert (second["last_handshake"], second["endpoint_b"]) == (None, None)
    assert reading.ignored["tunnels"] == {"an interface": 1}


def test_swanctl() -> None:
    """Each child is a tunnel, with proposals as written; aggressive mode of IKEv1 is told."""
    rows = {row["tunnel_id"]: row for row in sample("strongswan", "swanctl-gateway1.conf").table("tunnels")}
    images = rows["reading-group/images"]
    assert (images["local_cidrs"], images["remote_cidrs"]) == ("10.1.0.0/16", "10.9.0.0/24")
    assert images["algorithms"] == "aes256gcm16-prfsha384-ecp384|aes256gcm16-ecp384"
    assert (images["key_exchange"], images["host"]) == ("ikev2", "gateway1")
    assert rows["reading-group/hl7"]["local_cidrs"] == "10.2.0.0/24"
    old = rows["old-clinic/all"]
    assert (old["key_exchange"], old["authentication"]) == ("ikev1-aggressive", "shared secret")
    assert old["endpoint_b"] is None


def test_ipsec() -> None:
    """Defaults and `also` are taken over; what passes traffic by is no tunnel."""
    reading = sample("strongswan", "ipsec.conf")
    rows = {row["tunnel_id"]: row for row in reading.table("tunnels")}
    assert set(rows) == {"clinic", "clinic-old"}
    assert (rows["clinic"]["key_exchange"], rows["clinic"]["authentication"]) == ("ikev2", "public key")
    old = rows["clinic-old"]
    assert (old["key_exchange"], old["remote_cidrs"]) == ("ikev1-aggressive", "10.6.0.0/24")
    assert (old["endpoint_b"], old["authentication"]) == ("203.0.113.9", "shared secret")
    assert old["algorithms"] == "aes256-sha256-modp2048!|aes256-sha256"
    assert reading.ignored["tunnels"] == {"defaults of the others": 1, "a policy without a tunnel": 1}


def test_networks_that_are_none() -> None:
    """A peer whose networks cannot be read covers nobody knows what: it is set aside."""
    text = (SAMPLES / "wireguard" / "wg0.conf").read_text().replace("10.201.0.0/24", "10.201.0.0/99")
    assert read_text("wireguard", text).reasons("tunnels") == {"bad_value": 1}


def test_dcm4chee_in_json() -> None:
    """The same as in LDIF: suites make TLS, localhost is the host of the file's name."""
    reading = sample("dcm4chee_json", "dcm4chee-arc1.json")
    found = facts(reading)
    assert found[11112] == {"connectivity": "plaintext"}
    assert (found[2762]["connectivity"], found[2762]["mtls.client_auth"]) == ("tls", "DISABLED")
    assert accepted(found[2762]) == {"tls1_0", "tls1_2"}
    hosts = {row["port"]: row["host"] for row in reading.table("channel_observations")}
    assert hosts == {11112: "arc1.example", 2762: "arc1.example", 2575: "arc1"}
    assert reading.ignored["channel_observations"] == {"a connection that only goes out": 1}


def test_who_may_call_orthanc() -> None:
    """Strangers may echo and store by default, which nobody wrote down; forbidding both keeps them out."""

    def told(text: str) -> tuple[str, str]:
        reading = read_text("orthanc_listeners", text, "network/orthanc-o.json")
        (row,) = [row for row in reading.table("channel_observations") if row["key"] == "dicom.any_aet"]
        return row["value"], row["confidence"]

    assert told('{"DicomPort": 104, "DicomAet": "A"}') == ("yes", "low")
    shut = '"DicomAlwaysAllowEcho": false, "DicomAlwaysAllowStore": false'
    assert told(f'{{"DicomPort": 104, "DicomAet": "A", {shut}}}') == ("no", "medium")
    half = '"DicomAlwaysAllowEcho": false, "DicomAlwaysAllowStore": true'
    assert told(f'{{"DicomPort": 104, "DicomAet": "A", {half}}}') == ("yes", "medium")


def test_openvpn() -> None:
    """A server by its networks and peers' keys, and an old static tunnel by its weak algorithms."""
    (server,) = sample("openvpn_conf", "teleradiology.conf").table("tunnels")
    assert (server["tunnel_id"], server["key_exchange"]) == ("teleradiology", "tls")
    assert (server["local_cidrs"], server["remote_cidrs"]) == ("10.20.0.0/16", "10.8.0.0/24")
    assert server["algorithms"] == "AES-256-GCM|AES-128-GCM|SHA256"
    assert server["authentication"] == "public key"
    (old,) = sample("openvpn_conf", "openvpn-old-partner.conf").table("tunnels")
    assert (old["key_exchange"], old["authentication"], old["algorithms"]) == (
        "static", "shared secret", "BF-CBC|SHA1",
    )  # fmt: skip
    assert old["endpoint_b"] == "vpn.partner.example"
    waived = "dev tun\nserver 10.8.0.0 255.255.255.0\nca a\ncert b\nverify-client-cert none\n"
    (row,) = read_text("openvpn_conf", waived).table("tunnels")
    assert row["authentication"] == "none"
    broken = "dev tun\nclient\nremote a\nroute nowhere 255.0.0.0\n"
    assert read_text("openvpn_conf", broken).reasons("tunnels") == {"bad_value": 1}
