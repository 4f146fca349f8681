"""The verdict of each channel, and the traps that scanners and silence lay for it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from riskkit.derived.channel_verdicts import STATES
from riskkit.model import Verdict
from tests.checks.conftest import Ask
from tests.checks.test_transmission import MODERN, endpoint, leaf, seen
from tests.evidence import instant, results

VERDICT = "transmission.channel_verdict"
WHOLE = {
    **MODERN,
    "suite.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": "accepted",
    "suite.TLS_AES_256_GCM_SHA384": "accepted",
    "curve.prime256v1": "accepted",
    "mtls.client_auth": "REQUIRED",
    "ems": "yes",
    "compression": "no",
    "secure_renegotiation": "yes",
}
NO_HOLES = {"heartbleed": "not_vulnerable", "ccs": "not_vulnerable"}
STRONG = {**WHOLE, "chain.strict": "valid", "chain.openssl": "valid"}
NODE = endpoint("node", 2762, "dicom-tls", trust="private", trust_anchor="ca.crt")
CERTIFICATE = leaf(2762, "2027-06-01 00:00", key_bits=3072, matches_host=True)
WIREGUARD = {
    "tunnel_id": "wg0:a",
    "type": "wireguard",
    "host": "gateway",
    "algorithms": "Curve25519|ChaCha20-Poly1305|BLAKE2s",
    "key_exchange": "noise",
    "authentication": "public key",
    "local_cidrs": "10.1.0.0/16",
    "remote_cidrs": "10.20.0.0/16",
    "last_handshake": instant("2026-10-30 08:00"),
    "confidence": "high",
}
FLOW = {"source_system": "ct", "target_system": "pacs", "protocol": "dicom", "port": 104, "ephi": True}
NAMED = [{**FLOW, "tunnel": "wg0:a"}]
PRIVATE = {"trust": "private", "trust_anchor": "ca"}
LONG_AGO = instant("2026-09-01 08:00")


def judged(ask: Ask, facts: dict[str, str], port: int = 2762, **more: Any) -> Verdict:
    """The verdict of one listener."""
    point = more.pop("endpoint", NODE)
    certificates = more.pop("certificates", [CERTIFICATE])
    (verdict,) = ask(
        VERDICT, endpoints=[point], channel_observations=seen(port, facts), certificates=certificates, **more
    )
    return verdict


@pytest.mark.parametrize(
    ("change", "state", "result", "severity"),
    [
        ({}, "strong", "PASS", None),
        ({"chain.openssl": "unknown"}, "baseline", "PASS", None),
        ({"protocol.tls1_3": "rejected", **NO_HOLES}, "baseline", "PASS", None),
        ({"connectivity": "plaintext"}, "unsecured", "FAIL", "critical"),
        ({"protocol.ssl3_0": "accepted"}, "unsecured", "FAIL", "critical"),
        ({"suite.TLS_RSA_WITH_NULL_SHA": "accepted"}, "unsecured", "FAIL", "critical"),
        ({"suite.TLS_DH_anon_WITH_AES_128_CBC_SHA": "accepted"}, "unsecured", "FAIL", "critical"),
        ({"heartbleed": "vulnerable"}, "unsecured", "FAIL", "critical"),
        ({"exchange_keys": "DH-512"}, "unsecured", "FAIL", "critical"),
        ({"protocol.tls1_0": "accepted"}, "breakable", "FAIL", "high"),
        ({"suite.TLS_RSA_WITH_3DES_EDE_CBC_SHA": "accepted"}, "breakable", "FAIL", "high"),
        ({"exchange_keys": "DH-1024"}, "breakable", "FAIL", "high"),
        ({"compression": "yes"}, "breakable", "FAIL", "high"),
        ({"mtls.client_auth": "DISABLED"}, "unauthenticated", "FAIL", "medium"),
        ({"mtls.client_auth": "OPTIONAL"}, "unauthenticated", "FAIL", "medium"),
        ({"chain.openssl": "invalid"}, "unauthenticated", "FAIL", "medium"),
        ({"mtls.client_auth": "unknown"}, "undetermined", "UNKNOWN", None),
        ({"protocol.tls1_0": "unknown"}, "undetermined", "UNKNOWN", None),
        ({"suites.tls1_2": "unknown"}, "undetermined", "UNKNOWN", None),
        ({"connectivity": "timeout"}, "undetermined", "UNKNOWN", None),
        ({"connectivity": "error"}, "undetermined", "UNKNOWN", None),
        ({"connectivity": "refused"}, "undetermined", "UNKNOWN", None),
        ({"connectivity": "unknown"}, "undetermined", "UNKNOWN", None),
    ],
)  # fmt: skip
def test_states(ask: Ask, change: dict[str, str], state: str, result: str, severity: str | None) -> None:
    """The worst that is known decides; an error, a timeout or silence is never a pass."""
    verdict = judged(ask, {**STRONG, **change})
    assert (verdict.observed, verdict.result, verdict.severity) == (state, result, severity), verdict.message
    assert verdict.message.startswith(state.capitalize())


def test_the_retired_profile_of_dicom_is_breakable(ask: Ask) -> None:
    """TLS 1.0 to 1.2 with AES-CBC and RSA key exchange alone, which a scanner rated A, is breakable here."""
    old = {
        "connectivity": "tls",
        **{f"protocol.{name}": "rejected" for name in ("ssl2_0", "ssl3_0", "tls1_3")},
        **{f"protocol.{name}": "accepted" for name in ("tls1_0", "tls1_1", "tls1_2")},
        "suite.TLS_RSA_WITH_AES_128_CBC_SHA": "accepted",
        "mtls.client_auth": "REQUIRED",
    }
    verdict = judged(ask, old)
    assert verdict.observed == "breakable"
    assert "no accepted suite has forward secrecy" in verdict.message


def test_plain_dicom_is_unsecured_whatever_a_scanner_graded(ask: Ask) -> None:
    """A plain DICOM listener is named unsecured, by a scan that found no TLS as by one that saw DICOM."""
    for value in ("plaintext", "no_tls", "not_tls"):
        verdict = judged(
            ask, {"connectivity": value}, 104, endpoint=endpoint("plain", 104, "dicom"), certificates=[]
        )
        assert (verdict.observed, verdict.severity) == ("unsecured", "critical")


def test_a_silent_tls_port_is_not_called_plain(ask: Ask) -> None:
    """Silence on a port declared as MLLP over TLS is undetermined; on a plain one it is unsecured."""
    silent = {"connectivity": "not_tls"}
    tls = judged(ask, silent, 2575, endpoint=endpoint("hl7", 2575, "mllp-tls"), certificates=[])
    plain = judged(ask, silent, 2575, endpoint=endpoint("hl7", 2575, "mllp"), certificates=[])
    assert (tls.observed, plain.observed) == ("undetermined", "unsecured")


def test_an_expired_or_wrong_certificate_does_not_authenticate(ask: Ask) -> None:
    """An ended one authenticates nobody, a wrong name no web server; a key of 1024 bits can be broken."""
    ended = [{**CERTIFICATE, "not_after": instant("2026-10-01 00:00")}]
    assert judged(ask, STRONG, certificates=ended).observed == "unauthenticated"
    assert judged(ask, STRONG, certificates=[{**CERTIFICATE, "matches_host": False}]).observed == "strong"
    web = endpoint("node", 2762, "https", trust="private", trust_anchor="ca.crt")
    wrong = [{**CERTIFICATE, "matches_host": False}]
    assert judged(ask, STRONG, endpoint=web, certificates=wrong).observed == "unauthenticated"
    assert judged(ask, STRONG, certificates=[{**CERTIFICATE, "key_bits": 1024}]).observed == "breakable"
    assert judged(ask, STRONG, certificates=[]).observed == "undetermined"


def test_strong_is_not_secured_phi(ask: Ask) -> None:
    """Without evidence of a validated module HHS's question stays open, even for a strong channel."""
    verdict = judged(ask, STRONG)
    assert verdict.observed == "strong"
    assert "PHI secured in the sense of HHS: undetermined" in verdict.message
    with_module = judged(ask, STRONG, endpoint={**NODE, "fips_module": "4985"})
    assert "PHI secured in the sense of HHS: yes" in with_module.message
    chacha = {**STRONG, "suite.TLS_CHACHA20_POLY1305_SHA256": "accepted"}
    assert "HHS: no" in judged(ask, chacha, endpoint={**NODE, "fips_module": "4985"}).message


