"""FHIR AuditEvent in its releases: what is read, what it means, and what is refused."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskkit.readers.fhir_audit import read
from tests.readers.reading import SAMPLES, read_all, real

TABLE = "audit_events"
BALP = "audit/IHE__ITI.BasicAudit-json"
DCM = "http://dicom.nema.org/resources/ontology/DCM"
REST = {"system": "http://terminology.hl7.org/CodeSystem/audit-event-type", "code": "rest"}


def agent(who: Any, *types: str, requestor: bool | None = None, **more: Any) -> dict[str, Any]:
    found = {"who": who, "type": {"coding": [{"code": one} for one in types]}, **more}
    return found if requestor is None else {**found, "requestor": requestor}


USER = agent({"identifier": {"value": "rad1"}}, "IRCP", requestor=True)
PATIENT = {"what": {"reference": "Patient/p1"}, "type": {"code": "1"}, "role": {"code": "1"}}


def event(**more: Any) -> dict[str, Any]:
    """A read over REST as R4 writes it."""
    found = {
        "resourceType": "AuditEvent",
        "type": REST,
        "subtype": [{"code": "read"}],
        "action": "R",
        "recorded": "2026-10-05T09:00:00Z",
        "outcome": "0",
        "agent": [USER],
        "source": {"observer": {"identifier": {"value": "PACS"}}},
        "entity": [PATIENT],
    }
    return {key: value for key, value in {**found, **more}.items() if value is not None}


def rows(*events: Any) -> list[dict[str, Any]]:
    return read_all(read, b"\n".join(json.dumps(one).encode() for one in events)).table(TABLE)


def one(**more: Any) -> dict[str, Any]:
    found = rows(event(**more))
    assert len(found) == 1
    return found[0]


def sample(name: str) -> list[dict[str, Any]]:
    return read_all(read, (SAMPLES / "fhir_audit" / name).read_bytes()).table(TABLE)


def content(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple((key, value) for key, value in row.items() if key not in {"offset", "event_seq", "source"})


# ------------------------------------------------------------------ real files


def test_every_real_event_is_read() -> None:
    """46 examples of IHE BALP: each file is recognized and gives one complete row."""
    files = real(f"{BALP}/ex-*.json")
    assert len(files) == 46
    for file in files:
        data = file.read_bytes()
        assert read.recognize(data, "")
        reading = read_all(read, data)
        assert reading.records[TABLE] == reading.accepted[TABLE] == 1, file.name
        row = reading.table(TABLE)[0]
        assert row["parse_status"] == "ok", file.name
        assert row["event_time_us"], file.name
        assert row["event_category"] != "other" or "Patch" in file.name, file.name
        assert row["source_system"], file.name
        assert row["source_format"] == "fhir_audit/r4"
        assert row["event_id"] == file.stem


def test_the_same_events_three_times() -> None:
    """As single files, as NDJSON and as a Bundle they give the same rows, with offsets that point at them."""
    single = Counter(
        content(row)
        for file in real(f"{BALP}/ex-*.json")
        for row in read_all(read, file.read_bytes()).table(TABLE)
    )
    for name in ("all.ndjson", "bundle.json"):
        (file,) = real(f"{BALP}/{name}")
        data = file.read_bytes()
        reading = read_all(read, data)
        assert reading.records[TABLE] == 46
        assert Counter(map(content, reading.table(TABLE))) == single
        for row in reading.table(TABLE):
            assert data[row["offset"] :].startswith(b"{")


def test_a_bundle_whose_events_come_late() -> None:
    """A Bundle is claimed although its first AuditEvent lies behind what is looked at; others are counted."""
    others = [{"resource": {"resourceType": "Patient", "id": f"p{number}" * 50}} for number in range(400)]
    bundle = {"resourceType": "Bundle", "type": "searchset", "entry": [*others, {"resource": event()}]}
    data = json.dumps(bundle).encode()
    assert b"AuditEvent" not in data[: 64 << 10]
    assert read.recognize(data[: 64 << 10], "")
    reading = read_all(read, data)
    assert reading.accepted["audit_events"] == 1
    assert reading.ignored["audit_events"] == {"other_resource": 400}
    assert not read.recognize(json.dumps({"kept": bundle}).encode()[: 64 << 10], "")


def test_who_did_what_in_real_events() -> None:
    """Kinds of access, people known by name and by number, the client's address, copies of one event."""
    (file,) = real(f"{BALP}/all.ndjson")
    found = {
        row["event_id"].removeprefix("ex-audit"): row
        for row in read_all(read, file.read_bytes()).table(TABLE)
    }
    kinds = Counter(row["event_category"] for row in found.values())
    assert kinds["read"] >= 5
    assert kinds["query"] == 4
    assert {"create", "update", "delete", "export", "import", "security_alert", "application"} <= set(kinds)
    refused = found["AuthZconsent-deny"]
    assert (refused["event_outcome"], refused["event_severity"]) == ("failure", 8)
    assert refused["event_reason"] == "Consent denied access to this user"
    by_name, by_number = found["BasicReadClient"], found["BasicReadOServer"]
    assert (by_name["user_id"], by_name["user_type"]) == ("John Smith", "person")
    assert by_number["user_id"] == "35fb1058-7f36-415b-b862-677a37c95f35"
    assert by_number["user_name"] == "JohnSmith"
    nobody = found["BasicReadNoUser"]
    assert (nobody["user_id"], nobody["parse_notes"]) == (None, "no requestor")
    for name in ("BasicReadClient", "BasicCreateClient", "BasicDeleteClient", "BasicQueryGetServer"):
        assert found[name]["source_ip"] == "2001:db8:85a3::8a2e:370:7334", name
    assert found["BasicQueryGetClient"]["correlation_id"] == found["BasicQueryGetServer"]["correlation_id"]
    emergency = found["Poke-SAML-Min2"]
    assert emergency["break_glass"]
    assert emergency["user_id"] == "JoeL"
    assert emergency["purpose_of_use"] == "TREAT|ETREAT|HPAYMT|HOPERAT"


