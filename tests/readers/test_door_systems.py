"""What docs/door-systems.md says of the export of a door system holds."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from riskkit.readers.canonical import read
from tests.evidence import us
from tests.readers.reading import read_all

PAGE = Path(__file__).parents[2] / "docs" / "door-systems.md"


def test_the_mapping_of_the_page_reads_the_export_of_the_page() -> None:
    """Both passages are read, in the site's zone, and an event that is none is quarantined."""
    text = PAGE.read_text(encoding="utf-8")
    blocks = dict(reversed(re.findall(r"```(csv|yaml)\n(.*?)```", text, re.DOTALL)))
    odd = "10/5/2026 8:03:00 AM,Door forced open,,009120,Server room\n"
    reading = read_all(read, (blocks["csv"] + odd).encode(), mapping=yaml.safe_load(blocks["yaml"]))
    rows = reading.rows["facility_access"].to_pylist()
    assert [(row["badge"], row["passage"], row["passed_us"]) for row in rows] == [
        ("004417", "granted", us("2026-10-05 08:00:12")),
        ("009120", "denied", us("2026-10-05 08:02:40")),
    ]
    assert [one.reason for one in reading.quarantined["facility_access"]] == ["bad_value"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_german_export_of_the_page_is_read(encoding: str) -> None:
    """Its words and days are read by its mapping, in each encoding; another form of a day is not."""
    found = dict(re.findall(r"```(csv|yaml)\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL))
    reading = read_all(read, found["csv"].encode(encoding), mapping=yaml.safe_load(found["yaml"]))
    (row,) = reading.rows["facility_access"].to_pylist()
    assert (row["badge"], row["passage"], row["passed_us"]) == (
        "004417",
        "granted",
        us("2026-10-05 08:00:12"),
    )
    assert [one.reason for one in reading.quarantined["facility_access"]] == ["bad_value"]
