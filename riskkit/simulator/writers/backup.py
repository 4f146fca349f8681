"""backup/: snapshots of restic, the job history of everything else, restore tests, targets and drills."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

from riskkit.simulator.chance import Chance, digest
from riskkit.simulator.writers.pack import Custody, Pack

GIB = 1 << 30
JOB_COLUMNS = (
    "system_id", "backup_id", "job", "started_at", "finished_at", "status", "size_bytes", "encrypted",
    "immutable", "location", "tool", "media", "offsite", "verified",
)  # fmt: skip
RESTORE_COLUMNS = (
    "system_id", "started_at", "finished_at", "outcome", "size_bytes", "integrity_checked",
    "objects_expected", "objects_restored", "performed_by",
)  # fmt: skip
TARGET_COLUMNS = ("system_id", "rpo_hours", "rto_hours", "full_bytes", "approved_by", "approved_on")
DRILL_COLUMNS = ("drill_id", "system_id", "kind", "performed_at", "outcome", "findings")
KEPT_DAYS = 31
SNAPSHOT_HOUR, JOB_HOUR = 1.25, 2.5
VNA_FAILS_FOR = 9  # days at the end
LAST_VNA_TEST_DAYS = 431


def write_backup(pack: Pack, seed: int) -> None:
    """Write backup/restic-pacs1.json, jobs.csv, restore_tests.csv, recovery_targets.csv and drills.csv."""
    custody = Custody("Infrastructure", pack.moment(0, 18), "backup1", "restic snapshots --json --host pacs1")
    pack.text("backup/restic-pacs1.json", json.dumps(list(_snapshots(pack, seed))) + "\n", custody)
    custody = Custody("Infrastructure", pack.moment(0, 18.2), "backup1", "job history of two months")
    pack.table("backup/jobs.csv", JOB_COLUMNS, _jobs(pack, seed), custody)
    hour = timedelta(hours=1)
    tests = (
        ("pacs1", 38, 5.5, "success", 820 * GIB, True, 41_220, 41_220),
        ("ris1", 150, 2.0, "partial", 96 * GIB, True, 9_400, 9_112),
        ("vna", LAST_VNA_TEST_DAYS, 9.0, "success", 240 * GIB, False, "", ""),
    )
    rows = (
        (
            system,
            start := pack.moment(back, 9),
            start + hours * hour,
            outcome,
            size,
            checked,
            expected,
            restored,
            "Infrastructure",
        )
        for system, back, hours, outcome, size, checked, expected, restored in tests
    )
    custody = Custody("Infrastructure", pack.moment(0, 18.4), "ticket system", "restore tests")
    pack.table("backup/restore_tests.csv", RESTORE_COLUMNS, rows, custody)
    _write_plan(pack)


def _write_plan(pack: Pack) -> None:
    """What was decided, and what was practised of it: the second archive is missed by both."""
    decided = ("Chief information officer", pack.span.back(240))
    targets = (
        ("pacs1", 26, 48, 42_000 * GIB, *decided),
        ("vna", 24, 96, 61_000 * GIB, *decided),
        ("ris1", 8, 8, 96 * GIB, *decided),
        ("viewer1", 24, 12, "", *decided),
    )
    custody = Custody("Infrastructure", pack.moment(0, 18.5), "contingency plan", "recovery objectives")
    pack.table("backup/recovery_targets.csv", TARGET_COLUMNS, targets, custody)
    drills = (
        ("pacs1", "downtime", 110, "success", ""),
        ("pacs1", "emergency_access", 110, "partial", "the sealed envelope held an old password"),
        ("ris1", "downtime", 110, "success", ""),
        ("viewer1", "downtime", 430, "success", ""),
        ("viewer1", "emergency_access", 75, "success", ""),
        ("pacs1", "recovery", 38, "success", ""),
    )
    practised = (
        (f"D{number}", system, kind, pack.moment(back, 7), outcome, findings)
        for number, (system, kind, back, outcome, findings) in enumerate(drills, start=1)
    )
    custody = Custody("Infrastructure", pack.moment(0, 18.6), "ticket system", "exercises of two years")
    pack.table("backup/drills.csv", DRILL_COLUMNS, practised, custody)


def _snapshots(pack: Pack, seed: int) -> Iterator[dict[str, object]]:
    parent = ""
    for back in range(KEPT_DAYS - 1, -1, -1):
        at = pack.moment(back, SNAPSHOT_HOUR + Chance(seed, "restic", back).between(0, 0.05))
        snapshot = digest(seed, "snapshot", back).hex()
        yield {
            "time": at.isoformat(timespec="microseconds"),
            **({"parent": parent} if parent else {}),
            "tree": digest(seed, "tree", back).hex(),
            "paths": ["/srv/pacs/images", "/var/lib/postgresql"],
            "hostname": "pacs1",
            "username": "root",
            "tags": ["pacs"],
            "id": snapshot,
            "short_id": snapshot[:8],
        }
        parent = snapshot


def _jobs(pack: Pack, seed: int) -> Iterator[tuple[object, ...]]:
    chance = Chance(seed, "jobs")
    for back in range((pack.span.last - pack.span.first).days, -1, -7):
        start, day = pack.moment(back, JOB_HOUR), f"{pack.span.back(back):%Y%m%d}"
        yield (
            "router1", f"router1-{day}", "weekly router1", start, start + timedelta(minutes=4), "success",
            2 * GIB, "no", "no", "backup1:/srv/backup", "nightly-copy", "disk", "yes", "",
        )  # fmt: skip
    for back in range((pack.span.last - pack.span.first).days, -1, -1):
        start = pack.moment(back, JOB_HOUR)
        day = f"{pack.span.back(back):%Y%m%d}"
        for system, hours, size in (("vna", 3.1, 61_000), ("ris1", 0.4, 96)):
            failed = system == "vna" and (back < VNA_FAILS_FOR or chance.happens(0.03))
            took = timedelta(minutes=int(60 * hours * chance.between(0.8, 1.3)))
            yield (
                system, f"{system}-{day}", f"nightly {system}", start,
                start + (took / 10 if failed else took),
                "failed" if failed else "success", None if failed else size * GIB,
                "yes", "no", "backup1:/srv/backup", "nightly-copy", "disk", "yes", "" if failed else "yes",
            )  # fmt: skip
