"""The whole report on data/samples, beside its notebooks one by one by papermill and nbconvert.

python -m benchmarks.report

Both ways run one after the other, each with a work folder of its own that is empty at first; later notebooks
use what the first one left there, either way. `nbconvert --no-input` makes a page of each notebook that
`papermill` ran. Processor seconds count all processes, and depend less on what else the machine does. The
report has findings, manifest and run record besides. References to other hosts are counted in the pages of
both. Exit code 1 when a notebook fails, or a page of the report is missing or refers outside.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACK, NOTEBOOKS = ROOT / "data" / "samples", ROOT / "notebooks"
_LOADED = re.compile(rb"""(?:src|href)=["'](?:https?:)?//|url\(["']?(?:https?:)?//""")


@dataclass(frozen=True, slots=True)
class Cost:
    """Wall seconds, processor seconds, and the pages that came of it."""

    seconds: float
    cpu: float
    pages: tuple[Path, ...]

    @property
    def size(self) -> int:
        """Bytes of all pages."""
        return sum(page.stat().st_size for page in self.pages)

    @property
    def outside(self) -> int:
        """References that a browser would follow to other hosts."""
        return sum(len(_LOADED.findall(page.read_bytes())) for page in self.pages)


def run(*command: str | Path) -> None:
    """Run a command quietly; its errors end the benchmark."""
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode:
        sys.exit(f"{command[2]}: {done.stderr[-2000:]}")


def measured(folder: Path, *steps: tuple[str | Path, ...]) -> Cost:
    """Run commands one after the other; the pages lie in `folder` then."""
    begun, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    for step in steps:
        run(*step)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(time.perf_counter() - begun, cpu, tuple(sorted(folder.glob("*.html"))))


def whole_report(folder: Path, work: Path) -> Cost:
    """One `riskkit report`."""
    report = ("riskkit", "report", PACK, "--out", folder / "report", "--work", work, "--fail-on", "never")
    return measured(folder / "report", (sys.executable, "-m", *report))


def one_by_one(folder: Path, work: Path, notebooks: list[Path]) -> Cost:
    """`papermill` and `jupyter nbconvert` for each notebook."""
    steps: list[tuple[str | Path, ...]] = []
    for notebook in notebooks:
        ran = folder / notebook.name
        steps.append(
            (sys.executable, "-m", "papermill", notebook, ran, "-p", "pack", PACK, "-p", "work", work)
        )
        steps.append((sys.executable, "-m", "nbconvert", "--to", "html", "--no-input", ran))
    return measured(folder, *steps)


def main() -> None:
    """Print both, and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.parse_args()
    os.environ["PYTHONWARNINGS"] = "ignore"
    notebooks = sorted(NOTEBOOKS.glob("*.ipynb"))
    with tempfile.TemporaryDirectory(prefix="rk-") as made:
        folder = Path(made)
        costs = {
            "riskkit report": whole_report(folder, folder / "w1"),
            "papermill and nbconvert": one_by_one(folder, folder / "w2", notebooks),
            "riskkit report, again": whole_report(folder, folder / "w1"),
        }
        first = costs["riskkit report"]
        print(f"{len(notebooks)} notebooks, {PACK.relative_to(ROOT)}")
        print(f"{'':<25}{'s':>8}{'cpu s':>8}{'pages':>7}{'KB':>8}{'outside':>9}{'x s':>7}{'x cpu':>7}")
        for name, cost in costs.items():
            print(
                f"{name:<25}{cost.seconds:>8.1f}{cost.cpu:>8.1f}{len(cost.pages):>7}{cost.size / 1e3:>8.0f}"
                f"{cost.outside:>9}{cost.seconds / first.seconds:>7.2f}{cost.cpu / first.cpu:>7.2f}"
            )
        for page in first.pages:
            print(f"  {page.name:<32}{page.stat().st_size / 1e3:>8.0f} KB")
        if len(first.pages) != len(notebooks) or first.outside:
            sys.exit("a page is missing or refers outside")


if __name__ == "__main__":
    main()
