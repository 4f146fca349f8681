"""`simulate` as a function: the same bytes for the same arguments, and nothing that it overwrites."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from riskkit.errors import SettingsError
from riskkit.settings import read_settings
from riskkit.simulator import simulate
from tests.simulator.packs import digests, messages, table

SHORT = {"days": 14, "users": 10}


def test_the_same_seed_gives_the_same_bytes(pack: Path, tmp_path: Path) -> None:
    """Every file, the packed ones and the workbook included, comes out the same a second time."""
    again = simulate(tmp_path / "again", seed=7)

    assert digests(again) == digests(pack)


def test_neither_the_hash_seed_nor_the_zone_of_the_machine_matters(pack: Path, tmp_path: Path) -> None:
    """Another process, with other hashes and another local time, writes the same bytes."""
    script = "import sys, pathlib, riskkit.simulator as s; s.simulate(pathlib.Path(sys.argv[1]), seed=7)"
    subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "again")],
        check=True,
        env={"PYTHONHASHSEED": "4711", "TZ": "Asia/Kathmandu", "LC_ALL": "C"},
    )

    assert digests(tmp_path / "again") == digests(pack)


def test_another_seed_gives_another_hospital(pack: Path, tmp_path: Path) -> None:
    """Other people, other patients, other days; the files have the same names but for their times."""
    other = simulate(tmp_path / "other", seed=8)

    for name in ("people/roster.csv", "care/patients.csv", "audit/viewer1-2026-10.log.gz", "MANIFEST"):
        assert digests(other)[name] != digests(pack)[name]


def test_a_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    """Nothing is overwritten, and nothing is written beside what is there."""
    (tmp_path / "notes.txt").write_text("mine")

    with pytest.raises(SettingsError, match="not empty"):
        simulate(tmp_path, seed=1)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_history_may_be_there_already(tmp_path: Path) -> None:
    """Findings of earlier periods stay, and are none of the manifest's files."""
    kept = tmp_path / "history" / "2026-09" / "findings.json"
    kept.parent.mkdir(parents=True)
    kept.write_text("{}")

    simulate(tmp_path, seed=1, **SHORT)

    assert kept.read_text() == "{}"
    assert "history" not in (tmp_path / "MANIFEST").read_text()


@pytest.mark.parametrize(
    "wrong", [{"period": "2026-13"}, {"period": "October"}, {"days": 3}, {"users": 4}], ids=str
)
def test_what_cannot_be_simulated_is_refused_before_anything_is_written(
    wrong: dict[str, object], tmp_path: Path
) -> None:
    """A wrong period or too small a hospital is an error, and leaves no folder."""
    with pytest.raises(SettingsError):
        simulate(tmp_path / "pack", seed=1, **wrong)  # type: ignore[arg-type]
    assert not (tmp_path / "pack").exists()


@pytest.mark.parametrize("period", ["2026-03", "2028-02", "2026-11", "2026-12"])
def test_any_month_can_be_the_last_one(period: str, tmp_path: Path) -> None:
    """Leap years, changes of daylight saving time and turns of the year are days like others."""
    pack = simulate(tmp_path / "pack", seed=3, period=period, **SHORT)  # type: ignore[arg-type]

    settings = read_settings(pack)
    assert settings.period == period
    local = {message.at.astimezone(settings.timezone) for message in messages(pack)}
    assert {f"{at:%Y-%m}" for at in local} == {period}
    assert {row["file"] for row in table(pack / "evidence.csv")}


def test_a_full_pack_records_more_of_the_same_hospital(tmp_path: Path) -> None:
    """`small` leaves out accesses and files, not people."""
    small = simulate(tmp_path / "small", seed=3, **SHORT)  # type: ignore[arg-type]
    full = simulate(tmp_path / "full", seed=3, small=False, **SHORT)  # type: ignore[arg-type]

    assert (small / "people/roster.csv").read_bytes() == (full / "people/roster.csv").read_bytes()
    assert sum(1 for _ in messages(full)) > sum(1 for _ in messages(small))


def test_only_the_owner_may_look(pack: Path) -> None:
    """Folders are 0700 and files 0600, as for real evidence."""
    modes = {
        ("folder" if path.is_dir() else "file", stat.S_IMODE(path.stat().st_mode))
        for path in (pack, *pack.rglob("*"))
    }

    assert modes == {("folder", 0o700), ("file", 0o600)}
