"""A page on paper: tagged, the same bytes each time, nothing loaded, no word lost."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from riskkit.cli.commands.pdf import command
from riskkit.delivery import is_installed, pdf_of, read_report
from riskkit.delivery.alone import standing_alone
from riskkit.errors import DeliveryError
from tests.packs import SAMPLES, riskkit

PAPER = pytest.mark.skipif(
    not is_installed(), reason="WeasyPrint (extra pdf) or its Pango is not installed: no PDF was made"
)


def test_without_weasyprint_it_says_what_to_install(report: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra and the library; the report is untouched, and a delivery goes on without a PDF."""
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    assert not is_installed()
    done = CliRunner().invoke(command, [str(report)])
    assert isinstance(done.exception, DeliveryError)
    assert 'pip install "riskkit[pdf]"' in str(done.exception)
    assert not report.with_name("2026-10.pdf").exists()


def test_a_page_that_stands_alone_leads_nowhere_else(report: Path) -> None:
    """The bar of parts is gone, links to other files are words, links within the page stay."""
    soup = standing_alone(read_report(report).page("index.html"))
    assert soup.select_one("nav.parts") is None
    assert "See the trail and above." in soup.get_text()
    assert {str(link["href"]) for link in soup.find_all("a", href=True)} == {"#main"}


def test_pages_are_named(report: Path) -> None:
    """A page that is not there is told with those that are."""
    done = CliRunner().invoke(command, [str(report), "--page", "../x.html"])
    assert "01_audit_trail.html, index.html" in str(done.exception)


def unpacked(content: bytes) -> bytes:
    """What the compressed streams of a PDF hold; most objects lie in these."""
    found = b""
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", content, flags=re.DOTALL):
        with contextlib.suppress(zlib.error):
            found += zlib.decompress(stream)
    return found


@PAPER
@pytest.mark.slow
def test_it_is_tagged_and_the_same_twice(report: Path) -> None:
    """Two processes give the same bytes; structure, language and title are in them."""
    first = CliRunner().invoke(command, [str(report)])
    path = report.with_name("2026-10.pdf")
    assert first.output.strip() == str(path)
    content = path.read_bytes()
    assert riskkit("pdf", report).returncode == 0
    assert path.read_bytes() == content
    assert content.startswith(b"%PDF-1.7")
    content += unpacked(content)
    for mark in (b"/StructTreeRoot", b"/MarkInfo", b"/Lang (en)", b"pdfuaid:part"):
        assert mark in content, mark


@PAPER
@pytest.mark.slow
def test_nothing_is_loaded(report: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No socket is opened and no file is read for a page that asks for both."""
    import socket  # noqa: PLC0415

    hostile = (
        '<img src="http://127.0.0.1:9/x.png" alt=""><img src="file:///etc/hostname" alt="">'
        '<link rel="stylesheet" href="http://127.0.0.1:9/x.css"><p style="background:url(//h/x)">here</p>'
    )
    page = read_report(report).page("index.html").replace("</main>", f"{hostile}</main>")

    def fail(*_: Any, **__: Any) -> None:
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket.socket, "connect", fail)
    monkeypatch.setattr(socket, "create_connection", fail)
    assert pdf_of(page).startswith(b"%PDF")


@PAPER
@pytest.mark.slow
def test_a_layout_that_loses_words_is_an_error(
    report: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What is not on paper must not look as if it were not there."""
    style = tmp_path / "style.css"
    style.write_text(".onepage { display: none }")
    monkeypatch.setattr("riskkit.delivery.pdf._STYLE", style)
    with pytest.raises(DeliveryError, match="words of the page are not in the PDF"):
        pdf_of(read_report(report).page("index.html"))


@PAPER
@pytest.mark.slow
def test_every_page_of_the_samples_fits_on_paper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No word is lost, none stands beyond the edge, and what leadership reads first is one sheet."""
    import riskkit.delivery.pdf as module  # noqa: PLC0415

    done = riskkit("report", SAMPLES, "--out", tmp_path / "r", "--work", tmp_path / "w", "--fail-on", "never")
    assert done.returncode == 0, done.stderr
    sheets: list[list[str]] = []
    beyond: list[str] = []
    lost = module._lost

    def look(soup: Any, document: Any) -> int:
        sheets.append([])
        for sheet in document.pages:
            boxes = [box for box in sheet._page_box.descendants() if getattr(box, "text", "").strip()]
            sheets[-1].append(" ".join(box.text for box in boxes))
            beyond.extend(box.text for box in boxes if box.position_x + box.width > sheet.width)
        return lost(soup, document)

    monkeypatch.setattr(module, "_lost", look)
    report = read_report(tmp_path / "r")
    for name in sorted(report.files):
        if name.endswith(".html"):
            pdf_of(report.page(name))
    assert not beyond
    leadership = sheets[-1]  # index.html sorts last
    assert "The 5 highest risks" in leadership[0]
    assert "How fresh the evidence is" in leadership[0]


@PAPER
@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="poppler's pdftotext is not installed")
def test_another_program_reads_it(report: Path, tmp_path: Path) -> None:
    """Poppler finds the words, and says that it is tagged."""
    path = tmp_path / "page.pdf"
    path.write_bytes(pdf_of(read_report(report).page("index.html")))
    words = subprocess.run(["pdftotext", path, "-"], capture_output=True, text=True, check=True).stdout
    for word in ("Blizzard", "Facilities", "Figure", "Page 2 of 2"):
        assert word in words, word
    about = subprocess.run(["pdfinfo", path], capture_output=True, text=True, check=True).stdout
    assert "Tagged:          yes" in about
