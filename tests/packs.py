"""Evidence packs for tests: copies of the sample pack, and what an assessment of one says."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from riskkit.assess import findings_json, open_pack
from riskkit.model import LEVELS

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = ROOT / "data" / "samples"
SHARED = ROOT.parent / "shared" / "samples"
"""Real files that do not belong to the project; tests that need them skip where they are not."""


def copy_of_samples(to: Path) -> Path:
    """A copy of the sample pack that a test may spoil."""
    shutil.copytree(SAMPLES, to, ignore=shutil.ignore_patterns(".riskkit", "reports"))
    return to


def evidence_files(pack: Path = SAMPLES) -> list[str]:
    """Names of the files that an assessment of the pack rests on, history apart."""
    from riskkit.ingest import find_files  # noqa: PLC0415 - only some tests need it

    return [found.name for found in find_files(pack)]


def assess(pack: Path, work: Path, **options: Any) -> dict[str, Any]:
    """findings.json of a pack, as data."""
    return findings_json(open_pack(pack, work=work, **options))


def canonical(findings: dict[str, Any]) -> bytes:
    """The bytes that two equal assessments share."""
    return json.dumps(findings, sort_keys=True, indent=1).encode()


def levels(findings: dict[str, Any]) -> dict[str, int]:
    """The headline level of each risk, as its rank."""
    return {risk["id"]: LEVELS.index(risk["level"]) for risk in findings["risks"]}


def outcomes(findings: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Outcomes by check."""
    return {outcome["check"]: outcome for outcome in findings["outcomes"]}


def riskkit(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command line as a user does."""
    return subprocess.run(
        [sys.executable, "-m", "riskkit", *map(str, arguments)],
        cwd=cwd or ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