# ------------------------------------------------------------------ releases


def test_dstu2() -> None:
    """`event`, `participant` and `object`."""
    (row,) = sample("dstu2.json")
    assert row["source_format"] == "fhir_audit/dstu2"
    wanted = {
        "event_code": "110110", "event_category": "read", "event_time_us": 1_791_370_800_000_000,
        "user_id": "rad1", "user_name": "Rad One", "source_ip": "10.1.2.4", "media_type": "110032",
        "source_system": "PACS2", "source_site": "North", "patient_id": "P9", "patient_id_issuer": "HOSP",
        "accession": "A7", "object_lifecycle": "6", "purpose_of_use": "TREAT",
    }  # fmt: skip
    assert {key: row[key] for key in wanted} == wanted


def test_stu3() -> None:
    """`agent.userId`, `entity.identifier` and `entity.reference`."""
    (row,) = sample("stu3.json")
    wanted = {
        "source_format": "fhir_audit/stu3", "event_category": "transfer", "event_outcome": "failure",
        "event_severity": 12, "event_reason": "lost", "user_id": "MOD1", "source_host": "ct.example.org",
        "source_system": "PACS3", "study_uid": "1.2.3.4.5", "patient_id": "p8",
    }  # fmt: skip
    assert {key: row[key] for key in wanted} == wanted


def test_r4() -> None:
    """Two copies of one event are both kept; a broken line and a patient are counted."""
    reading = read_all(read, (SAMPLES / "fhir_audit" / "r4.ndjson").read_bytes())
    assert reading.reasons(TABLE) == {"json_malformed": 1}
    assert reading.ignored[TABLE] == {"other_resource": 1}
    server, client, query, login, first, second, refused = reading.table(TABLE)
    assert server["correlation_id"] == client["correlation_id"] == "x-1"
    assert (server["source_ip"], server["study_uid"]) == ("10.1.2.3", "1.2.840.1")
    assert (query["event_category"], query["break_glass"]) == ("query", True)
    assert (login["user_authenticated"], login["event_outcome"]) == (False, "failure")
    assert [first["patient_id"], second["patient_id"]] == ["P1", "P3"]
    assert second["agents"] is None
    assert (refused["user_id"], refused["event_reason"]) == ("adm1", "forbidden")
    assert refused["time_quality"] == "assumed_tz"


def test_r5_and_its_ballots() -> None:
    """`category` and `code`, coded outcomes, `networkString`, `authorization`, and `patient` at the top."""
    final, ballot = sample("r5-bundle.json")
    wanted = {
        "event_code": "rest", "event_subcode": "read", "event_category": "read", "event_outcome": "failure",
        "event_severity": 8, "event_reason": "not found", "purpose_of_use": "TREAT|BTG", "break_glass": True,
        "patient_id": "77", "patient_id_issuer": "https://fhir.example.org", "user_role": "radiologist",
        "source_ip": "10.1.2.9", "source_site": "Main", "object_sensitivity": "R",
    }  # fmt: skip
    assert {key: final[key] for key in wanted} == wanted
    assert (ballot["event_category"], ballot["event_outcome"]) == ("update", "success")
    assert (ballot["source_ip"], ballot["event_reason"]) == ("10.1.2.8", "done")
    assert final["source_format"] == ballot["source_format"] == "fhir_audit/r5"


