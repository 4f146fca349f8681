"""3-2-1-1-0: three copies, two media, one off-site, one immutable, no errors when they were verified."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from riskkit.derived.backup_copies import copies_by_system, is_locked, locked_places, two_places
from riskkit.derived.inventory import system_names, system_of
from riskkit.derived.recovery import proof
from riskkit.model import Moment
from riskkit.tables import records

PARTS: Mapping[str, str] = {
    "copies": "three copies, the system among them",
    "media": "two kinds of media",
    "offsite": "one copy off-site",
    "immutable": "one copy that cannot be altered",
    "verified": "no errors in the last verification",
}
"""The five parts in the order of their figures."""

WORKS_ON = "disk"
"""The medium of the system itself."""


@dataclass(frozen=True, slots=True)
class Rule:
    """The copies of one system that are young enough, and yes, no or unknown for each part.

    left_out: what a message says of copies that hold nothing.
    """

    copies: Sequence[Any]
    left_out: str
    parts: Mapping[str, str]


def judged_parts(
    backups: Any,
    systems: Any | None,
    storage_assets: Any | None,
    restore_tests: Any | None,
    *,
    at: Moment,
    within_days: int = 35,
) -> Mapping[str, Rule]:
    """The rule by system, for every system with a copy on record."""
    names, locked = system_names(systems), locked_places(storage_assets, at)
    proved = {
        system_of(test.system_id, names)
        for test in (() if restore_tests is None else records(restore_tests))
        if proof(test) == "proved" and 0 <= at.age_days(test.finished_at) <= within_days
    }
    return {
        system: Rule(
            copies,
            found.left_out,
            dict.fromkeys(PARTS, "unknown")
            if found.empty and not copies
            else {
                "copies": two_places(copies),
                "media": _media(copies),
                "offsite": _one([copy.offsite for copy in copies]),
                "immutable": _one([is_locked(copy, locked) for copy in copies]),
                "verified": _no_errors([copy.verified for copy in copies], proved=system in proved),
            },
        )
        for system, found in copies_by_system(backups, systems, within_days, at).items()
        for copies in (found.rows,)
    }


def _media(copies: Sequence[Any]) -> str:
    told = {copy.media.strip().casefold() for copy in copies if copy.media}
    if len(told | {WORKS_ON}) > 1:
        return "yes"
    return "no" if copies and all(copy.media for copy in copies) else "unknown"


def _one(states: Sequence[str | None]) -> str:
    """Whether one copy is so; none at all where there is no copy."""
    if "yes" in states:
        return "yes"
    return "no" if all(state == "no" for state in states) else "unknown"


def _no_errors(states: Iterable[str | None], *, proved: bool) -> str:
    found = set(states)
    if "no" in found:
        return "no"
    return "yes" if proved or "yes" in found else "unknown"
