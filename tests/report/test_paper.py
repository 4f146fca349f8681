"""What is printed of a page is less than what stands on screen, and says so; nothing is lost on screen."""

from __future__ import annotations

from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as some

from riskkit.report.clean import clean
from riskkit.report.paper import FULL, KEPT, LONG, MANY, shorten


def table(rows: int, *, class_: str = "table") -> str:
    body = "".join(f"<tr><th>r{number}</th></tr>" for number in range(rows))
    return f'<div class="scroll"><table class="{class_}"><tbody>{body}</tbody></table></div>'


def card(number: int) -> str:
    inside = f"<h3>c{number}</h3><p>outcome {number}</p><p>why</p><dl><dt>x</dt></dl>"
    return f'<section class="card">{inside}</section>'


def shortened(html: str) -> BeautifulSoup:
    soup = BeautifulSoup(f"<h1>Title</h1>{html}<p>end</p>", "html.parser")
    shorten(soup)
    return BeautifulSoup(clean(str(soup)), "html.parser")


def words(soup: BeautifulSoup, *, without: str) -> list[str]:
    for element in soup.select(without):
        element.decompose()
    return list(soup.stripped_strings)


def test_a_long_table_is_printed_with_its_first_rows() -> None:
    """And a line behind it tells of how many; one that is no longer than LONG is printed as it is."""
    soup = shortened(table(LONG + 1) + table(LONG))
    assert [line.get_text() for line in soup.select("p.paper")][1:] == [
        f"Printed: the first {KEPT} of {LONG + 1} rows."
    ]
    first, second = soup.find_all("table")
    assert [row.get_text() for row in first.select("tr:not(.screen)")] == [f"r{n}" for n in range(KEPT)]
    assert second.select(".screen") == []


def test_of_many_cards_the_others_keep_title_and_outcome() -> None:
    """Few cards are printed whole, also where other cards stand elsewhere."""
    soup = shortened(
        "<div>"
        + "".join(map(card, range(MANY)))
        + "</div><div>"
        + "".join(map(card, range(MANY - 1)))
        + "</div>"
    )
    many, few = soup.find_all("div", class_=False)
    assert few.select(".screen") == []
    assert [bool(one.select(".screen")) for one in many.select(".card")] == [
        *[False] * FULL, *[True] * (MANY - FULL),
    ]  # fmt: skip
    printed = words(many, without=".screen")
    assert printed[-2:] == [f"c{MANY - 1}", f"outcome {MANY - 1}"]
    assert f"Printed in full: {FULL} of {MANY}. Of the others:" in printed


def test_the_sheet_for_leadership_and_the_grid_of_risks_are_whole() -> None:
    """One is made for one sheet, the other is read as a whole."""
    soup = shortened(f'<div class="onepage">{table(99)}</div>{table(99, class_="table matrix")}')
    assert soup.select(".screen, .paper") == []


@given(some.lists(some.one_of(some.integers(0, 40).map(table), some.integers(0, 3).map(card)), max_size=12))
def test_nothing_is_lost_on_screen(parts: list[str]) -> None:
    """Apart from the lines for paper every word stands where it stood; the page says so when it is cut."""
    html = "".join(parts)
    before = BeautifulSoup(f"<h1>Title</h1>{html}<p>end</p>", "html.parser")
    after = shortened(html)
    lines = after.select("p.paper")
    assert bool(lines) == bool(after.select(".screen"))
    if lines:
        assert "riskkit export" in lines[0].get_text()
    assert words(after, without=".paper") == list(before.stripped_strings)
