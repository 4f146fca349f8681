"""DuckDB, embedded: the engine of a single machine."""

from __future__ import annotations

import shutil
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import narwhals as nw
import pyarrow as pa

KEPT = "kept"
NOT_IN_PARQUET = frozenset({"HUGEINT", "UHUGEINT"})
"""Types that Parquet files hold as floating point."""


class DuckDB:
    """One DuckDB connection in memory; beyond its limit it spills to disk instead of growing.

    With a place to spill, computed frames lie there as Parquet files while the engine or a frame of it is
    held: tables in memory would grow with the events, as far as the limit.
    """

    def __init__(self, spill: Path | None = None, *, memory_limit: str) -> None:
        config: dict[str, Any] = {
            "memory_limit": memory_limit,
            # Row order is settled by the columns that checks sort by, so the files' order need not be kept.
            "preserve_insertion_order": False,
            # Left to itself DuckDB would put rows, and so ePHI, into `.tmp` of the current folder.
            "temp_directory": str(spill) if spill is not None else "",
        }
        self._connection = duckdb.connect(":memory:", config=config)
        # Joins run as written, accesses first: the optimizer may begin with users and patients that
        # share a department, which are many more rows than there are accesses.
        self._connection.execute("SET disabled_optimizers = 'join_order'")
        # A trail of many files is asked again and again: what each file holds where is read once.
        self._connection.execute("SET parquet_metadata_cache = true")
        self._spill = spill
        self._made = 0
        if spill is not None:
            # Frames hold on to the connection: what they read goes when nobody can ask for it any more.
            weakref.finalize(self._connection, shutil.rmtree, spill, ignore_errors=True)

    def scan(self, files: Sequence[Path]) -> nw.LazyFrame[Any]:
        """Read Parquet files lazily; their statistics tell DuckDB which months it need not read."""
        return nw.from_native(self._connection.read_parquet([str(file) for file in files]))

    def hold(self, table: pa.Table) -> nw.LazyFrame[Any]:
        """Bring an Arrow table into the engine."""
        name = self._name()
        self._connection.register(f"{name}_arrow", table)
        self._connection.table(f"{name}_arrow").create(name)
        self._connection.unregister(f"{name}_arrow")
        return nw.from_native(self._connection.table(name))

    def keep(self, frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        """Compute a lazy frame once, inside the engine."""
        name, found = self._name(), frame.to_native()
        if self._spill is None or NOT_IN_PARQUET.intersection(map(str, found.types)):
            found.create(name)
            return nw.from_native(self._connection.table(name))
        folder = self._spill / KEPT
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / f"{name}.parquet"
        found.write_parquet(str(path), compression="zstd")
        return self.scan([path])

    def _name(self) -> str:
        self._made += 1
        return f"{KEPT}_{self._made}"
