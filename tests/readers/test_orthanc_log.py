"""Orthanc's text log: what it tells, what it does not, and the year that it leaves out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from riskkit.discovery import find
from riskkit.errors import EvidenceError
from riskkit.model import Reader
from riskkit.readers.orthanc_log import read
from tests.readers.reading import SAMPLES, Reading, read_all, real

CAPTURED = SAMPLES / "orthanc_log" / "Orthanc.log.20261124-012427.14510"
NAME = "audit/Orthanc.log.20261124-012427.2044"


def line(
    month_day: str = "1124", text: str = "main.cpp:921] Orthanc has started", clock: str = "01:24:33.618579"
) -> str:
    return f"W{month_day} {clock} {text}\n"


def years(text: str, name: str, mapping: Mapping[str, object] | None = None) -> list[int | None]:
    rows = read_all(read, text.encode(), name, mapping=mapping, zone=ZoneInfo("UTC")).table("audit_events")
    return [datetime.fromtimestamp(row["event_time_us"] // 1_000_000, UTC).year for row in rows]


def test_what_orthanc_really_wrote() -> None:
    """Of 235 captured lines 18 are events; nothing in them names a person or says how a call ended."""
    reading = read_all(read, CAPTURED.read_bytes(), NAME)
    rows = reading.table("audit_events")
    assert reading.records["audit_events"] == 235
    assert reading.ignored["audit_events"] == {
        "other_log_line": 193, "continuation_line": 21, "blank_line": 3,
    }  # fmt: skip
    assert [row["event_category"] for row in rows] == [
        "application", "import", "import", "query", "security_alert", "query", "query", "query", "read",
        "read", "read", "import", "query", "other", "export", "delete", "other", "application",
    ]  # fmt: skip
    rest = [row for row in rows if row["entities"]]
    assert {(row["user_id"], row["source_ip"], row["event_outcome"]) for row in rest} == {
        (None, None, "unknown")
    }
    assert {row["time_quality"] for row in rows} == {"assumed_year"}
    stored, rejected = rows[1], rows[4]
    assert (stored["source_aet"], stored["dest_aet"], stored["source_ip"]) == (
        "STORESCU", "ORTHANC", "127.0.0.1",
    )  # fmt: skip
    assert (rejected["dest_aet"], rejected["event_outcome"]) == ("WRONGAET", "failure")
    assert any("does not use TLS" in note for note in reading.notes)
    assert reading.collected_at == datetime(2026, 11, 24, 7, 24, 39, 145454, tzinfo=UTC)


def test_lines_of_newer_versions() -> None:
    """A thread's name before the source file and a rest after the path change nothing."""
    text = (
        "I0823 05:28:40.037495           HTTP-1 ElapsedTimer.cpp:102] (http) GET /patients\n"
        "I0823 05:28:41.037495 HTTP-12 ElapsedTimer.cpp:102] (http) DELETE /studies/1.2.3 (elapsed: 7 us)\n"
    )
    assert read.recognize(text.encode(), "")
    rows = read_all(read, text.encode(), "2026").table("audit_events")
    assert [(row["event_category"], row["study_uid"]) for row in rows] == [
        ("query", None),
        ("delete", "1.2.3"),
    ]


@pytest.mark.parametrize(
    ("name", "days", "expected"),
    [
        ("Orthanc.log.20261124-012427.2044", ("1124", "1231", "0101"), [2026, 2026, 2027]),
        ("orthanc.log-20270101.gz", ("1220", "1231", "0101"), [2026, 2026, 2027]),
        ("orthanc-2026.log", ("0105", "1231"), [2026, 2026]),
        ("orthanc-2026-10.log", ("1001", "1031"), [2026, 2026]),
        ("2026-01/orthanc.log", ("1231", "0101", "1231", "0101"), [2025, 2026, 2025, 2026]),
        ("audit/2025/orthanc-20261124.log", ("1124",), [2026]),
    ],
)
def test_the_year_of_the_name(name: str, days: tuple[str, ...], expected: list[int]) -> None:
    """The date in the name is the first day, or not before the last; the year turns with the months."""
    assert years("".join(map(line, days)), name) == expected


def test_no_year_is_no_time() -> None:
    """Without a year events are put aside, and the mapping file can tell it."""
    reading = read_all(read, (line() + line("0230") + "x\n").encode(), "audit/orthanc.log")
    assert reading.reasons("audit_events") == {"no_timestamp": 2}
    assert not reading.table("audit_events")
    assert reading.collected_at is None
    assert years(line() + line("0101"), "orthanc.log", {"year": 2024}) == [2024, 2025]


def test_days_that_do_not_exist() -> None:
    """The 29th of February of a common year, and a thirteenth month, are no times."""
    reading = read_all(read, (line("0228") + line("0229") + line("1301")).encode(), "orthanc-2026.log")
    assert reading.accepted["audit_events"] == 1
    assert reading.reasons("audit_events") == {"no_timestamp": 2}


def test_system_and_zone_from_beside() -> None:
    """A mapping file tells the system and the zone of the lines."""
    mapping = {"source_system": "pacs1", "timezone": "America/Chicago", "year": 2026}
    (row,) = read_all(read, line().encode(), mapping=mapping).table("audit_events")
    assert row["source_system"] == "pacs1"
    assert row["event_time_us"] == 1_795_505_073_618_579
    with pytest.raises(EvidenceError, match="columns"):
        read_all(read, line().encode(), mapping={"columns": {}})


def test_hostile_texts() -> None:
    """A caller with escape characters in its title stays one row, and harmless."""
    text = line(
        text="main.cpp:352] Incoming Store request from AET A\x1b[31m on IP ::1, calling AET B\u202eC"
    )
    (row,) = read_all(read, text.encode(), NAME).table("audit_events")
    assert (row["source_aet"], row["dest_aet"], row["source_ip"]) == (r"A\x1b[31m", r"B\u202eC", "::1")


def test_changes_are_no_trail() -> None:
    """No reader takes Orthanc's /changes for a trail: it names nobody and forgets deleted studies."""
    readers: tuple[Reader, ...] = find("riskkit.readers", Reader)
    for path in real("audit/captured/orthanc-changes*.json"):
        data = path.read_bytes()
        claimed = [one for one in readers if one.recognize(data, path.name)]
        assert not [one.id for one in claimed if one.evidence and "audit_events" in one.tables]


def test_reading_is_the_same_in_pieces() -> None:
    """Every line is counted once, whatever was cut: records are lines."""
    data = CAPTURED.read_bytes()
    for cut in range(0, len(data), 997):
        reading: Reading = read_all(read, data[:cut], NAME)
        lines = data[:cut].count(b"\n") + (not data[:cut].endswith(b"\n") and cut > 0)
        assert reading.records["audit_events"] == lines
