"""Days of people, and who is whose peer."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from riskkit.derived.clock_days import day_number, day_of
from riskkit.tables import records
from tests.evidence import engine_of, event, person, us

TRAIL = [
    event("2026-10-05 08:00", "u1", patient_id="p1"),
    event("2026-10-05 23:30", "u1", patient_id="p1"),
    event("2026-10-06 00:30", "u1", "export", patient_id="p2"),
    event("2026-10-06 09:00", "u1", "authentication", event_outcome="failure"),
    event("2026-10-06 09:00", "u1", patient_id="p3", event_outcome="failure"),
    event("2026-08-07 08:00", "u1", patient_id="p1"),
    event("2026-08-05 08:00", "u1", patient_id="p1"),
    event("2026-10-05 08:00", "router", patient_id="p1", user_type="node"),
    event("2026-10-05 08:00", "u2", patient_id="p1", user_type="unknown", break_glass=True),
]
CARE = {
    "relationships": [
        {"patient_id": "p1", "user_id": "u1", "valid_from_us": us("2026-01-01 00:00"), "kind": "order"}
    ],
    "roster": [person("u1"), person("u2")],
}  # fmt: skip


def days(folder: Path, **tables: Any) -> dict[tuple[str, date], dict[str, Any]]:
    found = engine_of(folder, {"audit_events": TRAIL, **tables}).lazy("user_days")
    first = day_number(date(1970, 1, 1))
    return {
        (row.user_id, date.fromordinal(row.day - first + 719163)): row._asdict() for row in records(found)
    }


def test_days_are_local_and_of_people(tmp_path: Path) -> None:
    """Half past eleven at night is that day; the baseline begins 56 days before; machines have no days."""
    found = days(tmp_path, **CARE)
    assert sorted(found) == [
        ("u1", date(2026, 8, 7)),
        ("u1", date(2026, 10, 5)),
        ("u1", date(2026, 10, 6)),
        ("u2", date(2026, 10, 5)),
    ]
    monday, tuesday, other = (found[unit] for unit in sorted(found)[1:])
    names = ("events", "accesses", "patients", "exports", "failed", "off_hours")
    assert [monday[name] for name in names] == [2, 2, 1, 0, 0, 1]
    assert [tuesday[name] for name in names] == [3, 1, 1, 1, 1, 1]
    assert monday["unexplained"] == 0
    assert tuesday["unexplained"] == 1
    assert (other["emergencies"], other["unexplained"]) == (1, 1)


def test_on_the_ward_and_in_care(tmp_path: Path) -> None:
    """Being on the ward explains nothing and is told: by host name, else address, while the ward has p4."""
    for folder in ("some", "none"):
        (tmp_path / folder).mkdir()
    opened = [
        event("2026-10-05 08:00", "u1", patient_id="p4", source_host="WS-1", source_ip="10.0.0.9"),
        event("2026-10-06 08:00", "u1", patient_id="p4", source_ip="10.0.0.1"),
        event("2026-10-07 08:00", "u1", patient_id="p4", source_ip="10.0.0.9"),
        event("2026-10-20 08:00", "u1", patient_id="p4", source_host="ws-1"),
        event("2026-10-21 08:00", "u1", patient_id="p5", source_host="ws-1"),
        event("2026-10-22 08:00", "u1", patient_id="p4", source_host="ws-1"),
        event("2026-10-22 08:10", "u1", patient_id="p4", source_host="ws-9"),
    ]
    care = [
        {"patient_id": "p4", "department": "West", "valid_from_us": us(f"2026-10-{first} 00:00"),
         "valid_to_us": us(f"2026-10-{last} 00:00"), "kind": "admission"}
        for first, last in (("05", "08"), ("22", "23"))
    ]  # fmt: skip
    places = {"ws-1": "West", "10.0.0.1": "West", "10.0.0.9": "East", "ws-9": "East"}
    stations = [{"host": host, "department": department} for host, department in places.items()]
    given = {"audit_events": opened, "relationships": care, "roster": [person("u1", department="East")]}
    engine = engine_of(tmp_path / "some", {**given, "workstations": stations})
    found = {day_of(row.day).day: (row.on_ward, row.in_care)
             for row in records(engine.lazy("unexplained_patients"))}  # fmt: skip
    assert found == {5: (1, 1), 6: (1, 1), 7: (0, 1), 20: (0, 1), 21: (0, 0), 22: (0, 1)}
    counts = {day_of(row.day).day: (row.unexplained, row.elsewhere, row.not_in_care)
              for row in records(engine.lazy("user_days"))}  # fmt: skip
    assert counts[5] == (1, 0, 0)
    assert counts[7] == counts[22] == (1, 1, 0)
    assert counts[21] == (1, 1, 1)
    without = engine_of(tmp_path / "none", given).lazy("unexplained_patients")
    assert {row.on_ward for row in records(without)} == {0}


def test_without_care_records_nothing_is_called_explained(tmp_path: Path) -> None:
    """The count of unexplained patients is null then, not 0; all others stay."""
    found = days(tmp_path)
    assert {row["unexplained"] for row in found.values()} == {None}
    assert found["u1", date(2026, 10, 5)]["patients"] == 1


def peers(folder: Path, roster: list[dict[str, Any]]) -> dict[str, tuple[str, int]]:
    found = engine_of(folder, {"roster": roster}).frame("peer_groups")
    return {row.user_id: (row.peer_group, row.peers) for row in records(found)}


def test_small_groups_fall_back(tmp_path: Path) -> None:
    """Role and shift where eight share both, else the role, else all; the latest employment tells."""
    roster = [
        *(person(f"d{number}", role="nurse", shift="day") for number in range(9)),
        *(person(f"n{number}", role="nurse", shift="night") for number in range(2)),
        person("chief", role="physicist", shift="day"),
        person("d0", role="physicist", shift="day", employed_from=date(2026, 12, 1)),
        person("n1", role="nurse", shift="day", employed_from=date(2026, 6, 1)),
    ]
    found = peers(tmp_path, roster)
    assert found["d0"] == found["n1"] == ("nurse, day", 10)
    assert found["n0"] == ("nurse", 11)
    assert found["chief"] == ("all", 12)
