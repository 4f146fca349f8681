"""A page that stands alone: what leads to other files of the report is left out."""

from __future__ import annotations

from bs4 import BeautifulSoup


def standing_alone(page: str) -> BeautifulSoup:
    """A page without links to its neighbours, which a mail or a sheet of paper does not have."""
    soup = BeautifulSoup(page, "html.parser")
    for bar in soup.select("nav.parts"):
        bar.decompose()
    for link in soup.find_all("a", href=True):
        if not str(link["href"]).startswith("#"):
            link.unwrap()
    return soup
