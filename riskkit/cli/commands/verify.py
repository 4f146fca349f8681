"""`riskkit verify`: whether a report is what it was when it was made."""

from __future__ import annotations

import sys
from pathlib import Path

import click


@click.command()
@click.argument("report", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--pack",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Check the inputs too.",
)
def command(report: Path, pack: Path | None) -> None:
    """Compare every file of a report (and, with --pack, its evidence) with the manifest."""
    from riskkit.report import verify  # noqa: PLC0415 - `--help` need not load papermill

    problems = verify(report, pack)
    for problem in problems:
        click.echo(problem)
    click.echo(f"{len(problems)} problem(s)" if problems else "as it was made")
    sys.exit(1 if problems else 0)
