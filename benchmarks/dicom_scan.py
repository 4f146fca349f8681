"""What a walk of an image store costs, beside opening its files and beside pydicom, all in one run.

python -m benchmarks.dicom_scan             generated stores; memory at 1e5 files
python -m benchmarks.dicom_scan --large     memory and rescan at 1e6 files
python -m benchmarks.dicom_scan --quick     few files and rounds: only whether it runs

The stores are made on the spot (benchmarks/made/stores.py). Times are per file, warm, CPU of this process
and wall, the best of interleaved rounds; ratios are to the floor (open, read 4 KiB, close) of the same
round's store. A rival that answers the same question is `iterall` of pydicom; `stop_before_pixels` alone
answers none. Rates with workers and memory are of processes of their own.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pydicom

from benchmarks.made.stores import KINDS, make_store
from riskkit.collectors.dicom.by_pydicom import quiet_pydicom
from riskkit.collectors.dicom.elements import Unsure
from riskkit.collectors.dicom.facts import ENCRYPTED_ATTRIBUTES, SIGNATURES
from riskkit.collectors.dicom.header import quick_facts
from riskkit.collectors.dicom.identifiers import identifiers
from riskkit.collectors.dicom.row import FIRST_READ, read_files
from riskkit.collectors.dicom.source import Memory
from riskkit.collectors.dicom.walk import opened

FILES = {"small": 400, "implicit": 400, "ct": 400, "multi-frame": 3, "enhanced": 20}
ROUNDS = 9
TREE_FOLDER, LINKS = 1000, 50_000
WORKERS_FILES = 50_000
Method = Callable[[list[str]], None]


def main() -> None:
    """Print every table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--large", action="store_true", help="1e6 files instead of 1e5")
    parser.add_argument("--quick", action="store_true", help="few files; its figures mean nothing")
    arguments = parser.parse_args()
    quick = arguments.quick
    with tempfile.TemporaryDirectory() as scratch:
        stores = Path(scratch)
        costs(stores, 1 if quick else ROUNDS)
        parity()
        workers(stores, 2_000 if quick else WORKERS_FILES)
        memory(stores, 2_000 if quick else 1_000_000 if arguments.large else 100_000)


# ---------------------------------------------------------------- cost of a file


def floor(paths: list[str]) -> None:
    """Open, read 4 KiB, close."""
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY)
        os.read(descriptor, 4096)
        os.close(descriptor)


def walk(paths: list[str]) -> None:
    """What the scan does to learn which attributes are there."""
    for path in paths:
        with opened(path) as source:
            quick_facts(source, source.fetch(0, FIRST_READ))


def scan(paths: list[str]) -> None:
    """All that a worker does with a file, to the line of evidence."""
    read_files("", "", paths, None)


def stop_before_pixels(paths: list[str]) -> None:
    """Pydicom, values not looked at."""
    for path in paths:
        pydicom.dcmread(path, stop_before_pixels=True)


def iterall(paths: list[str]) -> None:
    """Pydicom, every element at any depth: the same answer as the walk."""
    for path in paths:
        data_set = pydicom.dcmread(path, stop_before_pixels=True)
        _ = {element.tag for element in data_set.iterall() if element.tag in identifiers() and element.value}


METHODS: dict[str, Method] = {
    "floor": floor,
    "walk": walk,
    "scan": scan,
    "stop_before_pixels": stop_before_pixels,
    "iterall": iterall,
}


def costs(stores: Path, rounds: int) -> None:
    """Microseconds of CPU and wall per file, and the ratios that the targets are about."""
    print("# microseconds a file, CPU (wall); x is the ratio of CPU to the floor")
    found: dict[str, dict[str, float]] = {}
    for kind in KINDS:
        paths = [str(path) for path in make_store(stores / kind, kind, FILES[kind])]
        cpu, wall = timed(paths, rounds)
        found[kind] = cpu
        size = Path(paths[0]).stat().st_size
        cells = "  ".join(
            f"{name} {cpu[name]:.1f} ({wall[name]:.1f}) x{cpu[name] / cpu['floor']:.1f}" for name in METHODS
        )
        print(f"{kind} {size / 1000:.0f} KB: {cells}")
    print("# ratios of CPU                    walk   scan   target")
    for kind in ("small", "ct"):
        line(f"{kind}: to the floor", found[kind], "floor", "at most 10")
        line(f"{kind}: stop_before_pixels to", found[kind], "stop_before_pixels", "at least 8")
        line(f"{kind}: iterall to", found[kind], "iterall", "at least 30")
    line("enhanced: iterall to", found["enhanced"], "iterall", "at least 30")
    flat = [found["multi-frame"][name] / found["small"][name] for name in ("walk", "scan")]
    print(f"{'64 MB to 12 KB':34} {flat[0]:6.2f} {flat[1]:6.2f}   flat, 0.75 to 1.25")


def line(words: str, cpu: dict[str, float], to: str, target: str) -> None:
    """One ratio for the walk and for the whole scan."""
    ratios = [cpu[name] / cpu[to] if to == "floor" else cpu[to] / cpu[name] for name in ("walk", "scan")]
    print(f"{words:34} {ratios[0]:6.1f} {ratios[1]:6.1f}   {target}")


def timed(paths: list[str], rounds: int) -> tuple[dict[str, float], dict[str, float]]:
    """The best round of each method; the rounds alternate, so that a noisy moment meets all alike."""
    cpu, wall = dict.fromkeys(METHODS, float("inf")), dict.fromkeys(METHODS, float("inf"))
    with warnings.catch_warnings(), quiet_pydicom():
        warnings.simplefilter("ignore")
        for number in range(rounds):
            for name, method in METHODS.items():
                if name in ("stop_before_pixels", "iterall") and number >= 3:  # noqa: PLR2004
                    continue  # slow enough to be measured in three
                begun, begun_wall = time.process_time(), time.perf_counter()
                method(paths)
                cpu[name] = min(cpu[name], (time.process_time() - begun) / len(paths) * 1e6)
                wall[name] = min(wall[name], (time.perf_counter() - begun_wall) / len(paths) * 1e6)
    return cpu, wall


