"""What the cells of a column look like: a time, an address, an identifier, a name; never what they say."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from riskkit.readers.action_words import category_of
from riskkit.readers.values import NULLS, is_address

FEWEST = 3
"""Cells that must be filled before a column has a shape: our own choice."""

NEARLY_ALL = 9
"""Of ten cells so many must look alike: totals and stray remarks stand in exports."""

TIME, DATE, CLOCK, ADDRESS, UID, ACTION, NAME, NUMBER, OTHER = (
    "time", "date", "clock", "address", "uid", "action", "name", "short number", "other",
)  # fmt: skip

_DATE = (
    r"(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}|\d{8}"
    r"|\d{1,2}[ -][A-Za-z]{3,9}\.?[ -]\d{2,4}|[A-Za-z]{3,9}\.? \d{1,2},? \d{4})"
)
_CLOCK = r"\d{1,2}:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?: ?[AaPp]\.?[Mm]\.?)?"
_WORD = r"[^\W\d_](?:[^\W\d_]|['.\-])*"
_ZONE = r"(?: ?(?:Z|[A-Z]{3,4}|[+-]\d\d:?\d\d))?"
_LOOKS: Mapping[str, re.Pattern[str]] = {
    TIME: re.compile(rf"{_DATE}(?:T|,? {{1,2}}){_CLOCK}{_ZONE}|20\d{{12}}(?:\.\d{{1,6}})?{_ZONE}", re.ASCII),
    DATE: re.compile(_DATE, re.ASCII),
    CLOCK: re.compile(_CLOCK + _ZONE, re.ASCII),
    UID: re.compile(r"[0-2](?:\.(?:0|[1-9]\d*)){5,}", re.ASCII),
    NAME: re.compile(rf"{_WORD}(?:[,^ ] ?{_WORD}){{1,3}}"),
    NUMBER: re.compile(r"[+-]?\d{1,2}(?:\.\d{1,3})?", re.ASCII),
}
_LONGEST_UID = 64


def shape_of(cells: Sequence[str]) -> str:
    """What nearly all filled cells of a column look like; empty when they are too few to tell."""
    filled = [cell for cell in map(str.strip, cells) if cell not in NULLS]
    if len(filled) < FEWEST:
        return ""
    looks: list[tuple[str, Callable[[str], object]]] = [(ADDRESS, is_address), (ACTION, category_of)]
    looks += [(shape, pattern.fullmatch) for shape, pattern in _LOOKS.items()]
    for shape, look in looks:
        alike = sum(bool(look(cell[:200])) for cell in filled)
        if alike * 10 >= len(filled) * NEARLY_ALL and (shape != UID or max(map(len, filled)) <= _LONGEST_UID):
            return shape
    return OTHER
