"""Terms are explained where they first stand, and what the evidence says stays text."""

from __future__ import annotations

from bs4 import BeautifulSoup

from riskkit.catalog.glossary import glossary
from riskkit.report.clean import clean
from riskkit.report.gloss import gloss


def glossed(html: str) -> BeautifulSoup:
    soup = BeautifulSoup(html, "html.parser")
    gloss(soup)
    return BeautifulSoup(clean(str(soup)), "html.parser")


def test_the_first_place_is_explained_and_the_page_ends_with_a_list() -> None:
    """One `abbr` a term, with the sentence; the same sentence for whoever has no mouse, or paper."""
    soup = glossed("<p>Listeners without TLS. A listener with TLS.</p><p>TLS</p>")
    assert [(one.get_text(), one["title"]) for one in soup.find_all("abbr")] == [
        ("Listener", glossary()["listener"]), ("TLS", glossary()["TLS"]),
    ]  # fmt: skip
    assert [one.get_text() for one in soup.select("section.terms dfn")] == ["listener", "TLS"]
    assert soup.p is not None
    assert soup.p.get_text() == "Listeners without TLS. A listener with TLS."


def test_longer_terms_win_and_parts_of_words_are_left_alone() -> None:
    """`mutual TLS` is not `TLS`, and `VPNs` is `VPN`; `TLSA` is neither."""
    soup = glossed("<p>mutual TLS, VPNs, TLSA, non-TLS</p>")
    assert [one.get_text() for one in soup.find_all("abbr")] == ["mutual TLS", "VPN"]


def test_headings_code_and_drawings_are_left_alone() -> None:
    """Nothing is put into them."""
    html = (
        "<h2>TLS</h2><p><code>TLS</code> <a href='#x'>TLS</a></p><svg aria-label='TLS'><path d='M0 0'/></svg>"
    )
    assert not glossed(html).find_all("abbr")


def test_markup_in_a_text_stays_text() -> None:
    """A value that was escaped beside a term is not brought to life."""
    soup = glossed("<p>&lt;script&gt;alert(1)&lt;/script&gt; TLS &lt;img onerror=x&gt;</p>")
    assert not soup.find_all(["script", "img"])
    assert "<script>alert(1)</script> TLS <img onerror=x>" in soup.get_text()


def test_terms_are_one_sentence() -> None:
    """Plain, short, and in one sentence."""
    for term, words in glossary().items():
        assert ". " not in words, term
        assert len(words) < 140, term
