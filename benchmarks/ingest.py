"""How fast audit trails are read, beside what one would write without riskkit, and in how much memory.

python -m benchmarks.ingest              memory up to 1e6 DICOM messages, 2e5 events of other formats
python -m benchmarks.ingest --large      memory at 1e5, 1e6 and 1e7 events of each (hours)

The trails are made on the spot (benchmarks/made/trails.py): one record in 200 is broken. Rates are of CPU
seconds of this process, medians of interleaved runs; ratios are to the rival of the same run. Reading
means from bytes to all columns of `audit_events` in Arrow; the floor is reading the bytes and counting
lines. Memory is the peak of a process of its own that reads a trail while it is made.
"""

from __future__ import annotations

import argparse
import io
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from benchmarks.made import rivals, trails
from riskkit.ingest.read import QUARANTINE, read_into
from riskkit.ingest.unpack import Unpacked
from riskkit.ingest.walk import readers, sha256_of
from riskkit.model import Batch, Context, Reader
from riskkit.readers import dicom_audit
from riskkit.store import Store

ROUNDS = 3
EVENTS = {"dicom_audit": 30_000, "fhir_audit": 20_000, "access_log": 30_000, "audit_csv": 30_000}
MEMORY = {"dicom_audit": (100_000, 1_000_000)}
MEMORY_OF_OTHERS = (50_000, 200_000)
LARGE = 10_000_000
TARGETS = {"lxml walk": 2.0, "naive": 6.0}
CONTEXT = Context(ZoneInfo("America/Chicago"))
CPU = time.process_time


class Made(io.RawIOBase):
    """A trail that is made while it is read."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._left = pieces, b""

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill as much as is at hand."""
        if not self._left:
            self._left = next(self._pieces, b"")
        size = min(len(buffer), len(self._left))
        buffer[:size], self._left = self._left[:size], self._left[size:]
        return size


def member(path: Path) -> Unpacked:
    """A file as ingest sees it, under its name alone."""
    return Unpacked(path.name, path.stat().st_size, lambda: path.open("rb"))


def read(reader: Callable[..., Iterator[Batch]], path: Path) -> tuple[int, pa.Table]:
    """Read a file; gives the number of its records and the rows."""
    batches = list(reader(member(path), CONTEXT))
    return sum(batch.records for batch in batches), pa.concat_tables([batch.rows for batch in batches])


def floor(path: Path) -> int:
    """Read the bytes and count lines."""
    with path.open("rb") as file:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))


def interleaved(runs: dict[str, Callable[[], Any]]) -> dict[str, float]:
    """Median CPU seconds of each, one after the other in every round."""
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(ROUNDS):
        for name, run in runs.items():
            begin = CPU()
            run()
            seconds[name].append(CPU() - begin)
    return {name: statistics.median(times) for name, times in seconds.items()}


def speed(reader: Reader, folder: Path) -> None:
    """Print the rates of one format."""
    count = EVENTS[reader.id]
    path = folder / reader.id
    path.write_bytes(b"".join(trails.blocks(reader.id, count)))
    megabytes = path.stat().st_size / 1e6
    records, _ = read(reader.read, path)
    assert abs(records - count) <= 1, f"{reader.id}: {records} records of {count} lines"
    runs: dict[str, Callable[[], Any]] = {
        "floor": lambda: floor(path),
        "riskkit": lambda: read(reader.read, path),
    }
    if rivals.etree is not None or reader.id != "dicom_audit":
        runs["naive"] = lambda: rivals.NAIVE[reader.id](path)
    if reader.id == "dicom_audit":
        runs["riskkit, each parsed"] = lambda: read(parse_each, path)
        if rivals.etree is not None:
            runs["lxml walk"] = lambda: rivals.walk(path)
            assert_same_rows(path)
    seconds = interleaved(runs)
    print(f"\n{reader.id}: {count:,} events, {megabytes:.1f} MB, {megabytes / count * 1e3:.2f} KB each")
    print(f"  {'':<22}{'events/s':>12}{'MB/s':>9}{'riskkit is':>13}")
    for name, taken in sorted(seconds.items(), key=lambda item: item[1]):
        ratio = "" if name == "riskkit" else f"{taken / seconds['riskkit']:.2f} x"
        target = f"  (target {TARGETS[name]:.0f} x)" if reader.id == "dicom_audit" and name in TARGETS else ""
        print(f"  {name:<22}{count / taken:>12,.0f}{megabytes / taken:>9.1f}{ratio:>13}{target}")


def parse_each(source: Unpacked, context: Context) -> Iterator[Batch]:
    """The DICOM reader without its plans."""
    return dicom_audit.read_messages(source, context, None)


