"""`riskkit deliver`: a finished report into a folder, by e-mail, or both."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from riskkit.cli.exits import UNTRUSTED
from riskkit.errors import RiskkitError
from riskkit.words import count


@click.command()
@click.argument("report", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--folder", type=click.Path(path_type=Path), help="Copy the whole report into this folder.")
@click.option("--smtp", metavar="URL", help="Mail it by smtp://host:587 (STARTTLS) or smtps://host:465.")
@click.option("--from", "sender", metavar="ADDRESS", help="Who sends the mail.")
@click.option("--to", "recipients", multiple=True, metavar="ADDRESS", help="Who gets it; may be repeated.")
@click.option("--user", default="", help="Log in as; the password: RISKKIT_SMTP_PASSWORD or a file.")
@click.option("--password-file", type=click.Path(path_type=Path, dir_okay=False), help="Holds the password.")
@click.option("--ca-file", type=click.Path(path_type=Path, dir_okay=False), help="Trust these authorities.")
@click.option("--plain", is_flag=True, help="Send without TLS; never with a password.")
@click.option("--timeout", type=click.IntRange(1), default=30, show_default=True, help="Seconds unanswered.")
@click.option("--pdf/--no-pdf", "paper", default=None, help="With a PDF [default: where WeasyPrint is].")
def command(
    report: Path,
    folder: Path | None,
    smtp: str | None,
    sender: str | None,
    recipients: tuple[str, ...],
    user: str,
    password_file: Path | None,
    ca_file: Path | None,
    plain: bool,
    timeout: int,
    paper: bool | None,
) -> None:
    """Send a report that was made: into a folder, by e-mail, or both.

    A folder gets every page with findings and manifest, so that it can be verified there. A mail gets the
    leadership page alone, as HTML and PDF. Files that are no part of the report never leave: a folder that
    holds any is refused, as is a report that was altered. Exit code 2 when anything did not arrive; the
    report itself stays as it is.
    """
    from riskkit.delivery import Server, compose, put_into, read_report, send  # noqa: PLC0415

    if not folder and not smtp:
        raise click.UsageError("say where to: --folder, --smtp, or both")
    if smtp and not (sender and recipients):
        raise click.UsageError("a mail needs --from and --to")
    server = (
        Server.parse(smtp, plain=plain, user=user, password_file=password_file, ca_file=ca_file)
        if smtp
        else None
    )
    published = read_report(report)
    pdf = _pdf(published.page("index.html"), wanted=paper)
    failed = False
    if folder:
        try:
            click.echo(put_into(published, folder, pdf=pdf))
        except RiskkitError as error:
            failed = True
            click.echo(f"riskkit: {error}", err=True)
    if server and sender:
        now = datetime.now(UTC)
        try:
            send(compose(published, sender=sender, recipients=recipients, now=now, pdf=pdf), server,
                 timeout_s=timeout)  # fmt: skip
            click.echo(f"{server} took the mail for {count(len(recipients), 'address')}")
        except RiskkitError as error:
            failed = True
            click.echo(f"riskkit: {error}", err=True)
    if failed:
        sys.exit(UNTRUSTED)


def _pdf(page: str, *, wanted: bool | None) -> bytes | None:
    """The PDF where it is wanted, or where it can be made; a PDF that fails keeps no report from going."""
    from riskkit.delivery import is_installed, pdf_of  # noqa: PLC0415

    if wanted is False or (wanted is None and not is_installed()):
        return None
    try:
        return pdf_of(page)
    except RiskkitError as error:
        if wanted:
            raise
        click.echo(f"note: sent without a PDF: {error}", err=True)
        return None
