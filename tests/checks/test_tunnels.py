"""What a tunnel is worth to a listener: what encrypts nothing or carries something else; one of several."""

from __future__ import annotations

from typing import Any

import pytest

from riskkit.discovery import find
from riskkit.model import Reader
from tests.checks.conftest import Ask
from tests.checks.test_channels import FLOW, LONG_AGO, NAMED, PLAIN, WIREGUARD, through
from tests.evidence import instant
from tests.readers.reading import read_all

READERS = {reader.id: reader for reader in find("riskkit.readers", Reader)}
IPSEC = {**WIREGUARD, "type": "ipsec", "key_exchange": "ikev2", "algorithms": "aes256gcm16-ecp384"}
SWANCTL = """connections {{
  partner {{
    version = 2
    proposals = aes256-sha256-modp2048
    local {{ auth = pubkey }}
    remote {{ auth = pubkey }}
    children {{
      net {{
        local_ts = 10.1.0.0/16
        remote_ts = 10.20.0.0/16
        {}
      }}
    }}
  }}
}}
"""


def pacs(aliases: str) -> list[dict[str, Any]]:
    return [{"system_id": "pacs", "name": "PACS", "kind": "archive", "holds_ephi": True, "aliases": aliases}]


def read(text: str, name: str = "network/tunnels/swanctl-gateway.conf", reader: str = "strongswan") -> Any:
    return read_all(READERS[reader], text.encode(), name)


@pytest.mark.parametrize(
    ("said", "severity", "told"),
    [
        ("esp_proposals = aes256gcm16-ecp384", "high", "configured"),
        ("ah_proposals = sha256", "critical", "encrypts nothing (AH"),
        ("ah_proposals = sha256\n esp_proposals = aes256gcm16", "critical", "encrypts nothing (AH"),
        ("esp_proposals = aes256gmac", "critical", "encrypts nothing (aes256gmac"),
        ("esp_proposals = aes128gcm16, aes128gmac-ecp256", "critical", "encrypts nothing (aes128gmac"),
        ("esp_proposals = sha256-null", "critical", "encrypts nothing (null)"),
        ("esp_proposals = aes256gcm16-ecp384-none", "high", "configured"),
        ("mode = pass", "critical", "no evidence"),
        ("mode = drop", "critical", "no evidence"),
    ],
)
def test_ipsec_that_encrypts_nothing(ask: Ask, said: str, severity: str, told: str) -> None:
    """AH and GMAC sign and do not encrypt, and a policy that lets traffic pass is no tunnel."""
    tunnels = read(SWANCTL.format(said)).table("tunnels")
    verdict = through(ask, [{**FLOW, "tunnel": "partner/net"}], tunnels)
    assert verdict.severity == severity, verdict.message
    assert told in verdict.message


@pytest.mark.parametrize(
    ("said", "algorithms"),
    [
        ("phase2=ah\n phase2alg=sha2_256", "ah:sha2_256"),
        ("phase2=ah", "ah:default"),
        ("ah=sha256", "ah:sha256"),
        ("esp=null-sha256;modp2048", "null-sha256-modp2048"),
        ("phase2alg=aes_gcm256-null", "aes_gcm256-null"),
        ("esp=aes256 {?}", "unread"),
        ("type=passthrough", None),
        ("type=pass", None),
    ],
)
def test_ipsec_conf_in_the_words_of_libreswan(ask: Ask, said: str, algorithms: str | None) -> None:
    """Its AH, its separators and its policies are known; what cannot be read is not taken for absent."""
    ends = "left=192.0.2.1\n leftsubnet=10.1.0.0/16\n right=203.0.113.9\n rightsubnet=10.20.0.0/16"
    tunnels = read(f"conn a\n {ends}\n {said}\n").table("tunnels")
    assert [one["algorithms"] for one in tunnels] == ([] if algorithms is None else [algorithms])
    if algorithms is None:
        return
    (verdict,) = ask("transmission.tunnel_weak", tunnels=tunnels)
    clear = algorithms.startswith(("ah:", "null"))
    assert (verdict.result, verdict.severity) == (("FAIL", "high") if clear else ("UNKNOWN", None))
    assert ("cannot be read" in verdict.message) == (algorithms == "unread")


def test_openvpn_without_any_keys(ask: Ask) -> None:
    """Neither TLS nor a static key: OpenVPN warns and sends all as it is."""
    text = "dev tun0\nremote vpn.example\nifconfig 10.9.0.1 10.9.0.2\nroute 10.20.0.0 255.255.0.0\n"
    (row,) = read(text, "network/partner.conf", "openvpn_conf").table("tunnels")
    verdict = through(ask, [{**FLOW, "tunnel": "partner"}], [row])
    assert verdict.severity == "critical"
    assert "encrypts nothing (none)" in verdict.message


