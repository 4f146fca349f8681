"""Channels: what was declared, what was observed, and what follows."""

from __future__ import annotations

from typing import Any

import pytest

from tests.checks.conftest import Ask
from tests.evidence import instant, results

SCAN = "2026-10-20 12:00"
MODERN = {
    "connectivity": "tls",
    "protocol.ssl2_0": "rejected",
    "protocol.ssl3_0": "rejected",
    "protocol.tls1_0": "rejected",
    "protocol.tls1_1": "rejected",
    "protocol.tls1_2": "accepted",
    "protocol.tls1_3": "accepted",
}


def endpoint(name: str, port: int, protocol: str = "https", **columns: Any) -> dict[str, Any]:
    return {
        "endpoint_id": name,
        "system_id": "pacs",
        "host": "pacs.example",
        "port": port,
        "protocol": protocol,
        "ephi": True,
        "approved_by": "Security official",
        **columns,
    }


def seen(
    port: int, facts: dict[str, str], at: str = SCAN, host: str = "pacs.example"
) -> list[dict[str, Any]]:
    return [
        {"host": host, "port": port, "key": key, "value": value, "observed_at": instant(at), "tool": "sslyze"}
        for key, value in facts.items()
    ]


def leaf(port: int, not_after: str, at: str = SCAN, **columns: Any) -> dict[str, Any]:
    return {
        "host": "pacs.example",
        "port": port,
        "position": 0,
        "sha256": f"{port}{not_after}",
        "not_before": instant("2025-01-01 00:00"),
        "not_after": instant(not_after),
        "key_algorithm": "RSA",
        "key_bits": 2048,
        "signature_hash": "sha256",
        "self_signed": False,
        "observed_at": instant(at),
        **columns,
    }


def test_plaintext(ask: Ask) -> None:
    """Plain ePHI fails, TLS passes, no ePHI is not applicable, and what was not seen is unknown."""
    verdicts = ask(
        "transmission.plaintext",
        endpoints=[
            endpoint("plain", 104, "dicom"),
            endpoint("tls", 2762, "dicom-tls"),
            endpoint("status", 80, "http", ephi=False),
            endpoint("unsaid", 8080, "http", ephi=None),
            endpoint("silent", 2575, "mllp"),
            endpoint("hl7", 2576, "mllp"),
            endpoint("hl7_tls", 2577, "mllp-tls"),
            endpoint("unseen", 443),
        ],
        channel_observations=[
            *seen(104, {"connectivity": "plaintext"}),
            *seen(2762, MODERN),
            *seen(80, {"connectivity": "no_tls"}),
            *seen(8080, {"connectivity": "no_tls"}),
            *seen(2575, {"connectivity": "timeout"}),
            *seen(2576, {"connectivity": "not_tls"}),
            *seen(2577, {"connectivity": "not_tls"}),
            *seen(11112, {"connectivity": "no_tls"}, host="stray.example"),
            *seen(8443, MODERN, host="stray.example"),
        ],
    )
    assert results(verdicts) == {
        "pacs.example:104": "FAIL",
        "pacs.example:2762": "PASS",
        "pacs.example:80": "NA",
        "pacs.example:8080": "UNKNOWN",
        "pacs.example:2575": "UNKNOWN",
        "pacs.example:2576": "FAIL",
        "pacs.example:2577": "UNKNOWN",
        "pacs.example:443": "UNKNOWN",
        "stray.example:11112": "UNKNOWN",
        "stray.example:8443": "PASS",
    }
    assert {verdict.scope for verdict in verdicts} == {"pacs", "stray.example"}


def test_without_a_list_of_endpoints(ask: Ask) -> None:
    """What was observed is judged even when nobody declared it."""
    verdicts = ask("transmission.plaintext", channel_observations=seen(443, MODERN))
    assert results(verdicts) == {"pacs.example:443": "PASS"}


