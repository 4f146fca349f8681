"""`riskkit purge`: dispose of work that is no longer needed, and log what went."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import click

from riskkit.cli.options import PACK
from riskkit.words import count, size

LOG = "purged.ndjson"
DAY = 86_400


@click.command()
@PACK
@click.option(
    "--older-than",
    type=click.IntRange(0),
    required=True,
    metavar="DAYS",
    help="Not touched for so long.",
)
@click.option("--work", type=click.Path(path_type=Path), help="Work folder [default: PACK/.riskkit].")
def command(pack: Path, older_than: int, work: Path | None) -> None:
    """Delete rows kept in the work folder for longer than DAYS; evidence and reports stay.

    What was disposed of is appended to purged.ndjson in the work folder (45 CFR 164.310(d)(2)(i)).
    """
    from riskkit.store import private_folder, purge  # noqa: PLC0415 - `--help` need not load pyarrow

    folder = private_folder(work or pack / ".riskkit")
    now = datetime.now(UTC)
    disposed = purge(folder, older_than_seconds=older_than * DAY, now=now.timestamp())
    with (folder / LOG).open("a", encoding="utf-8") as log:
        for name, octets in sorted(disposed.items()):
            log.write(json.dumps({"purged_at": now.isoformat(), "entry": name, "bytes": octets}) + "\n")
    told = f"{count(len(disposed), 'entry')}, {size(sum(disposed.values()))}" if disposed else "nothing"
    click.echo(f"{told} disposed of; logged in {folder / LOG}")
