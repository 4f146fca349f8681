"""`riskkit explain`: one check, control, risk or finding, down to rows of evidence."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from riskkit.cli.options import chosen_period
from riskkit.errors import SettingsError
from riskkit.words import count

if TYPE_CHECKING:
    from riskkit.model import Assessment, Check

SHOWN = 3
"""Verdicts of a check, and rows of a verdict, that stand for the others."""


@click.command()
@click.argument("id_")
@click.option(
    "--pack",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Explain it on this pack.",
)
@click.option("--period", metavar="YYYY-MM")
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]))
@click.option("--work", type=click.Path(path_type=Path))
def command(
    id_: str, pack: Path | None, period: str | None, as_of: datetime | None, work: Path | None
) -> None:
    """Explain a check, a control (its citation), a risk, or a finding (its fingerprint)."""
    from riskkit.assess import all_checks, open_pack  # noqa: PLC0415 - `--help` need not load pandas

    assessment = None
    if pack is not None:
        name, day = chosen_period(pack, period, as_of)
        assessment = open_pack(pack, period=name, as_of=day, work=work)
    checks = {name: check for check in all_checks() for name in (check.id, *check.aliases)}
    if id_ in checks:
        _check(checks[id_], assessment)
    elif not (
        _control(id_, assessment) or (assessment and (_risk(id_, assessment) or _finding(id_, assessment)))
    ):
        raise SettingsError(
            f"{id_!r} is no check, citation, risk or finding",
            do="`riskkit checks` lists checks; risks and findings need --pack",
        )


def _check(check: Check, assessment: Assessment | None) -> None:
    click.echo(f"{check.id}  [{check.severity}]  {check.title}\n{check.question}\n")
    for label, text in (
        ("Controls", "; ".join(check.controls)),
        ("Needs", ", ".join(check.needs)),
        ("Uses when there", ", ".join(check.optional)),
        ("Tunables", ", ".join(f"{p.name}={p.default}" for p in check.parameters.values())),
        ("To do", check.remediation),
        ("Look first", check.look_first),
        ("Usual cause", check.usual_cause),
    ):
        if text:
            click.echo(f"{label}: {text}")
    if assessment is None:
        return
    from riskkit.assess.findings import shown_subject  # noqa: PLC0415

    outcome = assessment.outcome(check.id)
    click.echo(f"\n{assessment.moment.period.name}: {outcome.condition}: {outcome.reason}")
    for verdict in outcome.verdicts:
        subject = shown_subject(outcome, verdict, assessment.surrogates)
        click.echo(f"  {verdict.result:<8} {verdict.fingerprint}  {subject}: {verdict.message}")


def _control(citation: str, assessment: Assessment | None) -> bool:
    from riskkit.catalog import load_catalog  # noqa: PLC0415

    catalog = load_catalog()
    name = citation if citation in catalog.controls else f"45 CFR {citation}"
    control = catalog.controls.get(name)
    if control is None:
        return False
    kind = {"R": "required", "A": "addressable", "S": "standard"}.get(control.requirement, control.kind)
    click.echo(f"{control.citation}  {control.title} ({kind})\n{control.paraphrase}")
    enough = catalog.sufficiency.get(name)
    if enough is not None:
        kinds = "; ".join(kind.replace("|", " or ") for kind in enough.kinds)
        click.echo(f"Evidence that suffices: {kinds} by {enough.method}. {enough.why}")
    for status in assessment.controls if assessment else ():
        if status.control.citation == name:
            click.echo(f"\n{status.status}: {status.reason}\nChecks: {', '.join(status.checks) or 'none'}")
    return True


def _risk(id_: str, assessment: Assessment) -> bool:
    """Level, numbers, the gap of each control, what opens it, and the rows of evidence behind that."""
    risk = next((risk for risk in assessment.risks if risk.id == id_), None)
    if risk is None:
        return False
    click.echo(f"{risk.title}: {risk.level} ({risk.low} if every unknown proves fine)\n{risk.story}")
    click.echo(f"likelihood {risk.likelihood}, impact {risk.impact} (NIST SP 800-30r1, table I-2)")
    found = risk.estimate
    if found is not None:
        prior = assessment.catalog.priors.scenarios[risk.id]
        own = assessment.settings.priors.scenarios.get(risk.id)
        attempts = own.events if own and own.events else (prior.events.low, prior.events.high)
        click.echo(
            f"chance of an event within a year: {found.chance.high:.2%} ({found.chance.best:.2%} if unknowns "
            f"are as likely as not, {found.chance.low:.2%} if they prove fine)\n"
            f"events a year: {found.events.high:g}; with nothing in the way {attempts[0]:g} to "
            f"{attempts[1]:g} "
            f"({'set by the site' if found.own else f'judgement of {assessment.catalog.priors.dated}'}). "
            f"{prior.why}"
        )
        if assessment.settings.priors.money:
            click.echo(f"expected loss a year: USD {found.loss.low:,.0f} to {found.loss.high:,.0f}")
    statuses = {status.control.citation: status for status in assessment.controls}
    for gap in risk.gaps:
        status = statuses[gap.control]
        click.echo(
            f"\n{gap.control}  {status.control.title}: {status.status}; missing {gap.gap.high:.0%} "
            f"({gap.gap.low:.0%} if unknowns prove fine); {gap.failed} failed, {gap.unknown} unknown of "
            f"{gap.units}"
        )
        _opened(gap.control, risk.drivers, assessment)
    return True


def _opened(citation: str, drivers: Sequence[tuple[str, str, str]], assessment: Assessment) -> None:
    """What opens one control, each with its first rows of evidence."""
    from riskkit.assess.findings import shown_subject  # noqa: PLC0415

    outcomes = {outcome.check.id: outcome for outcome in assessment.outcomes}
    for name, result, severity in drivers:
        outcome = outcomes.get(name)
        if name == citation:
            click.echo(f"  {result:<13} {severity:<9} no evidence, or not all kinds that it needs")
        if outcome is None:
            continue
        said = [
            verdict
            for verdict in outcome.verdicts
            if citation in (verdict.controls or outcome.check.controls)
            and (verdict.result == result or (verdict.engine and result == "NOT_ASSESSED"))
        ]
        if citation in outcome.check.controls or said:
            click.echo(f"  {result:<13} {severity:<9} {name}: {outcome.reason}")
        for verdict in said[:SHOWN]:
            subject = shown_subject(outcome, verdict, assessment.surrogates)
            click.echo(f"    {verdict.fingerprint}  {subject}: {verdict.message}")
            for rows in verdict.rows:
                where = ", ".join(f"{source} at {offset}.{n}" for source, offset, n in rows.keys[:SHOWN])
                click.echo(
                    f"      {count(rows.count, 'row')} of {rows.table}" + (f": {where}" if where else "")
                )
        if len(said) > SHOWN:
            click.echo(f"    and {len(said) - SHOWN} more: `riskkit explain {name}`")


def _finding(fingerprint: str, assessment: Assessment) -> bool:
    from riskkit.assess.findings import shown_subject  # noqa: PLC0415

    for outcome in assessment.outcomes:
        for verdict in outcome.verdicts:
            if verdict.fingerprint != fingerprint:
                continue
            subject = shown_subject(outcome, verdict, assessment.surrogates)
            click.echo(f"{outcome.check.id}: {verdict.result}: {subject}\n{verdict.message}")
            for rows in verdict.rows:
                click.echo(f"{count(rows.count, 'row')} of {rows.table} {rows.predicate}")
                for source, offset, n in rows.keys:
                    click.echo(
                        f"  {source} at {offset}.{n}  sha256 {assessment.evidence.source(source).sha256}"
                    )
            return True
    return False