PLAIN = endpoint("plain", 104, "dicom")
AT_AN_ADDRESS = [
    {"system_id": "pacs", "name": "PACS", "kind": "archive", "holds_ephi": True, "aliases": "10.20.0.5"}
]


def through(ask: Ask, flows: list[dict[str, Any]], tunnels: list[dict[str, Any]], **more: Any) -> Verdict:
    point = more.pop("endpoint", PLAIN)
    host = point["host"]
    (verdict,) = ask(
        VERDICT,
        endpoints=[point],
        channel_observations=seen(104, {"connectivity": "plaintext"}, host=host),
        flows=flows,
        tunnels=tunnels,
        **{"systems": AT_AN_ADDRESS, **more},
    )
    return verdict


def test_a_tunnel_compensates_visibly(ask: Ask) -> None:
    """The finding stays, two steps lower, and says on which tunnel it rests and what that is worth."""
    verdict = through(ask, NAMED, [WIREGUARD])
    assert (verdict.result, verdict.observed, verdict.severity) == ("FAIL", "unsecured", "medium")
    assert "WireGuard wg0:a of gateway: seen up 1 day before the end" in verdict.message
    assert "none of FIPS 140" in verdict.message
    assert "HHS: undetermined" in verdict.message
    (plain,) = ask(
        "transmission.plaintext",
        endpoints=[PLAIN],
        channel_observations=seen(104, {"connectivity": "plaintext"}),
        flows=NAMED,
        tunnels=[WIREGUARD],
        systems=AT_AN_ADDRESS,
    )
    assert (plain.result, plain.severity) == ("FAIL", "medium")
    assert "Weighs 2 steps less" in plain.message


