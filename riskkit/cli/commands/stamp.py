"""`riskkit stamp`: a time stamp of a report by an authority (RFC 3161)."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("report", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--response",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Put this answer of an authority into the report.",
)
def command(report: Path, response: Path | None) -> None:
    """Write REPORT.tsq for an authority; with --response put its answer into the report.

    Nothing is sent. The request holds a digest and nothing of the report:
    curl -H 'Content-Type: application/timestamp-query' --data-binary @REPORT.tsq -o REPORT.tsr URL
    """
    from riskkit.report import attach_stamp, stamp_request  # noqa: PLC0415 - `--help` need not load it

    if response is None:
        click.echo(stamp_request(report))
        return
    stamp = attach_stamp(report, response)
    click.echo(f"stamped at {stamp.at} by {stamp.authority or 'an authority that it does not name'}")
    for line in stamp.unverified:
        click.echo(f"not verified: {line}")
