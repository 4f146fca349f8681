"""Detectors: what was planted among the days of thirty people is found, and clean days are left alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from riskkit.assess.engine import Engine
from riskkit.model import Signal, Verdict
from tests.evidence import AT, check_of, engine_of, event, person, us

DAY_US = 86_400_000_000
FIRST = us("2026-10-01 00:00")
PLANTED = date(2026, 10, 20)
WARDS = ("east", "west")
STRANGERS = [f"P{number:04d}" for number in range(400, 700)]
NAMES = [f"Family{number}" for number in range(60)]
Tables = Mapping[str, list[dict[str, Any]]]

FOUND = {
    "access.unexplained_volume": ["u01"],
    "access.same_household": ["u02"],
    "access.same_surname": ["u03"],
    "access.coworker_record": ["u04"],
    "access.vip_record": ["u06"],
    "access.patient_swarm": ["u07", "u09", "u11"],
    "access.repeated_patient": ["u13"],
    "access.patient_volume": ["u14"],
    "access.export_volume": ["u15"],
    "access.sequential_records": ["u16"],
    "access.break_glass_unexplained": ["u17"],
    "access.relational_novelty": ["u18"],
    "access.slow_accumulation": ["u19"],
}
INVOLVED = {user for users in FOUND.values() for user in users} | {"u08", "u10", "u12"}
DETECTORS = pytest.mark.parametrize("name", FOUND)


def _patient(number: int) -> dict[str, Any]:
    return {
        "patient_id": f"P{number:04d}",
        "family_name": NAMES[number % len(NAMES)],
        "given_name": f"Given{number}",
        "address": f"{number} Some Street",
        "vip": number in (420, 520, 620),
    }


def _people() -> list[dict[str, Any]]:
    """Thirty people: two wards, three roles; u03 has a name that one patient shares."""
    roles = ("nurse", "physician", "technologist")
    return [
        person(
            f"u{number:02d}",
            role=roles[number % 3],
            shift="day",
            department=WARDS[number % 2],
            family_name="Quillfeather" if number == 3 else f"Worker{number}",
            given_name=f"Own{number}",
            address=f"{number} Staff Lane",
        )
        for number in range(30)
    ]


def _ordinary(random: np.random.Generator, first: int) -> Iterator[dict[str, Any]]:
    """Everyone opens a few records of the own ward a day, and a stranger's on one day in eight."""
    for day in range(first, 31):
        for number in range(30):
            low = 200 * (number % 2)
            seen = [f"P{low + int(p):04d}" for p in random.integers(0, 200, random.poisson(4) + 1)]
            seen += [STRANGERS[int(random.integers(300))] for _ in range(int(random.random() < 0.125))]
            for patient in seen:
                yield _opened(f"u{number:02d}", patient, day, int(random.integers(8 * 60, 16 * 60)))
            if random.random() < 0.05:
                yield _opened(f"u{number:02d}", seen[0], day, 900, event_category="export")


def _opened(user: str, patient: str, day: int, minute: int, **columns: Any) -> dict[str, Any]:
    time = FIRST + day * DAY_US + minute * 60_000_000
    return event(time, user, columns.pop("event_category", "read"), patient_id=patient, **columns)


def _planted() -> Iterator[dict[str, Any]]:
    """One incident of each kind, most on October 20."""
    at = PLANTED.day - 1
    for number in range(12):
        yield _opened("u01", STRANGERS[(37 * number) % 300], at, 600 + 40 * (number % 8))
        yield _opened("u16", STRANGERS[100 + number], at, 600 + number)
        yield _opened("u18", f"P{number * 9 + 203:04d}", at, 500 + 13 * number)
    yield _opened("u02", "P0700", at, 600)
    yield _opened("u03", "P0701", at, 600)
    yield _opened("u04", "P0702", at, 600)
    for number in (420, 520, 620):
        yield _opened("u06", f"P{number:04d}", at, 600 + number)
    for number in range(7, 13):
        yield _opened(f"u{number:02d}", "P0703", at - number % 2, 700)
    for day in range(at - 8, at + 1, 2):
        yield _opened("u13", "P0704", day, 700)
    for number in range(45):
        yield _opened("u14", f"P{number:04d}", at, 500 + number)
        yield _opened("u15", f"P{number % 5 + 200:04d}", at, 500 + number, event_category="export")
    yield _opened("u17", "P0705", at, 600, break_glass=True)
    for day in range(31):
        yield _opened("u19", STRANGERS[(11 * day) % 300], day, 650)


