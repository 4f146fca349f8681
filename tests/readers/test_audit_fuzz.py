"""Audit readers against damaged real files, through ingest: no crash, no hang, nothing lost."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from riskkit.ingest.read import read_into
from riskkit.ingest.unpack import Unpacked
from riskkit.ingest.walk import readers
from riskkit.model import Context, Reader
from riskkit.store import Store
from tests.readers.reading import CHICAGO, REAL_SAMPLES, SAMPLES

AUDIT = [reader for reader in readers() if "audit_events" in reader.tables]
LARGEST, MOST_SECONDS, ROUNDS = 300_000, 10, 150
MINDED = (
    b'"', b"'", b"<", b">", b"&", b"\\", b"{", b"}", b"[", b"]", b",", b":", b";", b"\n", b"\r", b"-",
    b"\x00", b"\xff", b"\xef\xbb\xbf", b"\xff\xfe", b"\xed\xa0\x80", b"]]>", b"<!--", b"<?xml", b"<!DOCTYPE",
    b"&#0;", b"%00", b"%zz", b"1e999", b"9" * 400, b"NaN", b"null", b"\\ud800", b"{" * 100,
    b"2026-02-30T25:61:61Z",
)  # fmt: skip


def samples() -> list[Path]:
    """Every audit file of other people, and the readers' own samples."""
    real = [path for path in (REAL_SAMPLES / "audit").rglob("*") if path.is_file()]
    own = [path for reader in AUDIT for path in (SAMPLES / reader.id).glob("*") if path.is_file()]
    return sorted(path for path in real + own if path.stat().st_size <= LARGEST)


def damaged(data: bytes, chance: random.Random) -> bytes:
    """One to eight places changed, removed, doubled, moved or given what formats mind."""
    changed = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        at, length = chance.randrange(len(changed) + 1), chance.randint(1, 200)
        how = chance.randrange(6)
        if how == 0 and at < len(changed):
            changed[at] ^= 1 << chance.randrange(8)
        elif how == 1:
            del changed[at : at + length]
        elif how == 2:
            changed[at:at] = changed[at : at + length]
        elif how == 3:
            other = chance.randrange(len(changed) + 1)
            changed[at:at] = changed[other : other + length]
        elif how == 4:
            changed[at:at] = chance.choice(MINDED) * chance.choice((1, 1, 1, 50))
        else:
            changed[at : at + length] = bytes(chance.randrange(256) for _ in range(min(length, 16)))
    return bytes(changed)


def ingest(store: Store, key: str, reader: Reader, data: bytes) -> None:
    """Read bytes into a store as a pack's file is read; what was counted must add up."""
    path = store.root.parent / "damaged"
    path.write_bytes(data)
    begin = time.process_time()
    receipt = read_into(
        store, key, Unpacked("damaged", len(data), lambda: path.open("rb")), reader, Context(CHICAGO)
    )
    assert time.process_time() - begin < MOST_SECONDS, f"{reader.id} takes too long"
    problem = receipt["problem"]
    assert "failed with" not in problem, f"{reader.id}: {problem}"
    assert "lost count" not in problem
    for count in receipt["tables"].values():
        settled = count["accepted"] + sum(count["quarantined"].values()) + sum(count["ignored"].values())
        assert count["records"] == settled
        assert count["rows"] >= count["accepted"]


def damage_all(folder: Path, rounds: int, seed: int) -> int:
    chance = random.Random(seed)  # noqa: S311 - test data
    files, tried = samples(), 0
    for number in range(rounds):
        path = chance.choice(files)
        data = path.read_bytes()
        claimed = [reader for reader in AUDIT if reader.recognize(data[: 64 << 10], path.name)]
        broken = damaged(data, chance)
        for reader in claimed:
            ingest(Store(folder / f"{number % 8}"), f"{number}{reader.id}", reader, broken)
            tried += 1
    return tried


def test_damaged_files(tmp_path: Path) -> None:
    """A few seconds of it; most samples are recognized by an audit reader."""
    assert damage_all(tmp_path, 60, 1) > 30


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 8))
def test_damaged_files_at_length(tmp_path: Path, seed: int) -> None:
    """Minutes of it."""
    assert damage_all(tmp_path, ROUNDS * 10, seed) > ROUNDS * 4


@pytest.mark.slow
@pytest.mark.parametrize("reader", AUDIT, ids=[reader.id for reader in AUDIT])
def test_every_prefix_of_a_file(tmp_path: Path, reader: Reader) -> None:
    """A file cut off after any of its first bytes, and at many places after those."""
    for path in sorted((SAMPLES / reader.id).glob("*"))[:3]:
        data = path.read_bytes()
        for cut in sorted({*range(0, min(len(data), 400), 7), *range(0, len(data), len(data) // 60 + 1)}):
            ingest(Store(tmp_path), f"{path.name}{cut}", reader, data[:cut])
