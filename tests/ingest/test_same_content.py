"""Files of the same bytes: a second copy is left out, but not what a mapping says is of another system."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq

from riskkit.ingest import ingest
from riskkit.model import Evidence, Moment, Period
from riskkit.settings import Settings
from riskkit.store import Store
from tests.readers.reading import CHICAGO

LOG = "When,Who,Patient,What\n2026-10-05 08:00:00,ada,1001,VIEW\n2026-10-05 09:00:00,bob,1002,VIEW\n"
MAPPING = """table: audit_events
columns: {{When: event_time_us, Who: user_id, Patient: patient_id, What: event_category}}
values: {{event_category: {{VIEW: read}}}}
constants: {{source_system: {system}}}
"""


def read(pack: Path, **mappings: str) -> Evidence:
    """A pack with a copy of the log for each mapping."""
    (pack / "audit").mkdir(parents=True)
    for name, mapping in mappings.items():
        (pack / "audit" / f"{name}.csv").write_text(LOG)
        (pack / "audit" / f"{name}.csv.mapping.yaml").write_text(mapping)
    moment = Moment.closing(Period.parse("2026-10"), CHICAGO)
    return ingest(pack, Settings(), moment, Store(pack.parent / "work"))


def systems(evidence: Evidence) -> list[str]:
    return sorted(
        system
        for path in evidence.files["audit_events"]
        for system in pq.read_table(path)["source_system"].to_pylist()
    )


def test_a_second_copy_is_left_out(tmp_path: Path) -> None:
    """The same bytes under mappings that say the same, whatever their comments, count once."""
    evidence = read(
        tmp_path / "pack", a=MAPPING.format(system="pacs1"), b="# a copy\n" + MAPPING.format(system="pacs1")
    )
    assert systems(evidence) == ["pacs1", "pacs1"]
    told = {source.name: source.problem for source in evidence.sources}
    assert told["audit/b.csv"] == "has the same content as audit/a.csv"


def test_the_same_bytes_of_two_systems_are_two_trails(tmp_path: Path) -> None:
    """Under a mapping that names another system both are read, and a note says that events count for both."""
    evidence = read(
        tmp_path / "pack", a=MAPPING.format(system="pacs1"), b=MAPPING.format(system="vna"),
        c=MAPPING.format(system="vna"),
    )  # fmt: skip
    assert systems(evidence) == ["pacs1", "pacs1", "vna", "vna"]
    found = {source.name: source for source in evidence.sources}
    assert any("same content as audit/a.csv and another mapping" in one for one in found["audit/b.csv"].notes)
    assert found["audit/c.csv"].problem == "has the same content as audit/b.csv"
