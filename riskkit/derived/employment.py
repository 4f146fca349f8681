"""Who is employed when, from all rows that the roster holds of a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from riskkit.tables import records

FOREVER = date.max

NOT_OF_THE_WORKFORCE = frozenset({"service", "vendor", "emergency", "shared"})
"""Kinds of accounts whose holders no list of human resources names."""


Employments = Mapping[str, Sequence[Any]]
"""The rows of each person, by user_id, first employment first."""


def employments(roster: Any) -> Employments:
    """The rows of each person, by user_id, first employment first; a rehire is a later row."""
    found: dict[str, list[Any]] = {}
    for row in records(roster):
        found.setdefault(row.user_id, []).append(row)
    return {user: sorted(found[user], key=_begin) for user in sorted(found)}


def employed_on(rows: Sequence[Any], day: date) -> bool:
    """Whether a person works here on a day."""
    return any(row.employed_from <= day <= (row.employed_to or FOREVER) for row in rows)


def last_day(rows: Sequence[Any], day: date) -> date | None:
    """The last day of the employment that ended before a day; None while one lasts, or before the first."""
    if employed_on(rows, day):
        return None
    return max((row.employed_to for row in rows if row.employed_to and row.employed_to < day), default=None)


def standing(rows: Sequence[Any], day: date) -> str:
    """In words, how a person stands who has not left."""
    return "its person is employed" if employed_on(rows, day) else "no employment of its person has ended"


def holder_of(account: Any, people: Employments) -> str | None:
    """Whose an account is: whom its list names, else whom the roster knows by the log-in name itself."""
    named: str | None = account.user_id
    return named or (account.account if account.account in people else None)


def spells_away(rows: Sequence[Any]) -> list[tuple[date, date]]:
    """Spells after an employment ended, as (first day away, first day back); FOREVER while away."""
    spells: list[tuple[date, date]] = []
    away: date | None = None
    for row in rows:
        if away is not None and row.employed_from > away:
            spells.append((away, row.employed_from))
        if row.employed_to is None:
            return spells
        away = max(away or date.min, row.employed_to + timedelta(days=1))
    return spells if away is None else [*spells, (away, FOREVER)]


def _begin(row: Any) -> tuple[Any, ...]:
    return row.employed_from, row.employed_to or FOREVER, row.source or "", row.offset or 0
