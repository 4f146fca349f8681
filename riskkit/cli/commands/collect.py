"""`riskkit collect`: the only verb that touches a network or walks an archive."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from riskkit.cli.exits import UNTRUSTED
from riskkit.cli.volume import warn_if_plain

if TYPE_CHECKING:
    from riskkit.collectors import Switch


@click.group()
def command() -> None:
    """Write evidence files: what listeners answer, what an image store gives away."""


@command.command()
@click.argument(
    "endpoints", metavar="PACK/network/endpoints.yaml", type=click.Path(path_type=Path, exists=True)
)
@click.option("--live", is_flag=True, help="Connect. Without it, only what would be done is told.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="PACK",
    help="[default: the pack that holds the list]",
)
@click.option("--only", multiple=True, metavar="ENDPOINT_ID", help="Only these endpoints of the list.")
@click.option(
    "--vantage",
    type=click.Choice(("internal", "external")),
    help="Where this machine stands, for endpoints that do not say.",
)
@click.option(
    "--timeout", type=click.IntRange(1), default=90, show_default=True, help="Seconds per endpoint."
)
def tls(
    endpoints: Path, live: bool, out: Path | None, only: tuple[str, ...], vantage: str | None, timeout: int
) -> None:
    """Look at listed, authorized endpoints: TLS and, where asked, DICOM; writes PACK/network/scans/.

    Ctrl-C, SIGTERM or a file STOP beside the list end it within 2 s; what was found is kept.
    """
    from riskkit.collectors import Switch, collect_tls, plan_tls  # noqa: PLC0415 - `--help` need not load it

    endpoints = endpoints / "network" / "endpoints.yaml" if endpoints.is_dir() else endpoints
    if not live:
        for line in plan_tls(endpoints, now=lambda: datetime.now(UTC), only=only):
            click.echo(line)
        click.echo("Nothing was connected to: --live does that.", err=True)
        return
    pack = out or endpoints.absolute().parent.parent
    warn_if_plain(pack)
    switch = Switch()
    with _stops(switch):
        path = collect_tls(
            endpoints,
            pack,
            now=lambda: datetime.now(UTC),
            only=only,
            timeout_s=timeout,
            vantage=vantage,
            progress=lambda line: click.echo(line, err=True),
            switch=switch,
        )
    click.echo(path)
    if switch.reason:
        click.echo(f"Stopped: {switch.reason}. The file holds what was found until then.", err=True)
        raise SystemExit(UNTRUSTED)


@contextmanager
def _stops(switch: Switch) -> Iterator[None]:
    """Let SIGINT and SIGTERM pull the switch."""
    before = {
        number: signal.signal(number, lambda which, _frame: switch.pull(signal.Signals(which).name))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


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
