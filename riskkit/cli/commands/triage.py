"""`riskkit triage`: the few accesses of each day that an analyst has time to review, with reasons."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from riskkit.cli.options import DAY, PACK, chosen_period
from riskkit.cli.volume import warn_if_plain
from riskkit.words import count

if TYPE_CHECKING:
    from riskkit.assess import ReviewQueue


@click.command()
@PACK
@click.option("--as-of", type=DAY, help="Last day that counts [default: the end of the period].")
@click.option("--since", type=DAY, help="First day to review [default: the period's]; before is baseline.")
@click.option("--budget", type=click.IntRange(min=1), default=5, show_default=True, help="Alerts a day.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="CSV of alerts; real ids: PHI.")
@click.option("--below", type=click.Path(path_type=Path, dir_okay=False), help="CSV of what stayed below.")
@click.option("--work", type=click.Path(path_type=Path), help="Work folder [default: PACK/.riskkit].")
@click.option("--refit", is_flag=True, help="Fit the weights to the decisions in programme/verdicts.csv.")
def command(
    pack: Path,
    as_of: datetime | None,
    since: datetime | None,
    budget: int,
    out: Path | None,
    below: Path | None,
    work: Path | None,
    refit: bool,
) -> None:
    """Put the accesses up for review that stand out most, at most BUDGET a day.

    Unexplained is neutral: an alert is a reason to look, no more. Files hold real ids: they are
    readable by their owner alone, and every row says so in its column phi.
    """
    from riskkit.assess import review_queue  # noqa: PLC0415 - `--help` need not load pandas
    from riskkit.queue import write_private  # noqa: PLC0415
    from riskkit.settings import read_settings  # noqa: PLC0415

    period, day = chosen_period(pack, None, as_of)
    if day is None and period is not None:
        from riskkit.model import Period  # noqa: PLC0415

        day = Period.parse(period).last_day
    queue = review_queue(
        pack, as_of=day, since=since.date() if since else None, budget=budget, work=work, refit=refit
    )
    warn_if_plain(pack, synthetic=read_settings(pack).synthetic)
    if out:
        write_private(out, queue.rows("alert", "matched"))
    if below:
        write_private(below, queue.rows("below", "repeat", "closed"))
    _tell(queue, out, below)


def _tell(queue: ReviewQueue, out: Path | None, below: Path | None) -> None:
    """Numbers, and what was not used; nobody is named on a terminal."""
    moment = queue.moment
    counts = dict.fromkeys(("alert", "matched", "below", "repeat", "closed"), 0)
    for choice in queue.choices:
        counts[choice.line] += 1
    days = (moment.today - moment.period.first_day).days + 1
    click.echo(
        f"{moment.period.first_day} to {moment.today}: {count(days, 'day')}, at most "
        f"{count(queue.budget, 'alert')} a day"
    )
    click.echo(
        f"{count(counts['alert'], 'alert')} for review, {counts['matched']} matched a rule (apart, not "
        f"proven); {counts['below']} stayed below the line, {counts['repeat']} repeat an alert, "
        f"{counts['closed']} closed by an earlier decision"
    )
    click.echo(f"Detectors that ran: {len(queue.ran)}")
    for check, reason in queue.not_run:
        click.echo(f"  NOT RUN {check}: {reason}")
    for told, checks in queue.in_part:
        click.echo(f"  IN PART {', '.join(checks)}: {told}")
    for table, checks in queue.unused:
        click.echo(f"  without {table}: {', '.join(checks)}")
    for path, what in ((out, "alerts"), (below, "what stayed below the line")):
        if path:
            click.echo(f"{path}: {what}, with real ids (PHI, mode 0600)")
