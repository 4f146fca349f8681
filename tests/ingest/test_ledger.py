"""What changed between two runs is told, and nothing rests on it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from riskkit.assess import open_pack
from riskkit.ingest.ledger import LEDGER, is_known, remember_files, since_last
from tests.packs import assess, canonical, copy_of_samples, riskkit

CHANGED, GONE = "people/roster.csv", "programme/training.csv"
OCTOBER = "history/2026-09/findings.json"


def spoil(pack: Path) -> None:
    """Add a blank line to one file and take another away."""
    (pack / CHANGED).write_bytes((pack / CHANGED).read_bytes() + b"\n")
    (pack / GONE).unlink()


def test_the_command_line_tells_once_and_an_open_pack_tells_until_then(tmp_path: Path) -> None:
    """`inspect` and `open` leave the note for `assess`, which says it on the side and compares anew."""
    pack = copy_of_samples(tmp_path / "pack")
    first = riskkit("assess", pack, "--fail-on", "never")
    assert "since the last" not in first.stderr
    spoil(pack)
    for _ in range(2):
        found = open_pack(pack).evidence.since_last
        assert [line.split()[0] for line in found] == [CHANGED, GONE]
    looked = riskkit("inspect", pack)
    told = riskkit("assess", pack, "--fail-on", "never", "--json")
    for run in (looked, told):
        assert f"note: {CHANGED} changed since the last reading" in run.stderr
        assert f"note: {GONE} is gone since the last reading" in run.stderr
        assert "since the last" not in run.stdout
    assert "since the last" not in riskkit("assess", pack, "--fail-on", "never").stderr


def test_the_result_does_not_rest_on_it(tmp_path: Path) -> None:
    """The findings of a spoiled pack are the same bytes with a ledger and without one."""
    pack = copy_of_samples(tmp_path / "pack")
    assess(pack, tmp_path / "work")
    spoil(pack)
    told = open_pack(pack, work=tmp_path / "work")
    assert told.evidence.since_last
    assert canonical(assess(pack, tmp_path / "work")) == canonical(assess(pack, tmp_path / "fresh"))


def test_a_ledger_knows_when_it_saw_a_content_first(tmp_path: Path) -> None:
    """Runs are counted by pack, so that no clock is needed."""
    pack = copy_of_samples(tmp_path / "pack")
    riskkit("assess", pack, "--fail-on", "never")
    spoil(pack)
    riskkit("assess", pack, "--fail-on", "never")
    (known,) = json.loads((pack / ".riskkit" / LEDGER).read_text()).values()
    runs = {name: seen["first_run"] for name, seen in known["files"].items()}
    assert runs.pop(CHANGED) == known["run"]
    assert set(runs.values()) == {1}
    assert GONE not in runs


def test_another_period_is_no_change(tmp_path: Path) -> None:
    """History that another period does not read is neither changed nor gone, until it is."""
    pack = copy_of_samples(tmp_path / "pack")
    assert OCTOBER in {source.name for source in open_pack(pack).evidence.sources}
    assert open_pack(pack, period="2026-09").evidence.since_last == ()
    (pack / OCTOBER).unlink()
    assert open_pack(pack, period="2026-09").evidence.since_last == (
        f"{OCTOBER} is gone since the last reading",
    )


def test_packs_share_a_work_folder_and_move_with_theirs(tmp_path: Path) -> None:
    """Each pack is compared with itself, also after its folder got another name."""
    one, work = copy_of_samples(tmp_path / "one"), tmp_path / "work"
    other = tmp_path / "other"
    shutil.copytree(one, other)
    (other / GONE).unlink()
    assert open_pack(one, work=work).evidence.since_last == ()
    assert open_pack(other, work=work).evidence.since_last == ()
    open_pack(one)
    spoil(one)
    one.rename(tmp_path / "moved")
    assert len(open_pack(tmp_path / "moved").evidence.since_last) == 2


def test_a_damaged_ledger_is_an_empty_one(tmp_path: Path) -> None:
    """It stands in nobody's way."""
    for content in ("{", "[]", '{".": 3}', '{".": {"files": [1]}}', '{".": {"run": 1, "files": {"a": 1}}}'):
        (tmp_path / LEDGER).write_text(content)
        assert not is_known(tmp_path, tmp_path)
        assert since_last(tmp_path, tmp_path, ()) == ()
        remember_files(tmp_path, tmp_path, ())
        assert is_known(tmp_path, tmp_path)