@pytest.mark.parametrize(
    ("flows", "tunnel", "severity", "why"),
    [
        (NAMED, {"confidence": "medium", "last_handshake": None}, "high", "not seen up"),
        ([{**FLOW, "tunnel": "wg0:a"}, {**FLOW, "source_system": "mr"}], {}, "critical", "names no tunnel"),
        ([{**FLOW, "tunnel": "gone"}], {}, "critical", "the pack holds no evidence"),
        ([{**FLOW, "crosses": "vpn"}], {}, "critical", "names no tunnel"),
        (NAMED, {"last_handshake": LONG_AGO}, "critical", "last up 60 days"),
        (NAMED, {"algorithms": "null-sha256"}, "critical", "encrypts nothing"),
        (NAMED, {"authentication": "none"}, "critical", "no peer is authenticated"),
        (NAMED, {"key_exchange": "ikev1-aggressive"}, "critical", "aggressive mode"),
        (NAMED, {"algorithms": "3des-sha1-modp1024"}, "medium", "uses 3des"),
        ([{**FLOW, "tunnel": "gateway"}], {}, "medium", "WireGuard"),
        ([{**FLOW, "ephi": False, "tunnel": "wg0:a"}], {}, "critical", ""),
    ],
)  # fmt: skip
def test_what_a_tunnel_is_worth(
    ask: Ask, flows: list[dict[str, Any]], tunnel: dict[str, Any], severity: str, why: str
) -> None:
    """A tunnel that is only configured counts one step; one that is weak, stale or partial counts nothing."""
    verdict = through(ask, flows, [{**WIREGUARD, **tunnel}])
    assert (verdict.result, verdict.severity) == ("FAIL", severity)
    assert why in verdict.message


