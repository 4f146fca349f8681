"""A report by e-mail: the leadership page and its PDF attached, over SMTP with TLS (RFC 3207, RFC 8314)."""

from __future__ import annotations

import contextlib
import os
import re
import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from riskkit.delivery.alone import standing_alone
from riskkit.delivery.published import INDEX, Published
from riskkit.errors import DeliveryError

PASSWORD_VARIABLE = "RISKKIT_SMTP_PASSWORD"  # noqa: S105 - its name, not a password
PORTS = {"smtp": 587, "smtps": 465}
Tls = Literal["starttls", "implicit", "none"]
_MASTHEAD = ".masthead .organisation, .masthead .edition, .masthead .confidential"
_ADDRESS = re.compile(r"[^\s@<>,;:\"()\[\]\\]+@[\w.-]+")


@dataclass(frozen=True, slots=True)
class Server:
    """Where mail is handed in; the password never shows in a representation of this."""

    host: str
    port: int
    tls: Tls = "starttls"
    user: str = ""
    password: str = field(default="", repr=False)
    ca_file: Path | None = None

    @classmethod
    def parse(
        cls,
        address: str,
        *,
        plain: bool = False,
        user: str = "",
        password_file: Path | None = None,
        ca_file: Path | None = None,
    ) -> Server:
        """Read `smtp://host[:587]` (STARTTLS is demanded) or `smtps://host[:465]` (TLS from the start).

        plain: no TLS at all, which takes no password. user: its password stands in the environment
        variable RISKKIT_SMTP_PASSWORD or in a file that others cannot read. ca_file: trust these
        authorities instead of the system's. Raises DeliveryError; no text holds the password.
        """
        parts = urlsplit(address)
        try:
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port = None, None
        if parts.username is not None or parts.password is not None:
            raise DeliveryError(
                "a user or password in the address is seen by everyone on this machine",
                do=f"Give --user, and the password in {PASSWORD_VARIABLE} or --password-file",
            )
        if parts.scheme not in PORTS or not host or parts.path.strip("/") or parts.query:
            raise DeliveryError(
                "the mail server is not written as an address", do="Write smtp://host:587 or smtps://host:465"
            )
        if plain and parts.scheme == "smtps":
            raise DeliveryError("smtps:// is TLS, and --plain is none", do="Leave --plain out")
        password = _password(password_file) if user else ""
        if plain and (user or password_file):
            raise DeliveryError("no password is sent without TLS", do="Leave --plain out, or --user")
        tls: Tls = "none" if plain else "implicit" if parts.scheme == "smtps" else "starttls"
        return cls(host, port or PORTS[parts.scheme], tls, user, password, ca_file)

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def _password(file: Path | None) -> str:
    if file is None:
        password = os.environ.get(PASSWORD_VARIABLE, "")
    else:
        try:
            if os.name == "posix" and file.stat().st_mode & 0o007:
                raise DeliveryError(
                    "the password can be read by everyone on this machine", file=file, do=f"chmod 600 {file}"
                )
            password = file.read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise DeliveryError("the password cannot be read", file=file, do="Name another file") from error
    if not password:
        raise DeliveryError(
            "there is no password for the user", do=f"Set {PASSWORD_VARIABLE}, or give --password-file"
        )
    return password


def compose(
    report: Published,
    *,
    sender: str,
    recipients: Sequence[str],
    now: datetime,
    pdf: bytes | None = None,
) -> EmailMessage:
    """The message: what it is about in words, the leadership page as HTML, and the PDF if there is one.

    The words tell no result, since screens show them to whoever stands by. Raises DeliveryError for what
    is no address.
    """
    for address in (sender, *recipients):
        if not _ADDRESS.fullmatch(address):
            raise DeliveryError("that is no e-mail address", file=address, do="Write it as name@example.org")
    if not recipients:
        raise DeliveryError("nobody is named to send it to", do="Give --to")
    page = standing_alone(report.page(INDEX))
    about = f"HIPAA Security Rule risk report, {report.period}"
    name = f"risk-report-{report.period}"
    message = EmailMessage()
    try:
        message["From"] = Address(addr_spec=sender)
        message["To"] = [Address(addr_spec=recipient) for recipient in recipients]
        message["Subject"] = f"{about}: {report.organisation}{'' if report.complete else ' (incomplete)'}"
        message["Date"] = format_datetime(now)
        message["Message-ID"] = make_msgid(domain=sender.partition("@")[2])
        message["Auto-Submitted"] = "auto-generated"
    except (MessageError, ValueError) as error:
        raise DeliveryError("the mail cannot be written", do="Look at the addresses") from error
    lines = [*(said.get_text(" ", strip=True) for said in page.select(_MASTHEAD))]
    lines += ["", f"{name}.html opens in any browser and loads nothing from anywhere."]
    if pdf is not None:
        lines.append(f"{name}.pdf is the same page on paper.")
    if not report.complete:
        lines.append("It is incomplete: its first page says which parts are missing.")
    lines += ["", "SHA-256 of the report's manifest:", report.sha256, ""]
    message.set_content("\n".join(lines))
    message.add_attachment(str(page).encode(), maintype="text", subtype="html", filename=f"{name}.html",
                           params={"charset": "utf-8"})  # fmt: skip
    if pdf is not None:
        message.add_attachment(pdf, maintype="application", subtype="pdf", filename=f"{name}.pdf")
    return message


