"""Tell the analyst which files were not read, and which changed or vanished since the last run."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from riskkit.model import Assessment, Source

WORK = ".riskkit"
"""riskkit.assess.opening.WORK, which `--help` need not load."""

MOST = 20
"""Files that are named one by one."""


def tell(changes: Iterable[str]) -> None:
    """A line each, on the side: results do not depend on it."""
    for change in changes:
        click.echo(f"note: {change}", err=True)


def tell_unread(sources: Iterable[Source]) -> None:
    """Name the files of which nothing was read, and what to do about them."""
    from riskkit.model import UNREAD_DO  # noqa: PLC0415 - `--help` need not load pandas

    unread = [source for source in sources if source.passed_over]
    for source in unread[:MOST]:
        click.echo(f"not read: {source.name} {source.problem}", err=True)
    if len(unread) > MOST:
        click.echo(f"not read: {len(unread) - MOST} more; `riskkit inspect` names them", err=True)
    if unread:
        click.echo(f"do: {UNREAD_DO}", err=True)


def tell_and_remember(assessment: Assessment, work: Path | None) -> None:
    """Tell what was not read and what changed, and compare with what is there now from here on."""
    from riskkit.ingest import remember_files  # noqa: PLC0415

    evidence = assessment.evidence
    tell_unread(evidence.sources)
    tell(evidence.since_last)
    remember_files(work or evidence.pack / WORK, evidence.pack, evidence.sources)
