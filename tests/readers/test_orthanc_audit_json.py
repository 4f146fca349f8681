"""Audit logs of Orthanc's authorization plugin, in the shape that its source gives them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskkit.readers.action_words import category_of
from riskkit.readers.orthanc_audit_json import read
from tests.readers.reading import SAMPLES, read_all

ENTRY = {
    "Timestamp": "2026-11-24T07:25:00Z", "UserId": "rad1", "ResourceId": "x", "ResourceType": "Study",
    "Action": "view",
}  # fmt: skip


def test_the_sample() -> None:
    """Who, what and when; the data of the log is not kept, and what has no time is put aside."""
    reading = read_all(read, (SAMPLES / "orthanc_audit_json" / "audit-logs.json").read_bytes())
    rows = reading.table("audit_events")
    assert [(row["event_category"], row["user_id"], row["event_outcome"]) for row in rows] == [
        ("import", "rad1", "unknown"),
        ("read", "rad1", "unknown"),
        ("delete", None, "unknown"),
    ]
    assert [row["event_time_us"] for row in rows] == [
        1_795_505_073_000_000, 1_795_505_100_000_000, 1_795_505_160_123_456,
    ]  # fmt: skip
    assert [row["time_quality"] for row in rows] == ["assumed_tz", "zoned", "zoned"]
    assert reading.reasons("audit_events") == {"no_timestamp": 1}
    assert "eyJhIjoxfQ" not in json.dumps(rows)


@pytest.mark.parametrize("key", ENTRY)
def test_every_key_is_needed(key: str) -> None:
    """An object that lacks one is put aside, and the next is read."""
    lacking = {name: value for name, value in ENTRY.items() if name != key}
    reading = read_all(read, json.dumps([ENTRY, lacking, ENTRY]).encode())
    assert reading.reasons("audit_events") == {"missing_required": 1}
    assert reading.accepted["audit_events"] == 2


@given(st.dictionaries(st.sampled_from(sorted(ENTRY)), st.none() | st.integers() | st.text() | st.floats()))
def test_any_values(values: dict[str, object]) -> None:
    """Whatever stands in the keys, there is one record, and nothing raises."""
    reading = read_all(read, json.dumps([{**ENTRY, **values}]).encode())
    assert reading.records["audit_events"] == 1


@pytest.mark.parametrize(
    ("action", "category"),
    [
        ("Log in", "authentication"),
        ("userLogout", "authentication"),
        ("SIGN-ON FAILED", "authentication"),
        ("View Study", "read"),
        ("STUDY_OPENED", "read"),
        ("Delete login", "delete"),
        ("Print images", "export"),
        ("Break the Glass", "security_alert"),
        ("patient search", "query"),
        ("Merged studies", "update"),
        ("Received", "import"),
        ("Changed role", "config"),
        ("heartbeat", None),
        ("", None),
    ],
)
def test_words_of_actions(action: str, category: str | None) -> None:
    """The words of an action decide, however they are written; an unknown one stays unknown."""
    assert category_of(action) == category
