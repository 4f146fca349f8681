"""`riskkit verify`: whether a report is what it was when it was made, and what that does not show."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from riskkit.words import count


@click.command()
@click.argument("report", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--pack",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Check the inputs too.",
)
@click.option("--signer", metavar="KEY", help="Who must have signed: a fingerprint or a public key's file.")
@click.option(
    "--authority",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Certificates (PEM) that are trusted for time stamps.",
)
def command(report: Path, pack: Path | None, signer: str | None, authority: Path | None) -> None:
    """Compare a report with its manifest, run record, signature, time stamp and earlier reports.

    Nothing is asked of the network. Exit code 1 when anything does not agree; every such line stands
    first. What was shown and what was not is told after it (docs/trust.md).
    """
    from riskkit.report import examine  # noqa: PLC0415 - `--help` need not load papermill
    from riskkit.report.signing import read_fingerprint  # noqa: PLC0415
    from riskkit.report.timestamp import read_authorities  # noqa: PLC0415

    found = examine(
        report,
        pack,
        signer=read_fingerprint(signer) if signer else None,
        authorities=read_authorities(authority) if authority else None,
    )
    for problem in found.problems:
        click.echo(problem)
    for line in found.shown:
        click.echo(f"shown: {line}")
    for line in found.not_shown:
        click.echo(f"not shown: {line}")
    click.echo(count(len(found.problems), "problem") if found.problems else "as it was made")
    sys.exit(1 if found.problems else 0)
