"""One listener that was seen under several names, and several that the inventory lists for one system."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.checks.conftest import Ask
from tests.checks.test_channels import CERTIFICATE, NODE, STRONG
from tests.checks.test_transmission import endpoint, seen
from tests.evidence import AT, check_of, engine_of, instant, results

NAME, ADDRESS, OTHER, ITSELF = "pacs.example", "10.0.0.5", "10.0.0.6", "pacs"
PLAIN = endpoint("plain", 104, "dicom")
PLAINTEXT = {"connectivity": "plaintext", "dicom.any_aet": "yes"}


def pacs(*aliases: str) -> list[dict[str, Any]]:
    return [
        {
            "system_id": "pacs",
            "name": "PACS",
            "kind": "archive",
            "holds_ephi": True,
            "aliases": ";".join(aliases),
        }
    ]


def config(port: int, facts: dict[str, str], host: str = ITSELF) -> list[dict[str, Any]]:
    rows = seen(port, facts, host=host)
    return [
        {**row, "tool": "config", "confidence": "medium", "observed_at": None, "source": "c.conf"}
        for row in rows
    ]


def test_a_scan_by_address_is_one_of_the_declared_name(ask: Ask) -> None:
    """It carries what endpoints.yaml says, and the name is not said to be unseen."""
    given = {"endpoints": [PLAIN], "channel_observations": seen(104, PLAINTEXT, host=ADDRESS)}
    apart = results(ask("transmission.plaintext", **given, systems=pacs(NAME)))
    assert apart == {"pacs.example:104": "UNKNOWN", "10.0.0.5:104": "UNKNOWN"}
    (verdict,) = ask("transmission.plaintext", **given, systems=pacs(NAME, ADDRESS))
    assert (verdict.subject, verdict.result, verdict.scope) == ("pacs.example:104", "FAIL", "pacs")
    assert verdict.rows[0].count == len(PLAINTEXT)


def test_a_name_that_endpoints_alone_give_the_system(ask: Ask) -> None:
    """The inventory lists the address, endpoints.yaml the name: one port of one system."""
    given = {"endpoints": [PLAIN], "channel_observations": seen(104, PLAINTEXT, host=ADDRESS)}
    (verdict,) = ask("transmission.plaintext", **given, systems=pacs(ADDRESS))
    assert (verdict.subject, verdict.result) == ("pacs.example:104", "FAIL")


def test_a_configuration_named_as_the_system(ask: Ask) -> None:
    """It is compared with the scan of the listener; where the two disagree, both say what they say."""
    scan = seen(2762, {**STRONG, "mtls.client_auth": "unknown"})
    given = {"endpoints": [NODE], "systems": pacs(NAME, ADDRESS), "certificates": [CERTIFICATE]}
    said = config(2762, {"connectivity": "tls", "mtls.client_auth": "DISABLED"})
    (verdict,) = ask("transmission.client_not_authenticated", channel_observations=[*scan, *said], **given)
    assert (verdict.subject, verdict.result) == ("pacs.example:2762", "FAIL")
    assert "how it is configured" in verdict.message
    (drift,) = ask("transmission.drift", channel_observations=[*scan, *said], **given)
    assert drift.result == "PASS"
    old = config(2762, {"connectivity": "tls", "protocol.tls1_0": "accepted"})
    apart = ask("transmission.legacy_tls", channel_observations=[*scan, *old], **given)
    assert results(apart) == {"pacs.example:2762": "PASS", "pacs:2762": "FAIL"}
    assert {one.result for one in ask("transmission.drift", channel_observations=[*scan, *old], **given)} == {
        "FAIL"
    }


def test_what_several_looks_tell_is_put_together(ask: Ask) -> None:
    """One scan tells of versions, another of client certificates, under another name: both are known."""
    by_name = seen(2762, {**STRONG, "mtls.client_auth": "unknown"})
    by_address = seen(2762, {"connectivity": "tls", "mtls.client_auth": "REQUIRED"}, host=ADDRESS)
    (verdict,) = ask(
        "transmission.channel_verdict", endpoints=[NODE], channel_observations=[*by_name, *by_address],
        certificates=[CERTIFICATE], systems=pacs(NAME, ADDRESS),
    )  # fmt: skip
    assert (verdict.result, verdict.observed) == ("PASS", "strong")


def test_what_disagrees_stays_apart(ask: Ask) -> None:
    """An old scan by name and a new one by address: neither hides the other."""
    by_name = seen(2762, {**STRONG, "protocol.tls1_0": "accepted"}, "2026-09-01 12:00")
    by_address = seen(2762, STRONG, host=ADDRESS)
    told = ask(
        "transmission.legacy_tls", endpoints=[NODE], channel_observations=[*by_name, *by_address],
        systems=pacs(NAME, ADDRESS),
    )  # fmt: skip
    assert results(told) == {"pacs.example:2762": "FAIL", "10.0.0.5:2762": "PASS"}
    assert {one.scope for one in told} == {"pacs"}


def test_two_hosts_of_one_system_are_two(ask: Ask) -> None:
    """Both are the declared listener; a name at which nobody looked is one of them, if all were looked at."""
    given = {"endpoints": [PLAIN], "systems": pacs(NAME, ADDRESS, OTHER)}
    both = [*seen(104, PLAINTEXT, host=ADDRESS), *seen(104, {"connectivity": "timeout"}, host=OTHER)]
    told = results(ask("transmission.plaintext", channel_observations=both, **given))
    assert told == {"10.0.0.5:104": "FAIL", "10.0.0.6:104": "UNKNOWN"}
    told = results(ask("transmission.plaintext", channel_observations=both[:2], **given))
    assert told == {"10.0.0.5:104": "FAIL", "pacs.example:104": "UNKNOWN"}


def test_another_port_is_another_listener(ask: Ask) -> None:
    """The inventory joins names, not ports, and other systems keep theirs."""
    rows = [
        *seen(104, PLAINTEXT, host=ADDRESS),
        *seen(105, PLAINTEXT),
        *seen(104, PLAINTEXT, host="ct.example"),
    ]
    told = results(ask("transmission.any_ae_title", channel_observations=rows, systems=pacs(NAME, ADDRESS)))
    assert set(told) == {"10.0.0.5:104", "pacs.example:105", "ct.example:104"}


def test_one_certificate_by_name_and_by_address(ask: Ask) -> None:
    """It is judged once, and that it does not name the address counts."""
    leaves = [CERTIFICATE, {**CERTIFICATE, "host": ADDRESS, "matches_host": False, "key_bits": None}]
    rows = [*seen(2762, STRONG), *seen(2762, STRONG, host=ADDRESS)]
    given = {"endpoints": [NODE], "channel_observations": rows, "certificates": leaves}
    (named,) = ask("transmission.certificate_name", systems=pacs(NAME, ADDRESS), **given)
    assert (named.subject, named.result) == ("pacs.example:2762", "FAIL")
    (strength,) = ask("transmission.weak_certificate_key", systems=pacs(NAME, ADDRESS), **given)
    assert strength.result == "PASS"
    other = [
        CERTIFICATE,
        {**CERTIFICATE, "host": ADDRESS, "sha256": "another", "not_after": instant("2026-10-02 00:00")},
    ]
    told = ask(
        "transmission.certificate_expiry", systems=pacs(NAME, ADDRESS), **{**given, "certificates": other}
    )
    assert results(told) == {"pacs.example:2762": "PASS", "10.0.0.5:2762": "FAIL"}


FACTS = st.fixed_dictionaries(
    {},
    optional={
        "connectivity": st.sampled_from(["tls", "plaintext", "not_tls", "timeout", "unknown"]),
        "protocol.tls1_0": st.sampled_from(["accepted", "rejected", "unknown"]),
        "protocol.tls1_2": st.sampled_from(["accepted", "rejected"]),
        "suite.TLS_RSA_WITH_AES_128_GCM_SHA256": st.just("accepted"),
        "suite.TLS_RSA_WITH_3DES_EDE_CBC_SHA": st.just("accepted"),
        "suite.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": st.just("accepted"),
        "mtls.client_auth": st.sampled_from(["REQUIRED", "OPTIONAL", "ANY", "unknown"]),
        "heartbleed": st.sampled_from(["vulnerable", "not_vulnerable"]),
        "dicom.any_aet": st.sampled_from(["yes", "no"]),
        "curve.prime256v1": st.just("accepted"),
        "ems": st.sampled_from(["yes", "no"]),
    },
)
HOSTS = (NAME, ADDRESS, OTHER, ITSELF)
CHECKS = (
    "plaintext", "legacy_tls", "weak_cipher", "client_not_authenticated", "known_vulnerability",
    "any_ae_title", "channel_verdict", "profile_prohibited", "profile_missing", "drift", "certificate_expiry",
    "weak_certificate_key",
)  # fmt: skip
ONES = st.fixed_dictionaries(dict.fromkeys(HOSTS, FACTS))
LEAVES = st.dictionaries(
    st.sampled_from(HOSTS), st.sampled_from([{}, {"key_bits": 1024, "sha256": "b"}]), max_size=2
)


@given(
    looks=ONES,
    leaves=LEAVES,
    aliases=st.sampled_from([(NAME, ADDRESS), (NAME, ADDRESS, OTHER), (ADDRESS,), (NAME,)]),
    point=st.sampled_from([NODE, endpoint("node", 2762, "dicom"), None]),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_finding_gets_lost(
    tmp_path: Path,
    looks: dict[str, dict[str, str]],
    leaves: dict[str, dict[str, Any]],
    aliases: tuple[str, ...],
    point: dict[str, Any] | None,
) -> None:
    """What fails, by check and system, fails too when the inventory tells which names are one system's."""
    rows = [row for host in HOSTS[:3] for row in seen(2762, looks[host], host=host)]
    rows += config(2762, looks[ITSELF])
    certificates = [{**CERTIFICATE, "sha256": "a", "host": host, **more} for host, more in leaves.items()]
    if not rows or not certificates:
        return

    def failing(systems: list[dict[str, Any]]) -> set[tuple[str, str]]:
        engine = engine_of(
            tmp_path,
            {
                "endpoints": [point] if point else [],
                "channel_observations": rows,
                "certificates": certificates,
                "systems": systems,
            },
        )
        found = set()
        for name in CHECKS:
            check = check_of(f"transmission.{name}")
            values = {key: one.default for key, one in check.parameters.items()}
            for one in check.run(**engine.tables_for(check), **values, at=AT):
                if one.result == "FAIL":
                    found.add((name, "pacs" if one.scope in HOSTS else one.scope))
        return found

    assert failing([]) <= failing(pacs(*aliases))


