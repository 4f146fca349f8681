"""What of a page stays off paper, where nobody scrolls or follows a link: it is on screen, and paper says so.

A class does it, so the page on screen is whole: `screen` is left out when it is printed, `paper` is left
out on screen. The sheet for leadership and the grid of risks are printed as they are.
"""

from __future__ import annotations

from collections.abc import Iterator

from bs4 import BeautifulSoup, Tag

LONG, KEPT = 16, 6
"""A table of more than LONG rows is printed with its first KEPT; the rows of most begin with the worst."""

MANY, FULL = 6, 3
"""Of MANY cards or more that follow each other, FULL are printed whole, of the others title and outcome."""

_WHOLE = ("onepage", "matrix")
_CUT = (
    "This page on paper is shorter than on screen: of long tables the first rows are printed, and of many "
    "cards the first in full. The page on screen shows all of it, findings.json holds every verdict, and "
    "riskkit export writes the risk register and all findings as CSV and as a workbook."
)


def shorten(soup: BeautifulSoup) -> None:
    """Mark what is not printed, with a line at each cut and one at the head of the page."""
    cut = [_shorten_table(soup, table) for table in soup.find_all("table") if isinstance(table, Tag)]
    cut += [_shorten_cards(soup, run) for run in _runs(soup)]
    heading = soup.find(["h1", "h2"])
    if any(cut) and isinstance(heading, Tag):
        heading.insert_after(_line(soup, _CUT))


def _shorten_table(soup: BeautifulSoup, table: Tag) -> bool:
    rows = table.select("tbody > tr")
    if len(rows) <= LONG or table.find_parent(class_=_WHOLE) or set(_WHOLE) & set(table.get("class") or ()):
        return False
    for row in rows[KEPT:]:
        row["class"] = " ".join([*(row.get("class") or ()), "screen"])
    box = table.find_parent(class_="scroll") or table
    box.insert_after(_line(soup, f"Printed: the first {KEPT} of {len(rows)} rows."))
    return True


def _runs(soup: BeautifulSoup) -> Iterator[list[Tag]]:
    """Cards that follow each other, where there are many."""
    seen: set[int] = set()
    for card in soup.select(".card"):
        if id(card) in seen:
            continue
        run = [card, *(other for other in card.find_next_siblings() if "card" in (other.get("class") or ()))]
        seen |= {id(other) for other in run}
        if len(run) >= MANY:
            yield run


def _shorten_cards(soup: BeautifulSoup, run: list[Tag]) -> bool:
    for card in run[FULL:]:
        detail = soup.new_tag("div", attrs={"class": "screen"})
        for part in card.find_all(True, recursive=False)[2:]:
            detail.append(part.extract())
        card.append(detail)
    run[FULL].insert_before(_line(soup, f"Printed in full: {FULL} of {len(run)}. Of the others:"))
    return True


def _line(soup: BeautifulSoup, words: str) -> Tag:
    line = soup.new_tag("p", attrs={"class": "paper note"})
    line.string = words
    return line