def parity() -> None:
    """Of pydicom's own test files, in how many the quick walk and `iterall` name the same attributes."""
    same = different = unsure = 0
    root = Path(pydicom.__file__).parent / "data"
    with quiet_pydicom():
        for path in sorted(root.rglob("*")):
            content = path.read_bytes() if path.is_file() else b""
            if content[128:132] != b"DICM":
                continue
            try:
                seen = quick_facts(Memory(content), content[:FIRST_READ]).found
            except Unsure:
                unsure += 1
                continue
            found, expected = seen - {ENCRYPTED_ATTRIBUTES, SIGNATURES}, set[int]()
            for element in pydicom.dcmread(path, stop_before_pixels=True).iterall():
                text = "x" * len(element.value) if element.VR == "SQ" else str(element.value)
                if element.tag in identifiers() and text.strip(" ^=\\\0\r\n\t") not in ("", "None", "[]"):
                    expected.add(int(element.tag))
            same += found == expected
            different += found != expected
    print(f"# parity: {same} files alike, {different} not, {unsure} left to pydicom")


# ---------------------------------------------------------------- rates and memory

CHILD = """
import resource, sys, time
from datetime import UTC, datetime
from pathlib import Path
from riskkit.collectors import collect_dicom
if __name__ == "__main__":
    store, out, workers = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    cpu, wall = time.process_time(), time.perf_counter()
    collect_dicom(store, out, system_id="store", now=lambda: datetime.now(UTC), workers=workers)
    took = time.perf_counter() - wall, time.process_time() - cpu
    # Not ru_maxrss of this process: it begins with the size of the one that started it.
    own = int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
    print(*took, own / 1024, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
"""


def collect(scratch: Path, store: Path, name: str, workers: int) -> tuple[float, float, float, float]:
    """Wall and CPU seconds of a scan in a process of its own, its peak memory and that of a worker in MB."""
    script = scratch / "child.py"
    script.write_text(CHILD, encoding="ascii")
    time.sleep(1.1)  # the name of the evidence has a resolution of one second
    done = subprocess.run(
        [sys.executable, str(script), str(store), str(scratch / name / "dicom"), str(workers)],
        check=True, capture_output=True, text=True, cwd=Path(__file__).parents[1],
    )  # fmt: skip
    wall, cpu, own, of_worker = map(float, done.stdout.split())
    return wall, cpu, own, of_worker


def workers(scratch: Path, files: int) -> None:
    """Files a second, with one worker and with two."""
    store = scratch / "tree-of-workers"
    make_tree(store, files, next((scratch / "small").rglob("*.dcm")).read_bytes())
    print("# files a second, from nothing to the evidence file")
    for number in (1, 2, 1, 2):
        wall, *_ = collect(scratch, store, f"workers-{number}-{time.monotonic_ns()}", number)
        print(f"{number} worker(s): {files / wall:,.0f}")


def memory(scratch: Path, files: int) -> None:
    """Peak memory of a scan of so many files, and what a second scan costs beside scandir and stat."""
    store = scratch / "tree"
    make_tree(store, files, next((scratch / "small").rglob("*.dcm")).read_bytes())
    wall, _, own, of_worker = collect(scratch, store, "memory", 2)
    print(
        f"# {files:,} files, two workers: {files / wall:,.0f} files/s, peak {own:.0f} MB, "
        f"a worker {of_worker:.0f} MB (at most 300)"
    )
    best: dict[str, tuple[float, float]] = {}
    for _ in range(3):
        begun, begun_wall = time.process_time(), time.perf_counter()
        assert sum(1 for _ in scandir_and_stat(str(store))) == files
        bare = time.process_time() - begun, time.perf_counter() - begun_wall
        wall, cpu, own, _ = collect(scratch, store, "memory", 1)
        for name, (cpu_s, wall_s) in {"bare": bare, "rescan": (cpu, wall)}.items():
            before = best.get(name, (float("inf"), float("inf")))
            best[name] = min(before[0], cpu_s), min(before[1], wall_s)
    (bare_cpu, bare_wall), (cpu, wall) = best["bare"], best["rescan"]
    print(
        f"# rescan without change: {cpu / files * 1e6:.2f} us CPU a file, "
        f"x{cpu / bare_cpu:.2f} of scandir and stat ({wall / files * 1e6:.2f} us wall, "
        f"x{wall / bare_wall:.2f}; at most 1.5), peak {own:.0f} MB"
    )


def make_tree(root: Path, files: int, content: bytes) -> None:
    """So many names, 1000 to a folder; most are hard links, so that they fit on a small disk."""
    source = None
    for number in range(files):
        folder = root / f"{number // TREE_FOLDER:05d}"
        if number % TREE_FOLDER == 0:
            folder.mkdir(parents=True)
        path = folder / f"1.2.826.0.1.3680043.10.999.4.{number:012d}.dcm"
        if source is None or number % LINKS == 0:
            path.write_bytes(content)
            source = path
        else:
            os.link(source, path)


def scandir_and_stat(root: str) -> Iterator[int]:
    """Sizes of all files, by the quickest way that Python has."""
    pending = [root]
    while pending:
        with os.scandir(pending.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    pending.append(entry.path)
                else:
                    yield entry.stat(follow_symlinks=False).st_size


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        main()
