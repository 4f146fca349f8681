"""From a header to a table: which canonical table has these columns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from riskkit.tables import TABLES, Table

CANONICAL: Mapping[str, Table] = {name: table for name, table in TABLES.items() if table.canonical}


@dataclass(frozen=True, slots=True)
class Fit:
    """How a header of `width` cells fits a table: the places of each column, and what is left.

    A column that stands twice has two places. `plain` names columns of microseconds whose header
    lacks the ending `_us`.
    """

    table: Table
    width: int
    places: Mapping[str, tuple[int, ...]]
    plain: frozenset[str]
    unknown: tuple[str, ...]


def normal(name: str) -> str:
    """A column name as the tables write it: lower case, `_` for blanks and hyphens."""
    return re.sub(r"[\s\-_]+", "_", name.strip()).strip("_").casefold()


def fit(header: Sequence[str], table: Table) -> Fit:
    """Find the columns of a table in a header."""
    names = {column.name: column.name for column in table.columns}
    plain = {
        column.name.removesuffix("_us"): column.name
        for column in table.columns
        if column.dtype == "instant_us"
    }
    names = {**{short: name for short, name in plain.items() if short not in names}, **names}
    places: dict[str, tuple[int, ...]] = {}
    shortened, unknown = set(), []
    for place, written in enumerate(header):
        name = names.get(normal(written))
        if name is None:
            if written.strip():
                unknown.append(written.strip())
            continue
        places[name] = (*places.get(name, ()), place)
        if normal(written) != name:
            shortened.add(name)
    return Fit(table, len(header), places, frozenset(shortened), tuple(unknown))


def best_fit(header: Sequence[str], constants: Iterable[str] = ()) -> Fit | None:
    """The table of which the header has all required columns and most others; None on a tie.

    A table that stands alone is not meant by a header with columns that it does not have.
    `constants` are columns that a mapping gives, as if they stood in the header.
    """
    given = frozenset(constants)
    scored = []
    for table in CANONICAL.values():
        found = fit(header, table)
        if table.alone and found.unknown:
            continue
        if table.required <= found.places.keys() | given:
            scored.append((len(found.places), len(table.required), found))
    if not scored:
        return None
    best = max(score[:2] for score in scored)
    winners = [found for *score, found in scored if tuple(score) == best]
    return winners[0] if len(winners) == 1 else None