@pytest.mark.parametrize(
    ("facts", "result", "severity"),
    [
        (MODERN, "PASS", None),
        ({**MODERN, "protocol.tls1_0": "accepted"}, "FAIL", None),
        ({**MODERN, "protocol.ssl3_0": "accepted"}, "FAIL", "critical"),
        ({**MODERN, "protocol.tls1_1": "unknown"}, "UNKNOWN", None),
        ({"connectivity": "tls"}, "UNKNOWN", None),
        ({"connectivity": "timeout"}, "UNKNOWN", None),
        ({"connectivity": "plaintext"}, "NA", None),
    ],
    ids=["modern", "tls1_0", "ssl3", "no answer", "nothing known", "timeout", "plain"],
)
def test_legacy_tls(ask: Ask, facts: dict[str, str], result: str, severity: str | None) -> None:
    """One accepted legacy version fails, SSL critically; one unanswered attempt leaves it unknown."""
    (verdict,) = ask(
        "transmission.legacy_tls", endpoints=[endpoint("a", 443)], channel_observations=seen(443, facts)
    )
    assert (verdict.result, verdict.severity) == (result, severity)


def test_the_newest_observation_counts(ask: Ask) -> None:
    """A version that was switched off since the last scan no longer fails."""
    before = seen(443, {**MODERN, "protocol.tls1_0": "accepted"}, at="2026-09-01 12:00")
    (verdict,) = ask("transmission.legacy_tls", channel_observations=[*seen(443, MODERN), *before])
    assert verdict.result == "PASS"
    (verdict,) = ask(
        "transmission.legacy_tls",
        channel_observations=[*seen(443, MODERN, at="2026-08-01 12:00"), *before],
    )
    assert verdict.result == "FAIL"


@pytest.mark.parametrize(
    ("facts", "result"),
    [
        ({"mtls.client_auth": "required"}, "PASS"),
        ({"mtls.client_auth": "REQUIRED"}, "PASS"),
        ({"mtls.client_auth": "optional"}, "FAIL"),
        ({"mtls.client_auth": "disabled"}, "FAIL"),
        ({"mtls.client_auth": "unknown"}, "UNKNOWN"),
        ({}, "UNKNOWN"),
        ({"connectivity": "plaintext"}, "FAIL"),
    ],
)
def test_client_authentication(ask: Ask, facts: dict[str, str], result: str) -> None:
    """Only a required certificate passes; HTTPS has a log-in and is not asked."""
    verdicts = ask(
        "transmission.client_not_authenticated",
        endpoints=[endpoint("node", 2762, "dicom-tls"), endpoint("web", 443)],
        channel_observations=[*seen(2762, {"connectivity": "tls", **facts}), *seen(443, MODERN)],
    )
    assert results(verdicts) == {"pacs.example:2762": result}


def test_certificate_expiry(ask: Ask) -> None:
    """Expired and not yet valid weigh more than soon; a listener without known certificate is unknown."""
    verdicts = ask(
        "transmission.certificate_expiry",
        certificates=[
            leaf(1, "2027-10-01 00:00"),
            leaf(2, "2026-11-20 00:00"),
            leaf(3, "2026-10-31 23:00"),
            leaf(4, "2027-10-01 00:00", not_before=instant("2026-12-01 00:00")),
            leaf(5, "2026-10-01 00:00", at="2026-09-01 00:00"),
            leaf(5, "2027-10-01 00:00"),
            leaf(6, "2027-10-01 00:00", position=1),
        ],
        channel_observations=[*seen(1, MODERN), *seen(7, MODERN), *seen(8, {"connectivity": "plaintext"})],
    )
    assert results(verdicts) == {
        "pacs.example:1": "PASS",
        "pacs.example:2": "FAIL",
        "pacs.example:3": "FAIL",
        "pacs.example:4": "FAIL",
        "pacs.example:5": "PASS",
        "pacs.example:6": "UNKNOWN",
        "pacs.example:7": "UNKNOWN",
    }
    severities = {verdict.subject[-1]: verdict.severity for verdict in verdicts if verdict.result == "FAIL"}
    assert severities == {"2": None, "3": "high", "4": "high"}


def test_of_several_leaves_the_one_that_ends_first_counts(ask: Ask) -> None:
    """Another address of the name, or a key of another kind, does not hide the certificate that has ended."""
    found = leaf(1, "2026-10-01 00:00"), leaf(1, "2027-10-01 00:00")
    for leaves in (found, found[::-1]):
        told = [{**one, "n": number, "sha256": f"{number}".zfill(64)} for number, one in enumerate(leaves)]
        assert results(ask("transmission.certificate_expiry", certificates=told)) == {
            "pacs.example:1": "FAIL"
        }


