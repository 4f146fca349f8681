"""Access logs: what a request asked of the archive, who claimed to ask, and lines that are none."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskkit.errors import EvidenceError
from riskkit.readers.access_log import read
from riskkit.readers.text_log import LINE_LIMIT
from tests.readers.reading import SAMPLES, Reading, read_all

FORMS = ("combined", "json")
UID = "1.3.6.1.4.1.5962.1.2.4.20040826185059.5457"


def captured(form: str) -> Reading:
    return read_all(read, (SAMPLES / "access_log" / f"nginx-access-{form}.log").read_bytes())


def line(
    request: str = "GET /dicom-web/studies HTTP/1.1",
    status: int = 200,
    user: str = "rad1",
    address: str = "10.0.0.1",
    time: str = "24/Nov/2026:01:24:34 +0000",
    tail: str = ' "-" "curl"',
) -> str:
    return f'{address} - {user} [{time}] "{request}" {status} 10{tail}\n'


def rows(reading: Reading) -> list[dict[str, Any]]:
    return reading.table("audit_events")


def one(text: str, mapping: Mapping[str, object] | None = None) -> dict[str, Any]:
    (row,) = rows(read_all(read, text.encode("utf-8", "surrogateescape"), mapping=mapping))
    return row


@pytest.mark.parametrize("form", FORMS)
def test_what_nginx_really_wrote(form: str) -> None:
    """Sixteen captured requests: what each asked for, how it ended, and when the last one was."""
    reading = captured(form)
    found = [(row["event_category"], row["event_outcome"]) for row in rows(reading)]
    assert found == [
        ("query", "failure"),  # nobody yet: the challenge
        ("authentication", "failure"),  # a wrong password
        ("query", "success"),
        ("query", "success"),
        ("query", "success"),
        ("read", "success"),
        ("read", "success"),
        ("read", "failure"),
        ("read", "failure"),
        ("import", "unknown"),  # garbage, answered with 200
        ("query", "success"),
        ("other", "success"),
        ("export", "success"),
        ("delete", "success"),
        ("other", "success"),
        ("other", "failure"),
    ]
    assert [row["study_uid"] for row in rows(reading)[5:9]] == [UID] * 4
    assert reading.collected_at == datetime(2026, 11, 24, 1, 24, 35, tzinfo=UTC)
    assert reading.records["audit_events"] == 16


def test_both_formats_tell_the_same() -> None:
    """The two logs of one server agree on every request but the one with raw bytes."""
    columns = ("event_time_us", "event_category", "event_outcome", "user_id", "study_uid", "source_ip")
    first, second = ([[row[name] for name in columns] for row in rows(captured(form))] for form in FORMS)
    assert first == second


def test_a_name_on_a_refusal_is_only_claimed() -> None:
    """401 and 403 mark the user as not authenticated; a success tells nothing of it."""
    found = [one(line(status=status))["user_authenticated"] for status in (401, 403, 200, 404)]
    assert found == [False, False, None, None]
    assert one(line(status=401, user="-"))["user_authenticated"] is None


def test_nobody_named_is_told() -> None:
    """Behind OpenID Connect every user is `-`: the file says so once."""
    reading = read_all(read, (line(user="-") * 3).encode())
    assert [row["user_id"] for row in rows(reading)] == [None] * 3
    assert any("no request names a user" in note for note in reading.notes)


def test_queries_leave_ids_and_no_names() -> None:
    """Of a query, PatientID and study are kept; a patient's name appears in no column."""
    row = one(line(f"GET /rs/studies?PatientName=Doe%5EJane&PatientID=4711&StudyInstanceUID={UID} HTTP/1.1"))
    assert (row["patient_id"], row["study_uid"]) == ("4711", UID)
    assert "Doe" not in json.dumps(row)


def test_forwarded_addresses_are_the_clients_own_word() -> None:
    """X-Forwarded-For is kept apart from the address that really connected."""
    row = rows(captured("json"))[8]
    assert row["source_ip"] == "127.0.0.1"
    assert json.loads(row["agents"])[0]["forwarded_for"] == "10.1.2.3"


