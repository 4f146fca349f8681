"""A trail that is taken in turns gives what the whole of it gives."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from riskkit.derived import turns
from riskkit.derived.baseline import first_in_view
from riskkit.derived.clock_days import local_day_number
from riskkit.tables import records
from tests.evidence import AT, ask, engine_of, event, person, us

MINUTES, FEW = 10, 3
CHECKS = (
    "access.action_rare_for_role",
    "access.dormant_account_revived",
    "access.foreign_workstation",
    "access.impossible_travel",
    "access.off_duty",
    "access.two_places_at_once",
)
STATIONS = [
    {"host": f"ws{n}", "zone": f"zone {n % 3}", "department": f"d{n % 2}", "site": f"site {n % 2}"}
    for n in range(6)
]


def trail() -> list[dict[str, Any]]:
    """Half a year of people who change places within minutes, often around midnight."""
    random = np.random.default_rng(1)
    found = []
    for _ in range(60):
        begin = us("2026-05-01 00:00") + int(random.integers(0, 184)) * 86_400_000_000
        user = f"u{random.integers(0, 5)}"
        for _ in range(int(random.integers(2, 9))):
            moment = begin + int(random.integers(-20, 20)) * 60_000_000
            place = f"WS{random.integers(0, 6)}"
            kind = ("read", "query", "export")[random.integers(0, 3)]
            found.append(event(moment, user, kind, patient_id="p1", source_host=place))
    return found + [event(f"2026-10-20 09:{minute:02}", "u1", "delete") for minute in range(20)]


TRAIL = trail()
TABLES: dict[str, Any] = {
    "audit_events": TRAIL,
    "roster": [person(f"u{n}") for n in range(4)],
    "workstations": STATIONS,
    "schedule": [
        {
            "user_id": "u1",
            "starts_us": us(f"2026-10-{day:02} 07:00"),
            "ends_us": us(f"2026-10-{day:02} 15:00"),
        }
        for day in range(1, 32)
    ],
}


def test_each_event_in_view_has_one_turn_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Turns begin and end with local days, and hold what happened shortly before them as well."""
    events = engine_of(tmp_path, TABLES).lazy("audit_events")
    monkeypatch.setattr(turns, "AT_ONCE", 20)
    since = first_in_view(AT)
    times: list[int] = []
    days: list[set[int]] = []
    reaching = 0
    for turn in turns.turns(events, AT, since, MINUTES * 60_000_000):
        rows = list(records(turn.trail.filter(turn.own).with_columns(day=local_day_number(AT))))
        times += [row.event_time_us for row in rows]
        days.append({row.day for row in rows})
        reaching += len(list(records(turn.trail))) - len(rows)
    begin = us(f"{since} 00:00")
    assert sorted(times) == sorted(
        row["event_time_us"] for row in TRAIL if begin <= row["event_time_us"] < AT.end_us
    )
    assert len(days) > FEW
    assert reaching > 0
    assert sum(map(len, days)) == len(set().union(*days))


@pytest.mark.parametrize("name", CHECKS)
def test_turns_change_no_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A few days at a time say the same, to the last row, as all days at once."""
    whole = ask(name, tmp_path, AT, **TABLES)
    monkeypatch.setattr(turns, "AT_ONCE", 20)
    assert ask(name, tmp_path, AT, **TABLES) == whole
    assert any(verdict.signals for verdict in whole)


def test_a_period_without_events_has_one_turn(tmp_path: Path) -> None:
    """Nothing is asked more often than needed."""
    only = [event("2026-10-05 08:00", "u1", patient_id="p1")]
    events = engine_of(tmp_path, {"audit_events": only}).lazy("audit_events")
    assert len(list(turns.turns(events, AT, date(2026, 10, 20)))) == 1