@pytest.mark.parametrize(("host", "severity"), [("10.20.0.5", "medium"), ("192.0.2.7", "critical")])
def test_a_tunnel_must_hold_the_address(ask: Ask, host: str, severity: str) -> None:
    """A listener outside of the tunnel's networks is not in the tunnel."""
    verdict = through(ask, NAMED, [WIREGUARD], endpoint={**PLAIN, "host": host})
    assert verdict.severity == severity


def test_tunnels(ask: Ask) -> None:
    """Weak and stale tunnels fail, those of which something is not told are unknown."""
    ipsec = {**WIREGUARD, "type": "ipsec", "algorithms": "aes256-sha256-modp2048"}
    verdicts = ask(
        "transmission.tunnel_weak",
        tunnels=[
            WIREGUARD,
            {**WIREGUARD, "tunnel_id": "stale", "last_handshake": LONG_AGO},
            {**WIREGUARD, "tunnel_id": "configured", "last_handshake": None, "confidence": "medium"},
            {**ipsec, "tunnel_id": "old", "key_exchange": "ikev1", "last_handshake": None},
            {**ipsec, "tunnel_id": "psk", "authentication": "public key or shared secret"},
            {**WIREGUARD, "tunnel_id": "bf", "algorithms": "BF-CBC|SHA1", "key_exchange": "static"},
            {**ipsec, "tunnel_id": "good", "algorithms": "aes256gcm16-prfsha384-ecp384"},
        ],
    )  # fmt: skip
    assert results(verdicts) == {
        "wg0:a of gateway": "PASS",
        "stale of gateway": "FAIL",
        "configured of gateway": "UNKNOWN",
        "old of gateway": "FAIL",
        "psk of gateway": "FAIL",
        "bf of gateway": "FAIL",
        "good of gateway": "PASS",
    }
    (bad,) = [verdict for verdict in verdicts if verdict.subject == "bf of gateway"]
    assert all(words in bad.message for words in ("short blocks", "SHA-1", "static key"))


def test_flows_without_evidence(ask: Ask) -> None:
    """A flow of which nothing was seen fails, more so over the internet; a named tunnel must be there."""
    verdicts = ask(
        "transmission.flow_without_evidence",
        flows=[
            {**FLOW, "port": 2762, "protocol": "dicom-tls"},
            {**FLOW, "target_system": "cloud", "crosses": "internet"},
            {**FLOW, "target_system": "vna", "port": None},
            {**FLOW, "port": 104, "tunnel": "gone"},
            {**FLOW, "source_system": "mr", "tunnel": "wg0:a"},
            {**FLOW, "source_system": "status", "ephi": False},
            {**FLOW, "source_system": "ris", "crosses": "vpn"},
            {**FLOW, "target_system": "night readers", "tunnel": "wg0:a"},
        ],
        endpoints=[NODE, PLAIN, endpoint("vna", 104, "dicom", system_id="vna", host="vna.example")],
        channel_observations=[
            *seen(2762, STRONG),
            *seen(104, {"connectivity": "plaintext"}),
            *seen(104, {"connectivity": "refused"}, host="vna.example"),
        ],
        tunnels=[WIREGUARD],
    )
    assert results(verdicts) == {
        "ct to pacs:2762 (dicom-tls)": "PASS",
        "ct to cloud:104 (dicom)": "FAIL",
        "ct to vna (dicom)": "FAIL",
        "ct to pacs:104 (dicom)": "FAIL",
        "mr to pacs:104 (dicom)": "PASS",
        "status to pacs:104 (dicom)": "NA",
        "ris to pacs:104 (dicom)": "FAIL",
        "ct to night readers:104 (dicom)": "UNKNOWN",
    }
    assert {verdict.subject: verdict.severity for verdict in verdicts}["ct to cloud:104 (dicom)"] == "high"