# ------------------------------------------------------------------ meaning


@pytest.mark.parametrize(
    ("code", "outcome", "severity"),
    [
        ("0", "success", 0), ("4", "failure", 4), ("8", "failure", 8), ("12", "failure", 12),
        (None, "unknown", None), ("99", "unknown", None),
        ({"code": {"code": "success"}}, "success", 0), ({"code": {"code": "warning"}}, "success", 0),
        ({"code": {"code": "error"}}, "failure", 8), ({"code": {"code": "fatal"}}, "failure", 12),
        ({"coding": [{"code": "4"}]}, "failure", 4), ({"code": {"coding": [{"code": "8"}]}}, "failure", 8),
    ],
)  # fmt: skip
def test_outcomes(code: Any, outcome: str, severity: int | None) -> None:
    """Codes of RFC 3881 and of issue severity; one that is neither is unknown, and the row partial."""
    row = one(outcome=code)
    assert (row["event_outcome"], row["event_severity"]) == (outcome, severity)
    assert row["parse_status"] == ("partial" if outcome == "unknown" else "ok")


@pytest.mark.parametrize(
    ("kind", "sub", "action", "category"),
    [
        ("rest", "vread", "R", "read"), ("rest", "search-type", "E", "query"),
        ("rest", "history", "R", "query"), ("rest", "create", "C", "create"),
        ("rest", "patch", "U", "update"), ("rest", "delete", "D", "delete"),
        ("rest", "operation", "E", "other"), ("rest", "batch", "U", "update"),
        ("110103", "", "R", "read"), ("110103", "", "D", "delete"), ("110104", "", "E", "transfer"),
        ("110106", "disclose", "R", "export"), ("110112", "", "E", "query"),
        ("110114", "110122", "E", "authentication"), ("110101", "", "R", "audit_log_used"),
        ("110113", "110127", "E", "security_alert"), ("object", "access", "R", "read"),
        ("object", "disclose", "R", "export"), ("x", "y", "", "other"),
    ],
)  # fmt: skip
def test_categories(kind: str, sub: str, action: str, category: str) -> None:
    """The code decides, then the interaction, then the life cycle, then the action."""
    row = one(type={"code": kind}, subtype=[{"code": sub}] if sub else None, action=action or None)
    assert row["event_category"] == category


@pytest.mark.parametrize(
    ("agents", "user", "kind"),
    [
        ([agent({"reference": "Practitioner/1/_history/2"}, requestor=True)], "Practitioner/1", "person"),
        ([agent({"reference": "https://x/fhir/Practitioner/1"}, requestor=True)], "Practitioner/1", "person"),
        ([agent({"reference": "Device/1"}, requestor=True)], "Device/1", "application"),
        ([agent({"display": "10.1.1.1"}, requestor=True)], "10.1.1.1", "node"),
        ([agent({"display": "Rad"}, requestor=True)], "Rad", "unknown"),
        ([agent({"display": "Rad"}, "IRCP")], "Rad", "person"),
        ([agent({"display": "app"}, "110150", requestor=True), USER], "rad1", "person"),
        ([agent({"display": "app"}, "110150"), agent({"display": "dev"})], None, None),
        ([agent({}, "UserOauthAgent", requestor=True)], None, "person"),
        ([agent(None, requestor=True, name="Rad One")], None, "person"),
        ([agent({"identifier": {"value": "\u202erad\x1b"}}, requestor=True)], "\\u202erad\\x1b", "unknown"),
    ],
)  # fmt: skip
def test_who_asked(agents: list[Any], user: str | None, kind: str | None) -> None:
    """A requestor that is a person, else any; by identifier, reference or name; else nobody."""
    row = one(agent=agents)
    assert (row["user_id"], row["user_type"]) == (user, kind)


def test_contained_people() -> None:
    """A reference into the resource is followed to an identifier."""
    inside = [{"resourceType": "Practitioner", "id": "a", "identifier": [{"value": "rad7"}]}]
    row = one(contained=inside, agent=[agent({"reference": "#a"}, requestor=True)])
    assert (row["user_id"], row["user_type"]) == ("rad7", "person")


