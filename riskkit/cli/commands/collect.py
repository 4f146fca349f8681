"""`riskkit collect`: the only verb that touches a network or walks an archive."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from riskkit.cli.volume import warn_if_plain


@click.group()
def command() -> None:
    """Write evidence files: what listeners answer, what an image store gives away."""


@command.command()
@click.argument("pack", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--endpoints",
    type=click.Path(path_type=Path, exists=True),
    help="[default: PACK/network/endpoints.yaml]",
)
@click.option("--only", multiple=True, metavar="ENDPOINT_ID", help="Only these endpoints of the list.")
@click.option(
    "--timeout", type=click.IntRange(1), default=90, show_default=True, help="Seconds per endpoint."
)
def tls(pack: Path, endpoints: Path | None, only: tuple[str, ...], timeout: int) -> None:
    """Look at the TLS of listed, authorized endpoints; writes PACK/network/scans/."""
    from riskkit.collectors import collect_tls  # noqa: PLC0415 - `--help` need not load it

    warn_if_plain(pack)
    path = collect_tls(
        endpoints or pack / "network" / "endpoints.yaml",
        pack,
        now=lambda: datetime.now(UTC),
        only=only,
        timeout_s=timeout,
        progress=lambda line: click.echo(line, err=True),
    )
    click.echo(path)


@command.command()
@click.argument("root", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--system",
    required=True,
    metavar="SYSTEM_ID",
    help="The system of the inventory that keeps this store.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    metavar="PACK/dicom",
    help="Where to write.",
)
def dicom(root: Path, system: str, out: Path) -> None:
    """Walk an image store without altering it; writes which identifiers are there, never their values."""
    from riskkit.collectors import collect_dicom  # noqa: PLC0415 - `--help` need not load pydicom

    warn_if_plain(out.parent)
    path = collect_dicom(
        root,
        out,
        system_id=system,
        now=lambda: datetime.now(UTC),
        progress=lambda line: click.echo(line, err=True),
    )
    click.echo(path)
