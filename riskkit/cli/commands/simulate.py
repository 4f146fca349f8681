"""`riskkit simulate`: a whole evidence pack of a hospital that does not exist."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import click


@click.command()
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--seed", type=int, required=True, help="Same seed, same bytes.")
@click.option("--days", type=int, default=61, show_default=True, help="Length of the audit trail.")
@click.option("--users", type=int, default=36, show_default=True, help="People who work there.")
@click.option("--period", metavar="YYYY-MM", help="The month that the pack ends with.")
@click.option("--full", is_flag=True, help="Record every access and file, not a sample of them.")
@click.option("--incidents", type=click.IntRange(0), help="So many of every kind; else one of common ones.")
@click.option("--strength", type=click.FloatRange(0, min_open=True), default=1.0, help="Of incidents.")
@click.option("--missing", type=click.FloatRange(0, 1), default=0.0, help="Share of relationships left out.")
@click.option("--schedule/--no-schedule", default=True, show_default=True, help="Write a duty roster.")
@click.option("--events-only", is_flag=True, help="Write the audit trail alone.")
@click.option("--history/--no-history", default=True, show_default=True, help="Findings of the month before.")
def command(
    out: Path,
    seed: int,
    days: int,
    users: int,
    period: str | None,
    full: bool,
    incidents: int | None,
    strength: float,
    missing: float,
    schedule: bool,
    events_only: bool,
    history: bool,
) -> None:
    """Write a simulated evidence pack into OUT, marked as such."""
    from riskkit.settings import read_settings  # noqa: PLC0415 - `--help` need not load it
    from riskkit.simulator import simulate  # noqa: PLC0415

    simulate(
        out,
        seed=seed,
        days=days,
        users=users,
        period=period,
        small=not full,
        incidents=incidents,
        strength=strength,
        missing=missing,
        schedule=schedule,
        events_only=events_only,
    )
    ends_with = read_settings(out).period
    if history and ends_with:
        _keep_month_before(out, ends_with, seed, users)
    click.echo(out)


def _keep_month_before(out: Path, period: str, seed: int, users: int) -> None:
    """Assess the same hospital a month earlier, and keep its findings as the pack's history."""
    from riskkit.assess import findings_json, open_pack  # noqa: PLC0415
    from riskkit.model import Period  # noqa: PLC0415
    from riskkit.simulator import simulate  # noqa: PLC0415

    before = Period.parse(period).previous()
    with tempfile.TemporaryDirectory() as scratch:
        pack = Path(scratch) / "pack"
        days = (before.last_day - before.first_day).days + 1
        simulate(pack, seed=seed, days=days, users=users, period=before.name)
        findings = findings_json(open_pack(pack, period=before.name))
    kept = out / "history" / before.name
    kept.mkdir(parents=True, mode=0o700)
    text = json.dumps(findings, indent=1, sort_keys=True, ensure_ascii=False)
    (kept / "findings.json").write_text(text + "\n", encoding="utf-8")
