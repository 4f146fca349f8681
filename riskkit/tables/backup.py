"""Copies of the archive, and proof that they can be restored."""

from __future__ import annotations

from riskkit.tables.schema import Column, Table

BACKUPS = Table(
    name="backups",
    doc="One row per backup that was made or tried.",
    place="backup/jobs.csv",
    canonical=True,
    key=("system_id", "backup_id"),
    event_time="finished_at",
    ask="restic snapshots --json, borg list --json or pgbackrest info --output=json of each repository, AWS "
    "Backup's recovery points; of Veeam, Bacula and others the job history as backup/jobs.csv "
    "(docs/storage-exports.md)",
    columns=(
        Column("system_id", doc="system of inventory/systems.csv, or one of its aliases", required=True),
        Column("backup_id", required=True),
        Column("job", doc="name of the job, or the paths it covers"),
        Column("started_at", "instant"),
        Column("finished_at", "instant", required=True),
        Column("status", required=True, values=("success", "warning", "failed", "running", "unknown")),
        Column("size_bytes", "integer", unit="byte"),
        Column("encrypted", doc="the copy itself", values=("yes", "no", "unknown")),
        Column(
            "immutable",
            doc="cannot be altered before its end of retention",
            values=("yes", "no", "unknown"),
        ),
        Column(
            "location", doc="the place of the copy: repository, vault, tape; never two names for one place"
        ),
        Column("tool"),
    ),
)

RESTORE_TESTS = Table(
    name="restore_tests",
    doc="Restores that were tried, with their outcome.",
    place="backup/restore_tests.csv",
    canonical=True,
    key=("system_id", "finished_at"),
    event_time="finished_at",
    ask="the log of restore tests: system, when, outcome, bytes, whether images were compared",
    columns=(
        Column("system_id", required=True),
        Column("started_at", "instant"),
        Column("finished_at", "instant", required=True),
        Column("outcome", required=True, values=("success", "partial", "failed")),
        Column("size_bytes", "integer", unit="byte"),
        Column("integrity_checked", "boolean", "restored images were compared with the originals"),
        Column("performed_by", phi=True),
    ),
)

TABLES = (BACKUPS, RESTORE_TESTS)
