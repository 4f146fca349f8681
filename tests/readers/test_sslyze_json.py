"""sslyze results: what is accepted, what is unknown and why; never a pass by silence."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from riskkit.readers.presented import matches
from riskkit.readers.sslyze_json import read
from tests.readers.reading import SAMPLES, Reading, read_all, real

BED = json.loads((SAMPLES / "sslyze_json" / "bed.json").read_bytes())
SCAN = json.loads((SAMPLES / "sslyze_json" / "tls-scan.json").read_bytes())


def facts(reading: Reading) -> dict[tuple[str, int], dict[str, dict[str, Any]]]:
    found: dict[tuple[str, int], dict[str, dict[str, Any]]] = {}
    for row in reading.table("channel_observations"):
        found.setdefault((row["host"], row["port"]), {})[row["key"]] = row
    return found


def read_json(document: Any) -> Reading:
    return read_all(read, json.dumps(document).encode())


def changed(change: Callable[[dict[str, Any]], None]) -> dict[str, dict[str, Any]]:
    """The facts of the first server of the bed (mutual TLS) after a change to it."""
    document = copy.deepcopy(BED)
    change(document["server_scan_results"][0])
    return facts(read_json(document))["localhost", 13105]


def test_a_real_scan_of_thirteen_endpoints() -> None:
    """Every server is a record; old protocols, mutual TLS and listeners without TLS are told apart."""
    (file,) = real("network/captured/local_bed_13endpoints_6.3.1.json")
    reading = read_all(read, file.read_bytes())
    assert reading.records == {"channel_observations": 15, "certificates": 15}
    assert reading.accepted == {"channel_observations": 15, "certificates": 9}
    seen = facts(reading)
    assert {place[1]: found["connectivity"]["value"] for place, found in seen.items()} == {
        13443: "tls", 13444: "tls", 13445: "tls", 13446: "tls", 13447: "tls", 13105: "tls", 13106: "tls",
        13107: "tls", 13108: "tls", 13042: "tls", 13104: "no_tls", 13243: "no_tls", 13480: "no_tls",
        13242: "refused", 13999: "refused",
    }  # fmt: skip
    assert seen["localhost", 13445]["protocol.tls1_0"]["value"] == "accepted"
    assert seen["localhost", 13443]["protocol.tls1_2"]["value"] == "rejected"
    assert seen["localhost", 13105]["mtls.client_auth"]["value"] == "REQUIRED"
    assert seen["localhost", 13446]["mtls.client_auth"]["value"] == "OPTIONAL"
    assert reading.collected_at == datetime(2026, 11, 23, 23, 56, 47, 496629, tzinfo=UTC)


def test_suites_carry_their_versions() -> None:
    """A suite is one fact, however many versions offer it."""
    found = facts(read_json(BED))["localhost", 13445]
    suite = found["suite.TLS_RSA_WITH_AES_128_CBC_SHA"]
    assert (suite["value"], suite["detail"]) == ("accepted", "tls1_0|tls1_1|tls1_2")


def test_what_needs_a_client_certificate_is_unknown() -> None:
    """Attempts that ended before an answer say why, and no other value."""
    found = facts(read_json(BED))["localhost", 13105]
    assert (found["early_data"]["value"], found["early_data"]["reason"]) == (
        "unknown",
        "CLIENT_CERTIFICATE_NEEDED",
    )
    assert found["heartbleed"]["value"] == "not_vulnerable"


def test_a_server_that_went_away_during_the_scan() -> None:
    """Errors in every attempt leave every protocol unknown, though a first contact spoke TLS."""
    found = facts(read_json(BED))["localhost", 13042]
    assert found["connectivity"]["value"] == "tls"
    assert {row["value"] for key, row in found.items() if key.startswith("protocol.")} == {"unknown"}
    assert found["protocol.tls1_0"]["reason"] == "BUG_IN_SSLYZE"


def test_without_tls_only_that_is_known() -> None:
    """A listener that sslyze got no TLS from has one fact, of less confidence: it may be anything."""
    found = facts(read_json(BED))["localhost", 13104]
    assert list(found) == ["connectivity"]
    assert (found["connectivity"]["value"], found["connectivity"]["confidence"]) == ("no_tls", "medium")


def test_a_scan_with_a_client_certificate_says_nothing_of_mutual_tls() -> None:
    """sslyze reports DISABLED then, whatever the server asks for."""

    def give(server: dict[str, Any]) -> None:
        server["network_configuration"]["tls_client_auth_credentials"] = {"key_path": "x"}
        server["connectivity_result"]["client_auth_requirement"] = "DISABLED"

    assert changed(give)["mtls.client_auth"]["value"] == "unknown"


@pytest.mark.parametrize(
    ("command", "attempt", "key", "reason"),
    [
        ("heartbleed", None, "heartbleed", "not in the file"),
        ("robot", {"status": "NOT_SCHEDULED"}, "robot", "NOT_SCHEDULED"),
        ("robot", 5, "robot", "not in the file"),
        (
            "robot",
            {"result": {"robot_result": "UNKNOWN_INCONSISTENT_RESULTS"}},
            "robot",
            "inconsistent results",
        ),
        ("tls_1_0_cipher_suites", {"status": "ERROR", "error_reason": "a b"}, "protocol.tls1_0", "ERROR"),
        ("tls_1_0_cipher_suites", {"result": {}}, "protocol.tls1_0", "not in the file"),
    ],
    ids=["missing", "not scheduled", "no object", "inconsistent", "odd error", "no list"],
)
def test_silence_is_unknown(command: str, attempt: object, key: str, reason: str) -> None:
    """Whatever is missing becomes unknown with a reason, never rejected or not vulnerable."""
    fact = changed(lambda server: server["scan_result"].update({command: attempt}))[key]
    assert (fact["value"], fact["reason"]) == ("unknown", reason)


def test_a_server_without_any_scan() -> None:
    """A first contact alone tells nothing of protocols."""
    found = changed(lambda server: server.update(scan_result=None))
    assert {row["value"] for key, row in found.items() if key.startswith("protocol.")} == {"unknown"}


def test_certificates() -> None:
    """Leaf first, fingerprint of the DER form, key, hash and whether the name fits."""
    rows = [row for row in read_json(BED).table("certificates") if row["port"] == 13445]
    (leaf,) = rows
    expected = {
        "position": 0,
        "subject": "CN=oldpacs.example",
        "key_algorithm": "RSA",
        "key_bits": 1024,
        "signature_hash": "sha1",
        "self_signed": True,
        "matches_host": False,
        "not_after": datetime(2036, 11, 20, 23, 55, 19, tzinfo=UTC),
    }
    assert {key: leaf[key] for key in expected} == expected
    assert leaf["sha256"] == "1b8116f877c55de7362463d7a4204b8928b271bf5c74dea6649c4cdd36db2636"
    chain = [row for row in read_json(BED).table("certificates") if row["port"] == 13105]
    assert [(row["position"], row["matches_host"]) for row in chain] == [(0, True), (1, None)]


@pytest.mark.parametrize(
    ("names", "host", "result"),
    [
        ({"dns_names": ["PACS.example"]}, "pacs.example.", True),
        ({"dns_names": ["*.example"]}, "pacs.example", True),
        ({"dns_names": ["*.example"]}, "a.pacs.example", False),
        ({"dns_names": ["*.example"]}, ".example", False),
        ({"dns_names": ["10.0.0.1"]}, "10.0.0.1", False),
        ({"dns_names": [], "ip_addresses": ["::1"]}, "[0:0::1]", True),
        (None, "pacs.example", None),
    ],
    ids=str,
)
def test_names_of_certificates(names: dict[str, Any] | None, host: str, result: bool | None) -> None:
    """Wildcards stand for one label, addresses match addresses only."""
    assert matches(names, host) is result


def test_a_damaged_certificate_costs_its_server() -> None:
    """The observations stay; the certificates of that server are quarantined."""
    document = copy.deepcopy(BED)
    result = document["server_scan_results"][0]["scan_result"]["certificate_info"]["result"]
    del result["certificate_deployments"][0]["received_certificate_chain"][0]["public_key"]
    reading = read_json(document)
    assert reading.reasons("certificates") == {"bad_value": 1}
    assert ("localhost", 13105) in facts(reading)


def test_a_riskkit_scan() -> None:
    """Endpoints that were not scanned deeper have what riskkit saw; scanned ones what sslyze saw."""
    reading = read_json(SCAN)
    seen = facts(reading)
    assert {place: found["connectivity"]["value"] for place, found in seen.items()} == {
        ("localhost", 13105): "tls",
        ("localhost", 13104): "plaintext",
        ("mllp.example", 2575): "timeout",
        ("gone.example", 443): "unresolved",
    }
    assert seen["mllp.example", 2575]["connectivity"]["reason"] == "no connection within 2 s"
    assert reading.ignored["channel_observations"] == {"told_by_sslyze": 1}
    assert reading.collected_at == datetime(2026, 11, 23, 23, 57, tzinfo=UTC)


def test_riskkit_knows_more_than_a_failed_scan() -> None:
    """Where sslyze found no TLS, the endpoint's own status counts; both records are accounted for."""
    document = copy.deepcopy(SCAN)
    document["sslyze"]["server_scan_results"].append(BED["server_scan_results"][1])
    reading = read_json(document)
    assert facts(reading)["localhost", 13104]["connectivity"]["value"] == "plaintext"
    assert reading.ignored["channel_observations"] == {"told_by_sslyze": 1, "told_by_endpoint": 1}