def assert_same_rows(path: Path) -> None:
    """The walk is a fair rival: it gives the same rows."""
    ours, walked = read(parse_each, path)[1], rivals.walk(path)
    assert ours.num_rows == walked.num_rows
    for name in ours.column_names:
        if name != "event_seq":  # the walk counts lines, also those that are cut off
            assert ours[name].combine_chunks().equals(walked[name].combine_chunks()), name


def end_to_end(reader: Reader, folder: Path) -> None:
    """Print what a file costs from hashing to Parquet, each part for itself."""
    path = folder / reader.id
    count = EVENTS[reader.id]
    batches = list(reader.read(member(path), CONTEXT))
    quarantined = sum(len(batch.quarantined) for batch in batches)
    number = iter(range(1000))

    def whole() -> None:
        read_into(Store(folder), f"{reader.id}{next(number)}", member(path), reader, CONTEXT)

    def parquet() -> None:
        with Store(folder).write(f"{reader.id}{next(number)}") as entry:
            for batch in batches:
                entry.append(batch.table, batch.rows)

    seconds = interleaved(
        {
            "hash": lambda: sha256_of(path),
            "read": lambda: list(reader.read(member(path), CONTEXT)),
            "parquet": parquet,
            "whole": whole,
        }
    )
    whole_seconds = seconds["whole"] + seconds["hash"]
    rest = max(seconds["whole"] - seconds["read"] - seconds["parquet"], 0)
    shares = {name: seconds[name] / whole_seconds for name in ("hash", "read", "parquet")}
    shares[f"{QUARANTINE} of {quarantined:,} records, counts"] = rest / whole_seconds
    told = ", ".join(f"{name} {share:.0%}" for name, share in shares.items())
    print(f"  {reader.id:<14}{count / whole_seconds:>10,.0f} events/s: {told}")


def peak(reader_id: str, count: int) -> None:
    """In a process of its own: read a trail of `count` events and print the peak of memory."""
    reader = next(one for one in readers() if one.id == reader_id)

    @contextmanager
    def opened() -> Iterator[IO[bytes]]:
        yield io.BufferedReader(Made(trails.blocks(reader_id, count, 200)), 1 << 20)

    before = highest()
    records = 0
    for batch in reader.read(Unpacked("made", 0, opened), CONTEXT):
        records += batch.records
    assert abs(records - count) <= 1, f"{reader_id}: {records} records of {count}"
    print(json.dumps({"before": before, "peak": highest()}))


def highest() -> int:
    """Most kilobytes that this process has held."""
    status = Path("/proc/self/status")
    if status.is_file():  # getrusage would tell of the process that started this one as well
        return int(status.read_text().partition("VmHWM:")[2].split()[0])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def memory(found: list[Reader], large: bool) -> None:
    """Print peaks of memory; two processes run at a time."""
    print("\npeak memory in MB (of which libraries), and growth from the smallest trail to the largest")
    wanted = [(reader.id, count) for reader in found for count in _counts(reader.id, large)]
    with ThreadPoolExecutor(2) as pool:
        peaks = dict(zip(wanted, pool.map(_peak_of, wanted), strict=True))
    for reader in found:
        counts = _counts(reader.id, large)
        each = [peaks[reader.id, count] for count in counts]
        told = ", ".join(
            f"{count:.0e} events {one['peak'] / 1e3:,.0f} ({one['before'] / 1e3:,.0f})"
            for count, one in zip(counts, each, strict=True)
        )
        growth = each[-1]["peak"] / each[0]["peak"]
        print(f"  {reader.id:<14}{told}: x{growth:.2f} for x{counts[-1] // counts[0]}")


def _counts(reader_id: str, large: bool) -> tuple[int, ...]:
    counts = MEMORY.get(reader_id, MEMORY_OF_OTHERS)
    return (*MEMORY["dicom_audit"], LARGE) if large else counts


def _peak_of(wanted: tuple[str, int]) -> dict[str, int]:
    command = [sys.executable, "-m", "benchmarks.ingest", "--peak", wanted[0], str(wanted[1])]
    answer: dict[str, int] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return answer


def main() -> None:
    """Measure every format whose reader is there."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--large", action="store_true", help="memory at 1e7 events as well")
    parser.add_argument("--peak", nargs=2, metavar=("READER", "EVENTS"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.peak:
        peak(arguments.peak[0], int(arguments.peak[1]))
        return
    known = {reader.id: reader for reader in readers()}
    found = [known[name] for name in EVENTS if name in known]
    for name in EVENTS.keys() - known.keys():
        print(f"SKIPPED: there is no reader {name}")
    if rivals.etree is None:
        print("SKIPPED: lxml is not installed; DICOM messages are not compared (pip install lxml)")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for reader in found:
            speed(reader, folder)
        print("\nend to end, from the file to the store")
        for reader in found:
            end_to_end(reader, folder)
    memory(found, arguments.large)


if __name__ == "__main__":
    main()
