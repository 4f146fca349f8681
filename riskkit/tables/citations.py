"""How people cite the rule, as one text: `45 CFR 164.308(a)(1)(ii)(A)`."""

from __future__ import annotations

import re

_ONE = re.compile(
    r"(?:45\s*C\.?\s*F\.?\s*R\.?\s*)?(?:part\s*164\s*,?\s*)?(?:§+|sections?\b|sec\.)?\s*"
    r"(?<![\d.])(164\.\d{3})(?!\d)((?:\s*\(\s*[a-z0-9]{1,5}\s*\))*)",
    re.IGNORECASE,
)
_PART = re.compile(r"\w+")
_BETWEEN = re.compile(r"(?:\s|[;,/&]|\band\b)*", re.IGNORECASE)
_UPPER = 3
"""The fourth level of paragraphs is counted in capital letters, those above it are not."""


def cites(text: str) -> tuple[str, ...]:
    """Every citation of part 164 that a text holds, in order, each as the catalogue writes it."""
    return tuple(_written(found) for found in _ONE.finditer(text))


def cited(text: str) -> str:
    """A text of nothing but citations as the catalogue writes them, joined by `; `; any other as it is."""
    if _BETWEEN.fullmatch(_ONE.sub(" ", text)):
        return "; ".join(cites(text)) or text
    return text


def _written(found: re.Match[str]) -> str:
    parts = _PART.findall(found[2])
    levels = (part.upper() if level == _UPPER else part.lower() for level, part in enumerate(parts))
    return f"45 CFR {found[1]}" + "".join(f"({part})" for part in levels)
