"""The work folder: entries appear whole or not at all."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from riskkit.errors import EvidenceError
from riskkit.model.time import microseconds
from riskkit.store import MOST_MONTHS, REST, Store, draft_name, private_folder, purge, remove_abandoned

ROWS = pa.table({"a": [1, 2]})
WRITE_AND_WAIT = """
import sys, time, pathlib, pyarrow as pa
from riskkit.store import Store
with Store(pathlib.Path(sys.argv[1])).write("k") as entry:
    entry.append("t", pa.table({"a": [1, 2]}))
    print("written", flush=True)
    time.sleep(60)
"""
WRITE_OFTEN = """
import sys, pathlib, pyarrow as pa
from riskkit.store import Store
store = Store(pathlib.Path(sys.argv[1]))
for number in range(100):
    with store.write(f"k{number}") as entry:
        entry.append("t", pa.table({"a": range(1000)}))
        entry.receipt = {"rows": 1000}
"""


def fill(store: Store, key: str) -> None:
    with store.write(key) as entry:
        entry.append("t", ROWS)
        entry.append("t", ROWS)
        entry.receipt = {"rows": 4}


def test_an_entry_is_whole(tmp_path: Path) -> None:
    """Rows of several batches and the receipt come back."""
    store = Store(tmp_path)
    fill(store, "k")
    (path,) = store.files("k", "t")
    assert pq.read_table(path).num_rows == 4
    assert store.receipt("k") == {"rows": 4}
    assert store.files("k", "other") == ()


def test_an_interrupted_entry_is_none(tmp_path: Path) -> None:
    """A writer that dies leaves nothing that could be taken for rows."""
    store = Store(tmp_path)

    def die() -> None:
        with store.write("k") as entry:
            entry.append("t", ROWS)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        die()
    assert store.receipt("k") is None
    assert list(store.root.iterdir()) == []


def test_two_writers_of_one_key(tmp_path: Path) -> None:
    """The second of two runs finds the entry there and leaves it."""
    store = Store(tmp_path)
    with store.write("k") as first:
        fill(store, "k")
        first.append("t", ROWS)
        first.receipt = {"rows": 2}
    assert store.receipt("k") == {"rows": 4}


def test_a_damaged_entry_is_written_again(tmp_path: Path) -> None:
    """A folder without a readable receipt does not stand in the way."""
    store = Store(tmp_path)
    (store.root / "k").mkdir()
    (store.root / "k" / "receipt.json").write_text("{")
    fill(store, "k")
    assert store.receipt("k") == {"rows": 4}


def instants(*texts: str) -> pa.Table:
    times = [text and microseconds(datetime.fromisoformat(text).replace(tzinfo=UTC)) for text in texts]
    return pa.table({"at": pa.array(times, pa.int64())})


def test_events_lie_by_month(tmp_path: Path) -> None:
    """Each UTC month has a file, rows without a time one of their own; no row is lost or moved twice."""
    store = Store(tmp_path)
    october = ["2026-10-01T00:00:00", "2026-10-31T23:59:59.999999"]
    with store.write("k") as entry:
        entry.append("t", instants(*october, "2026-11-01T00:00:00", "1969-12-31T23:59:59"), by_month="at")
        entry.append("t", instants(None, *october), by_month="at")
        entry.append("other", ROWS)
    rows = {path.stem: pq.read_table(path).num_rows for path in store.files("k", "t")}
    assert rows == {"1969-12": 1, "2026-10": 4, "2026-11": 1, REST: 1}
    assert [path.name for path in store.files("k", "other")] == ["other.parquet"]


def test_times_that_no_calendar_holds_and_too_many_months_lie_together(tmp_path: Path) -> None:
    """However wild the times of a file are, few files are open at once, and every row is kept."""
    store = Store(tmp_path)
    wild = [-(2**62), 2**62, 2**63 - 1, -(2**63)]
    years = [microseconds(datetime(year, 1, 1, tzinfo=UTC)) for year in range(1, 2 * MOST_MONTHS)]
    with store.write("k") as entry:
        entry.append("t", pa.table({"at": pa.array(wild + years, pa.int64())}), by_month="at")
    paths = store.files("k", "t")
    assert 1 < len(paths) <= MOST_MONTHS + 1
    found = pa.concat_tables(pq.read_table(path) for path in paths)
    assert sorted(found["at"].to_pylist()) == sorted(wild + years)


@pytest.mark.parametrize("harm", ["cut", "lost"])
def test_an_entry_that_lost_rows_is_none(tmp_path: Path, harm: str) -> None:
    """A month's file that was cut or deleted leads to a new reading, never to fewer events."""
    store = Store(tmp_path)
    with store.write("k") as entry:
        entry.append("t", instants("2026-10-01", "2026-11-01"), by_month="at")
    path = store.files("k", "t")[1]
    if harm == "cut":
        path.write_bytes(path.read_bytes()[:-1])
    else:
        path.unlink()
    assert store.receipt("k") is None
    fill(store, "k")
    assert store.receipt("k") == {"rows": 4}


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX systems")
def test_a_killed_run_leaves_nothing_half_written(tmp_path: Path) -> None:
    """After kill -9 there is no entry, and the next run removes the draft; a living run keeps its own."""
    command = [sys.executable, "-c", WRITE_AND_WAIT, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == "written\n"
        beside = Store(tmp_path)
        assert len(list(beside.root.iterdir())) == 1
        assert beside.receipt("k") is None
        run.kill()
    store = Store(tmp_path)
    assert list(store.root.iterdir()) == []
    fill(store, "k")
    assert store.receipt("k") == {"rows": 4}


def test_two_processes_at_once(tmp_path: Path) -> None:
    """Both write the same hundred entries; all are there once, whole, and no draft is left."""
    runs = [subprocess.Popen([sys.executable, "-c", WRITE_OFTEN, str(tmp_path)]) for _ in range(2)]
    assert [run.wait(60) for run in runs] == [0, 0]
    store = Store(tmp_path)
    assert {path.name for path in store.root.iterdir()} == {f"k{number}" for number in range(100)}
    for number in range(100):
        assert store.receipt(f"k{number}") == {"rows": 1000}
        (path,) = store.files(f"k{number}", "t")
        assert pq.read_table(path).num_rows == 1000


def test_only_abandoned_drafts_go(tmp_path: Path) -> None:
    """A living run's draft and another host's stay for a day; what is no draft stays for ever."""
    mine, other = tmp_path / draft_name(), tmp_path / ".draft-otherhost-1-aa"
    old, entry = tmp_path / ".draft-otherhost-1-bb", tmp_path / "entry"
    for folder in (mine, other, old, entry):
        folder.mkdir()
        (folder / "file").write_text("")
    for folder in (old, entry):
        os.utime(folder, (time.time() - 90_000,) * 2)
    remove_abandoned(tmp_path)
    assert set(tmp_path.iterdir()) == {mine, other, entry}


@pytest.mark.skipif(os.name != "posix", reason="modes are of POSIX systems")
def test_the_folder_is_private(tmp_path: Path) -> None:
    """Only the owner may enter."""
    assert stat.S_IMODE(Store(tmp_path / "work").root.stat().st_mode) == 0o700


def test_a_folder_that_cannot_be_made_says_what_to_do(tmp_path: Path) -> None:
    """The error names the folder and the option."""
    (tmp_path / "file").write_text("")
    with pytest.raises(EvidenceError, match="--work"):
        private_folder(tmp_path / "file" / "work")


def test_purge_disposes_of_what_is_old_alone(tmp_path: Path) -> None:
    """Entries younger than the limit stay; what went is told with its size."""
    store = Store(tmp_path)
    fill(store, "old")
    fill(store, "new")
    now = (store.root / "new").stat().st_mtime + 50
    os.utime(store.root / "old", (now - 200, now - 200))
    disposed = purge(tmp_path, older_than_seconds=100, now=now)
    assert list(disposed) == ["store/old"]
    assert disposed["store/old"] > 0
    assert store.receipt("old") is None
    assert store.receipt("new") is not None
