"""Charts: the same bytes each time, readable without colour, aloud, in light and dark."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from bs4 import BeautifulSoup
from defusedxml import ElementTree

from riskkit.report.clean import clean
from riskkit.views import charts
from riskkit.views.charts import Words
from riskkit.views.figures import BAD, GOOD, INK, MARK, NEUTRAL
from riskkit.views.html import Html
from tests.views.made import HOSTILE

DAYS = [date(2026, 10, 1) + timedelta(days=number) for number in range(31)]
ALT = "3 of 4 <are> $fine$."


def _shares(name: str) -> Html:
    return charts.shares([(name, (3, 1, 0)), ("b", (0, 0, 0))], caption="c", alt=ALT, words=Words())


def _bars(name: str) -> Html:
    return charts.bars([(name, 3.0), ("b", 40.0)], caption="c", alt=ALT, unit="days", limit=(7, "limit"))


def _calendar(name: str) -> Html:
    counts = [number * 100 if number % 6 else 0 for number in range(31)]
    return charts.calendar([(name, counts)], DAYS, caption="c", alt=ALT, noun="event", per="a day")


def _expiries(name: str) -> Html:
    return charts.expiries([(name, -3, "ended"), ("b", 300, "in 300 days")], caption="c", alt=ALT, warn=30)


def _trend(name: str) -> Html:
    return charts.trend(["2026-09", "2026-10"], {name: [1, 2], "b": [2, 2]}, caption="c", alt=ALT, unit="n")


def _day_and_hour(name: str) -> Html:
    moments = [
        (datetime(2026, 10, 3, 4, 5, tzinfo=UTC), True),
        (datetime(2026, 10, 4, 14, 5, tzinfo=UTC), False),
    ]
    return charts.day_and_hour(moments, DAYS[0], DAYS[-1], caption=name, alt=ALT)


DRAW = [_shares, _bars, _calendar, _expiries, _trend, _day_and_hour]


@pytest.mark.parametrize("draw", DRAW)
def test_the_same_bytes(draw: Callable[[str], Html]) -> None:
    """The same numbers give the same drawing."""
    assert draw("a").markup == draw("a").markup


@pytest.mark.parametrize("draw", DRAW)
def test_named_for_whoever_does_not_see_it(draw: Callable[[str], Html]) -> None:
    """A drawing is one image with one sentence."""
    soup = BeautifulSoup(draw("a").markup, "html.parser")
    assert soup.svg["role"] == "img"
    assert soup.svg["aria-label"] == ALT
    assert soup.figcaption.get_text()


@pytest.mark.parametrize("draw", DRAW)
def test_it_takes_the_colour_of_the_text(draw: Callable[[str], Html]) -> None:
    """Lines and letters follow the page; only the palette is fixed, and no ground is painted."""
    markup = draw("a").markup
    assert "currentColor" in markup
    assert INK not in markup
    colours = set(re.findall(r"(?<=[: ])#[0-9a-f]{6}\b", markup))
    assert colours <= {GOOD, BAD, NEUTRAL, MARK}


@pytest.mark.parametrize("draw", DRAW)
def test_ids_are_its_own(draw: Callable[[str], Html]) -> None:
    """Two drawings on one page share no id, and every reference is resolved."""
    pages = [draw(name).markup.replace(ALT, name) for name in ("a", "b")]
    for page in pages:
        ids = re.findall(r'\bid="([^"]+)"', page)
        assert len(ids) == len(set(ids))
        assert set(re.findall(r'(?:href="#|url\(#)([^")]+)', page)) == set(ids)


def test_ids_differ_between_drawings() -> None:
    """What they say tells two drawings apart."""
    one, other = (
        charts.bars([("a", 1.0)], caption="c", alt=alt, unit="n").markup for alt in ("one", "other")
    )
    assert not set(re.findall(r'\bid="([^"]+)"', one)) & set(re.findall(r'\bid="([^"]+)"', other))


@pytest.mark.parametrize("draw", DRAW)
def test_a_hostile_name_is_drawn_as_text(draw: Callable[[str], Html]) -> None:
    """Markup, controls and formulas in a name neither run nor break the drawing."""
    markup = draw(HOSTILE).markup
    assert "<script" not in markup
    assert "\x1b" not in markup
    assert ElementTree.fromstring(markup).tag == "figure"


@pytest.mark.parametrize("draw", DRAW)
def test_it_survives_the_cleaning_of_a_report(draw: Callable[[str], Html]) -> None:
    """What a report lets through is the whole drawing: shapes, letters, hatches."""
    before, after = (
        BeautifulSoup(page, "html.parser") for page in (draw("a").markup, clean(draw("a").markup))
    )
    for name in ("path", "use", "pattern", "g"):
        assert len(before.find_all(name)) == len(after.find_all(name)), name
    assert all(use.get("href") for use in after.find_all("use"))
    assert before.svg["aria-label"] == after.svg["aria-label"]


def test_bad_and_unknown_are_hatched() -> None:
    """In grey, the three parts of a bar still differ."""
    markup = _shares("a").markup
    assert markup.count("<pattern") == 2
    assert "url(#" in markup


def test_a_gap_is_marked() -> None:
    """A day without an event is a cross, not a pale cell."""
    assert "no event" not in _calendar("a").markup  # letters are drawn, so the legend is no text
    soup = BeautifulSoup(_calendar("a").markup, "html.parser")
    crosses = [use for use in soup.find_all("use") if BAD in str(use.get("style"))]
    assert len(crosses) >= 6
