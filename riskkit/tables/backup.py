"""Copies of the archive, and proof that they can be restored."""

from __future__ import annotations

from riskkit.tables.schema import Column, Table

ANSWERS = ("yes", "no", "unknown")

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
        Column("media", doc="what the copy lies on: disk, tape, object store ..."),
        Column("offsite", doc="the copy lies at another site than the system", values=ANSWERS),
        Column("verified", doc="the last verification of the copy ended without an error", values=ANSWERS),
    ),
)  # fmt: skip

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
        Column("integrity_checked", "boolean", "digests of restored images were compared with the originals"),
        Column("objects_expected", "integer", "images that should come back"),
        Column("objects_restored", "integer", "images that did, by count"),
        Column("sample_of", "integer", "images that the expected ones are a chosen sample of; empty for all"),
        Column("performed_by", phi=True),
    ),
)

RECOVERY_TARGETS = Table(
    name="recovery_targets",
    doc="How much work may be lost of each system, and how long it may be down, as the organisation decided.",
    place="backup/recovery_targets.csv",
    canonical=True,
    key=("system_id",),
    ask="the recovery point and recovery time objectives of the contingency plan, system by system",
    columns=(
        Column("system_id", required=True),
        Column("rpo_hours", "integer", "hours of work that may be lost", required=True, unit="hour"),
        Column("rto_hours", "integer", "hours until the system works again", required=True, unit="hour"),
        Column(
            "full_bytes",
            "integer",
            "what a full restore brings back; without it nothing tells that one is quick enough",
            unit="byte",
        ),
        Column("approved_by", proof=True),
        Column("approved_on", "date"),
    ),
)

DRILLS = Table(
    name="drills",
    doc="Exercises of downtime, recovery and emergency access, with their outcome.",
    place="backup/drills.csv",
    canonical=True,
    key=("drill_id",),
    event_time="performed_at",
    ask="the log of exercises: work during downtime, recovery from disaster, and access in an emergency, for "
    "each critical system",
    columns=(
        Column("drill_id", required=True),
        Column("system_id", required=True),
        Column("kind", required=True, values=("downtime", "recovery", "emergency_access")),
        Column("performed_at", "instant", required=True),
        Column("outcome", required=True, values=("success", "partial", "failed")),
        Column("findings", doc="what has to change"),
    ),
)

TABLES = (BACKUPS, RESTORE_TESTS, RECOVERY_TARGETS, DRILLS)
