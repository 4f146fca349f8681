"""Markup comes from riskkit, text from the evidence, and the two never mix."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

from riskkit.views.html import Html, badge, clean, facts, paragraph, render, shown, tag, text


@given(st.text())
def test_text_stays_text(words: str) -> None:
    """Whatever the evidence says is read back as text, and opens no element but the empty ones of riskkit."""
    soup = BeautifulSoup(text(words), "html.parser")
    assert {element.name for element in soup.find_all(True)} <= {"span"}
    assert soup.get_text() == clean(words)


@given(st.text())
def test_no_hidden_character_survives(words: str) -> None:
    """Controls, ANSI sequences, bidirectional marks and lone surrogates are shown by number."""
    cleaned = clean(words)
    assert cleaned.encode("utf-8").decode("utf-8") == cleaned
    assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in cleaned)
    assert not {"\u202e", "\u2066", "\u200b", "\ufeff"} & set(cleaned)


def test_ansi_and_bidirectional_marks_are_named() -> None:
    """A reader sees that something was there, and what."""
    assert clean("\x1b[31mred\u202e\ttxt") == "\\x1b[31mred\\u202e txt"
    assert clean("\udcff") == "\\udcff"


@given(st.text(alphabet="$\\()[]{}xy bgine"))
def test_no_formula(words: str) -> None:
    """MathJax joins a formula only within one text node: every $ and backslash stands alone in its own."""
    soup = BeautifulSoup(text(words), "html.parser")
    for node in soup.find_all(string=True):
        assert len(node) == 1 or not {"$", "\\"} & set(node)


def test_an_element_escapes_attributes_too() -> None:
    """A value cannot leave its attribute."""
    markup = tag("p", "x", title='"><script>', aria_label="a & b").markup
    assert markup == '<p title="&quot;&gt;&lt;script&gt;" aria-label="a &amp; b">x</p>'


@pytest.mark.parametrize("name", ["onclick", "onLoad", "x y", "9"])
def test_an_attribute_that_runs_is_refused(name: str) -> None:
    """No event handler, nothing that is no name."""
    with pytest.raises(ValueError, match="no attribute"):
        tag("p", **{name: "x"})


def test_an_element_that_is_none_is_refused() -> None:
    """An element's name never comes from data."""
    with pytest.raises(ValueError, match="no element"):
        tag("p><script")


def test_values_as_people_write_them() -> None:
    """Nothing is a dash, truth is yes or no, thousands are grouped."""
    assert [shown(value) for value in (None, math.nan, True, False, 1234567, 2.5, 3.0, date(2026, 1, 2))] == [
        "–", "–", "yes", "no", "1,234,567", "2.5", "3", "2026-01-02",
    ]  # fmt: skip


def test_a_table_tells_what_heads_what() -> None:
    """Columns and rows have scoped headings, numbers stand to the right, the keyboard reaches it."""
    frame = pd.DataFrame({"system": ["PACS", "RIS"], "events": [12345, None]}, dtype=object)
    soup = BeautifulSoup(render(frame, caption="Events").markup, "html.parser")
    assert [th["scope"] for th in soup.select("thead th")] == ["col", "col"]
    assert [th["scope"] for th in soup.select("tbody th")] == ["row", "row"]
    assert [td["class"] for td in soup.select("td")] == [["number"], ["number"]]
    assert [td.get_text() for td in soup.select("td")] == ["12,345", "–"]
    assert soup.caption.get_text() == "Events"
    assert soup.div["role"] == "region"
    assert soup.div["tabindex"] == "0"


def test_a_cut_table_says_so() -> None:
    """Rows that are not shown are counted, with where they stand."""
    markup = render(
        pd.DataFrame({"n": range(30)}), caption="N", limit=3, rest="The rest is elsewhere."
    ).markup
    assert "3 of 30 rows are shown. The rest is elsewhere." in markup


@pytest.mark.parametrize("value", ["=HYPERLINK(1)", "+cmd|x", "-x!A1", "@SUM(A1)"])
def test_a_cell_is_no_formula(value: str) -> None:
    """Pasted into a spreadsheet, a cell stays text."""
    soup = BeautifulSoup(render(pd.DataFrame({"a": ["x"], "b": [value]}), caption="c").markup, "html.parser")
    assert soup.td.get_text() == f"'{value}"


@pytest.mark.parametrize("value", ["-12", "-", "+3", "–"])
def test_a_sign_alone_is_no_formula(value: str) -> None:
    """Numbers and dashes stay as they are."""
    soup = BeautifulSoup(render(pd.DataFrame({"a": ["x"], "b": [value]}), caption="c").markup, "html.parser")
    assert soup.td.get_text() == value


def test_instants_are_local() -> None:
    """A time is written in the zone of the site."""
    frame = pd.DataFrame({"when": [datetime(2026, 10, 31, 2, 5, tzinfo=UTC)]})
    assert "2026-10-30 21:05" in render(frame, caption="c", zone=ZoneInfo("America/Chicago")).markup


def test_a_badge_knows_its_signs_only() -> None:
    """A word without a known sign gets no colour."""
    assert badge("✗ no", "sign").markup == '<span class="mark status-fail">✗ no</span>'
    assert badge("fine", "sign").markup == "<span>fine</span>"
    assert badge("very high", "level").markup == '<span class="level-very-high">very high</span>'


def test_facts_leave_out_what_is_not_there() -> None:
    """A term without content is not listed."""
    assert facts([("a", "1"), ("b", ""), ("c", None)]).markup.count("<dt>") == 1


def test_the_style_is_for_hands_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """A report has a style sheet of its own."""
    shown_by_hand = paragraph("x")._repr_html_()
    assert "<style>" in shown_by_hand
    monkeypatch.setenv("RISKKIT_RENDERING", "1")
    assert paragraph("x")._repr_html_() == '<div class="rk"><p>x</p></div>'


def test_pieces_join_and_keep_rows() -> None:
    """The rows of the first table stay at hand."""
    frame = pd.DataFrame({"a": [1]})
    both = Html("<p>x</p>") + render(frame, caption="c")
    assert both.frame is frame
    assert both.markup.startswith("<p>x</p><div")
