"""`riskkit inspect`: what each file is, and how its records ended."""

from __future__ import annotations

import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import click

from riskkit.cli.changes import WORK, tell
from riskkit.cli.options import PACK


@click.command()
@PACK
@click.option("--work", type=click.Path(path_type=Path), help="Work folder [default: PACK/.riskkit].")
def command(pack: Path, work: Path | None) -> None:
    """Read every file of a folder of evidence and account for every record.

    Nothing is assessed and nothing is kept; files that changed or vanished since an assessment are
    noted. Exit code 1 when a file is not recognized or cannot be read.
    """
    from riskkit.ingest import ingest, since_last  # noqa: PLC0415 - `--help` need not load pandas
    from riskkit.model import Moment, Period  # noqa: PLC0415
    from riskkit.settings import read_settings  # noqa: PLC0415
    from riskkit.store import Store  # noqa: PLC0415

    settings = read_settings(pack)
    now = datetime.now(UTC)
    moment = Moment(now, Period.parse(f"{now:%Y-%m}"), settings.timezone)
    with tempfile.TemporaryDirectory() as scratch:
        evidence = ingest(pack, settings, moment, Store(Path(scratch)))
    total = {"records": 0, "accepted": 0, "quarantined": 0, "ignored": 0}
    for source in evidence.sources:
        if source.reader is None:
            click.echo(f"{source.name}\n    {source.problem}")
            continue
        click.echo(f"{source.name}\n    {source.reader}{': ' + source.problem if source.problem else ''}")
        for table, count in source.counts.items():
            ignored = sum(count.ignored.values())
            click.echo(
                f"    {table}: {count.records} records = {count.accepted} read"
                f" + {count.quarantined} quarantined + {ignored} ignored; {count.rows} rows"
            )
            for reason, number in sorted(count.ignored.items()):
                click.echo(f"        ignored {number}: {reason}")
            for name in total:
                total[name] += ignored if name == "ignored" else getattr(count, name)
        for reason, number in sorted(source.quarantine.items()):
            click.echo(f"        quarantined {number}: {reason}")
        for note in source.notes:
            click.echo(f"        note: {note}")
    tell(since_last(work or pack / WORK, pack, evidence.sources))
    unread = [source for source in evidence.sources if source.reader is None or source.problem]
    click.echo(
        f"\n{len(evidence.sources)} sources, {len(unread)} not read; {total['records']} records = "
        f"{total['accepted']} read + {total['quarantined']} quarantined + {total['ignored']} ignored"
    )
    sys.exit(1 if unread else 0)