def outside(port: int, value: str, **columns: Any) -> list[dict[str, Any]]:
    return [one | {"vantage": "external"} | columns for one in seen(port, {"connectivity": value})]


@pytest.mark.parametrize(
    ("protocol", "value", "login", "result"),
    [
        ("dicom", "plaintext", None, "FAIL"),
        ("dicom-tls", "tls", None, "FAIL"),
        ("mllp", "not_tls", None, "FAIL"),
        ("https", "tls", "no", "FAIL"),
        ("https", "tls", "yes", "PASS"),
        ("https", "tls", None, "UNKNOWN"),
        ("http", "plaintext", "yes", "FAIL"),
        ("dicom", "refused", None, "PASS"),
        ("dicom", "timeout", None, "PASS"),
        ("dicom", "unresolved", None, "UNKNOWN"),
        ("dicom", "skipped", None, "UNKNOWN"),
    ],
)
def test_reachable_from_outside(ask: Ask, protocol: str, value: str, login: str | None, result: str) -> None:
    """DICOM and HL7 must not answer outside at all, the web only behind TLS and a log-in."""
    config = (
        [{"system_id": "pacs", "part": "a", "key": "authentication.enabled", "value": login}] if login else ()
    )
    (verdict,) = ask(
        "transmission.reachable_from_outside",
        endpoints=[endpoint("a", 104, protocol)],
        channel_observations=outside(104, value),
        configurations=config,
    )
    assert (verdict.result, verdict.severity) == (result, None)


@pytest.mark.parametrize(
    ("protocol", "value", "answer", "result"),
    [
        ("dicom", "timeout", "slow", "FAIL"),
        ("dicom-tls", "timeout", "tls", "FAIL"),
        ("mllp", "skipped", "silent", "FAIL"),
        ("dicom", "error", "resets", "FAIL"),
        ("https", "timeout", "slow", "FAIL"),
        ("https", "skipped", "tls", "UNKNOWN"),
        ("dicom", "timeout", None, "PASS"),
    ],
)
def test_a_port_that_took_the_connection_is_not_closed(
    ask: Ask, protocol: str, value: str, answer: str | None, result: str
) -> None:
    """A scan may give up on a listener that it reached; only one without any connection says closed."""
    facts = {"connectivity": value, **({"answer": answer} if answer else {})}
    (verdict,) = ask(
        "transmission.reachable_from_outside",
        endpoints=[endpoint("a", 104, protocol)],
        channel_observations=[one | {"vantage": "external"} for one in seen(104, facts)],
    )
    assert verdict.result == result, verdict.message


def test_a_look_from_inside_says_nothing_of_outside(ask: Ask) -> None:
    """Without a look from outside exposure is unknown; where the endpoint says external, its scan counts."""
    (inside,) = ask("transmission.reachable_from_outside", endpoints=[PLAIN],
                    channel_observations=seen(104, {"connectivity": "plaintext"}))  # fmt: skip
    (declared,) = ask("transmission.reachable_from_outside", endpoints=[{**PLAIN, "vantage": "external"}],
                      channel_observations=seen(104, {"connectivity": "plaintext"}))  # fmt: skip
    (configured,) = ask(
        "transmission.reachable_from_outside", endpoints=[{**PLAIN, "vantage": "external"}],
        channel_observations=[{**seen(104, {"connectivity": "plaintext"})[0], "tool": "config"}],
    )  # fmt: skip
    assert (inside.result, declared.result, configured.result) == ("UNKNOWN", "FAIL", "UNKNOWN")


def test_a_closed_door_outside_does_not_hide_a_plain_channel_inside(ask: Ask) -> None:
    """A later look from outside that was refused leaves what was seen inside as it is."""
    later = outside(104, "refused", observed_at=instant("2026-10-25 12:00"))
    (verdict,) = ask(VERDICT, endpoints=[PLAIN],
                     channel_observations=[*seen(104, {"connectivity": "plaintext"}), *later])  # fmt: skip
    assert verdict.observed == "unsecured"


