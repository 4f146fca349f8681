"""However runs ended, overlapped or followed one another: the same evidence gives the same bytes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.packs import ROOT, SAMPLES, assess, canonical, copy_of_samples

OCTOBER = "2026-10"


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """What one undisturbed run says of the sample pack."""
    return canonical(assess(SAMPLES, tmp_path_factory.mktemp("work")))


def start(work: Path, stdout: int = subprocess.DEVNULL) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "riskkit", "assess", str(SAMPLES), "--work", str(work), "--json"]
    command += ["--fail-on", "never"]
    return subprocess.Popen(command, cwd=ROOT, stdout=stdout, stderr=subprocess.DEVNULL, text=True)


def drafts(work: Path) -> Iterator[Path]:
    return work.rglob(".draft-*")


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX systems")
@pytest.mark.parametrize("entries", [1, 20])
def test_a_killed_run(tmp_path: Path, fresh: bytes, entries: int) -> None:
    """Killed after some entries, a run costs the next one time and nothing else; no draft is left behind."""
    run = start(tmp_path)
    deadline = time.monotonic() + 60
    store = tmp_path / "store"
    while len(list(store.glob("[!.]*"))) < entries and run.poll() is None and time.monotonic() < deadline:
        time.sleep(0.002)
    assert run.poll() is None, "the run was over before it could be killed"
    run.kill()
    run.wait()
    assert canonical(assess(SAMPLES, tmp_path)) == fresh
    assert not list(drafts(tmp_path))


def test_two_runs_at_once(tmp_path: Path, fresh: bytes) -> None:
    """Two runs in one new work folder say what one would have said."""
    runs = [start(tmp_path, subprocess.PIPE), start(tmp_path, subprocess.PIPE)]
    said = [json.loads(run.communicate(timeout=120)[0]) for run in runs]
    assert [canonical(one) for one in said] == [fresh, fresh]
    assert not list(drafts(tmp_path))


def test_a_pack_that_grew(tmp_path: Path, fresh: bytes) -> None:
    """A month that is added to a store of the months before gives what all months at once give."""
    pack, aside = copy_of_samples(tmp_path / "pack"), tmp_path / "aside"
    aside.mkdir()
    later = [path for path in (pack / "audit").iterdir() if OCTOBER in path.name]
    assert later
    for path in later:
        path.rename(aside / path.name)
    assert canonical(assess(pack, tmp_path / "work")) != fresh
    for path in reversed(later):
        (aside / path.name).rename(path)
    assert canonical(assess(pack, tmp_path / "work")) == fresh


def test_a_store_that_lost_a_month(tmp_path: Path, fresh: bytes) -> None:
    """A partition that somebody deleted is read again, and never taken for a month without events."""
    assess(SAMPLES, tmp_path)
    for path in tmp_path.rglob(f"audit_events/{OCTOBER}.parquet"):
        path.unlink()
    for path in (tmp_path / "assessments").iterdir():
        path.unlink()
    assert canonical(assess(SAMPLES, tmp_path)) == fresh