def test_certificate_expiry_tunable(ask: Ask) -> None:
    """A site may want to be told earlier."""
    certificates = [leaf(1, "2026-12-15 00:00")]
    (before,) = ask("transmission.certificate_expiry", certificates=certificates)
    (after,) = ask("transmission.certificate_expiry", certificates=certificates, tunables={"within_days": 60})
    assert (before.result, after.result) == ("PASS", "FAIL")


@pytest.mark.parametrize(
    ("columns", "result"),
    [
        ({}, "PASS"),
        ({"key_bits": 1024}, "FAIL"),
        ({"key_algorithm": "EllipticCurve", "key_bits": 256}, "PASS"),
        ({"key_algorithm": "EllipticCurve", "key_bits": 192}, "FAIL"),
        ({"key_algorithm": "ed25519", "key_bits": 256, "signature_hash": None}, "PASS"),
        ({"key_algorithm": "DSA", "key_bits": 3072}, "FAIL"),
        ({"signature_hash": "sha1"}, "FAIL"),
        ({"signature_hash": "SHA-1"}, "FAIL"),
        ({"signature_hash": "sha1", "self_signed": True}, "PASS"),
        ({"key_bits": None}, "UNKNOWN"),
        ({"key_algorithm": None}, "UNKNOWN"),
        ({"signature_hash": None}, "UNKNOWN"),
        ({"position": 2}, "UNKNOWN"),
    ],
)
def test_weak_certificate_key(ask: Ask, columns: dict[str, Any], result: str) -> None:
    """Short, DSA and SHA-1 fail, what is not told is unknown; a root's own signature is not used."""
    (verdict,) = ask(
        "transmission.weak_certificate_key", certificates=[leaf(1, "2027-10-01 00:00", **columns)]
    )
    assert verdict.result == result


GCM, CBC = "suite.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "suite.TLS_RSA_WITH_AES_128_CBC_SHA"


@pytest.mark.parametrize(
    ("suites", "result", "severity"),
    [
        ((GCM,), "PASS", None),
        ((GCM, CBC), "PASS", None),
        ((GCM, "suite.TLS_RSA_WITH_3DES_EDE_CBC_SHA"), "FAIL", None),
        ((GCM, "suite.SSL_CK_DES_192_EDE3_CBC_WITH_MD5"), "FAIL", None),
        ((GCM, "suite.TLS_RSA_WITH_DES_CBC_SHA"), "FAIL", "critical"),
        ((GCM, "suite.TLS_RSA_WITH_RC4_128_SHA"), "FAIL", "critical"),
        ((GCM, "suite.TLS_RSA_WITH_NULL_SHA256"), "FAIL", "critical"),
        ((GCM, "suite.TLS_DH_anon_WITH_AES_128_CBC_SHA"), "FAIL", "critical"),
        ((GCM, "suite.TLS_RSA_EXPORT_WITH_RC4_40_MD5"), "FAIL", "critical"),
        ((CBC,), "FAIL", None),
        (("suite.TLS_AES_128_GCM_SHA256",), "PASS", None),
        ((), "UNKNOWN", None),
    ],
)
def test_weak_cipher(ask: Ask, suites: tuple[str, ...], result: str, severity: str | None) -> None:
    """Nothing, broken or nobody's protection is critical, short blocks are high, CBC is not judged."""
    facts = {**MODERN, **dict.fromkeys(suites, "accepted"), "suite.TLS_RSA_WITH_NULL_MD5": "rejected"}
    (verdict,) = ask("transmission.weak_cipher", channel_observations=seen(443, facts))
    assert (verdict.result, verdict.severity) == (result, severity)


def test_weak_cipher_unknown(ask: Ask) -> None:
    """A version of which nothing is known may accept anything; without TLS there is no suite."""
    facts = {**MODERN, GCM: "accepted", "protocol.tls1_0": "unknown"}
    verdicts = ask(
        "transmission.weak_cipher",
        channel_observations=[
            *seen(1, facts),
            *seen(2, {"connectivity": "plaintext"}),
            *seen(3, {"connectivity": "timeout"}),
        ],
    )
    assert results(verdicts) == {
        "pacs.example:1": "UNKNOWN",
        "pacs.example:2": "NA",
        "pacs.example:3": "UNKNOWN",
    }


