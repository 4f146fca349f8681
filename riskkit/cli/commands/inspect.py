"""`riskkit inspect`: what each file is, and how its records ended."""

from __future__ import annotations

import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import click

from riskkit.cli.changes import WORK, tell
from riskkit.cli.options import PACK
from riskkit.words import amount, count


@click.command()
@PACK
@click.option("--work", type=click.Path(path_type=Path), help="Work folder [default: PACK/.riskkit].")
@click.option(
    "--propose",
    is_flag=True,
    help="Write FILE.mapping.yaml.proposed beside each table that is not recognized.",
)
def command(pack: Path, work: Path | None, propose: bool) -> None:
    """Read every file of a folder of evidence and account for every record.

    Nothing is assessed and nothing is kept; files that changed or vanished since an assessment are
    noted. For a table that is not recognized a mapping file is proposed by its headers. Exit code 1
    when a file is not recognized or cannot be read.
    """
    from riskkit.ingest import (  # noqa: PLC0415 - `--help` need not load pandas
        ingest,
        proposals,
        since_last,
        write_proposal,
    )
    from riskkit.model import DOCUMENTATION, Moment, Period  # noqa: PLC0415
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
        for table, read in source.counts.items():
            ignored = sum(read.ignored.values())
            click.echo(
                f"    {table}: {read.records} records = {read.accepted} read"
                f" + {read.quarantined} quarantined + {ignored} ignored; {read.rows} rows"
            )
            if read.superseded:
                click.echo(
                    f"        superseded {read.superseded}: a later export of this list says them anew"
                )
            for reason, number in sorted(read.ignored.items()):
                click.echo(f"        ignored {number}: {reason}")
            for name in total:
                total[name] += ignored if name == "ignored" else getattr(read, name)
        for reason, number in sorted(source.quarantine.items()):
            click.echo(f"        quarantined {number}: {reason}")
        for note in source.notes:
            click.echo(f"        note: {note}")
    tell(since_last(work or pack / WORK, pack, evidence.sources))
    for proposal in proposals(pack, evidence.sources):
        click.echo(f"\n{proposal.file}: proposed as {proposal.file}.mapping.yaml")
        click.echo("".join(f"    {line}\n" for line in proposal.text.splitlines()), nl=False)
        if propose:
            written = write_proposal(pack, proposal)
            click.echo(f"    written: {written}" if written else "    not written: there is one already")
    documents = [source for source in evidence.sources if source.problem == DOCUMENTATION]
    unread = [
        source
        for source in evidence.sources
        if (source.reader is None or source.problem) and source not in documents
    ]
    beside = f", {len(documents)} of documentation" if documents else ""
    click.echo(
        f"\n{count(len(evidence.sources), 'source')}, {len(unread)} not read{beside}; "
        f"{amount(total['records'], 'record')} = {total['accepted']} read + {total['quarantined']} "
        f"quarantined + {total['ignored']} ignored"
    )
    sys.exit(1 if unread else 0)
