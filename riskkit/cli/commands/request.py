"""`riskkit request`: what is missing, as one page per owner."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from riskkit.cli.options import DAY, PACK, chosen_period
from riskkit.words import count


@click.command()
@PACK
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="[default: requests/PERIOD]")
@click.option("--period", metavar="YYYY-MM", help="[default: the site's, else the last full month]")
@click.option("--as-of", type=DAY, help="Last day that counts, in a running period.")
@click.option("--asked-on", type=DAY, help="Day from which the time to answer runs [default: today].")
@click.option("--work", type=click.Path(path_type=Path), help="Work folder [default: PACK/.riskkit].")
def command(
    pack: Path,
    out: Path | None,
    period: str | None,
    as_of: datetime | None,
    asked_on: datetime | None,
    work: Path | None,
) -> None:
    """Ask each owner for the evidence that is missing or soon too old.

    Writes HTML and Markdown pages that name systems and roles, and nobody else; prints the first.
    """
    from riskkit.asking import requests_of, write_requests  # noqa: PLC0415 - `--help` need not load pandas
    from riskkit.asking.items import unknown_owners  # noqa: PLC0415
    from riskkit.assess import open_pack  # noqa: PLC0415

    name, day = chosen_period(pack, period, as_of)
    assessment = open_pack(pack, period=name, as_of=day, work=work)
    moment = assessment.moment
    now = (asked_on or datetime.now(UTC).astimezone(moment.zone)).date()
    requests = requests_of(assessment, asked_on=now)
    for key in unknown_owners(assessment):
        click.echo(
            f"note: owners in site.yaml: {key!r} is no system, kind of evidence, citation or folder", err=True
        )
    written = write_requests(assessment, requests, out or Path("requests") / moment.period.name)
    owners = len({request.owner for request in requests})
    click.echo(f"{count(len(requests), 'request')} to {count(owners, 'owner')}", err=True)
    click.echo(written[0])
