"""A mail arrives whole and encrypted, or the sender is told why not; the password stays where it is."""

from __future__ import annotations

import base64
import hashlib
import socket
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from click.testing import CliRunner

from riskkit.cli.commands.deliver import command
from riskkit.delivery import PASSWORD_VARIABLE, Published, Server, compose, read_report, send
from riskkit.errors import DeliveryError
from tests import bed
from tests.delivery.postbox import Postbox, open_postbox
from tests.packs import riskkit

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)
PASSWORD = "correct horse battery"
SENDER, ALL = "risk@hospital.example", ("ciso@hospital.example", "ceo@hospital.example")


def contents(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


@pytest.fixture
def published(report: Path) -> Published:
    return read_report(report)


def mail(published: Published, pdf: bytes | None = None) -> EmailMessage:
    return compose(published, sender=SENDER, recipients=ALL, now=NOW, pdf=pdf)


@pytest.mark.parametrize("implicit", [False, True], ids=["starttls", "implicit"])
def test_the_server_gets_page_and_pdf_encrypted(
    report: Path, published: Published, authority: bed.Authority, certificate: Path, implicit: bool
) -> None:
    """Parsed at the other end: addresses, words, the page that loads nothing, the PDF; the report stays."""
    before = contents(report)
    with open_postbox(Postbox(certificate, implicit, ("robot", PASSWORD))) as box:
        server = Server(
            "127.0.0.1", box.port, "implicit" if implicit else "starttls", "robot", PASSWORD, authority.anchor
        )
        send(mail(published, b"%PDF-1.7 small"), server, timeout_s=10)
    [got] = box.mails
    assert box.tls == [True]
    assert box.recipients == list(ALL)
    assert PASSWORD.encode() not in box.seen
    assert b"Where we stand" not in box.seen
    assert got["From"] == SENDER
    assert got["To"] == ", ".join(ALL)
    assert got["Subject"] == "HIPAA Security Rule risk report, 2026-10: Example Hospital"
    assert got["Auto-Submitted"] == "auto-generated"
    assert got["Message-ID"].endswith("@hospital.example>")
    words = got.get_body(("plain",)).get_content()
    assert "For the security committee" in words
    assert "as of the end of 31 October 2026" in words
    assert published.sha256 in words
    assert "Blizzard" not in words
    page, paper = got.iter_attachments()
    assert (page.get_filename(), paper.get_filename()) == (
        "risk-report-2026-10.html", "risk-report-2026-10.pdf")  # fmt: skip
    assert (page.get_content_type(), paper.get_content_type()) == ("text/html", "application/pdf")
    assert paper.get_content() == b"%PDF-1.7 small"
    soup = BeautifulSoup(page.get_content(), "html.parser")
    assert "Blizzard" in soup.get_text()
    assert {str(link["href"])[0] for link in soup.find_all(href=True)} == {"#"}
    assert not soup.find_all(src=True)
    assert "default-src 'none'" in str(soup.head)
    assert contents(report) == before


def test_an_incomplete_report_says_so_before_it_is_opened(incomplete: Path) -> None:
    """In the subject and in the words."""
    message = mail(read_report(incomplete))
    assert message["Subject"].endswith("(incomplete)")
    assert "which parts are missing" in message.get_body(("plain",)).get_content()


def test_the_command_mails(report: Path, authority: bed.Authority, certificate: Path, tmp_path: Path) -> None:
    """As a user types it, with the password in a file; neither output holds the password."""
    secret = tmp_path / "password"
    secret.write_text(PASSWORD + "\n")
    secret.chmod(0o600)
    with open_postbox(Postbox(certificate, login=("robot", PASSWORD))) as box:
        done = riskkit(
            "deliver", report, "--smtp", f"smtp://127.0.0.1:{box.port}", "--from", SENDER, "--to", ALL[0],
            "--to", ALL[1], "--user", "robot", "--password-file", secret, "--ca-file", authority.anchor,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "took the mail for 2 addresses" in done.stdout
    assert PASSWORD not in done.stdout + done.stderr
    assert len(box.mails) == 1


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def test_a_dead_server_is_a_clear_error_and_the_report_is_kept(report: Path) -> None:
    """Exit code 2, one line that says what and where, no traceback."""
    before = contents(report)
    port = closed_port()
    done = riskkit(
        "deliver", report, "--smtp", f"smtps://127.0.0.1:{port}", "--from", SENDER, "--to", ALL[0], "--no-pdf"
    )
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        f"riskkit: 127.0.0.1:{port}: cannot be reached (Connection refused); nothing was sent, and the "
        "report is kept. Look at the host and the port."
    ]
    assert contents(report) == before


def test_a_folder_gets_its_copy_also_when_the_mail_fails(report: Path, tmp_path: Path) -> None:
    """One way that fails does not stop the other, and the exit code still says so."""
    (tmp_path / "shelf").mkdir()
    done = CliRunner().invoke(
        command,
        [str(report), "--folder", str(tmp_path / "shelf"), "--smtp", f"smtp://127.0.0.1:{closed_port()}",
         "--from", SENDER, "--to", ALL[0], "--no-pdf"],
    )  # fmt: skip
    assert done.exit_code == 2
    assert (tmp_path / "shelf" / "2026-10" / "index.html").is_file()


def test_a_silent_server_ends_in_time(published: Published) -> None:
    """The time-out is for the greeting too."""
    with (
        open_postbox(Postbox(silent=True)) as box,
        pytest.raises(DeliveryError, match="does not answer in time; nothing was sent"),
    ):
        send(mail(published), Server("127.0.0.1", box.port), timeout_s=0.3)


def test_without_starttls_nothing_is_sent(published: Published) -> None:
    """A server, or somebody on the way, that hides STARTTLS gets no word of the report."""
    with (
        open_postbox(Postbox()) as box,
        pytest.raises(DeliveryError, match="offers no STARTTLS, and nothing is sent without TLS"),
    ):
        send(mail(published), Server("127.0.0.1", box.port), timeout_s=5)
    assert box.mails == []
    assert b"MAIL" not in box.seen


def test_plain_is_sent_only_when_said(published: Published) -> None:
    """The mail arrives, and the words of the command say that it went without TLS."""
    with open_postbox(Postbox()) as box:
        send(mail(published), Server.parse(f"smtp://127.0.0.1:{box.port}", plain=True), timeout_s=5)
    assert box.tls == [False]


@pytest.mark.parametrize("trust", ["unknown authority", "other name"])
def test_a_certificate_that_does_not_hold_ends_it(
    published: Published, authority: bed.Authority, certificate: Path, trust: str
) -> None:
    """An authority that nobody named, and a certificate of another host."""
    other = authority.issue("other", sans=("mail.elsewhere.example",))
    ca_file = None if trust == "unknown authority" else authority.anchor
    with (
        open_postbox(Postbox(certificate if ca_file is None else other)) as box,
        pytest.raises(DeliveryError, match="its certificate is not trusted"),
    ):
        send(mail(published), Server("127.0.0.1", box.port, ca_file=ca_file), timeout_s=5)
    assert box.mails == []


def test_a_wrong_password_is_told_without_it(
    published: Published, authority: bed.Authority, certificate: Path
) -> None:
    """Also where the server repeats what it got; the error below it is cut off."""
    with open_postbox(Postbox(certificate, login=("robot", "another"))) as box:
        server = Server("127.0.0.1", box.port, "starttls", "robot", PASSWORD, authority.anchor)
        with pytest.raises(DeliveryError, match=r"did not accept the user and password \(535\)") as caught:
            send(mail(published), server, timeout_s=5)
    error: BaseException = caught.value
    assert error.__cause__ is None
    assert error.__suppress_context__
    coded = base64.b64encode(f"\0robot\0{PASSWORD}".encode()).decode()
    assert PASSWORD not in str(error)
    assert coded not in str(error)
    assert PASSWORD not in repr(server)


@pytest.mark.parametrize(
    ("box", "word"),
    [
        (Postbox(login=("a", "b")), r"refused with code 530; nothing was sent.*530 asks for --user"),
        (Postbox(refuse=ALL), "accepted nobody of --to; nothing was sent"),
        (Postbox(refuse=ALL[:1]), "took the mail, but not for ciso@hospital.example"),
        (Postbox(hang_up_after="DATA"), "ended the conversation; whether the mail went out is not known"),
        (Postbox(hang_up_after="EHLO"), "ended the conversation; nothing was sent"),
    ],
    ids=["asks for a log-in", "knows nobody", "knows one", "hangs up late", "hangs up early"],
)
def test_what_a_server_refuses_is_told(published: Published, box: Postbox, word: str) -> None:
    """Each in words, and what is known about the mail."""
    with open_postbox(box), pytest.raises(DeliveryError, match=word):
        send(mail(published), Server("127.0.0.1", box.port, "none"), timeout_s=5)


@pytest.mark.parametrize(
    ("address", "options", "word"),
    [
        ("smtp://robot:hunter22@mail.example", {}, "seen by everyone on this machine"),
        ("https://mail.example", {}, "not written as an address"),
        ("mail.example:25", {}, "not written as an address"),
        ("smtp://mail.example:port", {}, "not written as an address"),
        ("smtps://mail.example", {"plain": True}, "smtps:// is TLS"),
        ("smtp://mail.example", {"plain": True, "user": "robot"}, "no password is sent without TLS"),
        ("smtp://mail.example", {"user": "robot", "password_file": Path("nowhere")}, "cannot be read"),
    ],
)
def test_wrong_servers_are_refused(
    monkeypatch: pytest.MonkeyPatch, address: str, options: dict[str, object], word: str
) -> None:
    """Before anything is connected to; a password in an address is not repeated."""
    monkeypatch.setenv(PASSWORD_VARIABLE, PASSWORD)
    with pytest.raises(DeliveryError, match=word) as caught:
        Server.parse(address, **options)  # type: ignore[arg-type]
    assert "hunter22" not in str(caught.value)


def test_ports_and_passwords(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The ports of RFC 8314 and 6409; the password from the environment or a file closed to others."""
    monkeypatch.delenv(PASSWORD_VARIABLE, raising=False)
    assert Server.parse("smtp://mail.example") == Server("mail.example", 587)
    assert Server.parse("smtps://[::1]") == Server("::1", 465, "implicit")
    with pytest.raises(DeliveryError, match="there is no password"):
        Server.parse("smtps://mail.example", user="robot")
    secret = tmp_path / "password"
    secret.write_text("from a file\n")
    secret.chmod(0o644)
    with pytest.raises(DeliveryError, match="can be read by everyone"):
        Server.parse("smtps://mail.example", user="robot", password_file=secret)
    secret.chmod(0o600)
    assert Server.parse("smtps://mail.example", user="robot", password_file=secret).password == "from a file"
    monkeypatch.setenv(PASSWORD_VARIABLE, PASSWORD)
    assert Server.parse("smtps://mail.example", user="robot").password == PASSWORD


@pytest.mark.parametrize(
    "address", ["nobody", "a@b\r\nBcc: x@y.example", "a b@c.example", "<a@c.example>", ""]
)
def test_what_is_no_address_is_refused(published: Published, address: str) -> None:
    """No line of a header can be smuggled in."""
    with pytest.raises(DeliveryError, match="no e-mail address"):
        compose(published, sender=SENDER, recipients=[address], now=NOW)


def test_no_option_takes_a_password() -> None:
    """What stands in the command line is seen by all processes of the machine."""
    options = {name for option in command.params for name in option.opts}
    assert {name for name in options if "pass" in name or "secret" in name} == {"--password-file"}
