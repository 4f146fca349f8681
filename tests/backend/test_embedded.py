"""DuckDB: joins run as written, and what does not fit in memory goes to disk."""

from __future__ import annotations

import gc
from pathlib import Path

import duckdb
import narwhals as nw
import numpy as np
import pyarrow as pa
import pytest

from riskkit.backend import start
from riskkit.backend.embedded import DuckDB
from riskkit.settings import Settings

USERS, PATIENTS, ACCESSES = 4_000, 20_000, 200_000


def skewed(engine: DuckDB) -> nw.LazyFrame:
    """Accesses of users to patients of the same surname, which half of both share."""
    random = np.random.default_rng(0)

    def names(number: int) -> np.ndarray:
        numbers = np.arange(number)
        return np.where(numbers % 2 == 0, numbers, -1)

    accesses = {
        "user": random.integers(0, USERS, ACCESSES),
        "patient": random.integers(0, PATIENTS, ACCESSES),
    }
    users = engine.hold(pa.table({"user": np.arange(USERS), "name": names(USERS)}))
    patients = engine.hold(pa.table({"patient": np.arange(PATIENTS), "name": names(PATIENTS)}))
    joined = engine.hold(pa.table(accesses)).join(users, on="user").join(patients, on=["patient", "name"])
    return joined.select(nw.len().alias("pairs"))


def test_a_skewed_join_begins_with_the_accesses() -> None:
    """Forty million pairs of a user and a patient of one name are never made; without the guard they are."""
    engine = DuckDB(None, memory_limit="100MB")
    query = skewed(engine)
    assert 0 < query.collect("pyarrow")["pairs"][0] < ACCESSES
    engine._connection.execute("SET disabled_optimizers = ''")
    with pytest.raises(duckdb.OutOfMemoryException):
        query.collect("pyarrow")


def test_beyond_the_limit_it_spills(tmp_path: Path) -> None:
    """The same rows are sorted with a place to spill that do not fit in memory without one."""
    rows = 1_500_000
    table = pa.table({"text": [f"{number * 7919 % rows:032d}" for number in range(rows)]})

    def ordered(spill: Path | None) -> int:
        engine = start("duckdb", spill, memory_limit="60MB")
        kept = engine.keep(engine.hold(table).sort("text"))
        return int(kept.select(nw.col("text").n_unique()).collect("pyarrow")["text"][0])

    assert ordered(tmp_path / "spill") == rows
    assert list(tmp_path.iterdir()) == []  # DuckDB takes away what it put there
    with pytest.raises(duckdb.OutOfMemoryException):
        ordered(None)


def test_what_is_computed_lies_on_disk_while_it_can_be_asked(tmp_path: Path) -> None:
    """Memory holds no kept table; the files go with the last frame that reads them, not with the engine."""
    engine = DuckDB(tmp_path / "spill", memory_limit="100MB")
    kept = engine.keep(engine.hold(pa.table({"number": range(1000)})).filter(nw.col("number") > 9))
    assert len(list((tmp_path / "spill").rglob("*.parquet"))) == 1
    del engine
    gc.collect()
    assert kept.select(nw.col("number").min()).collect("pyarrow")["number"][0] == 10
    del kept
    gc.collect()
    assert list(tmp_path.iterdir()) == []


def test_sums_are_kept_to_the_last_digit(tmp_path: Path) -> None:
    """DuckDB adds integers up to 128 bits, which a Parquet file would round."""
    engine = DuckDB(tmp_path / "spill", memory_limit="100MB")
    numbers = engine.hold(pa.table({"number": [2**62, 2**62, 1]}))
    kept = engine.keep(numbers.select(nw.col("number").sum()))
    assert int(kept.collect("pyarrow")["number"][0]) == 2**63 + 1


@pytest.mark.parametrize("limit", ["2GB", "1.5GB", "512 MB", "800MiB"])
def test_a_limit_of_the_settings_is_one_of_duckdb(limit: str) -> None:
    """What site.yaml accepts, DuckDB accepts."""
    assert Settings(memory_limit=limit).memory_limit == limit
    start("duckdb", memory_limit=limit)
