"""Who may not decide on an alert: the subject, and who leads the subject."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from riskkit.tables import records

_WORDS = re.compile(r"\w+")

Name = frozenset[str]
"""The words of a name, case folded, in whatever order they are written."""


@dataclass(frozen=True)
class Reviewers:
    """The people of a roster, as those who decide are named: by user id or by given and family name.

    An id may carry a domain, before a backslash or behind @; a name may be written in any order and with
    further words ("Clark, Cid M.").
    """

    ids: frozenset[str] = frozenset()
    names: dict[str, set[Name]] = field(default_factory=dict)
    leaders: dict[str, set[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, roster: Any | None) -> Reviewers:
        """Read the table roster; None gives nobody."""
        names: dict[str, set[Name]] = {}
        leaders: dict[str, set[str]] = {}
        for row in () if roster is None else records(roster):
            user = row.user_id.casefold()
            whole = [_words(part) for part in (row.given_name, row.family_name) if part]
            names.setdefault(user, set()).update({frozenset().union(*whole)} if len(whole) > 1 else ())
            if row.manager:
                leaders.setdefault(user, set()).add(row.manager.casefold())
        return cls(frozenset(names), names, leaders)

    def close(self, user: str, decided_by: str) -> bool:
        """Whether who decided is the subject or leads the subject."""
        user = user.casefold()
        return any(self._is(one, decided_by) for one in {user, *self.leaders.get(user, ())} - {""})

    def led(self, user: str) -> bool:
        """Whether the roster says who leads the subject."""
        return user.casefold() in self.leaders

    def know(self, decided_by: str) -> bool:
        """Whether who decided is somebody of the roster."""
        written = _words(decided_by)
        return _id(decided_by) in self.ids or any(_fits(self.names[one], written) for one in self.names)

    def _is(self, user: str, decided_by: str) -> bool:
        # A manager may be written as a name where there should be an id.
        written, led_by_name = _words(decided_by), _words(user)
        return (
            _id(decided_by) == _id(user)
            or _fits(self.names.get(user, ()), written)
            or (len(led_by_name) > 1 and led_by_name <= written)
        )


def _id(text: str) -> str:
    return text.casefold().strip().rpartition("\\")[2].partition("@")[0]


def _words(text: str) -> Name:
    return frozenset(_WORDS.findall(text.casefold()))


def _fits(names: Iterable[Name], written: Name) -> bool:
    return any(name <= written for name in names)
