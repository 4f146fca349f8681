"""`riskkit templates`: files for an analyst to fill in."""

from __future__ import annotations

from pathlib import Path

import click

from riskkit.words import count


@click.command()
@click.argument("out", type=click.Path(path_type=Path, file_okay=False))
def command(out: Path) -> None:
    """Write commented templates of every file that a person fills in under OUT.

    They lie where they go in a pack. Nothing that is there is overwritten.
    """
    from riskkit.asking import write_templates  # noqa: PLC0415 - `--help` need not load openpyxl

    written = write_templates(out)
    click.echo(out / "README.md")
    click.echo(count(len(written) - 1, "template"), err=True)
