"""`riskkit checks`: what is asked of the evidence."""

from __future__ import annotations

import click


@click.command()
@click.option("--area", help="Only this area.")
def command(area: str | None) -> None:
    """List every check with its severity, needs and citations."""
    from riskkit.assess import all_checks  # noqa: PLC0415 - `--help` need not load pandas

    for check in all_checks():
        if area in {None, check.area}:
            click.echo(f"{check.id}  [{check.severity}]  {check.title}")
            click.echo(
                f"    needs {', '.join(check.needs)}"
                + (f"; uses {', '.join(check.optional)}" if check.optional else "")
            )
            click.echo(f"    {'; '.join(check.controls)}")
