"""`riskkit key`: a new site key."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("path", type=click.Path(path_type=Path), required=False)
def command(path: Path | None) -> None:
    """Make the site's key, which keeps persons under surrogates; keep it outside every pack."""
    from riskkit.pseudonyms import default_key_file, make_key  # noqa: PLC0415 - kept beside its use

    chosen = path or default_key_file()
    make_key(chosen)
    click.echo(f"{chosen}: made, readable by you alone; keep it, and keep it out of the pack")