@pytest.mark.parametrize(
    ("found", "result"),
    [
        (("not_vulnerable", "not_vulnerable", "not_vulnerable"), "PASS"),
        (("vulnerable", "not_vulnerable", "not_vulnerable"), "FAIL"),
        (("not_vulnerable", "vulnerable", "unknown"), "FAIL"),
        (("not_vulnerable", "not_vulnerable", "unknown"), "UNKNOWN"),
    ],
)
def test_known_holes(ask: Ask, found: tuple[str, str, str], result: str) -> None:
    """One hole fails; one that was not looked for leaves it unknown, for risk management alone."""
    old = {**MODERN, "protocol.tls1_3": "rejected", CBC: "accepted"}
    facts = {**old, **dict(zip(("heartbleed", "ccs", "robot"), found, strict=True))}
    (verdict,) = ask("transmission.known_vulnerability", channel_observations=seen(443, facts))
    assert verdict.result == result
    assert ("45 CFR 164.312(e)(2)(ii)" in verdict.controls) == (result == "FAIL")


@pytest.mark.parametrize(
    ("facts", "result"),
    [
        ({**MODERN, GCM: "accepted"}, "PASS"),
        ({**MODERN, GCM: "accepted", CBC: "accepted"}, "UNKNOWN"),
        ({**MODERN, GCM: "accepted", "protocol.tls1_3": "rejected"}, "UNKNOWN"),
        ({**MODERN, GCM: "accepted", "protocol.tls1_0": "unknown"}, "UNKNOWN"),
        ({**MODERN, GCM: "accepted", "heartbleed": "vulnerable"}, "FAIL"),
    ],
    ids=["modern", "RSA key exchange", "no TLS 1.3", "a version unknown", "found"],
)
def test_holes_that_cannot_be(ask: Ask, facts: dict[str, str], result: str) -> None:
    """TLS 1.3 is younger than Heartbleed and CCS, and ROBOT needs RSA key exchange; a find counts more."""
    (verdict,) = ask("transmission.known_vulnerability", channel_observations=seen(443, facts))
    assert verdict.result == result


def configured(port: int, facts: dict[str, str], **columns: Any) -> list[dict[str, Any]]:
    """What a configuration says: it names no date and was seen by nobody."""
    rows = seen(port, facts)
    return [
        {**row, "observed_at": None, "tool": "config", "confidence": "medium", "source": "nginx.conf"}
        | columns
        for row in rows
    ]


def test_a_configuration_never_overrides_a_scan(ask: Ask) -> None:
    """However old the scan is, what was seen counts; the disagreement is a finding of its own."""
    scan = seen(443, {**MODERN, "protocol.tls1_0": "accepted"}, at="2020-01-01 12:00")
    observations = [*scan, *configured(443, MODERN)]
    (legacy,) = ask("transmission.legacy_tls", channel_observations=observations)
    assert (legacy.result, legacy.method) == ("FAIL", None)
    (drift,) = ask("transmission.drift", channel_observations=observations)
    assert (drift.result, drift.severity) == ("FAIL", "medium")
    assert "protocol.tls1_0: configured rejected, seen accepted" in drift.message
    assert {key[0] for rows in drift.rows for key in rows.keys} == {"evidence.file", "nginx.conf"}


def test_a_configuration_alone_is_examined_and_not_tested(ask: Ask) -> None:
    """Without a scan the configuration is judged, says so, and cannot close what a test found."""
    observations = configured(443, MODERN)
    (plain,) = ask("transmission.plaintext", channel_observations=observations)
    assert (plain.result, plain.method) == ("PASS", "EXAMINE")
    assert "no scan in the pack saw it" in plain.message
    (drift,) = ask("transmission.drift", channel_observations=observations)
    assert drift.result == "UNKNOWN"
    (without,) = ask("transmission.drift", channel_observations=seen(443, MODERN))
    assert without.result == "NA"


