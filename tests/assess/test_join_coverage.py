"""What other evidence knows of the trail: ids that were written anew are told, and never matched."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from riskkit.assess import review_queue
from riskkit.assess.engine import Engine
from riskkit.assess.expected import Inventory
from riskkit.assess.history import History
from riskkit.assess.judge import Court, judge
from riskkit.derived.join_coverage import LEAST_PERCENT, Coverage
from riskkit.model import Outcome
from riskkit.settings import Settings
from tests.evidence import AT, Rows, check_of, engine_of, event, person, us
from tests.packs import copy_of_samples

NUMBERS = [f"{number:08}" for number in range(104_000, 104_040)]
USERS = [f"u{number}" for number in range(8)]


def trail() -> list[dict[str, Any]]:
    return [
        event(f"2026-10-{1 + at % 28:02} 10:{at:02}", USERS[at % len(USERS)], patient_id=number)
        for at, number in enumerate(NUMBERS)
    ]


def evidence(spelled: Callable[[str], str] = str) -> dict[str, list[dict[str, Any]]]:
    """A small hospital in which every list knows everybody; `spelled` rewrites the patient list."""
    return {
        "audit_events": trail(),
        "roster": [person(user) for user in USERS],
        "patients": [
            {"patient_id": spelled(number), "family_name": "N", "vip": at == 0}
            for at, number in enumerate(NUMBERS)
        ],
        "relationships": [
            {
                "patient_id": number,
                "department": "radiology",
                "valid_from_us": us("2026-09-01 00:00"),
                "kind": "order",
            }
            for number in NUMBERS
        ],
        "self_match": [{"user_id": user, "patient_id": NUMBERS[at]} for at, user in enumerate(USERS)],
    }


def found(folder: Path, tables: Mapping[str, Rows]) -> dict[str, Coverage]:
    return {join.join: join for join in engine_of(folder, tables).coverage}


def judged(name: str, engine: Engine, **parameters: Any) -> Outcome:
    chosen = Settings(checks={name: parameters}) if parameters else Settings()
    held = engine._evidence
    return judge(check_of(name), Court(chosen, AT, held, engine, History(), Inventory(), {}, str))


def test_everything_is_found_where_ids_are_equal(tmp_path: Path) -> None:
    """Every list that knows everybody is whole, and no join is short."""
    joins = found(tmp_path, evidence())
    assert set(joins) == {"patients", "relationships", "roster", "carers", "own_users", "own_numbers"}
    assert not any(join.short for join in joins.values())
    assert all(join.whole for join in joins.values())
    assert joins["patients"][1:] == (40, 40, 40, 40, 0, 0)


@pytest.mark.parametrize(
    ("spelled", "zeros", "affixes"),
    [
        (lambda number: number.lstrip("0"), 40, 0),
        (lambda number: f" {number} ", 40, 0),
        (lambda number: f"{number}^^^GENERAL", 0, 40),
        (lambda number: f"MRN{number}", 0, 40),
        (lambda number: f"{number}-A", 0, 40),
        (lambda number: f"{int(number) + 900_000}", 0, 0),
    ],
    ids=["zeros", "blanks", "issuer", "prefix", "suffix", "others"],
)
def test_ids_written_anew_are_counted(
    tmp_path: Path, spelled: Callable[[str], str], zeros: int, affixes: int
) -> None:
    """Lost zeros, blanks, an issuer, a prefix and a suffix are told apart; other numbers are only missing."""
    join = found(tmp_path, evidence(spelled))["patients"]
    assert (join.found, join.zeros, join.affixes) == (0, zeros, affixes)
    assert join.short
    assert ("spreadsheet" in join.told()) == bool(zeros)
    assert ("before or behind" in join.told()) == bool(affixes)
    assert join.told().startswith("None of 40 patients of the trail are in care/patients.csv")


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sets(st.integers(0, 39)), st.sets(st.integers(0, 39)))
def test_no_id_is_matched_that_is_not_equal(
    tmp_path_factory: pytest.TempPathFactory, stripped: set[int], gone: set[int]
) -> None:
    """Found and rewritten ids add up, whichever were rewritten or are missing from the list."""
    rows = evidence()
    rows["patients"] = [
        row | {"patient_id": row["patient_id"].lstrip("0") if at in stripped else row["patient_id"]}
        for at, row in enumerate(rows["patients"])
        if at not in gone
    ] or [{"patient_id": "x", "family_name": "N"}]
    join = found(tmp_path_factory.mktemp("given"), rows)["patients"]
    assert (join.zeros, join.found) == (len(stripped - gone), 40 - len(stripped | gone))
    assert join.short == (bool(stripped - gone) or join.found * 100 < LEAST_PERCENT * 40)


@pytest.mark.parametrize(
    "name",
    ["access.vip_record", "access.same_household", "access.coworker_record", "access.sequential_records",
     "access.same_surname"],
)  # fmt: skip
def test_a_patient_list_without_zeros_is_no_pass(tmp_path: Path, name: str) -> None:
    """What targeted detectors cannot see is unknown, with the numbers and the hint, in every verdict."""
    (tmp_path / "sound").mkdir()
    sound = judged(name, engine_of(tmp_path / "sound", evidence()))
    assert not any("spreadsheet" in one.message for one in sound.verdicts)
    outcome = judged(name, engine_of(tmp_path, evidence(lambda number: number.lstrip("0"))))
    assert {one.result for one in outcome.verdicts} == {"UNKNOWN"}
    assert all("40 more would match without leading zeros" in one.message for one in outcome.verdicts)
    assert "None of 40 patients of the trail are in care/patients.csv" in outcome.reason
    assert outcome.condition == "PARTIAL"


def test_a_few_lost_zeros_are_enough(tmp_path: Path) -> None:
    """Where a tenth of the ids lost their zeros, nine in ten are found, and no pass stands all the same."""
    rows = evidence(lambda number: number.lstrip("0") if number.endswith("3") else number)
    assert {one.result for one in judged("access.vip_record", engine_of(tmp_path, rows)).verdicts} == {
        "UNKNOWN"
    }


def test_a_list_that_lacks_some_strangers_still_tells(tmp_path: Path) -> None:
    """A tenth of the patients may be unknown to the list: it is told, and passes stand."""
    rows = evidence()
    rows["patients"] = rows["patients"][4:]
    outcome = judged("access.same_surname", engine_of(tmp_path, rows))
    assert "36 of 40 patients of the trail are in care/patients.csv" in outcome.reason
    assert not any("patients of the trail" in one.message for one in outcome.verdicts)


def test_own_records_without_zeros(tmp_path: Path) -> None:
    """Who opened the own record is not said to have kept to the portal because a number was rewritten."""
    rows = evidence()
    rows["self_match"] = [row | {"patient_id": row["patient_id"].lstrip("0")} for row in rows["self_match"]]
    outcome = judged("access.own_record", engine_of(tmp_path, rows), policy="portal")
    assert {one.result for one in outcome.verdicts} == {"UNKNOWN"}
    assert "None of 8 own record numbers are in the trail or in care/patients.csv; 8 more" in outcome.reason
    (tmp_path / "sound").mkdir()
    sound = judged("access.own_record", engine_of(tmp_path / "sound", evidence()), policy="portal")
    assert {one.result for one in sound.verdicts} == {"FAIL"}


@pytest.mark.parametrize("domain", ["HOSPITAL\\{}", "{}@hospital.example"])
def test_users_with_a_domain(tmp_path: Path, domain: str) -> None:
    """A roster that writes ids with a domain knows nobody, so nothing that departments explain is judged."""
    rows = evidence()
    rows["roster"] = [person(domain.format(user)) for user in USERS]
    engine = engine_of(tmp_path, rows)
    join = next(join for join in engine.coverage if join.join == "roster")
    assert (join.found, join.affixes, join.short) == (0, 8, True)
    told = judged("access.terminated_account_in_use", engine)
    assert not any(one.result == "PASS" for one in told.verdicts)
    assert not any(one.result == "PASS" for one in judged("access.unexplained", engine).verdicts)


def test_a_map_of_few_workstations(tmp_path: Path) -> None:
    """Places are judged only where the list knows most workstations; else it is told how many it knows."""
    rows = evidence()
    rows["audit_events"] = [
        row | {"source_host": f"ws-{at % 10}.hospital.example"} for at, row in enumerate(rows["audit_events"])
    ]
    few = [{"host": "WS-0.hospital.example", "zone": "a", "site": "main", "department": "radiology"}]
    short = [{"host": f"ws-{at}", "zone": "a", "site": "main"} for at in range(10)]
    for folder, listed, known, near in (("few", few, 4, 0), ("short", short, 0, 10)):
        (tmp_path / folder).mkdir()
        engine = engine_of(tmp_path / folder, {**rows, "workstations": listed})
        join = next(join for join in engine.coverage if join.join == "workstations")
        assert (join.ids, join.found_events, join.affixes, join.short) == (10, known, near, True)
        for name in ("access.impossible_travel", "access.two_places_at_once", "access.foreign_workstation"):
            assert not any(one.result == "PASS" for one in judged(name, engine).verdicts), name


def test_triage_names_what_ran_in_part(tmp_path: Path) -> None:
    """Detectors that the lost zeros silence have not run; those that also look elsewhere ran in part."""
    pack = copy_of_samples(tmp_path / "pack")
    for place in ("care/patients.csv", "people/self_match.csv"):
        with (pack / place).open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        with (pack / place).open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, rows[0].keys())
            writer.writeheader()
            writer.writerows(row | {"patient_id": row["patient_id"].lstrip("0")} for row in rows)
    stations = pack / "people" / "workstations.csv"
    stations.write_text("".join(stations.read_text(encoding="utf-8").splitlines(keepends=True)[:3]))
    queue = review_queue(pack, work=tmp_path / "work")
    silent = {"vip_record", "same_household", "coworker_record", "same_surname", "sequential_records"}
    why = dict(queue.not_run)
    assert all("without leading zeros" in why[f"access.{name}"] for name in silent)
    assert "at a workstation of people/workstations.csv" in why["access.two_places_at_once"]
    parts = {name: told for told, names in queue.in_part for name in names}
    assert "at a workstation of people/workstations.csv" in parts["access.unexplained_volume"]
    assert not parts.keys() & why.keys()
