"""`riskkit key`: a new site key, or a key that signs reports."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("path", type=click.Path(path_type=Path), required=False)
@click.option("--signing", is_flag=True, help="Make an Ed25519 key that signs reports instead.")
def command(path: Path | None, signing: bool) -> None:
    """Make the site's key, which keeps persons under surrogates; keep it outside every pack."""
    if signing:
        from riskkit.report.signing import default_signing_key, make_signing_key  # noqa: PLC0415

        chosen = path or default_signing_key()
        click.echo(f"fingerprint {make_signing_key(chosen)}")
        click.echo(f"{chosen}: made, readable by you alone; give {chosen}.pub to whoever verifies")
        return
    from riskkit.pseudonyms import default_key_file, make_key  # noqa: PLC0415 - kept beside its use

    chosen = path or default_key_file()
    make_key(chosen)
    click.echo(f"{chosen}: made, readable by you alone; keep it, and keep it out of the pack")
