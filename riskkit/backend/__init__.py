"""The engines under big tables: the same narwhals expressions on DuckDB here or on Spark in a cluster."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import narwhals as nw
import pyarrow as pa

from riskkit.settings import MEMORY_LIMIT, EngineName


class Backend(Protocol):
    """An engine; frames that it made can be joined with each other, and with no others'."""

    def scan(self, files: Sequence[Path]) -> nw.LazyFrame[Any]:
        """Read Parquet files of one table lazily; at least one."""

    def hold(self, table: pa.Table) -> nw.LazyFrame[Any]:
        """Bring an Arrow table into the engine."""

    def keep(self, frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        """Compute a lazy frame once, inside the engine."""


def start(engine: EngineName, spill: Path | None = None, *, memory_limit: str = MEMORY_LIMIT) -> Backend:
    """Start an engine by its name.

    spill: where DuckDB may put what goes beyond `memory_limit`; Spark is configured where it runs.
    Raises SettingsError when Spark is asked for and is not installed or does not start.
    """
    if engine == "spark":
        from riskkit.backend.cluster import Spark  # noqa: PLC0415 - an extra that most sites do not install

        return Spark()
    from riskkit.backend.embedded import DuckDB  # noqa: PLC0415 - not needed on a cluster

    return DuckDB(spill, memory_limit=memory_limit)
