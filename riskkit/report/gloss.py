"""Terms that a reader may not know: explained where they first stand on a page, and listed at its end."""

from __future__ import annotations

import re
from functools import cache

from bs4 import BeautifulSoup, Tag
from bs4.element import NavigableString

from riskkit.catalog.glossary import glossary

_NEVER_IN = frozenset(("a", "abbr", "code", "dfn", "pre", "svg", "style", "title", "h1", "h2", "h3", "h4"))
_WITHIN = ("p", "li", "dd", "dt", "td", "th", "caption", "figcaption")


def gloss(soup: BeautifulSoup) -> None:
    """Put `<abbr title>` around the first place of each term of the glossary, and list them at the end."""
    found: dict[str, str] = {}
    for text in list(soup.find_all(string=_pattern())):
        if type(text) is NavigableString and _readable(text):
            _explain(soup, text, found)
    if found:
        soup.append(_terms(soup, found))


def _readable(text: NavigableString) -> bool:
    names = {parent.name for parent in text.parents}
    return not names & _NEVER_IN and bool(names.intersection(_WITHIN))


def _explain(soup: BeautifulSoup, text: NavigableString, found: dict[str, str]) -> None:
    """Split a text at terms that were not met before; what stood there stays, as text."""
    pieces: list[NavigableString | Tag] = []
    words, start = str(text), 0
    for match in _pattern().finditer(words):
        term = _term(match["term"])
        if term in found:
            continue
        found[term] = glossary()[term]
        abbr = soup.new_tag("abbr", attrs={"title": found[term]})
        abbr.string = match["term"]
        pieces += [NavigableString(words[start : match.start()]), abbr]
        start = match.end("term")
    if pieces:
        text.replace_with(*pieces, NavigableString(words[start:]))


def _terms(soup: BeautifulSoup, found: dict[str, str]) -> Tag:
    section = soup.new_tag("section", attrs={"class": "terms"})
    heading = soup.new_tag("h2", attrs={"id": "terms-on-this-page"})
    heading.string = "Terms on this page"
    listed = soup.new_tag("dl", attrs={"class": "facts"})
    for term in sorted(found, key=str.casefold):
        name, words = soup.new_tag("dt"), soup.new_tag("dd")
        defined = soup.new_tag("dfn")
        defined.string = term
        name.append(defined)
        words.string = f"{found[term]}."
        listed.extend([name, words])
    section.extend([heading, listed])
    return section


@cache
def _pattern() -> re.Pattern[str]:
    longest = sorted(glossary(), key=len, reverse=True)
    ways = "|".join(f"{_either(term[0])}{re.escape(term[1:])}" for term in longest)
    return re.compile(rf"(?<![\w-])(?P<term>{ways})(?=s?(?![\w-]))")


def _either(letter: str) -> str:
    return f"[{letter}{letter.upper()}]" if letter.islower() else re.escape(letter)


def _term(written: str) -> str:
    """The entry that a word belongs to: as written, or with a small first letter."""
    return written if written in glossary() else written[0].lower() + written[1:]
