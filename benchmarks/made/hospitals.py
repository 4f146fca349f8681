"""Simulated hospitals for benchmarks/detection.py: packs by seed, the truth about them, and poorer copies."""

from __future__ import annotations

import csv
import hashlib
import shutil
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from riskkit.simulator import simulate

USERS, DAYS, EACH = 500, 77, 2
PERIODS = ("2026-03", "2026-05", "2026-08", "2026-10", "2026-11")  # two with a change of clocks
ZONE = ZoneInfo("America/Chicago")
Key = tuple[date, str, str]
"""Local day, user, patient; the patient may be empty."""


@dataclass
class Truth:
    """What was planted in the last month: by incident, the days, users and patients that show it."""

    kinds: dict[str, str] = field(default_factory=dict)
    sealed: set[str] = field(default_factory=set)
    keys: dict[str, set[Key]] = field(default_factory=lambda: defaultdict(set))
    looks_wrong: dict[str, set[Key]] = field(default_factory=lambda: defaultdict(set))

    @property
    def user_days(self) -> set[tuple[date, str]]:
        """Days of users in which something wrong happened."""
        return {key[:2] for keys in self.keys.values() for key in keys}


@dataclass
class Case:
    """A pack without its labels, which detectors therefore cannot read, and the truth beside it."""

    pack: Path
    period: str
    truth: Truth

    @property
    def first(self) -> date:
        """First day of the last month."""
        return date.fromisoformat(f"{self.period}-01")


def seeds(tag: str, count: int) -> list[int]:
    """So many seeds that follow from a tag: nobody chose them."""
    return [int.from_bytes(hashlib.sha256(f"{tag} {n}".encode()).digest()[:4]) >> 1 for n in range(count)]


def period_of(seed: int) -> str:
    """The month that a seed's hospital ends with."""
    return PERIODS[seed % len(PERIODS)]


def make(folder: Path, seed: int, *, each: int = EACH, strength: float = 1.0, users: int = USERS) -> Case:
    """Simulate a hospital, and take its labels out of the pack."""
    pack, period = folder / "pack", period_of(seed)
    simulate(
        pack, seed=seed, days=DAYS, users=users, period=period, small=False, incidents=each, strength=strength
    )
    labels = folder / "labels"
    shutil.move(pack / ".labels", labels)
    return Case(pack, period, read_truth(labels, period))


def read_truth(labels: Path, period: str) -> Truth:
    """The incidents of the last month, by their events."""
    truth = Truth()
    about = {row["incident_id"]: row for row in _rows(labels / "labels.csv")}
    for row in _rows(labels / "events.csv"):
        incident = about[row["incident_id"]]
        day = datetime.fromisoformat(row["event_time"]).astimezone(ZONE).date()
        if f"{day:%Y-%m}" != period or incident["label"] == "technical":
            continue
        key = (day, row["user_id"], row["patient_id"])
        if incident["label"] == "innocent":
            truth.looks_wrong[row["incident_id"]].add(key)
            continue
        truth.kinds[row["incident_id"]] = incident["kind"]
        truth.keys[row["incident_id"]].add(key)
        if incident["sealed"] == "yes":
            truth.sealed.add(row["incident_id"])
    return truth


def poorer(case: Case, folder: Path, what: str) -> Case:
    """The same events with less beside them: `missing`, `no schedule` or `events alone`."""
    pack = folder / what.replace(" ", "_")
    if what == "events alone":
        pack.mkdir(parents=True)
        shutil.copy(case.pack / "site.yaml", pack)
        shutil.copytree(case.pack / "audit", pack / "audit")
        return Case(pack, case.period, case.truth)
    shutil.copytree(case.pack, pack, ignore=shutil.ignore_patterns(".riskkit"))
    if what == "no schedule":
        (pack / "people" / "schedule.csv").unlink()
    elif what == "missing":
        _thin(pack / "care" / "relationships.csv", percent=15)
    else:
        raise ValueError(what)
    return Case(pack, case.period, case.truth)


def _thin(path: Path, *, percent: int) -> None:
    """Leave out rows by their hash."""
    lines = path.read_bytes().splitlines(keepends=True)
    kept = [line for line in lines[1:] if int.from_bytes(hashlib.sha256(line).digest()[:4]) % 100 >= percent]
    path.write_bytes(b"".join([lines[0], *kept]))


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
