"""Tell the analyst which files changed or vanished since the last run."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from riskkit.model import Assessment

WORK = ".riskkit"
"""riskkit.assess.opening.WORK, which `--help` need not load."""


def tell(changes: Iterable[str]) -> None:
    """A line each, on the side: results do not depend on it."""
    for change in changes:
        click.echo(f"note: {change}", err=True)


def tell_and_remember(assessment: Assessment, work: Path | None) -> None:
    """Tell what changed, and compare with what is there now from here on."""
    from riskkit.ingest import remember_files  # noqa: PLC0415 - `--help` need not load pandas

    evidence = assessment.evidence
    tell(evidence.since_last)
    remember_files(work or evidence.pack / WORK, evidence.pack, evidence.sources)
