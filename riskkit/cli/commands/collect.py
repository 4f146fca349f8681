"""`riskkit collect`: the only verb that touches a network or walks an archive."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from riskkit.cli.bar import Bar
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
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes.")
@click.option(
    "--max-files-s",
    type=click.FloatRange(0),
    default=500,
    show_default=True,
    help="Files read a second; 0: no limit.",
)
@click.option(
    "--max-mb-s",
    type=click.FloatRange(0),
    default=20,
    show_default=True,
    help="Megabytes read a second; 0: no limit.",
)
@click.option(
    "--between", metavar="20:00-06:00", help="Hours of this machine in which to read; else it waits."
)
@click.option("--recheck", is_flag=True, help="Read again also what has not changed.")
@click.option(
    "--digests",
    is_flag=True,
    help="Keyed digests of header and pixels, to find altered images later; reads every byte.",
)
@click.option(
    "--restored-copy",
    is_flag=True,
    help="ROOT is a restored copy of the system's store, to be compared with it; implies --digests.",
)
@click.option(
    "--state",
    type=click.Path(path_type=Path, dir_okay=False),
    help="What earlier walks saw [default: in PACK/.riskkit].",
)
def dicom(
    root: Path,
    system: str,
    out: Path,
    workers: int,
    max_files_s: float,
    max_mb_s: float,
    between: str | None,
    recheck: bool,
    digests: bool,
    restored_copy: bool,
    state: Path | None,
) -> None:
    """Walk an image store without altering it; writes which identifiers are there, never their values.

    It reads gently, and goes on where it was when it was interrupted. Files that have not changed since
    the last walk are not read again.
    """
    from riskkit.collectors import Limits, collect_dicom, hours  # noqa: PLC0415 - `--help` need not load it
    from riskkit.pseudonyms import site_key  # noqa: PLC0415
    from riskkit.settings import read_settings  # noqa: PLC0415

    pack = out.resolve().parent
    warn_if_plain(pack)
    with_digests = digests or restored_copy
    bar = Bar()
    path = collect_dicom(
        root,
        out,
        system_id=system,
        now=lambda: datetime.now(UTC),
        progress=bar.show,
        workers=workers,
        limits=Limits(max_files_s, max_mb_s, hours(between) if between else None),
        recheck=recheck,
        digest_key=site_key(pack, synthetic=read_settings(pack).synthetic) if with_digests else None,
        restored_copy=restored_copy,
        state=state,
        told=bar.end,
    )
    click.echo(path)