def send(message: EmailMessage, server: Server, *, timeout_s: float = 30) -> None:
    """Hand a message to a server.

    timeout_s: seconds without an answer. The certificate and its name are verified against the system's
    authorities or `ca_file`. Raises DeliveryError that says what failed; the server's own words are not
    repeated, since they may hold what was sent to it.
    """
    handing = False
    try:
        client = _connected(server, timeout_s)
        try:
            client.ehlo_or_helo_if_needed()
            if server.user:
                client.login(server.user, server.password)
            handing = True
            refused = client.send_message(message)
            with contextlib.suppress(smtplib.SMTPException, OSError):
                client.quit()  # it has the mail: how it says good-bye changes nothing
        finally:
            client.close()
    except (smtplib.SMTPException, OSError, ValueError) as error:
        what, do = _explained(error, server)
        cut = handing and not isinstance(
            error, (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused)
        )
        ended = "whether the mail went out is not known" if cut else "nothing was sent"
        # The error below it may hold what was sent: it goes no further.
        raise DeliveryError(f"{what}; {ended}, and the report is kept", file=str(server), do=do) from None
    if refused:
        raise DeliveryError(
            f"took the mail, but not for {', '.join(sorted(refused))}", file=str(server), do="Look at --to"
        )


def _connected(server: Server, timeout_s: float) -> smtplib.SMTP:
    if server.tls == "none":
        return smtplib.SMTP(server.host, server.port, timeout=timeout_s)
    try:
        context = ssl.create_default_context(cafile=server.ca_file and str(server.ca_file))
    except (OSError, ssl.SSLError) as error:
        raise DeliveryError("holds no certificate", file=server.ca_file, do="Name a PEM file") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if server.tls == "implicit":
        return smtplib.SMTP_SSL(server.host, server.port, timeout=timeout_s, context=context)
    client = smtplib.SMTP(server.host, server.port, timeout=timeout_s)
    try:
        client.starttls(context=context)
    except BaseException:
        client.close()
        raise
    return client


_EXPLAINED: tuple[tuple[type[Exception], str, str], ...] = (
    (ssl.SSLCertVerificationError, "its certificate is not trusted ({verify_message})",
     "Name its authority with --ca-file, and the server by the name in its certificate"),
    (ssl.SSLError, "the TLS handshake failed", "smtps:// is TLS from the start, smtp:// is STARTTLS"),
    (smtplib.SMTPAuthenticationError, "the server did not accept the user and password ({smtp_code})",
     "Look at --user and the password"),
    (smtplib.SMTPRecipientsRefused, "the server accepted nobody of --to", "Look at the addresses"),
    (smtplib.SMTPResponseException, "the server refused with code {smtp_code}",
     "530 asks for --user; else ask who runs it"),
    (TimeoutError, "the server does not answer in time", "Look whether it can be reached from here"),
    (smtplib.SMTPException, "the server ended the conversation",
     "smtps:// is TLS from the start, smtp:// is STARTTLS"),
    (OSError, "cannot be reached ({strerror})", "Look at the host and the port"),
    (Exception, "the mail cannot be handed in", "Look at the host and the addresses"),
)  # fmt: skip
"""What went wrong and what to do, from the particular to the general."""


def _explained(error: Exception, server: Server) -> tuple[str, str]:
    if isinstance(error, smtplib.SMTPNotSupportedError):
        if server.tls == "starttls" and not server.user:
            return ("the server offers no STARTTLS, and nothing is sent without TLS",
                    "Use smtps://, or say --plain where the way to it is protected otherwise")  # fmt: skip
        return "the server lacks STARTTLS or a log-in", "Ask who runs it"
    if isinstance(error, smtplib.SMTPServerDisconnected) and "timed out" in str(error):
        error = TimeoutError()
    what, do = next((what, do) for kind, what, do in _EXPLAINED if isinstance(error, kind))
    facts = {name: getattr(error, name, None) or "" for name in ("verify_message", "smtp_code", "strerror")}
    return what.format(**facts), do