def tables_of(*, planted: bool, first: int = -42) -> Tables:
    """Two wards whose patients are explained for those who work there; strangers are for nobody."""
    random = np.random.default_rng(4)
    special = [_patient(number) for number in range(700, 706)]
    special[0] |= {"address": "2, staff lane."}
    special[1] |= {"family_name": "Quillfeather"}
    return {
        "audit_events": [*_ordinary(random, first), *(_planted() if planted else ())],
        "roster": _people(),
        "patients": [*(_patient(number) for number in range(700)), *special],
        "self_match": [
            {"user_id": f"u{n:02d}", "patient_id": f"P{702 if n == 8 else 9000 + n:04d}"} for n in range(30)
        ],
        "relationships": [
            {
                "patient_id": f"P{number:04d}",
                "department": WARDS[number // 200],
                "valid_from_us": 0,
                "kind": "admission",
            }
            for number in range(400)
        ],
    }  # fmt: skip


def run(engine: Engine, name: str, **tunables: Any) -> dict[str, Verdict]:
    """What a detector says, by user."""
    check = check_of(name)
    values = {key: parameter.default for key, parameter in check.parameters.items()} | tunables
    return {verdict.subject: verdict for verdict in check.run(**engine.tables_for(check), **values, at=AT)}


def of_day(verdict: Verdict, day: date = PLANTED) -> list[Signal]:
    return [signal for signal in verdict.signals if signal.day == day]


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return engine_of(tmp_path_factory.mktemp("planted"), tables_of(planted=True))


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return engine_of(tmp_path_factory.mktemp("clean"), tables_of(planted=False))


@DETECTORS
def test_what_was_planted_is_found(planted: Engine, name: str) -> None:
    """The planted user stands out with rows and a reason; few others do."""
    said = run(planted, name)
    for user in FOUND[name]:
        if name == "access.slow_accumulation":
            assert min(signal.p for signal in said[user].signals if signal.day >= date(2026, 10, 14)) < 0.01
            continue
        days = {PLANTED, date(2026, 10, 19)} if name == "access.patient_swarm" else {PLANTED}
        signals = [signal for signal in said[user].signals if signal.day in days]
        assert signals, (user, said[user].message)
        assert min(signal.p for signal in signals) < 0.01
        assert all(signal.reason and signal.rows[0].keys for signal in signals)
    others = {user for user, verdict in said.items() if verdict.result == "FAIL"} - INVOLVED
    assert len(others) <= 1, {user: said[user].message for user in others}


@DETECTORS
def test_clean_days_are_left_alone(clean: Engine, name: str) -> None:
    """Nobody is put up for review by itself when nothing was planted, and rare signals are rare."""
    said = run(clean, name)
    if name == "access.break_glass_unexplained":
        assert not said
        return
    assert len(said) == 30
    assert [v.message for v in said.values() if v.result == "FAIL"] == []
    rare = sum(len({s.day for s in v.signals if s.p <= 0.01}) for v in said.values())
    assert rare <= 0.025 * 30 * 31


@DETECTORS
def test_nobody_is_named_in_reasons(planted: Engine, name: str) -> None:
    """Reasons hold numbers, never a name, a record number or a user."""
    for verdict in run(planted, name).values():
        for text in (verdict.message, *(signal.reason for signal in verdict.signals)):
            assert not any(word in text for word in ("Quill", "Family", "Worker", "Lane", "P0", "u0", "u1"))


def test_targeted_signals_name_the_patient(planted: Engine) -> None:
    """The queue can tell whose record it is about."""
    patients = {
        "access.same_household": ("u02", "P0700"),
        "access.same_surname": ("u03", "P0701"),
        "access.coworker_record": ("u04", "P0702"),
        "access.repeated_patient": ("u13", "P0704"),
        "access.break_glass_unexplained": ("u17", "P0705"),
    }
    for name, (user, patient) in patients.items():
        assert patient in {signal.patient_id for signal in of_day(run(planted, name)[user])}, name


def test_counts_are_told(planted: Engine) -> None:
    """The reason says what was seen beside what was expected."""
    (signal,) = of_day(run(planted, "access.unexplained_volume")["u01"])
    assert signal.observed in (12, 13)
    assert signal.expected < 1
    assert signal.reason.startswith(f"{signal.observed:.0f} unexplained patients vs 0.")


def test_names_can_be_switched_off(planted: Engine) -> None:
    """A site that holds names for a poor reason hears nothing of them."""
    assert run(planted, "access.same_surname", enabled=False) == {}


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """The planted evidence with an exemption, a common name and somebody whom the roster does not know."""
    tables = dict(tables_of(planted=True))
    tables["patients"] = [
        row | ({"family_name": "Quillfeather"} if number % 10 == 0 else {})
        for number, row in enumerate(tables["patients"])
    ]
    tables["roster"] = [row for row in tables["roster"] if row["user_id"] != "u01"]
    proxy = {"detector": "access.same_household", "user_id": "u02", "patient_id": "P0700"}
    tables["exemptions"] = [proxy | {"reason": "proxy", "approved_by": "privacy office"}]
    return engine_of(tmp_path_factory.mktemp("changed"), tables)


def test_a_common_name_discounts_itself(changed: Engine) -> None:
    """The same access is no signal when every tenth patient has the name."""
    said = run(changed, "access.same_surname")["u03"]
    assert said.result == "PASS"
    assert all(signal.p > 0.05 for signal in said.signals)


def test_exemptions_are_applied_and_counted(changed: Engine) -> None:
    """A proxy is set aside with the patient named in it, and the message tells."""
    said = run(changed, "access.same_household")["u02"]
    assert (said.result, said.signals) == ("PASS", ())
    assert "Exemptions of the site set aside 1 case." in said.message


def test_strangers_to_the_roster_are_unknown(changed: Engine) -> None:
    """Of a user without department nothing can be explained, so nothing is said."""
    said = run(changed, "access.unexplained_volume")["u01"]
    assert said.result == "UNKNOWN"
    assert not said.signals


def test_without_a_past_peers_tell(tmp_path: Path) -> None:
    """A trail that begins with the period still finds the plainest days, and says that it is degraded."""
    engine = engine_of(tmp_path, tables_of(planted=True, first=0))
    for name in ("access.unexplained_volume", "access.patient_volume", "access.export_volume"):
        said = run(engine, name)
        user = FOUND[name][0]
        assert "Degraded: with no earlier days" in said[user].message
        assert of_day(said[user])[0].p < 0.02, name
    assert not run(engine, "access.slow_accumulation")["u19"].signals


def test_the_trail_alone_tells_volumes_and_circles(tmp_path: Path) -> None:
    """With audit events only, what needs no care records still runs and says what it did without."""
    engine = engine_of(tmp_path, {"audit_events": tables_of(planted=True)["audit_events"]})
    assert of_day(run(engine, "access.patient_volume")["u14"])[0].p < 0.001
    assert of_day(run(engine, "access.export_volume")["u15"])[0].p < 0.001
    said = run(engine, "access.relational_novelty")["u18"]
    assert "Without care records" in said.message
    assert engine.state("unexplained_patients").state == "missing"


def test_who_is_in_nobodys_care_is_rarer(tmp_path: Path) -> None:
    """Of two colleagues' records the one whom nobody treats stands out more, and the reason says so."""
    tables = dict(tables_of(planted=True))
    others = [row for row in tables["audit_events"] if row["patient_id"] not in {"P0702"}]
    in_care = {"patient_id": "P0702", "department": "elsewhere", "valid_from_us": 0, "kind": "admission"}
    strangers = [{"patient_id": patient, "department": "elsewhere", "valid_from_us": 0, "kind": "visit"}
                 for patient in STRANGERS]  # fmt: skip
    once = [row for row in tables["audit_events"] if row["patient_id"] == "P0702"]
    found = {}
    for folder in ("nobody", "somebody"):
        (tmp_path / folder).mkdir()
    for name, more in (("nobody", strangers), ("somebody", [*strangers, in_care])):
        given = {**tables, "audit_events": [*others, *once],
                 "relationships": [*tables["relationships"], *more]}  # fmt: skip
        (found[name],) = of_day(run(engine_of(tmp_path / name, given), "access.coworker_record")["u04"])
    assert found["nobody"].p < found["somebody"].p / 10
    assert "in nobody's care" in found["nobody"].reason
    assert "in nobody's care" not in found["somebody"].reason
