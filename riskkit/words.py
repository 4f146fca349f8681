"""Numbers in words, as a person would write them."""

from __future__ import annotations

import re
from collections.abc import Sequence

_UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB", "EB")

_IRREGULAR = {"person": "people", "entry": "entries"}

# What follows says more of the noun and keeps its number: `event on workstations`.
_SAID_OF_IT = re.compile(r" (?:from|in|of|off|on|that|to) ")


def plural(noun: str, number: int) -> str:
    """The noun as it stands after that number."""
    if number == 1:
        return noun
    if found := _SAID_OF_IT.search(noun):
        return f"{plural(noun[: found.start()], number)}{noun[found.start() :]}"
    head, _, last = noun.rpartition(" ")
    if last.endswith("s") and not last.endswith("ss"):
        return noun
    if last in _IRREGULAR:
        last = _IRREGULAR[last]
    elif last.endswith("y") and last[-2:-1] not in "aeiou":
        last = f"{last[:-1]}ies"
    elif last.endswith(("s", "x", "ch", "sh")):
        last = f"{last}es"
    else:
        last = f"{last}s"
    return f"{head} {last}".strip()


def be(number: int, one: str = "is", many: str = "are") -> str:
    """The verb that goes with a number."""
    return one if number == 1 else many


def have(number: int) -> str:
    """`has` or `have`, as the number asks."""
    return be(number, "has", "have")


def amount(number: int, unit: str) -> str:
    """`0 days`, `1 day`, `1,204 days`: what is measured, where `no days` would not read well."""
    return f"{number:,} {plural(unit, number)}"


def count(number: int, noun: str) -> str:
    """`1 system`, `1,204 events`, `no systems`."""
    return amount(number, noun) if number else f"no {plural(noun, 0)}"


def some(number: int) -> str:
    """`none`, `1`, `1,204`, of what the sentence has named already."""
    return f"{number:,}" if number else "none"


def out_of(part: int, whole: int, noun: str) -> str:
    """`3 of 14 systems`."""
    return f"{part:,} of {amount(whole, noun)}"


def none_of(number: int, noun: str, does: str, does_not: str) -> str:
    """`None of 3 files is open`, `The one file is not open`, `No file is open`."""
    if number > 1:
        return f"None of {amount(number, noun)} {does}"
    return f"The one {noun} {does_not}" if number else f"No {noun} {does}"


def share(part: int, whole: int, noun: str = "") -> str:
    """`3 of 14 systems (21 %)`; rounded so that only none is 0 % and only all is 100 %."""
    words = out_of(part, whole, noun) if noun else f"{part:,} of {whole:,}"
    return f"{words} ({percent(part, whole)})" if whole else words


def percent(part: float, whole: float) -> str:
    """`21 %`, `under 1 %`, `over 99 %`, with a space that does not break."""
    if not whole:
        return "–"
    value = 100 * part / whole
    if 0 < value < 1:
        return "under 1\u00a0%"
    if 99 < value < 100:  # noqa: PLR2004 - what would be rounded to all
        return "over 99\u00a0%"
    return f"{value:.0f}\u00a0%"


def size(number: int) -> str:
    """`1.2 TB`, in powers of 1000; nothing is 0."""
    if not number:
        return "0"
    value, unit = float(number), 0
    while value >= 999.5 and unit < len(_UNITS) - 1:  # noqa: PLR2004 - would be rounded to 1000
        value /= 1000
        unit += 1
    digits = 0 if unit == 0 or value >= 10 else 1  # noqa: PLR2004
    return f"{value:.{digits}f}\u00a0{'byte' if number == 1 else _UNITS[unit]}"


def listed(names: Sequence[str], *, most: int = 6, none: str = "none") -> str:
    """`a, b and c`; what is more than `most` is counted."""
    if not names:
        return none
    shown = list(names[:most])
    if len(names) > most:
        shown.append(f"{len(names) - most:,} more")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def age(days: int) -> str:
    """`today`, `1 day ago`, `45 days ago`, `in 3 days`."""
    if days == 0:
        return "today"
    return f"{count(days, 'day')} ago" if days > 0 else f"in {count(-days, 'day')}"


def capital(words: str) -> str:
    """The words as they begin a sentence; what follows the first letter stays as it is."""
    return f"{words[:1].upper()}{words[1:]}"


def folded(text: str) -> str:
    """A text as texts are compared: without regard to case and to how many blanks stand in it."""
    return " ".join(text.casefold().split())