def test_looks_of_long_ago_and_of_later(ask: Ask) -> None:
    """A look of years ago rules nothing out, one after the period does not mend the period; findings stay."""
    given = {"endpoints": [NODE], "certificates": [CERTIFICATE]}
    checks = ("plaintext", "legacy_tls", "client_not_authenticated", "channel_verdict", "known_vulnerability")

    def told(rows: list[dict[str, Any]]) -> set[str]:
        verdicts = [
            one
            for check in checks
            for one in ask(f"transmission.{check}", channel_observations=rows, **given)
        ]
        return {one.result for one in verdicts}

    no_holes = {"heartbleed": "not_vulnerable", "protocol.tls1_3": "rejected", "ccs": "not_vulnerable"}
    assert told(seen(2762, {**STRONG, **no_holes}, "2023-05-01 12:00")) == {"UNKNOWN"}
    assert told(seen(2762, {**STRONG, **no_holes}, "2026-05-01 12:00")) == {"PASS"}
    bad = {**STRONG, "protocol.tls1_0": "accepted"}
    for first, second in (("2026-10-01 12:00", "2026-11-15 12:00"), ("2023-05-01 12:00", "2026-11-15 12:00")):
        rows = [*seen(2762, bad, first), *seen(2762, STRONG, second)]
        (verdict,) = ask("transmission.legacy_tls", channel_observations=rows, **given)
        assert verdict.result == "FAIL"
    (verdict,) = ask(
        "transmission.legacy_tls", channel_observations=seen(2762, bad, "2023-05-01 12:00"), **given
    )
    assert verdict.result == "FAIL"
    closed = [
        {**one, "vantage": "external"} for one in seen(2762, {"connectivity": "refused"}, "2023-05-01 12:00")
    ]
    (verdict,) = ask("transmission.reachable_from_outside", channel_observations=closed, **given)
    assert verdict.result == "UNKNOWN"