def test_tokens_names_and_queries_are_not_kept() -> None:
    """Of a token the last 32 characters; of entities no name, description, query or detail."""
    thing = {
        "what": {"reference": "List/1", "display": "SECRET"}, "name": "SECRET", "description": "SECRET",
        "query": "U0VDUkVU", "detail": [{"type": "x", "valueString": "SECRET"}], "role": {"code": "24"},
    }  # fmt: skip
    row = one(agent=[{**USER, "policy": ["HEAD" + "t" * 32]}], entity=[thing])
    assert "SECRET" not in str(row)
    assert "U0VDUkVU" not in str(row)
    assert "HEAD" not in row["agents"]
    assert json.loads(row["entities"])[0]["query_length"] == 8


@pytest.mark.parametrize(
    ("what", "patient", "issuer"),
    [
        ({"identifier": {"value": "P1^^^&1.2.3&ISO~P2"}}, "P1", "1.2.3&ISO"),
        ({"identifier": {"value": "P1", "system": "urn:oid:1.2"}}, "P1", "1.2"),
        ({"reference": "Patient/7"}, "7", None),
        ({"reference": "urn:uuid:8"}, "urn:uuid:8", None),
        ({"display": "Jane Doe"}, None, None),
    ],
)
def test_whose(what: Any, patient: str | None, issuer: str | None) -> None:
    """An identifier, or the id of a reference; a name is no id."""
    row = one(entity=[{"what": what, "type": {"code": "1"}, "role": {"code": "1"}}])
    assert (row["patient_id"], row["patient_id_issuer"]) == (patient, issuer)


# ------------------------------------------------------------------ hostile


@pytest.mark.parametrize(
    "more",
    [
        {"agent": "x"}, {"agent": [1]}, {"agent": {"a": 1}}, {"entity": [[]]}, {"entity": 5},
        {"type": "rest"},
        {"source": ["x"]}, {"contained": "x"}, {"outcome": 0}, {"outcome": ["x"]}, {"subtype": [None]},
        {"agent": [{"who": "x"}]}, {"agent": [{"network": 3}]}, {"entity": [{"what": {"identifier": "x"}}]},
    ],
)  # fmt: skip
def test_wrong_types(more: dict[str, Any]) -> None:
    """An element of a wrong type costs its record, which is quarantined; its neighbours are read."""
    data = b"\n".join(json.dumps(one).encode() for one in (event(id="a"), event(**more), event(id="b")))
    reading = read_all(read, data)
    assert reading.reasons(TABLE) == {"bad_value": 1}
    assert [row["event_id"] for row in reading.table(TABLE)] == ["a", "b"]


def test_without_essentials() -> None:
    """No time: partial. Neither type nor time: quarantined. A bundle in a bundle: told."""
    assert one(recorded=None)["parse_status"] == "partial"
    data = json.dumps({"resourceType": "AuditEvent", "agent": []}).encode()
    assert read_all(read, data).reasons(TABLE) == {"missing_required": 1}
    nested = {"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Bundle", "entry": [{}]}}]}
    assert read_all(read, json.dumps(nested).encode()).reasons(TABLE) == {"unknown_format": 1}


def test_other_containers() -> None:
    """An empty Bundle and an entry without resource are ignored with a reason."""
    reading = read_all(read, b'{"resourceType":"Bundle"}\n' + json.dumps(event()).encode())
    assert reading.ignored[TABLE] == {"empty_bundle": 1}
    data = json.dumps({"resourceType": "Bundle", "entry": [{"fullUrl": "x"}, {"resource": event()}]}).encode()
    assert read_all(read, data).ignored[TABLE] == {"entry_without_resource": 1}


def test_repeated_parts_are_not_mixed_up() -> None:
    """What is remembered of one event does not show in another."""
    many = [
        event(id=str(number), agent=[agent({"display": f"u{number % 7}"}, requestor=True)])
        for number in range(300)
    ]
    assert [row["user_id"] for row in rows(*many)] == [f"u{number % 7}" for number in range(300)]


def test_compressed_size_is_not_trusted() -> None:
    """A long export compresses well and is read as it comes."""
    data = b"\n".join([json.dumps(event()).encode()] * 500)
    assert len(gzip.compress(data)) * 20 < len(data)
    assert read_all(read, data).accepted[TABLE] == 500


# ------------------------------------------------------------------ whatever is done to a file

