"""Options that several verbs share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from riskkit.cli.exits import NEVER

FAIL_ON = ("low", "medium", "high", "critical", NEVER)
"""riskkit.model.SEVERITIES, which `--help` need not load, and never."""

DAY = click.DateTime(["%Y-%m-%d"])
PACK = click.argument("pack", type=click.Path(path_type=Path, exists=True, file_okay=False))


def selection(function: Callable[..., Any]) -> Callable[..., Any]:
    """Which period, up to which day, where to work, and what decides the exit code."""
    for option in (
        click.option("--require", multiple=True, metavar="AREA", help="Exit 2 if this area is not assessed."),
        click.option(
            "--fail-on", type=click.Choice(FAIL_ON), default="high", show_default=True,
            help="Exit 1 on findings of this severity or worse.",
        ),
        click.option("--work", type=click.Path(path_type=Path), help="Work folder [default: PACK/.riskkit]."),
        click.option("--as-of", type=DAY, help="Last day that counts, in a running period."),
        click.option("--period", metavar="YYYY-MM", help="[default: the site's, else the last full month]"),
    ):  # fmt: skip
        function = option(function)
    return function


def chosen_period(pack: Path, period: str | None, as_of: datetime | None) -> tuple[str | None, date | None]:
    """The period and day that a run is about; the clock is read here and nowhere later."""
    from riskkit.settings import read_settings  # noqa: PLC0415 - `--help` need not load it

    day = as_of.date() if as_of else None
    settings = read_settings(pack)
    if period or day or settings.period:
        return period, day
    today = datetime.now(UTC).astimezone(settings.timezone).date()
    return f"{today.replace(day=1) - timedelta(days=1):%Y-%m}", None
