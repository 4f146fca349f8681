"""`riskkit assess`: the outcomes on the terminal or as JSON."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path

import click

from riskkit.cli.changes import tell_and_remember
from riskkit.cli.exits import exit_code, reasons
from riskkit.cli.options import PACK, chosen_period, selection
from riskkit.cli.volume import warn_if_plain


@click.command()
@PACK
@selection
@click.option("--json", "as_json", is_flag=True, help="Print findings.json instead of a summary.")
def command(
    pack: Path,
    period: str | None,
    as_of: datetime | None,
    work: Path | None,
    fail_on: str,
    require: tuple[str, ...],
    as_json: bool,
) -> None:
    """Judge an evidence pack and say how it stands."""
    from riskkit.assess import findings_json, open_pack, risk_state, valid_signatures  # noqa: PLC0415 - `--help` need not load pandas

    name, day = chosen_period(pack, period, as_of)
    assessment = open_pack(pack, period=name, as_of=day, work=work)
    warn_if_plain(pack, synthetic=assessment.settings.synthetic)
    if as_json:
        click.echo(json.dumps(findings_json(assessment), indent=1, sort_keys=True, ensure_ascii=False))
    else:
        moment = assessment.moment
        click.echo(f"{assessment.settings.organisation}, {moment.period.name}, as of {moment.today}")
        for outcome in assessment.outcomes:
            click.echo(
                f"{outcome.condition:<13} {outcome.check.severity:<9} {outcome.check.id:<40} {outcome.reason}"
            )
        click.echo("")
        for risk in assessment.risks:
            span = (
                risk.level
                if risk.low == risk.level
                else f"{risk.level} ({risk.low} if every unknown proves fine)"
            )
            click.echo(f"{risk.title}: {span}")
        click.echo("")
        click.echo(
            ", ".join(f"{number} {status}" for status, number in sorted(assessment.coverage().items()))
        )
        signed = ", ".join(f"{one.signed_by} ({one.role})" for one in valid_signatures(assessment))
        click.echo(f"Risk state to sign: {risk_state(assessment)}; signed by: {signed or 'nobody'}")
    tell_and_remember(assessment, work)
    for reason in reasons(assessment, require=require):
        click.echo(f"not trustworthy: {reason}", err=True)
    sys.exit(exit_code(assessment, fail_on=fail_on, require=require))