@pytest.mark.parametrize(
    ("point", "facts", "result", "severity"),
    [
        ({}, {"chain.public": "invalid"}, "UNKNOWN", None),
        (PRIVATE, {"chain.public": "invalid"}, "UNKNOWN", None),
        (PRIVATE, {"chain.strict": "invalid"}, "UNKNOWN", None),
        (PRIVATE, {"chain.strict": "invalid", "chain.openssl": "valid"}, "FAIL", "low"),
        (PRIVATE, {"chain.strict": "valid"}, "PASS", None),
        (PRIVATE, {"chain.openssl": "invalid"}, "FAIL", None),
        ({"trust_anchor": "ca"}, {}, "UNKNOWN", None),
        ({"trust": "public"}, {"chain.public": "valid"}, "PASS", None),
        ({"trust": "public"}, {"chain.public": "invalid"}, "FAIL", None),
        ({"trust": "public"}, {}, "UNKNOWN", None),
    ],
)  # fmt: skip
def test_trust(
    ask: Ask, point: dict[str, str], facts: dict[str, str], result: str, severity: str | None
) -> None:
    """Public stores say nothing of a hospital's own authority; strictness alone is a low finding."""
    (verdict,) = ask(
        "transmission.certificate_trust",
        endpoints=[endpoint("a", 443, **point)],
        channel_observations=seen(443, {**MODERN, **facts}),
    )
    assert (verdict.result, verdict.severity) == (result, severity)


def test_names_and_revocation(ask: Ask) -> None:
    """A wrong name is a finding, of low severity for nodes; no way to ask about revocation is a low one."""
    endpoints = [endpoint("a", 443), endpoint("b", 2762, "dicom-tls"), endpoint("c", 8443)]
    observed = [
        *seen(443, {**MODERN, "stapled": "no"}),
        *seen(2762, MODERN),
        *seen(8443, {**MODERN, "stapled": "yes"}),
    ]
    certificates = [
        leaf(443, "2027-06-01 00:00", matches_host=False, revocable_by="none"),
        leaf(2762, "2027-06-01 00:00", matches_host=False, revocable_by="crl|ocsp"),
        leaf(8443, "2027-06-01 00:00", revocable_by="none"),
    ]
    tables = {"endpoints": endpoints, "channel_observations": observed, "certificates": certificates}
    names = ask("transmission.certificate_name", **tables)
    assert [(one.result, one.severity) for one in sorted(names, key=lambda one: one.subject)] == [
        ("FAIL", "low"), ("FAIL", None), ("UNKNOWN", None),
    ]  # fmt: skip
    assert results(ask("transmission.certificate_revocation", **tables)) == {
        "pacs.example:443": "FAIL", "pacs.example:2762": "PASS", "pacs.example:8443": "PASS",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("facts", "result", "severity"),
    [
        ({"dicom.unknown_calling": "accepted"}, "FAIL", None),
        ({"dicom.unknown_calling": "accepted", "mtls.client_auth": "REQUIRED"}, "FAIL", "medium"),
        ({"dicom.any_aet": "yes"}, "FAIL", None),
        ({"dicom.unknown_calling": "rejected"}, "PASS", None),
        ({"dicom.unknown_calling": "unknown"}, "UNKNOWN", None),
        ({}, "UNKNOWN", None),
    ],
)
def test_any_ae_title(ask: Ask, facts: dict[str, str], result: str, severity: str | None) -> None:
    """A rejected association is good evidence; behind a required certificate an accepted one weighs less."""
    (verdict,) = ask(
        "transmission.any_ae_title",
        endpoints=[NODE],
        channel_observations=seen(2762, {"connectivity": "tls", **facts}),
    )
    assert (verdict.result, verdict.severity) == (result, severity)