def test_files_of_the_viewer_are_ignored_unless_refused() -> None:
    """A script is no event of a record; a refused one shows who tried. Other pages are events."""
    text = (
        line("GET /ohif/app.js?v=1 HTTP/1.1")
        + line("GET /ohif/app.js HTTP/1.1", status=401)
        + line("GET /login HTTP/1.1")
        + line(f"GET /rs/studies/{UID}/series/1.2/instances/1.2.3/rendered.png HTTP/1.1")
    )
    reading = read_all(read, text.encode())
    assert reading.ignored["audit_events"] == {"static_file": 1}
    assert [row["event_category"] for row in rows(reading)] == ["authentication", "other", "read"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (line(tail=""), {"source_format": "access_log/common"}),
        ("pacs.example.org:443 " + line(), {"source_system": "pacs.example.org"}),
        (line(user="Jane Doe"), {"user_id": "Jane Doe"}),
        (line(user=r"M\xC3\xBCller"), {"user_id": "Müller"}),
        (line(user=r"a\x1b[31m"), {"user_id": r"a\x1b[31m"}),
        (line(user=r"a [24/Nov/2026:01:24:34 +0000] \x22GET / HTTP/1.1\x22 200 1"), {"event_code": "110112"}),
        (line(address="::ffff:10.0.0.9"), {"source_ip": "10.0.0.9"}),
        (line(address="client.example.org"), {"source_ip": None, "source_host": "client.example.org"}),
        (line(status=499), {"event_outcome": "unknown"}),
        (line(status=503), {"event_outcome": "failure", "event_severity": 8}),
        (line(r"\x16\x03\x01", status=400), {"event_category": "other", "parse_status": "partial"}),
        (line("-", status=408), {"event_category": "other", "parse_status": "partial"}),
        (line(time="31/Oct/2026:20:00:00 -0500"), {"event_time_us": 1_793_494_800_000_000}),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_variants(text: str, expected: Mapping[str, object]) -> None:
    """Common format, virtual hosts, escaped and blank names, forged tails, odd addresses and requests."""
    row = one(text)
    assert {name: row[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("garbage\n", "unknown_format"),
        (line(time="31/Feb/2026:20:00:00 -0500"), "no_timestamp"),
        ('{"request":"GET / HTTP/1.1","status":200}\n', "no_timestamp"),
        ('{"time":"2026-11-24T01:24:34Z","status":200}\n', "missing_required"),
        ('{"time":"2026-11-24T01:24:34Z","request":"GET / HTTP/1.1","status":1e999}\n', "missing_required"),
        ('{"status":200,"status":401}\n', "json_malformed"),
        ("{" * 5000 + "\n", "json_malformed"),
        ("x" * (LINE_LIMIT + 9) + "\n", "too_large"),
    ],
    ids=range(8),
)
def test_what_is_no_request_costs_its_own_line(text: str, reason: str) -> None:
    """A line that cannot be trusted is put aside with a reason; the lines around it are read."""
    reading = read_all(read, (line() + text + line()).encode())
    assert len(rows(reading)) == 2
    assert reading.reasons("audit_events") == {reason: 1}
    assert reading.quarantined["audit_events"][0].offset == len(line())
    assert rows(reading)[1]["offset"] == len(line()) + len(text)


def test_a_mapping_file_tells_system_and_zone() -> None:
    """What the log does not say is taken from beside it; a wrong key is an error that names it."""
    text = '{"time":"2026-11-24 01:24:34","request":"GET /studies HTTP/1.1","status":200,"client":"::1"}\n'
    row = one(text, {"source_system": "viewer1", "timezone": "UTC"})
    assert (row["source_system"], row["time_quality"]) == ("viewer1", "assumed_tz")
    assert row["event_time_us"] == 1_795_483_474_000_000
    for wrong in ({"sytem": "x"}, {"timezone": "Mars/Olympus"}, {"year": 3}):
        with pytest.raises(EvidenceError, match=next(iter(wrong))):
            one(text, wrong)


@given(st.lists(st.text(st.characters(exclude_categories=("Cs",)), max_size=40), max_size=5))
def test_anything_in_a_json_log_is_kept_harmless(texts: list[str]) -> None:
    """Whatever stands in user, address, agent and request: one row or one refusal, nothing that acts."""
    written = [
        {"time": "2026-11-24T01:24:34Z", "user": text, "remote_addr": text, "ua": text, "status": 200,
         "request": f"GET /studies?PatientID={text} HTTP/1.1"}
        for text in texts
    ]  # fmt: skip
    reading = read_all(read, "".join(json.dumps(one) + "\n" for one in written).encode())
    assert reading.accepted["audit_events"] == len(texts)
    for row in rows(reading):
        assert all(value.isprintable() for value in row.values() if isinstance(value, str))


def test_lines_without_an_identifier_have_a_digest() -> None:
    """A line that stands in two logs is known again; the second of two equal ones in a row is not told."""
    line = '10.0.0.7 - u1 [05/Oct/2026:10:00:00 -0500] "GET /studies/1.2.3 HTTP/1.1" 200 512\n'
    later = line.replace("10:00:00", "10:00:01")
    first, second = (
        [row["event_id"] for row in read_all(read, text.encode(), name).table("audit_events")]
        for name, text in (("access.log", line + later), ("access.log.1", later + line + line))
    )
    assert first == [second[1], second[0]]
    assert second[2] is None
