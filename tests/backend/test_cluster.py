"""Spark gives the same rows and the same verdicts as DuckDB, from the same expressions."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from riskkit.assess import open_pack
from riskkit.errors import SettingsError
from tests.packs import ROOT, SAMPLES

HAS_SPARK = importlib.util.find_spec("pyspark") is not None and shutil.which("java") is not None

ASK = """
import json, sys
from decimal import Decimal
from riskkit.assess import findings_json, open_pack
from riskkit.assess.registry import all_derived
from riskkit.model import Check
from riskkit.tables import TABLES, records

engine, pack, work, out = sys.argv[1:]
assessment = open_pack(pack, work=work, engine=engine)
tables = assessment.engine
names = [name for name in (*TABLES, *all_derived()) if tables.is_lazy(name)]

def same(value):
    # DuckDB adds up integers to 128 bits, which Arrow holds as decimals; Spark to 64.
    return int(value) if isinstance(value, Decimal) and value == int(value) else value

rows = {
    name: sorted(
        repr(sorted((column, same(value)) for column, value in row._asdict().items()))
        for row in records(tables.lazy(name))
    )
    for name in names
    if tables.state(name).state == "present"
}
content = {
    "findings": findings_json(assessment),
    "rows": rows,
    "lazy": [o.check.id for o in assessment.outcomes if any(map(tables.is_lazy, o.check.needs))],
}
with open(out, "w", encoding="utf-8") as file:
    json.dump(content, file, default=str)
"""

LOCAL = (
    "--master local[2] --conf spark.ui.enabled=false --conf spark.sql.shuffle.partitions=2 "
    "--conf spark.driver.memory=1g pyspark-shell"
)


@pytest.mark.skipif(HAS_SPARK, reason="pyspark and Java are installed")
def test_without_spark_the_error_says_what_to_install(tmp_path: Path) -> None:
    """Neither a traceback nor a run of NOT_ASSESSED outcomes: no engine, no result."""
    with pytest.raises(SettingsError, match=r"riskkit\[spark\]|Java"):
        open_pack(SAMPLES, work=tmp_path, engine="spark")


@pytest.mark.slow
@pytest.mark.skipif(
    not HAS_SPARK,
    reason='NOT TESTED HERE: pip install "riskkit[spark]" and Java start the comparison with Spark',
)
def test_the_engines_agree_on_the_sample_pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every big table and derived table row by row, every verdict with its rows, byte for byte."""
    monkeypatch.setenv("PYSPARK_SUBMIT_ARGS", LOCAL)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    found = {}
    for engine in ("duckdb", "spark"):
        out = tmp_path / f"{engine}.json"
        # One work folder for both: a memoized assessment belongs to the engine that made it.
        command = [sys.executable, "-c", ASK, engine, str(SAMPLES), str(tmp_path / "work"), str(out)]
        subprocess.run(command, check=True, capture_output=True, timeout=600)
        found[engine] = json.loads(out.read_text())
    one, other = found["duckdb"], found["spark"]
    assert len(one["lazy"]) >= 9
    assert len(one["rows"]["audit_events"]) > 1000
    assert {name: len(rows) for name, rows in one["rows"].items()} == {
        name: len(rows) for name, rows in other["rows"].items()
    }
    assert one["rows"] == other["rows"]
    for left, right in zip(one["findings"]["outcomes"], other["findings"]["outcomes"], strict=True):
        assert left == right
    assert one == other