def test_a_web_server_that_refuses_after_the_handshake_asks_for_certificates(ask: Ask) -> None:
    """nginx looks optional in the handshake; only a request that was refused shows that it insists."""
    node = endpoint("node", 2762, "dicom-tls")
    optional = {**STRONG, "mtls.client_auth": "OPTIONAL"}
    assert judged(ask, optional, endpoint=node).observed == "unauthenticated"
    served = {**optional, "http.without_certificate": "served"}
    assert judged(ask, served, endpoint=node).observed == "unauthenticated"
    refused = {**optional, "http.without_certificate": "refused"}
    assert judged(ask, refused, endpoint=node).observed == "strong"


def test_a_gateway_that_closes_after_the_handshake_asks_for_certificates(ask: Ask) -> None:
    """Closed without a certificate and open with one: required. Closed for whoever came: not known."""
    node = endpoint("node", 2762, "dicom-tls")
    optional = {**STRONG, "mtls.client_auth": "OPTIONAL"}
    kept = {**optional, "handshake.without_certificate": "kept"}
    assert judged(ask, kept, endpoint=node).observed == "unauthenticated"
    closed = {**optional, "handshake.without_certificate": "closed"}
    verdict = judged(ask, closed, endpoint=node)
    assert verdict.observed == "undetermined"
    assert judged(ask, {**closed, "client_certificate": "accepted"}, endpoint=node).observed == "strong"
    (said,) = ask(
        "transmission.client_not_authenticated", endpoints=[node], channel_observations=seen(2762, closed)
    )
    assert (said.result, "no client certificate was tried" in said.message) == ("UNKNOWN", True)


def test_profiles_of_the_site(ask: Ask) -> None:
    """What is prohibited is one finding, what is missing another; a profile that is none is unknown."""
    facts = {**WHOLE, "protocol.tls1_2": "rejected", "suite.TLS_RSA_WITH_AES_128_CBC_SHA": "accepted"}
    tables = {"endpoints": [NODE], "channel_observations": seen(2762, facts), "certificates": [CERTIFICATE]}
    (prohibited,) = ask("transmission.profile_prohibited", **tables)
    (missing,) = ask("transmission.profile_missing", **tables)
    assert (prohibited.result, missing.result) == ("FAIL", "FAIL")
    assert "TLS_RSA_WITH_AES_128_CBC_SHA" in prohibited.message
    assert missing.message.endswith("and missing: tls1_2.")
    (none,) = ask("transmission.profile_prohibited", tunables={"profile": "of_nobody"}, **tables)
    assert none.result == "UNKNOWN"


VALUES = {
    "connectivity": ["tls", "plaintext", "no_tls", "not_tls", "timeout", "unknown", "refused"],
    "mtls.client_auth": ["REQUIRED", "OPTIONAL", "DISABLED", "unknown"],
    "chain.openssl": ["valid", "invalid", "unknown"],
    "heartbleed": ["vulnerable", "not_vulnerable", "unknown"],
    **{f"protocol.{name}": ["accepted", "rejected", "unknown"]
       for name in ("ssl3_0", "tls1_0", "tls1_2", "tls1_3")},
}  # fmt: skip
PASSES = {"baseline", "strong"}


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    facts=st.fixed_dictionaries({key: st.sampled_from(values) for key, values in VALUES.items()}),
    gone=st.sampled_from(sorted(VALUES)),
)
def test_taking_evidence_away_never_helps(ask: Ask, facts: dict[str, str], gone: str) -> None:
    """Without one fact a channel never gets better than it was with it, unless the fact was a failure."""
    order = list(STATES)
    whole = {**STRONG, **facts}
    before = judged(ask, whole)
    after = judged(ask, {key: value for key, value in whole.items() if key != gone})
    if after.observed in PASSES:
        assert before.observed in PASSES
    assert order.index(after.observed) <= max(order.index(before.observed), order.index("undetermined"))


