"""`riskkit export`: an assessment as a file for other programs."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

import click

from riskkit.cli.options import DAY, PACK, chosen_period
from riskkit.cli.volume import warn_if_plain
from riskkit.errors import ReportError
from riskkit.words import size

FORMATS = ("oscal-ar", "oscal-poam", "ocsf", "overlays", "poam", "register", "xlsx")
"""riskkit.interchange.FORMATS, which `--help` need not load."""


@click.command()
@PACK
@click.option("--format", "name", type=click.Choice(FORMATS), required=True, help="What to write.")
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="File; replaced if there."
)
@click.option("--period", metavar="YYYY-MM", help="[default: the site's, else the last full month]")
@click.option("--as-of", type=DAY, help="Last day that counts, in a running period.")
@click.option("--work", type=click.Path(path_type=Path), help="Work folder [default: PACK/.riskkit].")
@click.option("--phi", is_flag=True, help="Real ids of people in the workbook: the file is PHI then.")
def command(
    pack: Path,
    name: str,
    out: Path,
    period: str | None,
    as_of: datetime | None,
    work: Path | None,
    phi: bool,
) -> None:
    """Write what was found as OSCAL, OCSF, CSV or a workbook (mode 0600).

    OSCAL files are checked before they are written: every reference leads somewhere, and every hash is
    that of its file.
    """
    from riskkit.assess import open_pack  # noqa: PLC0415 - `--help` need not load pandas
    from riskkit.interchange import WITH_PHI, check_oscal, export  # noqa: PLC0415

    if phi and name not in WITH_PHI:
        raise click.UsageError(f"--phi is for {', '.join(sorted(WITH_PHI))}: {name} never names people")
    chosen, day = chosen_period(pack, period, as_of)
    assessment = open_pack(pack, period=chosen, as_of=day, work=work)
    warn_if_plain(pack, synthetic=assessment.settings.synthetic)
    content = export(assessment, name, phi=phi)
    if name.startswith("oscal"):
        import json  # noqa: PLC0415

        if wrong := check_oscal(json.loads(content), pack):
            raise ReportError(f"what was written does not hold: {wrong[0]}", file=out, do="Run it again")
    draft = out.with_name(f".{out.name}.draft")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    draft.replace(out)
    click.echo(f"{out}: {name}, {size(len(content))}" + (", with real ids (PHI)" if phi else ""))
