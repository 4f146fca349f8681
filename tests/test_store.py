"""The work folder: entries appear whole or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from riskkit.errors import EvidenceError
from riskkit.store import Store, private_folder, purge

ROWS = pa.table({"a": [1, 2]})


def fill(store: Store, key: str) -> None:
    with store.write(key) as entry:
        entry.append("t", ROWS)
        entry.append("t", ROWS)
        entry.receipt = {"rows": 4}


def test_an_entry_is_whole(tmp_path: Path) -> None:
    """Rows of several batches and the receipt come back."""
    store = Store(tmp_path)
    fill(store, "k")
    path = store.file("k", "t")
    assert path is not None
    assert pq.read_table(path).num_rows == 4
    assert store.receipt("k") == {"rows": 4}
    assert store.file("k", "other") is None


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
