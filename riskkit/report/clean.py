"""What of a notebook's HTML may stand in a report: a list of what is allowed, everything else goes.

Views escape every value of the evidence. This is the second lock, for a notebook that does not; the
page's own policy, which lets nothing load or run, is the third.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml
from bleach.css_sanitizer import CSSSanitizer
from bleach.sanitizer import Cleaner
from bs4 import BeautifulSoup, Tag

_ALLOWED: dict[str, Any] = yaml.safe_load(
    (Path(__file__).parent / "template" / "allowed.yaml").read_text(encoding="utf-8")
)
_HTML, _SVG, _DRAWING, _CSS = (
    frozenset(_ALLOWED[name].split()) for name in ("html", "svg", "drawing", "css")
)
_ATTRIBUTES = {element: frozenset(names.split()) for element, names in _ALLOWED["attributes"].items()}

_LINK = re.compile(r"#[\w.:%-]+|\w[\w-]*\.(?:html|json)(?:#[\w.:%-]+)?")
"""A place in this page, or a page of the same folder."""
_LOCAL = re.compile(r"#[\w.:-]+")
_PICTURE = re.compile(r"data:image/(?:png|jpeg|gif);base64,[A-Za-z0-9+/=\s]+")
_VALUES = {("a", "href"): _LINK, ("use", "href"): _LOCAL, ("img", "src"): _PICTURE}
"""What the attributes that name a place may hold; elsewhere they are not allowed at all."""

_REFERENCE = re.compile(r"url\s*\(", re.IGNORECASE)
_LOCAL_REFERENCE = re.compile(r"url\(\s*['\"]?#[\w.:-]+['\"]?\s*\)")


def clean(html: str) -> str:
    """HTML in which nothing runs, loads or points outside; well-formed whatever it was before."""
    soup = BeautifulSoup(html, "html.parser")
    for element in soup.find_all(_ALLOWED["dropped_whole"].split()):
        if isinstance(element, Tag) and not element.decomposed:
            element.decompose()
    # A cleaner keeps state while it parses, so each call has its own.
    cleaner = Cleaner(
        tags=_HTML | _SVG,
        attributes=_allows,
        # _allows is stricter; without http here a page of the same folder would go too.
        protocols={"http", "data"},
        strip=True,
        strip_comments=True,
        css_sanitizer=_LocalStyles(allowed_css_properties=_CSS, allowed_svg_properties=()),
    )
    cleaned: str = cleaner.clean(str(soup))
    return cleaned


class _LocalStyles(CSSSanitizer):
    """Allowed properties, unless one refers to something outside of the page."""

    def sanitize_css(self, style: str) -> str:
        kept: str = super().sanitize_css(style)
        return "" if _outside(kept) or "\\" in kept else kept


def _allows(element: str, name: str, value: str) -> bool:
    """Whether an attribute may stay."""
    if name in {"href", "src"}:
        pattern = _VALUES.get((element, name))
        return pattern is not None and pattern.fullmatch(value) is not None
    if name.startswith("aria-") or name in _ATTRIBUTES["everywhere"]:
        return True
    allowed = _DRAWING if element in _SVG else _ATTRIBUTES.get(element, frozenset())
    return name in allowed and not _outside(value)


def _outside(value: str) -> bool:
    """Whether a value refers to anything but a place in this page."""
    return _REFERENCE.search(_LOCAL_REFERENCE.sub("", value)) is not None