def test_one_certificate_on_several_systems(ask: Ask) -> None:
    """Found on each of them; listeners of one system may share, whatever its names; none known is unknown."""

    def shown(host: str, port: int, sha256: str | None) -> dict[str, Any]:
        return {**CERTIFICATE, "host": host, "port": port, "sha256": sha256}

    said = ask(
        "transmission.certificate_shared",
        certificates=[
            shown("pacs", 2762, "AA"), shown("10.0.0.9", 443, "aa"), shown("viewer", 443, "aa"),
            shown("vna", 2762, "bb"), shown("vna", 443, "bb"), shown("ris", 443, None),
        ],
        systems=[{"system_id": "pacs", "name": "P", "kind": "archive", "aliases": "10.0.0.9"}],
    )  # fmt: skip
    assert results(said) == {
        "pacs:2762": "FAIL", "10.0.0.9:443": "FAIL", "viewer:443": "FAIL",
        "vna:2762": "PASS", "vna:443": "PASS", "ris:443": "UNKNOWN",
    }  # fmt: skip
    assert "1 other system presents the same certificate (pacs)" in next(
        one.message for one in said if one.subject == "viewer:443"
    )


NO_EPHI = [endpoint("plain", 104, "dicom", ephi=False)]
PLAIN_DICOM = seen(104, {"connectivity": "plaintext", "dicom.any_aet": "yes"})
ARCHIVE = [{"system_id": "pacs", "name": "PACS", "kind": "archive", "holds_ephi": True}]
SAYS_SO = "endpoints.yaml says that it carries no ePHI, but "


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"flows": [FLOW]}, "flows.csv sends ePHI to it, from ct"),
        ({"flows": [{**FLOW, "port": None}]}, "flows.csv sends ePHI to it, from ct"),
        ({"systems": ARCHIVE}, "it speaks dicom and its system holds ePHI"),
    ],
)
def test_no_ephi_is_not_believed_against_other_evidence(ask: Ask, more: dict[str, Any], told: str) -> None:
    """One word in endpoints.yaml silences no question when flows or the inventory say otherwise."""
    given = {"endpoints": NO_EPHI, "channel_observations": PLAIN_DICOM, **more}
    for check, result in {
        "transmission.plaintext": "UNKNOWN",
        VERDICT: "UNKNOWN",
        "transmission.any_ae_title": "FAIL",
        "transmission.reachable_from_outside": "UNKNOWN",
    }.items():
        (verdict,) = ask(check, **given)
        assert verdict.result == result, check
        assert SAYS_SO + told in verdict.message or check.endswith(("title", "outside")), verdict.message
    secure = {"endpoints": [{**NO_EPHI[0], "protocol": "dicom-tls"}]}
    if "flows" in more:
        secure["flows"] = [{**more["flows"][0], "protocol": "dicom-tls"}]
    (verdict,) = ask("transmission.client_not_authenticated", **{**given, **secure})
    assert verdict.result == "FAIL"


def test_no_ephi_is_believed_where_nothing_speaks_against_it(ask: Ask) -> None:
    """A status page of a system with ePHI, a flow without it, and a system that holds none."""
    status = [endpoint("status", 80, "http", ephi=False)]
    plain = seen(80, {"connectivity": "plaintext"})
    flow = [{**FLOW, "ephi": False}, {**FLOW, "port": 105}]
    for points, observed, systems in (
        (status, plain, ARCHIVE),
        (NO_EPHI, PLAIN_DICOM, [{**ARCHIVE[0], "holds_ephi": False}]),
        (NO_EPHI, PLAIN_DICOM, []),
    ):
        (verdict,) = ask(
            "transmission.plaintext",
            endpoints=points,
            channel_observations=observed,
            systems=systems,
            flows=flow,
        )
        assert verdict.result == "NA"


def test_a_flow_with_ephi_to_a_listener_declared_without(ask: Ask) -> None:
    """Such a flow is not taken for one that was looked at and is in order."""
    (verdict,) = ask(
        "transmission.flow_without_evidence",
        endpoints=NO_EPHI,
        channel_observations=PLAIN_DICOM,
        flows=[FLOW],
    )
    assert verdict.result == "UNKNOWN"
    assert "endpoints.yaml says that its listener carries none" in verdict.message
