"""`riskkit report`: all notebooks, rendered, with findings, manifest and run record."""

from __future__ import annotations

import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click

from riskkit.cli.changes import tell_and_remember
from riskkit.cli.exits import UNTRUSTED, exit_code, reasons
from riskkit.cli.options import PACK, chosen_period, selection
from riskkit.cli.volume import warn_if_plain


@click.command()
@PACK
@selection
@click.option("--out", type=click.Path(path_type=Path), help="Report folder [default: reports/PERIOD].")
@click.option(
    "--notebooks",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Other notebooks.",
)
@click.option("--site", help="Show one location of the inventory.")
@click.option("--department", help="Show one department of the roster.")
@click.option(
    "--timeout",
    type=click.IntRange(1),
    default=600,
    show_default=True,
    help="Seconds per notebook.",
)
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="Notebooks at once.")
@click.option("--fresh", is_flag=True, help="Run every notebook, also what ran on the same evidence before.")
@click.option(
    "--sign",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="RISKKIT_SIGNING_KEY",
    show_envvar=True,
    help="Sign with this private key (riskkit key --signing).",
)
@click.option(
    "--record/--no-record",
    default=None,
    help="Keep a whole period's findings in PACK/history [default: unless simulated].",
)
def command(
    pack: Path,
    period: str | None,
    as_of: datetime | None,
    work: Path | None,
    fail_on: str,
    require: tuple[str, ...],
    out: Path | None,
    notebooks: Path | None,
    site: str | None,
    department: str | None,
    timeout: int,
    jobs: int,
    fresh: bool,
    sign: Path | None,
    record: bool | None,
) -> None:
    """Make the report of a period and print the path of its first page.

    A run that was stopped goes on where it was when it is started again. Exit code 2 when a notebook did
    not complete: the report is there, and its first page says what is missing.
    """
    from riskkit.assess import resolve_moment  # noqa: PLC0415
    from riskkit.report import make_report  # noqa: PLC0415 - `--help` need not load papermill
    from riskkit.settings import read_settings  # noqa: PLC0415

    name, day = chosen_period(pack, period, as_of)
    settings = read_settings(pack)
    warn_if_plain(pack, synthetic=settings.synthetic)
    moment = resolve_moment(settings, period=name, as_of=day)
    with _stoppable():
        result = make_report(
            pack,
            out=out or Path("reports") / moment.period.name,
            period=name,
            as_of=day,
            work=work,
            site=site,
            department=department,
            notebooks=notebooks,
            timeout_s=timeout,
            jobs=jobs,
            fresh=fresh,
            signing_key=sign,
            progress=lambda line: click.echo(line, err=True),
            clock=lambda: datetime.now(UTC),
        )
    wanted = record if record is not None else not settings.synthetic
    if result.ok and wanted and moment.today >= moment.period.last_day:
        for path in (result.findings, result.manifest):
            _keep(path, pack / "history" / moment.period.name)
    tell_and_remember(result.assessment, work)
    for reason in reasons(result.assessment, require=require, complete=result.ok):
        click.echo(f"not trustworthy: {reason}", err=True)
    click.echo(result.index)
    sys.exit(exit_code(result.assessment, fail_on=fail_on, require=require, complete=result.ok))


@contextmanager
def _stoppable() -> Iterator[None]:
    """Ctrl-C and SIGTERM end the kernels, write the run record, and are no result: exit code 2."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    except KeyboardInterrupt:
        click.echo("riskkit: stopped; no report was made. Run it again and it goes on.", err=True)
        sys.exit(UNTRUSTED)
    finally:
        signal.signal(signal.SIGTERM, before)


def _keep(path: Path, folder: Path) -> None:
    """Put findings or manifest into the pack's history, whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f".{path.name}"
    shutil.copyfile(path, draft)
    draft.replace(folder / path.name)
