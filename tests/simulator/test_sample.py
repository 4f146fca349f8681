"""data/samples is what `riskkit simulate` writes with the arguments that its MANIFEST names."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from riskkit.simulator import simulate
from tests.simulator.packs import names, unpacked

SAMPLES = Path(__file__).parents[2] / "data" / "samples"
LARGEST = 4_000_000


def test_the_sample_can_be_made_again(tmp_path: Path) -> None:
    """Nobody edits the sample by hand. What is packed is compared unpacked: releases of zlib differ."""
    first = (SAMPLES / "MANIFEST").read_text().splitlines()[0]
    found = re.fullmatch(
        r"# riskkit simulate --seed (\d+) --days (\d+) --users (\d+) --period (\S+)( --full)?", first
    )
    assert found
    made = simulate(
        tmp_path / "again",
        seed=int(found[1]),
        days=int(found[2]),
        users=int(found[3]),
        period=found[4],
        small=not found[5],
    )

    assert names(SAMPLES) == names(made)
    for name in names(made):
        if name != "MANIFEST":
            assert unpacked(SAMPLES / name) == unpacked(made / name), name


def test_the_sample_is_as_its_manifest_says() -> None:
    """Every line of MANIFEST names a file with that SHA-256, and no file is left out."""
    lines = [line.split("  ") for line in (SAMPLES / "MANIFEST").read_text().splitlines()[1:]]

    assert [name for _, name in lines] == [name for name in names(SAMPLES) if name != "MANIFEST"]
    for digest, name in lines:
        assert hashlib.sha256((SAMPLES / name).read_bytes()).hexdigest() == digest, name


def test_the_sample_stays_small() -> None:
    """Everyone who clones the project gets it."""
    assert sum((SAMPLES / name).stat().st_size for name in names(SAMPLES)) < LARGEST
