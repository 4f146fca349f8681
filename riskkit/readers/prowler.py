"""Prowler's findings, as CSV or OCSF: of encryption at rest, of keys, and of who can reach storage."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from riskkit.declare import reader
from riskkit.model import Batch, Context, Member, Quarantined
from riskkit.readers.aws import key_name, last_name
from riskkit.readers.canonical.lines import encoding_of_file, split, text_lines
from riskkit.readers.documents import DocumentError, load_json, refused
from riskkit.readers.items import IgnoredError, gather, instant, named, optional
from riskkit.readers.texts import has_keys, head_text, outline
from riskkit.tables import TABLES

PLACES: Mapping[str, str] = {
    "backup_recovery_point_encrypted": "backup",
    "documentdb_cluster_storage_encrypted": "database",
    "dynamodb_accelerator_cluster_encryption_enabled": "database",
    "ec2_ebs_snapshots_encrypted": "backup",
    "ec2_ebs_volume_encryption": "volume",
    "efs_encryption_at_rest_enabled": "volume",
    "neptune_cluster_storage_encrypted": "database",
    "opensearch_service_domains_encryption_at_rest_enabled": "database",
    "rds_cluster_storage_encrypted": "database",
    "rds_instance_storage_encrypted": "database",
    "rds_snapshots_encrypted": "backup",
    "redshift_cluster_encrypted_at_rest": "database",
    "s3_bucket_default_encryption": "bucket",
    "sqlserver_tde_encryption_enabled": "database",
}
"""Check to kind of place, where a failure means that the place is not encrypted."""

EXPOSURES: Mapping[str, tuple[str, bool]] = {
    "bigquery_dataset_public_access": ("public", False),
    "cloudstorage_bucket_public_access": ("public", False),
    "documentdb_cluster_public_snapshot": ("public", False),
    "ec2_ebs_public_snapshot": ("public", False),
    "neptune_cluster_public_snapshot": ("public", False),
    "rds_snapshots_public_access": ("public", False),
    "s3_bucket_cross_account_access": ("shared_outside", False),
    "s3_bucket_policy_public_write_access": ("public", False),
    "s3_bucket_public_access": ("public", False),
    "s3_bucket_public_list_acl": ("public", False),
    "s3_bucket_public_write_acl": ("public", False),
    "s3_bucket_server_access_logging_enabled": ("object_logging", True),
    "storage_blob_public_access_level_is_disabled": ("public", False),
}
"""Check to the question that it answers, and whether a pass means yes."""

PROVIDERS = {"aws": "Amazon Web Services", "azure": "Microsoft Azure", "gcp": "Google Cloud"}

KEYS = frozenset({"keyvault_key_rotation_enabled", "kms_cmk_rotation_enabled", "kms_key_rotation_enabled"})
STATES = {"PASS": "yes", "FAIL": "no"}
"""MANUAL, and what else there may be, is unknown."""

COLUMNS = ("CHECK_ID", "STATUS", "RESOURCE_UID", "PROVIDER")
_PRODUCT = re.compile(r'"name"\s*:\s*"Prowler"')


class Finding(NamedTuple):
    """What is used of a finding."""

    check: str
    status: str
    resource: str
    time: object
    provider: str | None = None


@dataclass(frozen=True)
class Findings:
    """Findings with their places in the file, and what could not be read as one."""

    found: Sequence[tuple[int, Any]]
    broken: Sequence[Quarantined] = ()


def _recognize(head: bytes, _name: str) -> bool:
    text = head_text(head).lstrip("\ufeff")
    if outline(head)[0]:
        return has_keys(head, "metadata", "status_code", "resources") and bool(_PRODUCT.search(text))
    return set(COLUMNS) <= set(text.partition("\n")[0].strip().split(";"))


@reader(
    id="prowler",
    title="Prowler findings, CSV or OCSF",
    version=1,
    tables=("storage_assets", "encryption_keys", "storage_exposures"),
    recognize=_recognize,
    offset_unit="item",
)
def read(member: Member, context: Context) -> Iterator[Batch]:
    """One row per finding about encryption at rest, the rotation of a key, or who can reach storage.

    Others are ignored.

    Findings about whose key encrypts say nothing of whether it is encrypted, so they are ignored too.
    Times of the CSV have no zone and are read in that of the site.
    """
    with member.open() as stream:
        is_json = bool(outline(stream.read(64 << 10))[0])
    try:
        findings = _from_json(member) if is_json else _from_csv(member)
    except DocumentError as error:
        yield refused("storage_assets", error, member)
        return
    seen: list[datetime] = []

    def timed(finding: Finding) -> None:
        seen.append(instant(finding.time, context.zone))

    def asset(item: Any) -> Mapping[str, object]:
        finding = _finding(item)
        if finding.check in KEYS:
            raise IgnoredError("about a key")
        if finding.check in EXPOSURES:
            raise IgnoredError("about who can reach storage")
        if finding.check not in PLACES:
            raise IgnoredError("not about encryption at rest")
        timed(finding)
        encrypted = STATES.get(finding.status, "unknown")
        return {
            "asset_id": _name(finding.resource),
            "kind": PLACES[finding.check],
            "encrypted": encrypted,
            "provider": finding.provider,
            "reason": f"Prowler says {_status(finding)}" if encrypted == "unknown" else None,
        }

    def key(item: Any) -> Mapping[str, object]:
        finding = _finding(item)
        timed(finding)
        return {
            "key_id": key_name(finding.resource),
            "key_manager": "customer",
            "rotation_enabled": STATES.get(finding.status, "unknown"),
        }

    def exposure(item: Any) -> Mapping[str, object]:
        finding = _finding(item)
        timed(finding)
        question, passed_is_yes = EXPOSURES[finding.check]
        passed = {"PASS": True, "FAIL": False}.get(finding.status)
        return {
            "asset_id": _name(finding.resource),
            "asked": f"Prowler {finding.check}",
            "question": question,
            "answer": "unknown" if passed is None else "yes" if passed == passed_is_yes else "no",
            "provider": finding.provider,
            "detail": f"Prowler says {_status(finding)}" if passed is None else None,
        }

    rotating = [(place, item) for place, item in findings.found if _check(item) in KEYS]
    reached = [(place, item) for place, item in findings.found if _check(item) in EXPOSURES]
    batches = [
        gather(
            table, member, [item for _, item in found], row_of, offsets=[place for place, _ in found] or None
        )
        for table, found, row_of in (
            ("storage_assets", findings.found, asset),
            ("encryption_keys", rotating, key),
            ("storage_exposures", reached, exposure),
        )
    ]
    if findings.broken:
        broken = tuple(findings.broken)
        batches.append(Batch("storage_assets", TABLES["storage_assets"].empty(), len(broken), 0, broken))
    zoneless = not is_json and bool(seen)
    notes = (f"times have no zone and were read in {context.zone.key}",) if zoneless else ()
    latest = max(seen, default=None)
    yield from (_with(batch, latest, notes) for batch in batches)


def _with(batch: Batch, at: datetime | None, notes: tuple[str, ...]) -> Batch:
    return Batch(
        batch.table, batch.rows, batch.records, batch.accepted, batch.quarantined, batch.ignored, at, notes
    )


def _from_json(member: Member) -> Findings:
    content = load_json(member)
    if not isinstance(content, list):
        raise DocumentError("json_malformed", "no list of findings")
    return Findings(list(enumerate(content)))


def _from_csv(member: Member) -> Findings:
    records = split(text_lines(member, encoding_of_file(member)), ";")
    header = next(records, None)
    if header is None or not set(COLUMNS) <= set(header.cells):
        raise DocumentError("bad_framing", "the header is not Prowler's")
    found, broken = [], []
    for record in records:
        if record.fault:
            broken.append(Quarantined(record.line, record.fault, record.detail))
        elif len(record.cells) == len(header.cells):
            found.append((record.line, dict(zip(header.cells, record.cells, strict=True))))
        elif any(record.cells):
            broken.append(Quarantined(record.line, "bad_framing", "not as many cells as the header has"))
    return Findings(found, broken)


def _check(item: Any) -> str:
    """The id of the check, empty where there is none."""
    try:
        return _finding(item).check
    except (KeyError, ValueError, TypeError, AttributeError, IndexError):
        return ""


def _finding(item: Any) -> Finding:
    if "CHECK_ID" in item:
        return Finding(
            named(item, "CHECK_ID"),
            named(item, "STATUS"),
            named(item, "RESOURCE_UID", "RESOURCE_NAME"),
            item.get("TIMESTAMP"),
            PROVIDERS.get(optional(item, "PROVIDER") or ""),
        )
    resources = item["resources"]
    if not isinstance(resources, list) or not resources:
        raise ValueError
    cloud = item.get("cloud")
    provider = cloud.get("provider") if isinstance(cloud, dict) else None
    return Finding(
        named(item["metadata"], "event_code"),
        named(item, "status_code"),
        named(resources[0], "uid", "name"),
        item.get("time", item.get("time_dt")),
        PROVIDERS.get(provider) if isinstance(provider, str) else None,
    )


def _status(finding: Finding) -> str:
    return finding.status if finding.status in {"MANUAL", "MUTED"} else "neither PASS nor FAIL"


def _name(resource: str) -> str:
    return resource.rstrip("/").rpartition("/")[2] if resource.startswith("/") else last_name(resource)
