"""Spark: the engine of a cluster. `pip install "riskkit[spark]"`, and Java."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import narwhals as nw
import pyarrow as pa

from riskkit.errors import SettingsError


class Spark:
    """One session on the cluster that the environment names, else on this machine.

    Master, memory and executors come from spark-defaults.conf or `spark-submit`, as for any other
    program; the work folder must be reachable under the same path from every node. Joins run as
    written unless spark.sql.cbo.enabled says otherwise, and skewed ones are split (adaptive execution).
    """

    def __init__(self) -> None:
        try:
            from pyspark.errors import PySparkRuntimeError  # noqa: PLC0415 - an extra
            from pyspark.sql import SparkSession  # noqa: PLC0415
        except ImportError as error:
            raise SettingsError(
                "engine spark: pyspark is not installed", do='pip install "riskkit[spark]"'
            ) from error
        try:
            # A session of our own: settings of the caller's session stay as they are.
            self._session = SparkSession.builder.appName("riskkit").getOrCreate().newSession()
        except PySparkRuntimeError as error:
            raise SettingsError(
                "engine spark: Spark does not start", do="Install Java 17 or later"
            ) from error
        # Times are integers, and dates must not shift by the zone of a node.
        self._session.conf.set("spark.sql.session.timeZone", "UTC")

    def scan(self, files: Sequence[Path]) -> nw.LazyFrame[Any]:
        """Read Parquet files lazily; their statistics tell Spark which months it need not read."""
        return _lazy(self._session.read.parquet(*(file.resolve().as_uri() for file in files)))

    def hold(self, table: pa.Table) -> nw.LazyFrame[Any]:
        """Bring an Arrow table into the engine."""
        return _lazy(self._session.createDataFrame(table))

    def keep(self, frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        """Compute a lazy frame once, inside the engine."""
        return _lazy(frame.to_native().persist())


def _lazy(frame: Any) -> nw.LazyFrame[Any]:
    lazy: nw.LazyFrame[Any] = nw.from_native(frame)
    return lazy
