"""`riskkit pdf`: a page of a report as a tagged PDF."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("report", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--page", default="index.html", show_default=True, help="Which page of the report.")
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="[default: beside the report, REPORT.pdf]"
)
def command(report: Path, page: str, out: Path | None) -> None:
    """Write a page of a report as a tagged PDF (PDF/UA-1) and print its path.

    It lies beside the report, not in it: the report stays what its manifest says. Needs WeasyPrint:
    pip install "riskkit[pdf]".
    """
    from riskkit.delivery import pdf_of, read_report  # noqa: PLC0415 - `--help` need not load pandas
    from riskkit.report.folder import replace  # noqa: PLC0415

    published = read_report(report)
    content = pdf_of(published.page(page))
    part = "" if page == "index.html" else f"-{Path(page).stem}"
    target = out or report.resolve().with_name(f"{published.name}{part}.pdf")
    replace(target, content)
    click.echo(target)
