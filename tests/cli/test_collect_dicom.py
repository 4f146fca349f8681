"""`riskkit collect dicom` by hand: a store, its change, a restored copy, and what a report says of them."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from random import Random

import pytest

import riskkit
from benchmarks.made.stores import small
from tests import packs

SITE = "organisation: Test\nsynthetic: true\nfirst_period: '2026-01'\n"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    chance = Random(3)  # noqa: S311 - for test data
    folder = tmp_path / "store"
    folder.mkdir()
    for number in range(4):
        (folder / f"{number}.dcm").write_bytes(small(chance))
    return folder


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    folder = tmp_path / "pack"
    (folder / "inventory").mkdir(parents=True)
    (folder / "site.yaml").write_text(SITE)
    (folder / "inventory" / "systems.csv").write_text(
        "system_id,name,kind,holds_ephi\npacs,PACS,archive,true\n"
    )
    return folder


def collected(store: Path, pack: Path, *options: str) -> str:
    """Run the verb; what it told."""
    time.sleep(1.1)  # evidence is named by the second
    done = packs.riskkit(
        "collect", "dicom", str(store), "--system", "pacs", "--out", str(pack / "dicom"), *options
    )
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).is_file()
    return done.stderr


@pytest.mark.slow
def test_changes_and_restores_are_judged(store: Path, pack: Path, tmp_path: Path) -> None:
    """Two walks with digests around a change, and a whole and a damaged copy: each has its verdict."""
    copy, damaged = tmp_path / "copy", tmp_path / "damaged"
    shutil.copytree(store, copy)
    shutil.copytree(store, damaged)
    content = (damaged / "1.dcm").read_bytes()
    (damaged / "1.dcm").write_bytes(content[:-100])
    said = collected(store, pack, "--digests", "--max-files-s", "0", "--workers", "2")
    assert "4 files, 4 of them read" in said
    collected(copy, pack, "--restored-copy")
    collected(damaged, pack, "--restored-copy")
    content = (store / "2.dcm").read_bytes()
    (store / "2.dcm").write_bytes(content[:-2] + b"\1\1")
    assert "4 files, 1 of them read" in collected(store, pack, "--digests")
    found = compared(pack)
    (change,) = [subject for subject in found if subject.startswith(f"{store}: ")]
    assert {subject: result for subject, (result, _) in found.items()} == {
        change: "FAIL",
        str(copy): "FAIL",  # the store was altered after the backup: somebody must look
        str(damaged): "FAIL",
    }
    assert "1 image got other pixel data and none another header only" in found[change][1]
    assert "Of 4 restored images 1 has other pixel data" in found[str(copy)][1]
    assert "Of 4 restored images 2 have other pixel data" in found[str(damaged)][1]
    collected(store, pack, "--digests")
    found = compared(pack)
    assert (found[str(store)][0], found[change][0]) == ("PASS", "FAIL")
    before, after = change.removeprefix(f"{store}: ").split(" to ")
    (pack / "dicom" / "explained_changes.csv").write_text(
        "root,walk_before,walk_after,pixels,headers,reason,document,explained_by,checked_by,explained_on\n"
        f"{store},{before},{after},1,0,sent again,ticket 7,archive,modality,{time.strftime('%Y-%m-%d')}\n"
    )
    assert compared(pack)[change][0] == "PASS"


def compared(pack: Path) -> dict[str, tuple[str, str]]:
    """Verdicts of this month on images that changed and on copies, by subject."""
    assessment = riskkit.open(pack, period=time.strftime("%Y-%m", time.gmtime()))
    found: dict[str, tuple[str, str]] = {
        verdict.subject: (verdict.result, verdict.message)
        for outcome in assessment.outcomes
        for verdict in outcome.verdicts
        if outcome.check.id in ("integrity.image_changed", "backup.restored_copy_differs")
    }
    found.pop("history", None)  # earlier months are not in this pack
    return found


def test_options_that_cannot_hold_are_refused(store: Path, pack: Path) -> None:
    """Wrong hours, and a place within the store, are clear errors with exit code 2."""
    for options in (("--between", "8-9"), ("--out", str(store / "dicom"))):
        done = packs.riskkit(
            "collect", "dicom", str(store), "--system", "pacs", "--out", str(pack / "dicom"), *options
        )
        assert done.returncode == 2
        assert "Traceback" not in done.stderr
