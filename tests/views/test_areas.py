"""Every view, on no evidence, on evidence of every kind, and on evidence that wants to break it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from riskkit import views
from riskkit.assess import all_checks
from riskkit.model import Assessment
from riskkit.report.clean import clean
from riskkit.tables import TABLES
from riskkit.views import access_patterns, findings
from riskkit.views.html import Html
from tests.views import made

View = Callable[[Assessment], Html]

OF_A_PART = (findings.summary, findings.overview, findings.cards, findings.not_assessed)

FORBIDDEN = re.compile(r"\bcompliant\b|\bcertified\b|\bviolation|enterprise risk analysis", re.IGNORECASE)
"""What no report says: it shows evidence, it does not judge people or hand out seals."""


def _views() -> Iterator[tuple[str, View]]:
    """All public functions of areas that take an assessment and nothing else."""
    for area in views.__all__:
        module = getattr(views, area)
        if not inspect.ismodule(module):
            continue
        for name, function in sorted(vars(module).items()):
            if (
                name.startswith("_")
                or not inspect.isfunction(function)
                or function.__module__ != module.__name__
            ):
                continue
            needed = [p.name for p in inspect.signature(function).parameters.values() if p.default is p.empty]
            if needed == ["assessment"] and inspect.signature(function).return_annotation == "Html":
                yield f"{area}.{name}", function
    for part in findings.SHOWN:
        for function in OF_A_PART:
            yield f"{function.__name__}-{part}", lambda a, f=function, p=part: f(a, p)
    yield "access_patterns.timeline", lambda a: access_patterns.timeline(a, access_patterns.first(a))


VIEWS = dict(_views())


def every(test: Callable[..., None]) -> Callable[..., None]:
    return pytest.mark.parametrize("view", list(VIEWS.values()), ids=list(VIEWS))(test)


def test_there_are_views() -> None:
    """The sweep found what it is to sweep."""
    assert len(VIEWS) > 70


@every
def test_on_nothing(view: View, nothing: Assessment) -> None:
    """A view without evidence says something, and raises nothing."""
    shown = view(nothing)
    assert isinstance(shown, Html)
    assert not FORBIDDEN.search(_words(shown))


ELSEWHERE = (".unseen", ".not_looked_at", ".queue", ".timeline")
"""Views of areas that speak of something else than tables."""

OF_TABLES = [
    name for name in VIEWS
    if name.partition(".")[0] in set(findings.SHOWN) - {"risk_register"} and not name.endswith(ELSEWHERE)
]  # fmt: skip


@pytest.mark.parametrize("name", OF_TABLES)
def test_an_area_without_evidence_is_not_assessed(name: str, nothing: Assessment) -> None:
    """Missing tables read as not assessed, with the reason, never as in order."""
    words = _words(VIEWS[name](nothing))
    assert "Not assessed." in words
    assert "no evidence of" in words.lower()
    assert "✓" not in words


@every
def test_on_something(view: View, something: Assessment) -> None:
    """A view of evidence names nobody and uses no word that a report must not."""
    shown = view(something)
    assert made.CANARY not in shown.markup
    assert not FORBIDDEN.search(_words(shown))
    if shown.frame is not None:
        assert made.CANARY not in shown.frame.to_string()


@every
def test_on_hostile_evidence(view: View, hostile: Assessment) -> None:
    """Markup, escapes and formulas in the evidence stay words; nobody is named all the same."""
    shown = view(hostile)
    assert made.CANARY not in shown.markup
    assert "<script" not in shown.markup
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", shown.markup)
    soup = BeautifulSoup(shown.markup, "html.parser")
    assert not [e for e in soup.find_all(True) if any(name.startswith("on") for name in e.attrs)]
    for node in soup.find_all(string=re.compile(r"\$")):
        assert str(node) == "$"


@every
def test_the_same_bytes(view: View, something: Assessment) -> None:
    """The same assessment gives the same markup."""
    assert view(something) == view(something)


def test_two_readings_the_same_bytes(tmp_path: Path, something: Assessment) -> None:
    """So does another reading of the same evidence."""
    again = made.assessment(tmp_path, made.rows())
    assert [name for name, view in VIEWS.items() if view(something) != view(again)] == []


@every
def test_a_report_keeps_it(view: View, something: Assessment) -> None:
    """What a report lets through has the same words and the same cells."""
    shown = view(something)
    before, after = (BeautifulSoup(page, "html.parser") for page in (shown.markup, clean(shown.markup)))
    assert before.get_text(" ", strip=True) == after.get_text(" ", strip=True)
    assert [e.get("class") for e in before.find_all(True)] == [e.get("class") for e in after.find_all(True)]


@every
def test_at_one_site(view: View, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A site or department that holds nothing is as good as no evidence: said, not raised."""
    narrow = _narrow(tmp_path_factory)
    assert isinstance(view(narrow), Html)


_NARROW: list[Assessment] = []


def _narrow(folder: pytest.TempPathFactory) -> Assessment:
    if not _NARROW:
        _NARROW.append(
            made.assessment(folder.mktemp("narrow"), made.rows(), site="Elsewhere", department="surgery")
        )
    return _NARROW[0]


def test_every_check_stands_in_a_part() -> None:
    """No finding is without a page: each check has a part, and each part shows its checks."""
    parts = {check.id: findings.part_of(check) for check in all_checks()}
    assert set(parts.values()) <= set(findings.SHOWN)
    assert set(findings.SHOWN) - set(parts.values()) == set()


def test_every_part_asks_for_what_it_lacks(nothing: Assessment) -> None:
    """The end of a part names each table that it or its checks need, in words to send to somebody."""
    for part, tables in findings.SHOWN.items():
        words = _words(findings.not_assessed(nothing, part))
        for name in tables:
            assert _squeezed(TABLES[name].ask) in _squeezed(words), (part, name)


def test_what_is_not_assessed_is_not_pass(nothing: Assessment) -> None:
    """Without evidence no question is ticked."""
    for part in findings.SHOWN:
        assert "✓" not in findings.overview(nothing, part).markup


def test_a_card_says_what_to_do(something: Assessment) -> None:
    """Each finding comes with what to do, where to look first and what usually explains it."""
    for part in findings.SHOWN:
        soup = BeautifulSoup(findings.cards(something, part).markup, "html.parser")
        for card in soup.select("section.card.findings"):
            terms = [dt.get_text() for dt in card.select("dt")]
            assert {"What to do", "Concerns", "Check"} <= set(terms), card.h3
            assert re.search(r"\d+ of \d+", card.get_text())


def test_numbers_have_denominators(something: Assessment) -> None:
    """The words over the pictures say how many of how many."""
    for name in ("access_patterns.explained", "audit_trail.systems", "transmission.declared"):
        assert re.search(r"\d+ of \d+", _words(VIEWS[name](something))), name


def _words(shown: Html) -> str:
    return BeautifulSoup(shown.markup, "html.parser").get_text(" ")


def _squeezed(words: str) -> str:
    return "".join(words.split())
