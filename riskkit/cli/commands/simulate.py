"""`riskkit simulate`: a whole evidence pack of a hospital that does not exist."""

from __future__ import annotations

import json
from pathlib import Path

import click


@click.command()
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--seed", type=int, required=True, help="Same seed, same bytes.")
@click.option(
    "--days",
    type=click.IntRange(14),
    default=61,
    show_default=True,
    help="Length of the audit trail.",
)
@click.option(
    "--users", type=click.IntRange(10), default=36, show_default=True, help="People who work there."
)
@click.option("--period", metavar="YYYY-MM", help="The month that the pack ends with.")
@click.option(
    "--history/--no-history",
    default=True,
    show_default=True,
    help="Keep the month before as findings.",
)
def command(out: Path, seed: int, days: int, users: int, period: str | None, history: bool) -> None:
    """Write a simulated evidence pack into OUT, marked as such."""
    from riskkit.assess import findings_json, open_pack  # noqa: PLC0415 - `--help` need not load pandas
    from riskkit.model import Period  # noqa: PLC0415
    from riskkit.settings import read_settings  # noqa: PLC0415
    from riskkit.simulator import simulate  # noqa: PLC0415

    simulate(out, seed=seed, days=days, users=users, period=period)
    name = read_settings(out).period
    if history and name is not None:
        before = Period.parse(name).previous().name
        kept = out / "history" / before
        kept.mkdir(parents=True)
        findings = findings_json(open_pack(out, period=before))
        text = json.dumps(findings, indent=1, sort_keys=True, ensure_ascii=False)
        (kept / "findings.json").write_text(text + "\n", encoding="utf-8")
    click.echo(out)