def test_scanned_without_a_result_is_unknown() -> None:
    """An endpoint that claims a scan of which the file holds nothing is not fine."""
    reading = read_json({**SCAN, "sslyze": None})
    assert facts(reading)["localhost", 13105]["connectivity"]["value"] == "unknown"


def test_records_that_cannot_be_placed() -> None:
    """No host, a second result for one listener, a name that could not be used: quarantined."""
    document = copy.deepcopy(BED)
    server = document["server_scan_results"][0]
    document["server_scan_results"] += [server, {"server_location": {"hostname": "h", "port": "443"}}, 5]
    document["invalid_server_strings"] = [{"server_string": "nonsense", "error_message": "x"}]
    reading = read_json(document)
    assert reading.reasons("channel_observations") == {"duplicate": 1, "bad_value": 3}
    assert reading.accepted["channel_observations"] == 5


def test_a_file_without_date_shows_nothing() -> None:
    """Before version 5 sslyze wrote no date; its results cannot be placed in time."""
    document = {key: value for key, value in BED.items() if not key.startswith("date_")}
    reading = read_json(document)
    assert reading.reasons("channel_observations") == {"no_timestamp": 5}
    assert reading.collected_at is None


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b'{"server_scan_results": ', "json_malformed"),
        (b'{"server_scan_results": 5}', "json_malformed"),
        (b'{"server_scan_results": [], "server_scan_results": []}', "json_malformed"),
        (b'{"riskkit_tls_scan": 99}', "unknown_format"),
        (b'{"server_scan_results": "\xff"}', "encoding"),
        (b'{"server_scan_results": ' + b"[" * 100_000, "json_malformed"),
    ],
    ids=["cut off", "no list", "twice", "version", "bytes", "deep"],
)
def test_broken_files_are_quarantined(data: bytes, reason: str) -> None:
    """One quarantined record, whatever is wrong."""
    assert read_all(read, data).reasons("channel_observations") == {reason: 1}


