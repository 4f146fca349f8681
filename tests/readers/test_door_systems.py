"""What docs/door-systems.md says of the export of a door system holds."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from riskkit.readers.canonical import read
from tests.evidence import us
from tests.readers.reading import read_all

PAGE = Path(__file__).parents[2] / "docs" / "door-systems.md"


def test_the_mapping_of_the_page_reads_the_export_of_the_page() -> None:
    """Both passages are read, in the site's zone, and an event that is none is quarantined."""
    text = PAGE.read_text(encoding="utf-8")
    blocks = dict(re.findall(r"```(csv|yaml)\n(.*?)```", text, re.DOTALL))
    odd = "10/5/2026 8:03:00 AM,Door forced open,,009120,Server room\n"
    reading = read_all(read, (blocks["csv"] + odd).encode(), mapping=yaml.safe_load(blocks["yaml"]))
    rows = reading.rows["facility_access"].to_pylist()
    assert [(row["badge"], row["passage"], row["passed_us"]) for row in rows] == [
        ("004417", "granted", us("2026-10-05 08:00:12")),
        ("009120", "denied", us("2026-10-05 08:02:40")),
    ]
    assert [one.reason for one in reading.quarantined["facility_access"]] == ["bad_value"]
