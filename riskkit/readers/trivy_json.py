"""Trivy's JSON report of an image, a file system or a machine: weaknesses, packages, operating system."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from riskkit.declare import reader
from riskkit.model import Batch, Context, Member
from riskkit.readers.documents import DocumentError, load_json
from riskkit.readers.items import gather, named, optional
from riskkit.readers.system_names import system_of
from riskkit.readers.texts import outline
from riskkit.readers.weaknesses import (
    OWN_NAMES,
    SCANS,
    SOFTWARE,
    WEAKNESSES,
    dated,
    day,
    listed,
    moment,
    refuse,
    scan,
    score,
    severity,
)

SCANNER = "trivy"
_OLD = frozenset({"Target", "Vulnerabilities"})


def _recognize(head: bytes, _name: str) -> bool:
    kind, keys = outline(head)
    report = "SchemaVersion" in keys and bool(keys & {"ArtifactName", "ArtifactType", "Results"})
    return report or (kind == "array" and keys >= _OLD)


@reader(
    id="trivy_json",
    title="Trivy report, --format json",
    version=3,
    tables=(WEAKNESSES, SCANS, SOFTWARE),
    recognize=_recognize,
    offset_unit="item",
)
def read(member: Member, _context: Context) -> Iterator[Batch]:
    """One row per weakness and, where `--list-all-pkgs` was given, per package; one row for the scan.

    The file's name says which system it is (`trivy-SYSTEM.json`, `SYSTEM/trivy.json`), else the artifact
    does. Reports before version 0.20 are bare lists without a date.
    """
    try:
        content = load_json(member)
        report = _report(content)
        results = [_object(result) for result in listed(report.get("Results"))]
        weaknesses = [(result, item) for result in results for item in listed(result.get("Vulnerabilities"))]
        packages = [(result, item) for result in results for item in listed(result.get("Packages"))]
        os = _object(_object(report.get("Metadata") or {}).get("OS") or {})
    except DocumentError as error:
        yield from refuse(member, error, WEAKNESSES, SCANS, SOFTWARE)
        return
    artifact = report.get("ArtifactName")
    system = system_of(member.name, OWN_NAMES, inside=artifact if isinstance(artifact, str) else "")
    at = moment(report.get("CreatedAt"))
    common = {"system_id": system, "observed_at": at}
    yield dated(gather(WEAKNESSES, member, weaknesses, lambda found: {**common, **_weakness(*found)}), at)
    yield scan(
        member,
        {"system_id": system, "scanner": SCANNER, "kind": "software", "found": len(weaknesses)},
        at,
    )
    parts = [({}, {**os, "os": True}), *packages] if os else packages
    yield dated(gather(SOFTWARE, member, parts, lambda found: {**common, **_package(found[1])}), at)


def _report(content: Any) -> Mapping[str, Any]:
    """The report, also one with a list around it: read as a bare list of results it would find nothing."""
    if isinstance(content, dict):
        return content
    whole = isinstance(content, list) and any(isinstance(one, dict) and "Results" in one for one in content)
    if not whole:
        return {"Results": content}
    if len(content) > 1:
        raise DocumentError("json_malformed", "several reports in one list")
    return _object(content[0])


def _object(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise DocumentError("json_malformed", "a result is no object")
    return value


def _weakness(result: Mapping[str, Any], item: Mapping[str, Any]) -> Mapping[str, object]:
    fixed = optional(item, "FixedVersion")
    return {
        "vulnerability": named(item, "VulnerabilityID"),
        "title": optional(item, "Title"),
        "package": named(item, "PkgName", "PkgID"),
        "installed": optional(item, "InstalledVersion"),
        "fixed_in": fixed,
        "fix_available": fixed is not None,
        "severity": severity(item.get("Severity")),
        "cvss": _score(item.get("CVSS")),
        "published_on": day(item.get("PublishedDate")),
        "scanner": SCANNER,
    }


def _score(given: object) -> float | None:
    """The highest base score of version 3 that somebody gave, else of version 2."""
    rated = [one for one in (given.values() if isinstance(given, dict) else ()) if isinstance(one, dict)]
    for key in ("V3Score", "V2Score"):
        if found := [value for one in rated if (value := score(one.get(key))) is not None]:
            return max(found)
    return None


def _package(item: Mapping[str, Any]) -> Mapping[str, object]:
    if item.get("os"):
        return {
            "name": named(item, "Family"),
            "version": optional(item, "Name"),
            "kind": "operating-system",
        }
    identifier = item.get("Identifier")
    return {
        "name": named(item, "Name"),
        "version": optional(item, "Version"),
        "kind": "library",
        "purl": optional(identifier, "PURL") if isinstance(identifier, dict) else None,
    }
