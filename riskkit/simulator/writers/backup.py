"""backup/: snapshots of restic, the job history of everything else, and restore tests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

from riskkit.simulator.chance import Chance, digest
from riskkit.simulator.writers.pack import Custody, Pack

GIB = 1 << 30
JOB_COLUMNS = (
    "system_id", "backup_id", "job", "started_at", "finished_at", "status", "size_bytes", "encrypted",
    "immutable", "location", "tool",
)  # fmt: skip
RESTORE_COLUMNS = (
    "system_id", "started_at", "finished_at", "outcome", "size_bytes", "integrity_checked", "performed_by",
)  # fmt: skip
KEPT_DAYS = 31
SNAPSHOT_HOUR, JOB_HOUR = 1.25, 2.5
VNA_FAILS_FOR = 9  # days at the end
LAST_VNA_TEST_DAYS = 431


def write_backup(pack: Pack, seed: int) -> None:
    """Write backup/restic-pacs1.json, backup/jobs.csv and backup/restore_tests.csv."""
    custody = Custody("Infrastructure", pack.moment(0, 18), "backup1", "restic snapshots --json --host pacs1")
    pack.text("backup/restic-pacs1.json", json.dumps(list(_snapshots(pack, seed))) + "\n", custody)
    custody = Custody("Infrastructure", pack.moment(0, 18.2), "backup1", "job history of two months")
    pack.table("backup/jobs.csv", JOB_COLUMNS, _jobs(pack, seed), custody)
    hour = timedelta(hours=1)
    tests = (
        ("pacs1", 38, 5.5, "success", 820 * GIB, True),
        ("ris1", 150, 2.0, "partial", 96 * GIB, True),
        ("vna", LAST_VNA_TEST_DAYS, 9.0, "success", 240 * GIB, False),
    )
    rows = (
        (
            system,
            start := pack.moment(back, 9),
            start + hours * hour,
            outcome,
            size,
            checked,
            "Infrastructure",
        )
        for system, back, hours, outcome, size, checked in tests
    )
    custody = Custody("Infrastructure", pack.moment(0, 18.4), "ticket system", "restore tests")
    pack.table("backup/restore_tests.csv", RESTORE_COLUMNS, rows, custody)


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
            2 * GIB, "no", "no", "backup1:/srv/backup", "nightly-copy",
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
                "yes", "no", "backup1:/srv/backup", "nightly-copy",
            )  # fmt: skip
