"""What the scans for weaknesses could see, and whether the pack holds what they found."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from riskkit.derived.custody_dates import exported
from riskkit.derived.inventory import system_names, system_of
from riskkit.model import Moment
from riskkit.tables import records
from riskkit.words import amount, count, folded

ROUND = timedelta(days=3)
"""Scans of one system by one scanner this close together are parts of one look at it."""


@dataclass(frozen=True, slots=True)
class Look:
    """One scan of one system: its row, when it was made, and how many weaknesses of it the pack lists."""

    scan: Any
    scanner: str
    at: datetime | None
    listed: int

    @property
    def inside(self) -> bool:
        """Whether it saw more than what answers from outside: with a log-in, or the software itself."""
        return self.scan.kind == "software" or self.scan.logged_in is True

    @property
    def whole(self) -> bool:
        """Whether the pack lists as many weaknesses as it found."""
        return not self.lacking

    @property
    def lacking(self) -> str:
        """In words, what the pack lacks of it; empty when it lacks nothing."""
        found = self.scan.found
        if (found is None and self.listed) or (found is not None and found <= self.listed):
            return ""
        named = f"The scan of {self.at.date()}" if self.at else "A scan without a date"
        if found is None:
            return f"{named} does not say how many weaknesses it found, and the pack lists none of them."
        listed = f"{self.listed:,}" if self.listed else "none"
        return f"{named} found {amount(found, 'weakness')}, of which the pack lists {listed}."

    def supersedes(self, at: datetime | None, scanner: str, *, inside: bool) -> bool:
        """Whether what another look found is not there any more when this one does not list it.

        So it is when this one is of the same scanner, later, whole, and saw as much.
        """
        later = self.scanner == scanner and self.at is not None and at is not None and self.at > at + ROUND
        return later and self.whole and (self.inside or not inside)


def looks(
    scans: Any | None, weaknesses: Any | None, systems: Any | None, custody: Any | None, at: Moment
) -> Mapping[str, Sequence[Look]]:
    """The looks at each system before `as_of`, by id, in the order of time; those without a date come first.

    A weakness is of a scan when both are of one system and scanner, and no further apart than ROUND.
    """
    names, when = system_names(systems), moment_of(custody)
    listed: dict[tuple[str, str], list[datetime | None]] = {}
    for row in () if weaknesses is None else records(weaknesses):
        key = system_of(row.system_id, names), folded(row.scanner)
        listed.setdefault(key, []).append(when(row))
    found: dict[str, list[Look]] = {}
    for scan in () if scans is None else records(scans):
        system, scanner, made = system_of(scan.system_id, names), folded(scan.scanner), when(scan)
        if made is None or made < at.as_of:
            number = sum(close(made, other) for other in listed.get((system, scanner), ()))
            found.setdefault(system, []).append(Look(scan, scanner, made, number))
    return {system: sorted(seen, key=_order) for system, seen in sorted(found.items())}


def resting(seen: Sequence[Look]) -> list[Any]:
    """The scans on which it rests that nothing more is open: the newest that saw all, else the newest.

    Older ones make it no older; of several of one moment all count.
    """
    able = [look for look in seen if look.inside and look.whole] or list(seen)
    last = max((look.at for look in able if look.at), default=None)
    return [look.scan for look in able if look.at == last]


def unseen(seen: Sequence[Look]) -> str:
    """In words, why more may be open than the pack lists; empty where the scans rule it out."""
    if not seen:
        return "The pack holds no scan of this system up to the end of the period."
    for look in reversed(seen):
        if look.lacking and not any(
            other.supersedes(look.at, look.scanner, inside=look.inside) for other in seen
        ):
            return look.lacking
    if any(look.inside for look in seen):
        return ""
    blind = all(look.scan.logged_in is False for look in seen)
    said = "could log in" if blind else "is known to have logged in"
    return f"Of {count(len(seen), 'scan')} none {said}, so only what answers from outside was seen."


def moment_of(custody: Any | None) -> Callable[[Any], datetime | None]:
    """When what a row tells was looked for: as it says, else as evidence.csv says of its file."""
    of = exported(custody)
    return lambda row: row.observed_at or of(row.source)


def close(one: datetime | None, other: datetime | None) -> bool:
    """Whether two moments may be of one look; one that is not known may be."""
    return one is None or other is None or abs(one - other) <= ROUND


def _order(look: Look) -> tuple[Any, ...]:
    return (*((1, look.at) if look.at else (0,)), look.scanner, look.scan.source, look.scan.offset or 0)
