"""The settings of log-in of each system, from the rows of `configurations`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from riskkit.model import Rows
from riskkit.tables import records

PASSWORDS = ("password.", "lockout.", "session.", "second_factor.", "registration.")
"""Beginnings of the keys by which a system tells that it asks people for passwords itself."""


@dataclass(frozen=True, slots=True)
class Login:
    """One system, or one realm, domain or policy of it: its settings and the rows that hold them."""

    system_id: str
    part: str
    values: Mapping[str, str | None]
    found: Sequence[Any]

    @property
    def subject(self) -> str:
        """How it is named: the system, and its part where it has several."""
        return f"{self.system_id} {self.part}".rstrip()

    def number(self, key: str) -> int | None:
        """A setting that is a whole number; None when it is not there or none."""
        value = (self.values.get(key) or "").strip()
        return int(value) if value.isascii() and value.isdigit() else None

    def says(self, key: str) -> bool | None:
        """A setting that is yes or no; None when it is neither."""
        return {"yes": True, "no": False}.get((self.values.get(key) or "").strip().casefold())

    def word(self, key: str) -> str | None:
        """A setting that is a word, in lower case; None when it is not told."""
        return (self.values.get(key) or "").strip().casefold() or None

    def rows(self, *keys: str) -> tuple[Rows, ...]:
        """The rows of these settings, or all when none of them is there."""
        named = [row for row in self.found if row.key in keys]
        return (Rows.of("configurations", named or self.found),)


def logins(configurations: Any, *beginnings: str) -> Iterator[Login]:
    """Systems and their parts with a setting whose key begins so; a key told in two ways is not told."""
    grouped: dict[tuple[str, str], list[Any]] = {}
    for row in records(configurations):
        grouped.setdefault((row.system_id, row.part or ""), []).append(row)
    for (system, part), rows in sorted(grouped.items()):
        ordered = sorted(rows, key=lambda row: (row.source or "", row.offset or 0, row.n or 0))
        if any(row.key.startswith(beginnings) for row in ordered):
            yield Login(system, part, _values(ordered), ordered)


def _values(rows: Sequence[Any]) -> dict[str, str | None]:
    told: dict[str, str | None] = {}
    for row in rows:
        told[row.key] = row.value if told.get(row.key, row.value) == row.value else None
    return told