def test_odd_values() -> None:
    """Numbers of any size, halves of characters and wrong types raise nothing."""
    text = json.dumps(BED).replace('"CN=localhost"', '"\\ud800"').replace("13445", "9" * 5000)
    text = text.replace('"key_size": 2048', '"key_size": 1e400')
    reading = read_all(read, text.encode())
    assert reading.reasons("channel_observations") == {"bad_value": 1}


THREE = json.loads((SAMPLES / "sslyze_json" / "sslyze-3.json").read_text())
OWN = json.loads((SAMPLES / "sslyze_json" / "tls-scan-own-facts.json").read_text())


def test_sslyze_3_says_the_same() -> None:
    """The shape of 3 and 4 gives the facts of 6, without what they did not look for, and without a date."""
    new, old = facts(read_json(BED)), facts(read_json(THREE))
    (place,) = old
    later = {"ems", "early_data", "hsts"}
    for key, row in old[place].items():
        if key not in later:
            assert (key, row["value"]) == (key, new[place][key]["value"])
    assert {old[place][key]["value"] for key in later & old[place].keys()} == {"unknown"}
    assert {row["observed_at"] for row in old[place].values()} == {None}
    (leaf, *_) = read_json(THREE).table("certificates")
    assert (leaf["key_algorithm"], leaf["matches_host"]) == ("RSA", True)
    assert read_json(THREE).reasons("channel_observations") == {"bad_value": 1}


def test_sslyze_5_0_says_the_same() -> None:
    """Releases 5.0 have later results and describe certificates as 3 did: same keys, names and chains."""
    document = copy.deepcopy(BED)
    for server in document["server_scan_results"]:
        result = server.get("scan_result") and server["scan_result"]["certificate_info"]["result"]
        for deployment in result["certificate_deployments"] if result else ():
            for certificate in deployment["received_certificate_chain"]:
                names, key = certificate["subject_alternative_name"], certificate["public_key"]
                certificate["subject_alternative_name"] = {"dns": names["dns_names"]}
                if names["ip_addresses"]:
                    certificate["subject_alternative_name"]["ip"] = names["ip_addresses"]
                key["algorithm"] = f"_{key['algorithm'].removesuffix('PublicKey')}PublicKey"
            for path in deployment["path_validation_results"]:
                holds = path.pop("was_validation_successful")
                path.pop("validation_error", None)
                path["openssl_error_string"] = None if holds else "unable to get local issuer certificate"
                path["verified_certificate_chain"] = [{}] if holds else None
    new, old = read_json(BED), read_json(document)
    assert old.table("certificates") == new.table("certificates")
    for place, found in facts(new).items():
        assert {key: row["value"] for key, row in facts(old)[place].items()} == {
            key: row["value"] for key, row in found.items()
        }