@pytest.mark.parametrize(
    ("said", "found", "result", "severity"),
    [
        ({"connectivity": "tls"}, {"connectivity": "tls"}, "PASS", None),
        ({"connectivity": "tls"}, {"connectivity": "no_tls"}, "FAIL", "medium"),
        ({"connectivity": "plaintext"}, {"connectivity": "tls"}, "FAIL", None),
        ({"connectivity": "plaintext"}, {"connectivity": "no_tls"}, "PASS", None),
        ({"connectivity": "tls"}, {"connectivity": "timeout"}, "UNKNOWN", None),
        ({"protocol.tls1_0": "accepted"}, {"protocol.tls1_0": "rejected"}, "FAIL", None),
        ({"protocol.tls1_0": "rejected"}, {"protocol.tls1_0": "unknown"}, "UNKNOWN", None),
        ({"mtls.client_auth": "REQUIRED"}, {"mtls.client_auth": "OPTIONAL"}, "PASS", None),
        ({"mtls.client_auth": "REQUIRED"}, {"mtls.client_auth": "DISABLED"}, "FAIL", "medium"),
    ],
)
def test_drift(
    ask: Ask, said: dict[str, str], found: dict[str, str], result: str, severity: str | None
) -> None:
    """Only what both tell is compared, by its meaning; less protection than configured weighs more."""
    (verdict,) = ask("transmission.drift", channel_observations=[*configured(1, said), *seen(1, found)])
    assert (verdict.result, verdict.severity) == (result, severity)


def test_drift_of_suites(ask: Ask) -> None:
    """A suite beyond a whole list differs; suites of TLS 1.3 are governed by no list, nor is half a list."""
    listed = {"connectivity": "tls", GCM: "accepted"}
    extra = {
        "connectivity": "tls",
        GCM: "accepted",
        "suite.TLS_AES_128_GCM_SHA256": "accepted",
        CBC: "accepted",
    }
    (whole,) = ask("transmission.drift", channel_observations=[*configured(1, listed), *seen(1, extra)])
    assert "1 accepted that the configured list does not name" in whole.message
    half = {**listed, "suites.tls1_2": "unknown"}
    (partial,) = ask("transmission.drift", channel_observations=[*configured(1, half), *seen(1, extra)])
    assert partial.result == "PASS"


def test_a_default_is_no_drift(ask: Ask) -> None:
    """What only the software's default says is an assumption, which a scan corrects."""
    default = configured(1, {"connectivity": "plaintext"}, confidence="low")
    (verdict,) = ask("transmission.drift", channel_observations=[*default, *seen(1, MODERN)])
    assert verdict.result == "UNKNOWN"


def test_an_answer_goes_before_an_attempt_without_one(ask: Ask) -> None:
    """A tool that does not look for a version takes nothing from what another saw."""
    later = seen(443, {"protocol.ssl2_0": "unknown"}, at="2026-10-25 12:00")
    (verdict,) = ask("transmission.legacy_tls", channel_observations=[*seen(443, MODERN), *later])
    assert verdict.result == "PASS"


def test_a_scan_without_a_date(ask: Ask) -> None:
    """It gives way to any dated one, unless evidence.csv says that it is newer."""
    undated = [
        {**row, "observed_at": None, "tool": "sslscan", "source": "network/a.xml"}
        for row in seen(443, {**MODERN, "protocol.tls1_0": "accepted"})
    ]
    observations = [*undated, *seen(443, MODERN)]
    (before,) = ask("transmission.legacy_tls", channel_observations=observations)
    custody = [{"file": "network/*.xml", "exported_at": instant("2026-10-30 12:00")}]
    (after,) = ask("transmission.legacy_tls", channel_observations=observations, custody=custody)
    assert (before.result, after.result) == ("PASS", "FAIL")


def test_suites_of_an_older_scan_are_gone(ask: Ask) -> None:
    """A suite that the newest scan of a version does not name any more was switched off."""
    old = [
        {**row, "source": "old.json"}
        for row in seen(443, {**MODERN, CBC.replace("AES_128", "NULL"): "accepted"}, at="2026-09-01 12:00")
    ]
    new = [{**row, "source": "new.json"} for row in seen(443, {**MODERN, GCM: "accepted"})]
    (verdict,) = ask("transmission.weak_cipher", channel_observations=[*old, *new])
    assert verdict.result == "PASS"


@pytest.mark.parametrize(
    ("detail", "result"), [("tls1_2|tls1_3", "PASS"), ("tls1_3", "UNKNOWN"), (None, "PASS")]
)
def test_versions_without_suites(ask: Ask, detail: str | None, result: str) -> None:
    """A scanner that names a version and none of its suites has not seen them: nothing is passed."""
    facts = [{**row, "detail": detail} for row in seen(443, {GCM: "accepted"})]
    (verdict,) = ask("transmission.weak_cipher", channel_observations=[*seen(443, MODERN), *facts])
    assert verdict.result == result
