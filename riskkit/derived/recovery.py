"""What could be brought back of each system, how much work would be lost, and how long it would take."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from riskkit.derived.backup_copies import is_empty
from riskkit.derived.custody_dates import exported
from riskkit.derived.inventory import in_scope, system_names, system_of
from riskkit.model import Moment, Result
from riskkit.tables import records

COPIES = "backup"
"""The kind of systems that are copies themselves."""

DECIDED = "the recovery targets"
"""Where the size of a full restore is known from, when somebody said it: all else is only a part, or a bound.

A copy may hold what changed since the last one, or one folder of several; storage may be larger than what
lies there, or not all of it be listed.
"""

NEARLY_ALL = 90
"""Percent of a full restore from which on a restore is no longer a sample: our choice."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """One covered system that holds ePHI, and the evidence of its copies and restores.

    system, target: rows of `systems` and `recovery_targets`. copies: successful backups up to `known_to`,
    oldest first, of the window and the last before it; `empty` are those of 0 bytes among them, which do
    not count: nothing was there to copy, or nothing had changed. restores: tried before the moment, oldest
    first. begin, end: of the window, as far as it lies in the period. known_from, known_to: what the history
    of jobs tells of, from its first job to its export.
    full_bytes: what a full restore brings back as far as is known, and `full_from` where that is known from.
    """

    system_id: str
    system: Any
    target: Any | None
    copies: Sequence[Any]
    empty: Sequence[Any]
    restores: Sequence[Any]
    begin: datetime
    end: datetime
    known_from: datetime
    known_to: datetime
    full_bytes: int | None
    full_from: str

    @property
    def gaps(self) -> list[timedelta]:
        """Times without a successful backup: between them, from the last to `known_to`, and before the first.

        Before the first is counted from the first job on record, as those before it did not succeed.
        """
        return self._between(self.copies)

    def _between(self, copies: Sequence[Any]) -> list[timedelta]:
        ends = [copy.finished_at for copy in copies]
        if not ends:
            return []
        first = [self.known_from] if self.known_from < ends[0] and self.begin < ends[0] else []
        return [later - earlier for earlier, later in pairwise([*first, *ends, self.known_to])]

    @property
    def attained_rpo(self) -> timedelta | None:
        """The longest time whose work could have been lost: the greatest gap, never the mean."""
        return max(self.gaps, default=None)

    @property
    def silence(self) -> tuple[timedelta, str, datetime]:
        """The longest part of the window of which the history tells nothing, `before` or `after` when."""
        before = max(self.known_from - self.begin, timedelta())
        after = max(self.end - max(self.known_to, self.begin), timedelta())
        return (before, "before", self.known_from) if before > after else (after, "after", self.known_to)

    @property
    def rpo_kept(self) -> Result:
        """Whether no more work could be lost than was decided: FAIL, PASS, or UNKNOWN.

        It is unknown without a target, where only backups of 0 bytes keep it, and where the history tells
        nothing of a longer time than the target allows.
        """
        if self.target is None:
            return "UNKNOWN"
        allowed = timedelta(hours=self.target.rpo_hours)
        both = sorted([*self.copies, *self.empty], key=lambda copy: copy.finished_at)
        if max(self._between(both), default=timedelta()) > allowed:
            return "FAIL"
        attained = self.attained_rpo
        return "PASS" if attained is not None and max(attained, self.silence[0]) <= allowed else "UNKNOWN"

    @property
    def usual_rpo(self) -> timedelta | None:
        """The gap that 95 of 100 do not exceed (nearest rank)."""
        ordered = sorted(self.gaps)
        return ordered[-(-len(ordered) * 95 // 100) - 1] if ordered else None

    @property
    def last_proved(self) -> Any | None:
        """The newest restore that is proved."""
        return next((test for test in reversed(self.restores) if proof(test) == "proved"), None)

    @property
    def measured(self) -> Any | None:
        """The newest successful restore that tells how much came back and how fast; a proved one first."""
        told = [t for t in self.restores if t.outcome == "success" and seconds(t) and t.size_bytes]
        return max(told, key=lambda test: (proof(test) == "proved", test.finished_at), default=None)

    @property
    def full_restore(self) -> timedelta | None:
        """How long a full restore takes at the speed that was measured; None where that is not known."""
        test = self.measured
        if test is None or not self.full_bytes:
            return None
        return timedelta(seconds=-(-self.full_bytes * seconds(test) // test.size_bytes))

    @property
    def extrapolated(self) -> bool:
        """Whether the measured restore brought back only a part of all."""
        test, full = self.measured, self.full_bytes
        return test is not None and full is not None and test.size_bytes * 100 < NEARLY_ALL * full


def proof(test: Any) -> str:
    """proved, not told, empty, not compared, incomplete, partial or failed.

    A restore is proved when all objects came back by count, at least one of them, and their digests are those
    of the originals.
    """
    if test.outcome != "success":
        return str(test.outcome)
    if test.integrity_checked is False:
        return "not compared"
    expected, restored = test.objects_expected, test.objects_restored
    if expected is not None and restored is not None and restored < expected:
        return "incomplete"
    if 0 in (expected, restored, test.size_bytes):
        return "empty"
    told = test.integrity_checked is True and expected is not None and restored is not None
    return "proved" if told else "not told"


def sample_of(test: Any) -> int | None:
    """Of how many objects those that a restore was to bring back are a sample; None when it says of none."""
    expected, among = test.objects_expected, test.sample_of
    return among if expected and among is not None and among > expected else None


def seconds(test: Any) -> int:
    """How long a restore took; 0 when that is not told."""
    if test.started_at is None or test.finished_at <= test.started_at:
        return 0
    return int((test.finished_at - test.started_at).total_seconds())


def recoveries(
    systems: Any,
    backups: Any | None,
    restore_tests: Any | None,
    recovery_targets: Any | None,
    storage_assets: Any | None,
    custody: Any | None,
    *,
    at: Moment,
    within_days: int = 35,
) -> list[Recovery]:
    """One for every covered system that holds ePHI and is not a copy itself, by id, also without evidence."""
    names, exported_at = system_names(systems), exported(custody)
    jobs = _by_system(backups, names, at)
    tests = _by_system(restore_tests, names, at)
    targets = {
        system_of(row.system_id, names): row
        for row in (() if recovery_targets is None else records(recovery_targets))
    }
    stored = _stored(storage_assets, names)
    since = at.as_of - timedelta(days=within_days)
    begin = max(since, datetime.fromtimestamp(at.start_us // 1_000_000, UTC))
    found = []
    for system in sorted(records(systems), key=lambda row: row.system_id):
        if not in_scope(system) or system.kind == COPIES:
            continue
        name = system.system_id
        own = [job for job in jobs.get(name, []) if job.status != "running"]
        good = [job for job in own if job.status == "success"]
        older = [job for job in good if job.finished_at < since and not is_empty(job)]
        recent = [job for job in good if job.finished_at >= since]
        copies = [*older[-1:], *(job for job in recent if not is_empty(job))]
        known_from = min((job.finished_at for job in own), default=at.as_of)
        full, full_from = _full(targets.get(name), copies, stored.get(name))
        found.append(
            Recovery(
                name, system, targets.get(name), tuple(copies),
                tuple(job for job in recent if is_empty(job)), tuple(tests.get(name, ())),
                begin, at.as_of, known_from, min(_known_to(own, exported_at, at), at.as_of), full, full_from,
            )
        )  # fmt: skip
    return found


def _by_system(table: Any | None, names: Any, at: Moment) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for row in () if table is None else records(table):
        if row.finished_at < at.as_of:
            found.setdefault(system_of(row.system_id, names), []).append(row)
    return {
        name: sorted(rows, key=lambda row: (row.finished_at, row.source, row.offset or 0))
        for name, rows in found.items()
    }


def _known_to(jobs: Iterable[Any], exported_at: Callable[[str], datetime | None], at: Moment) -> datetime:
    """A history of jobs cannot know of what came after its export."""
    return max((exported_at(job.source) or at.as_of for job in jobs), default=at.as_of)


def _stored(storage_assets: Any | None, names: Any) -> dict[str, int]:
    """Bytes of ePHI, or sizes of places that may hold it, by system."""
    sizes: dict[str, int] = {}
    for asset in () if storage_assets is None else records(storage_assets):
        size = asset.size_bytes if asset.phi_bytes is None else asset.phi_bytes
        if asset.kind in {"volume", "database", "bucket"} and asset.holds_phi is not False and size:
            system = system_of(asset.system_id, names)
            sizes[system] = sizes.get(system, 0) + size
    return sizes


def _full(target: Any | None, copies: Sequence[Any], stored: int | None) -> tuple[int | None, str]:
    """What was decided, but never less than the largest copy; else the largest that is known of."""
    largest = max((copy.size_bytes for copy in copies if copy.size_bytes), default=0)
    decided = (target.full_bytes or 0) if target is not None else 0
    known = [(decided, DECIDED), (largest, "its largest recent copy")]
    if not decided:
        known.append((stored or 0, "the size of its storage"))
    # Of equals the first: what was decided goes before what is only seen.
    full, where = max(known, key=lambda one: one[0])
    return (full, where) if full else (None, "")
