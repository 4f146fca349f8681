"""A large hospital with every kind of incident: what a benchmark of detectors rests on."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest

from riskkit.simulator import simulate
from riskkit.simulator.hospital import LARGE
from riskkit.simulator.incidents.sealed import SEALED
from tests.simulator.packs import messages, table

SIZE = {"days": 61, "users": LARGE, "small": False}


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The smallest of the large hospitals, with one incident of each kind."""
    return simulate(tmp_path_factory.mktemp("large") / "pack", seed=5, incidents=1, **SIZE)  # type: ignore[arg-type]


def labels(pack: Path) -> list[dict[str, str]]:
    return table(pack / ".labels/labels.csv")


def test_incidents_of_many_kinds_have_their_hard_negatives(large: Path) -> None:
    """Twenty kinds of wrong and a dozen that only look so; those that are sealed are marked."""
    kinds = {label: {row["kind"] for row in labels(large) if row["label"] == label} for label in
             ("inappropriate", "innocent")}  # fmt: skip
    sealed = {row["kind"] for row in labels(large) if row["sealed"] == "yes"}

    assert len(kinds["inappropriate"]) >= 20
    assert len(kinds["innocent"]) >= 12
    assert sealed == {plant.__name__ for plant in SEALED}


def test_every_incident_left_traces_in_the_trail(large: Path) -> None:
    """Nothing is labelled that the trail does not show, and nearly all of it falls into the last month."""
    exported = {(m.user, m.patient, m.at.replace(microsecond=0)) for m in messages(large)}
    wrong = {row["incident_id"]: row for row in labels(large) if row["label"] == "inappropriate"}
    found = [row for row in table(large / ".labels/events.csv") if row["incident_id"] in wrong]
    counts = Counter(row["incident_id"] for row in found)

    assert set(counts) == set(wrong)
    for row in found:
        at = datetime.fromisoformat(row["event_time"]).replace(microsecond=0)
        assert (row["user_id"], row["patient_id"], at) in exported
    last = [row for row in wrong.values() if row["starts"].startswith("2026-10")]
    assert len(wrong) - 4 <= len(last)


def test_the_duty_roster_is_mostly_right(large: Path) -> None:
    """Nine of ten shifts stand in it; float duty, rotations and on-call nights are among them."""
    rows = table(large / "people/schedule.csv")
    duties = Counter(row["duty"] for row in rows)
    roster = {row["user_id"] for row in table(large / "people/roster.csv")}

    assert {"shift", "float", "rotation", "on-call"} <= set(duties)
    assert {row["user_id"] for row in rows} <= roster
    assert all(row["starts"] < row["ends"] for row in rows)
    assert "Short Stay Unit" in {row["department"] for row in rows if row["starts"] >= "2026-10-15"}
    assert "Short Stay Unit" not in {row["department"] for row in rows if row["starts"] < "2026-10-10"}


def test_reasons_are_of_many_kinds(large: Path) -> None:
    """Orders, visits, readings, conferences, claims and more stand in the records."""
    kinds = {row["kind"] for row in table(large / "care/relationships.csv")}

    assert kinds >= {
        "order", "appointment", "admission", "read", "acquisition", "consult", "protocol", "registration",
        "claim", "ticket", "conference", "release", "transfer",
    }  # fmt: skip


def test_without_incidents_nothing_is_wrong(tmp_path: Path) -> None:
    """Hard negatives stay: they are what alerts on clean data come from."""
    pack = simulate(tmp_path / "pack", seed=5, incidents=0, days=31, users=LARGE)

    assert {row["label"] for row in labels(pack)} == {"innocent", "technical"}


def test_what_is_left_out_leaves_the_trail_as_it_was(tmp_path: Path) -> None:
    """Missing relationships, no duty roster or no other evidence at all: the same events."""
    size = {"seed": 5, "days": 20, "users": 20}
    whole = simulate(tmp_path / "whole", **size)  # type: ignore[arg-type]
    fewer = simulate(tmp_path / "fewer", missing=0.15, schedule=False, **size)  # type: ignore[arg-type]
    alone = simulate(tmp_path / "alone", events_only=True, **size)  # type: ignore[arg-type]

    trail = {path.name: path.read_bytes() for path in (whole / "audit").iterdir()}
    for pack in (fewer, alone):
        assert {path.name: path.read_bytes() for path in (pack / "audit").iterdir()} == trail
    rows = [len(table(pack / "care/relationships.csv")) for pack in (whole, fewer)]
    assert 0.7 < rows[1] / rows[0] < 0.95
    assert not (fewer / "people/schedule.csv").exists()
    assert sorted(path.name for path in alone.iterdir() if not path.name.startswith(".")) == [
        "MANIFEST", "audit", "evidence.csv", "site.yaml",
    ]  # fmt: skip
