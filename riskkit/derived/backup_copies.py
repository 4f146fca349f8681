"""The copies of each system that are young enough to count."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import combinations
from typing import Any

from riskkit.derived.inventory import in_scope, system_names, system_of
from riskkit.model import Moment
from riskkit.tables import records
from riskkit.words import be, count

COPY = frozenset({"success", "warning"})
"""States of a job that left a copy."""

COPIES = "backup"
"""The kind of systems that are copies themselves."""


@dataclass(frozen=True, slots=True)
class Copies:
    """Copies of one system that are young enough, oldest first, and how many more hold nothing."""

    rows: Sequence[Any]
    empty: int

    @property
    def left_out(self) -> str:
        """What a message says of copies that hold nothing, with a space before it; nothing without any."""
        if not self.empty:
            return ""
        return f" {count(self.empty, 'copy')} of 0 bytes {be(self.empty, 'does', 'do')} not count."


def is_empty(copy: Any) -> bool:
    """Whether 0 bytes were copied: that nothing was there, or nothing had changed, shows no copy."""
    return bool(copy.size_bytes == 0)


def copies_by_system(backups: Any, systems: Any | None, within_days: int, at: Moment) -> Mapping[str, Copies]:
    """Copies of at most `within_days` by system, in the order of their time; none where all are older.

    A system that the inventory leaves out, or that is a copy itself, is not there.
    """
    names, since = system_names(systems), at.as_of - timedelta(days=within_days)
    left_out = {
        system.system_id
        for system in (() if systems is None else records(systems))
        if not in_scope(system) or system.kind == COPIES
    }
    found: dict[str, list[Any]] = {}
    for copy in records(backups):
        system = system_of(copy.system_id, names)
        if copy.status in COPY and copy.finished_at < at.as_of and system not in left_out:
            found.setdefault(system, []).append(copy)
    young = {
        system: sorted(
            (copy for copy in copies if copy.finished_at >= since),
            key=lambda copy: (copy.finished_at, copy.backup_id, copy.source, copy.offset or 0),
        )
        for system, copies in sorted(found.items())
    }
    return {
        system: Copies([copy for copy in copies if not is_empty(copy)], sum(map(is_empty, copies)))
        for system, copies in young.items()
    }


def places_of(copies: Sequence[Any]) -> list[set[str]]:
    """The places where copies lie; those that share a copy are one."""
    of_copy: dict[str, set[str]] = {}
    for copy in copies:
        if copy.location:
            of_copy.setdefault(copy.backup_id, set()).add(spelled(copy.location))
    places: list[set[str]] = []
    for names in of_copy.values():
        touched = [place for place in places if place & names]
        places = [place for place in places if not place & names] + [names.union(*touched)]
    return places


def spelled(place: str) -> str:
    """One spelling of a place: case, the kind of slashes, and slashes at the end do not count."""
    text = re.sub(r"(?<!^)(?<!:)/{2,}", "/", place.strip().casefold().replace("\\", "/"))
    return re.sub(r"(?<=.)(?:/\.?)+$", "", text)


_HOST = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?//(?:[^/@]*@)?([^/:]+)|(?!arn:)(?:[^/:@]*@)?([^/:]{2,}):")
_FOLDER = re.compile(r"[/~.]|[a-z]:")


def _machine(place: str) -> tuple[bool, str]:
    """Whether a place is one of a machine, and which: empty for a folder of a machine that is not named.

    All else is the name of a repository, vault or tape, which stands for itself.
    """
    if host := _HOST.match(place):
        return True, host[1] or host[2]
    return (True, "") if _FOLDER.match(place) else (False, place)


def _apart(one: set[str], other: set[str]) -> bool:
    mine, theirs = ({_machine(name) for name in names} for names in (one, other))
    unnamed = (True, "")
    folders = [any(folder for folder, _ in machines) for machines in (mine, theirs)]
    return not mine & theirs and not (unnamed in mine | theirs and all(folders))


def two_places(copies: Sequence[Any]) -> str:
    """yes, no or unknown: whether copies lie in two places that cannot be folders of one machine."""
    places = places_of(copies)
    if any(_apart(one, other) for one, other in combinations(places, 2)):
        return "yes"
    return "no" if len(places) <= 1 and all(copy.location for copy in copies) else "unknown"


def locked_places(storage_assets: Any | None, at: Moment) -> Mapping[str, str]:
    """Whether what lies there can be altered, by name; of a place that is told twice the worse.

    A lock that begins after the moment (`immutable_from`) can still be taken away.
    """
    found: dict[str, str] = {}
    for asset in () if storage_assets is None else records(storage_assets):
        if asset.immutable in {"yes", "no"}:
            name = spelled(asset.asset_id)
            later = asset.immutable_from is not None and asset.immutable_from > at.as_of
            found[name] = "no" if later or "no" in {asset.immutable, found.get(name)} else "yes"
    return found


def is_locked(copy: Any, places: Mapping[str, str]) -> str:
    """yes, no or unknown: whether a copy cannot be altered, by itself or by the place where it lies."""
    said = {copy.immutable, places.get(spelled(copy.location or ""))}
    return "no" if "no" in said else "yes" if "yes" in said else "unknown"