events = st.builds(
    event,
    id=st.none() | st.text(min_size=1, max_size=3),
    outcome=st.sampled_from(("0", "4", "8", "12", None, {"code": {"code": "error"}})),
    recorded=st.sampled_from(
        ("2026-10-05T09:00:00Z", "2026-10-05T09:00:00.1234567-05:00", "2026-10-05", None)
    ),
    entity=st.lists(
        st.just(PATIENT)
        | st.builds(lambda n: {**PATIENT, "what": {"reference": f"Patient/{n}"}}, st.integers(0, 3)),
        max_size=3,
    ),
)


def wrapped(found: list[Any], how: str) -> bytes:
    texts = [json.dumps(one) for one in found]
    return {
        "lines": "\n".join(texts),
        "joined": "".join(texts),
        "array": f"[{','.join(texts)}]",
        "bundle": json.dumps(
            {"resourceType": "Bundle", "entry": [{"resource": one} for one in found]}, indent=1
        ),
    }[how].encode()


HOW = st.sampled_from(("lines", "joined", "array", "bundle"))


def contents(data: bytes) -> Counter[Any]:
    return Counter(
        tuple(pair for pair in content(row) if pair[0] != "event_id")
        for row in read_all(read, data).table(TABLE)
    )


@settings(deadline=None)
@given(st.lists(events, min_size=1, max_size=5), HOW, st.randoms(use_true_random=False))
def test_order_and_wrapping_do_not_matter(found: list[Any], how: str, random: Any) -> None:
    """Shuffled, in any container, the events are the same as each alone."""
    alone: Counter[Any] = Counter()
    for single in found:
        alone.update(contents(json.dumps(single).encode()))
    assert contents(wrapped(random.sample(found, len(found)), how)) == alone


@settings(deadline=None)
@given(st.lists(events, min_size=1, max_size=4), HOW, st.data())
def test_a_cut_loses_only_what_it_hits(found: list[Any], how: str, data: Any) -> None:
    """What stands whole before the cut is read, and something is said of the rest."""
    whole = wrapped(found, how)
    cut = data.draw(st.integers(1, len(whole) - 1))
    before = [row["offset"] for row in read_all(read, whole).table(TABLE)]
    reading = read_all(read, whole[:cut])
    got = [row["offset"] for row in reading.table(TABLE)]
    assert got == before[: len(got)]
    assert reading.accepted[TABLE] >= sum(offset < cut for offset in set(before)) - 1
    assert reading.accepted[TABLE] == len(found) or reading.quarantined[TABLE] or how == "lines" or not got


@settings(max_examples=200, deadline=None)
@given(
    st.lists(events, min_size=1, max_size=3),
    HOW,
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 4), st.binary(max_size=4)), max_size=6),
)
def test_damage_is_counted(found: list[Any], how: str, damage: list[tuple[float, int, bytes]]) -> None:
    """Bytes removed, changed or put in anywhere raise nothing, and the books balance."""
    data = wrapped(found, how)
    for where, removed, put_in in damage:
        at = int(where * len(data))
        data = data[:at] + put_in + data[at + removed :]
    reading = read_all(read, data)
    assert reading.records[TABLE] >= reading.accepted[TABLE]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ("code", "coding", "who", "identifier", "value", "reference", "what", "role", "x")
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(
            sorted(
                {
                    *event(),
                    "category",
                    "code",
                    "event",
                    "participant",
                    "object",
                    "contained",
                    "patient",
                    "purposeOfEvent",
                    "authorization",
                    "id",
                }
            )
        ),
        json_values,
        max_size=4,
    )
)
def test_any_values(more: dict[str, Any]) -> None:
    """Any JSON in any element ends as a row or in quarantine."""
    reading = read_all(read, json.dumps({**event(), **more, "resourceType": "AuditEvent"}).encode())
    assert reading.records[TABLE] == 1


@pytest.mark.parametrize("placeholder", ["-", "Unknown", "N/A", "(null)"])
def test_placeholders_are_nobody(placeholder: str) -> None:
    """What senders write when they know nothing names neither a user nor a patient."""
    user = agent({"identifier": {"value": placeholder}, "display": placeholder}, "IRCP", requestor=True)
    whats: list[dict[str, Any]] = [{"identifier": {"value": placeholder}}]
    if "/" not in placeholder:  # no id of FHIR holds one
        whats.append({"reference": f"Patient/{placeholder}"})
    for what in whats:
        row = one(agent=[user], entity=[PATIENT | {"what": what}])
        assert (row["user_id"], row["user_name"], row["patient_id"]) == (None, None, None)
