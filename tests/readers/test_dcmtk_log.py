"""DCMTK's logs: recognized and counted, and events only where they have a time."""

from __future__ import annotations

from pathlib import Path

import pytest

from riskkit.readers.dcmtk_log import read
from tests.readers.reading import SAMPLES, read_all, real

CAPTURED = """\
I: Association Received
I: Association Acknowledged (Max Send PDV: 16372)
I: Received Store Request (MsgID 1, CT)
RECV: ...
I: storing DICOM file: /srv/pacs/CT.1
I: Association Release
"""


def test_without_time_nothing_is_an_event() -> None:
    """As storescp writes it: one request, counted and put aside; the file says what to do."""
    assert read.recognize(CAPTURED.encode(), "")
    reading = read_all(read, CAPTURED.encode())
    assert not reading.table("audit_events")
    assert reading.reasons("audit_events") == {"no_timestamp": 1}
    assert reading.ignored["audit_events"] == {"other_log_line": 5}
    assert any("--log-config" in note for note in reading.notes)


def test_with_time() -> None:
    """With a pattern that has a time, requests and refusals are events without a person."""
    reading = read_all(read, (SAMPLES / "dcmtk_log" / "storescp.log").read_bytes())
    rows = reading.table("audit_events")
    assert [(row["event_category"], row["event_outcome"]) for row in rows] == [
        ("import", "unknown"),
        ("security_alert", "failure"),
    ]
    assert {row["user_id"] for row in rows} == {None}
    assert reading.reasons("audit_events") == {"no_timestamp": 1}


def test_captured_logs() -> None:
    """What five real programs wrote is recognized, and all of its lines are accounted for."""
    found: list[Path] = real("audit/captured/dcmtk-*.log")
    assert len(found) == 5
    for path in found:
        data = path.read_bytes()
        assert read.recognize(data, path.name)
        assert read_all(read, data).records["audit_events"] == data.count(b"\n")


@pytest.mark.parametrize("text", ["I: like turtles", "INFO: Association", "Error: Received", "D: x\n" * 60])
def test_other_texts(text: str) -> None:
    """A level alone makes no DCMTK log."""
    assert not read.recognize(text.encode(), "storescp.log")