@pytest.mark.parametrize(
    ("selector", "severity"), [("", "high"), ("[tcp/104]", "high"), ("[tcp/2575]", "critical")]
)
def test_a_tunnel_of_one_port_carries_no_other(ask: Ask, selector: str, severity: str) -> None:
    """A child that is narrowed to HL7 does nothing for DICOM between the same networks."""
    text = SWANCTL.format("esp_proposals = aes256gcm16").replace("10.20.0.0/16", f"10.20.0.0/16{selector}")
    tunnels = read(text).table("tunnels")
    verdict = through(ask, [{**FLOW, "tunnel": "partner/net"}], tunnels)
    assert verdict.severity == severity, verdict.message
    conn = (
        "conn a\n left=192.0.2.1\n right=203.0.113.9\n rightsubnet=10.20.0.0/16\n rightprotoport=tcp/2575\n"
    )
    assert [one["traffic"] for one in read(conn).table("tunnels")] == ["tcp/2575"]


OTHER = {**WIREGUARD, "tunnel_id": "wg0:b", "remote_cidrs": "192.168.77.0/24"}
DEAD = {**WIREGUARD, "tunnel_id": "wg0:dead", "last_handshake": LONG_AGO}


@pytest.mark.parametrize(
    ("tunnels", "aliases", "severity", "told"),
    [
        ([WIREGUARD, DEAD], "", "critical", "of 2 tunnels that the flow may run in the worst counts"),
        ([DEAD, WIREGUARD], "", "critical", "last up 60 days"),
        ([WIREGUARD, {**OTHER, "last_handshake": LONG_AGO}], "10.20.0.5", "medium", "wg0:a"),
        ([WIREGUARD, OTHER], "192.0.2.7", "critical", "do not hold"),
        ([WIREGUARD, OTHER], "10.20.0.5;10.20.0.6", "medium", "wg0:a"),
        ([WIREGUARD, OTHER], "10.20.0.5;192.0.2.7", "high", "1 of 2 addresses"),
        ([WIREGUARD], "pacs.example", "high", "names no address"),
        ([WIREGUARD], "", "high", "names no address"),
        ([{**WIREGUARD, "local_cidrs": None, "remote_cidrs": None}], "10.20.0.5", "high", "not told"),
    ],
)  # fmt: skip
def test_which_of_the_tunnels_of_a_host(
    ask: Ask, tunnels: list[dict[str, Any]], aliases: str, severity: str, told: str
) -> None:
    """The worst that may carry the flow; a name that no address ties to the networks: one step at most."""
    flows = [{**FLOW, "tunnel": "gateway"}]
    verdict = through(ask, flows, tunnels, systems=pacs(aliases))
    assert (verdict.result, verdict.severity) == ("FAIL", severity), verdict.message
    assert told in verdict.message


def test_a_peer_that_was_never_up(ask: Ask) -> None:
    """A dump that shows no handshake tells that the tunnel is down, which a configuration does not."""
    never = {**WIREGUARD, "last_handshake": None}
    verdict = through(ask, NAMED, [never])
    assert verdict.severity == "critical"
    assert "was not up when it was looked at" in verdict.message
    (weak,) = ask("transmission.tunnel_weak", tunnels=[never])
    assert weak.result == "FAIL"
    up = {**WIREGUARD, "source": "a.dump"}
    (again,) = ask("transmission.tunnel_weak", tunnels=[up, {**never, "source": "b.dump"}])
    assert again.result == "PASS"


def test_of_two_files_of_one_tunnel(ask: Ask) -> None:
    """The newer counts, and of files that nothing dates the one that tells the worst, whatever its name."""
    good = {**IPSEC, "confidence": "medium", "last_handshake": None}
    bad = {**good, "algorithms": "ah:sha256"}
    for first, second in (("a.conf", "b.conf"), ("b.conf", "a.conf")):
        rows = [{**good, "source": first}, {**bad, "source": second}]
        (verdict,) = ask("transmission.tunnel_weak", tunnels=rows)
        assert verdict.result == "FAIL"
        custody = [
            {"file": first, "exported_at": instant("2026-10-20 12:00")},
            {"file": second, "exported_at": instant("2026-10-01 12:00")},
        ]
        (verdict,) = ask("transmission.tunnel_weak", tunnels=rows, custody=custody)
        assert verdict.result == "UNKNOWN"


def test_a_listener_of_an_address_counts_by_it(ask: Ask) -> None:
    """The inventory's other addresses do not matter then."""
    verdict = through(
        ask, NAMED, [WIREGUARD], endpoint={**PLAIN, "host": "10.20.0.5"}, systems=pacs("192.0.2.7")
    )
    assert verdict.severity == "medium"
