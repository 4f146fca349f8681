"""A page of a report as a tagged PDF (PDF/UA-1) by WeasyPrint, the optional extra `pdf`."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup, Tag

from riskkit.delivery.alone import standing_alone
from riskkit.errors import DeliveryError

VARIANT = "pdf/ua-1"
SHEET_PX = 680
"""Width between the margins of A4, in CSS pixels; Letter is wider."""

_STYLE = Path(__file__).parent / "paper.css"
_SAID = "main :is(td, th, dd, dt, li, h1, h2, h3, h4, caption, figcaption)"
"""Elements whose words must be on paper; those of other lists are left out there."""
_LEFT_OUT = ("toc", "scope", "screen")


def pdf_of(page: str) -> bytes:
    """A page of a report as PDF: the same page gives the same bytes on the same machine.

    Nothing is loaded from anywhere; pictures lie in the page. Raises DeliveryError when WeasyPrint is not
    installed, or when a word of the page is not on paper.
    """
    weasyprint = _weasyprint()
    soup = standing_alone(page)
    style = soup.new_tag("style")
    style.string = _STYLE.read_text(encoding="utf-8")
    (soup.head or soup).append(style)
    for drawing in soup.find_all("svg"):
        _sized(drawing)
    document = weasyprint.HTML(
        string=str(soup), url_fetcher=weasyprint.urls.URLFetcher(allowed_protocols=("data",))
    ).render(pdf_variant=VARIANT)
    if lost := _lost(soup, document):
        raise DeliveryError(
            f"{lost} words of the page are not in the PDF",
            do="Print the HTML page from a browser, and report it",
        )
    content: bytes = document.write_pdf(pdf_variant=VARIANT)
    return content


def is_installed() -> bool:
    """Whether PDFs can be made here."""
    with contextlib.suppress(DeliveryError):
        return _weasyprint() is not None
    return False


def _weasyprint() -> Any:
    try:
        import weasyprint  # noqa: PLC0415 - an extra that is not in the lock, and slow to load
        import weasyprint.urls  # noqa: PLC0415
    except (ImportError, OSError) as error:  # OSError: Pango is not there
        what = "its library Pango is missing" if isinstance(error, OSError) else "WeasyPrint is not installed"
        raise DeliveryError(
            f"a PDF cannot be made: {what}",
            do='Run `pip install "riskkit[pdf]"`, and install Pango (Debian: libpangoft2-1.0-0)',
        ) from error
    return weasyprint


def _sized(drawing: Tag) -> None:
    """Say a drawing's size, no wider than the sheet; WeasyPrint takes another where a part is not said."""
    box = str(drawing.get("viewbox") or drawing.get("viewBox") or "").split()
    width = str(drawing.get("width") or "").removesuffix("px").removesuffix("pt")
    with contextlib.suppress(ValueError, ZeroDivisionError, IndexError):
        wide = min(float(width), SHEET_PX)
        drawing["style"] = f"width:{wide:.2f}px;height:{wide * float(box[3]) / float(box[2]):.2f}px"


def _lost(soup: BeautifulSoup, document: Any) -> int:
    """How many words of the page are on no sheet: a layout that fails must not look like silence."""
    printed = "".join(
        getattr(box, "text", "") for sheet in document.pages for box in sheet._page_box.descendants()
    )
    printed = re.sub(r"[\s\u00ad]+", "", printed)
    said: set[str] = set()
    for element in soup.select(_SAID):
        if not element.find_parent(class_=_LEFT_OUT):
            said |= {word.replace("\u00ad", "") for word in element.get_text(" ").split()}
    return sum(word not in printed for word in said)