@pytest.mark.parametrize("damage", ["server_info", "scan_commands_results", "scan_commands_errors"])
def test_a_damaged_file_of_sslyze_3(damage: str) -> None:
    """What is of another type costs its server, or leaves facts unknown; nothing raises."""
    for odd in (None, 5, [], {}, "x"):
        document = copy.deepcopy(THREE)
        document["server_scan_results"][0][damage] = odd
        read_json(document)


def test_own_facts_of_a_scan() -> None:
    """Groups, associations and vantage come from the endpoints, beside what sslyze saw there."""
    seen = facts(read_json(OWN))["localhost", 13105]
    assert seen["connectivity"]["value"] == "tls"
    assert seen["group.X25519MLKEM768"]["value"] == "accepted"
    assert (seen["group.X25519MLKEM768"]["tool"], seen["protocol.tls1_2"]["tool"]) == ("riskkit", "sslyze")
    assert {row["vantage"] for row in seen.values()} == {"internal"}
    vantages = {
        place: {row["vantage"] for row in found.values()} for place, found in facts(read_json(OWN)).items()
    }
    assert {"external"} in vantages.values()


@pytest.mark.parametrize(
    "odd",
    [None, 5, "x", [5], [{}], [{"key": "connectivity", "value": "tls"}], [{"key": "group.X", "value": 5}],
     [{"key": "group.X", "value": "a\x1b"}], [{"key": "protocol.tls1_0", "value": "rejected"}],
     [{"key": "group.X", "value": "accepted"}] * 100],
)  # fmt: skip
def test_own_facts_that_are_none(odd: object) -> None:
    """Only facts of their own kinds count, each once: a forged protocol or connectivity does not."""
    document = copy.deepcopy(OWN)
    for item in document["endpoints"]:
        item["facts"] = odd
    for found in facts(read_json(document)).values():
        assert all(row["tool"] == "sslyze" or not key.startswith("protocol.") for key, row in found.items())
        assert sum(key.startswith("group.") for key in found) <= 1


def test_a_second_scan_with_a_certificate_adds_only_what_was_open() -> None:
    """It tells what mutual TLS had hidden, and nothing of whether a certificate is asked for."""
    document = copy.deepcopy(OWN)
    again = copy.deepcopy(document["sslyze"])
    (server,) = again["server_scan_results"]
    server["connectivity_result"]["client_auth_requirement"] = "DISABLED"
    server["network_configuration"]["tls_client_auth_credentials"] = {"certificate_chain_path": "c.pem"}
    hidden = server["scan_result"]["session_renegotiation"]
    hidden.update(status="COMPLETED", error_reason=None, result={
        "supports_secure_renegotiation": True, "is_vulnerable_to_client_renegotiation_dos": False,
    })  # fmt: skip
    document["sslyze_with_certificate"] = again
    before, after = facts(read_json(OWN))["localhost", 13105], facts(read_json(document))["localhost", 13105]
    assert before["secure_renegotiation"]["value"] == "unknown"
    values = [row["value"] for row in read_json(document).table("channel_observations")
              if row["key"] == "secure_renegotiation" and row["port"] == 13105]  # fmt: skip
    assert sorted(values) == ["unknown", "yes"]
    assert after["mtls.client_auth"]["value"] == before["mtls.client_auth"]["value"] != "DISABLED"


def test_the_chain_by_strict_and_by_public_authorities() -> None:
    """The supplied authority is told from the public ones; of a hospital's own these know nothing."""
    (bed,) = real("network/captured/local_bed_13endpoints_6.3.1.json")
    whole = facts(read_json(json.loads(bed.read_text())))
    seen = whole["localhost", 13105]
    values = {key: seen[key]["value"] for key in ("chain.public", "chain.strict", "stapled")}
    assert values == {"chain.public": "invalid", "chain.strict": "invalid", "stapled": "no"}
    assert "missing required extension" in whole["localhost", 13105]["chain.strict"]["detail"]
    rows = read_all(read, bed.read_bytes()).table("certificates")
    assert {row["revocable_by"] for row in rows} == {"none"}
