"""Grype's JSON report: packages of a system or image that match a weakness."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from riskkit.declare import reader
from riskkit.model import Batch, Context, Member
from riskkit.readers.documents import DocumentError, load_json
from riskkit.readers.items import gather, named, optional
from riskkit.readers.system_names import system_of
from riskkit.readers.texts import has_keys
from riskkit.readers.weaknesses import (
    CVE,
    OWN_NAMES,
    SCANS,
    WEAKNESSES,
    dated,
    listed,
    moment,
    refuse,
    scan,
    score,
    severity,
)

SCANNER = "grype"


def _recognize(head: bytes, _name: str) -> bool:
    return has_keys(head, "matches") and (
        has_keys(head, "descriptor") or has_keys(head, "source") or b'"matchDetails"' in head
    )


@reader(
    id="grype_json",
    title="Grype report, -o json",
    version=2,
    tables=(WEAKNESSES, SCANS),
    recognize=_recognize,
    offset_unit="item",
)
def read(member: Member, _context: Context) -> Iterator[Batch]:
    """One row per match and one for the scan; an advisory (GHSA) goes by the CVE that it is about.

    The file's name says which system it is (`grype-SYSTEM.json`, `SYSTEM/grype.json`), else the source
    does. A date stands in `descriptor.timestamp`.
    """
    try:
        content = load_json(member)
        if not isinstance(content, dict):
            raise DocumentError("json_malformed", "no object")
        matches = listed(content.get("matches"))
    except DocumentError as error:
        yield from refuse(member, error, WEAKNESSES, SCANS)
        return
    system = system_of(member.name, OWN_NAMES, inside=_source(content.get("source")))
    descriptor = content.get("descriptor")
    at = moment(descriptor.get("timestamp")) if isinstance(descriptor, dict) else None
    common = {"system_id": system, "observed_at": at}
    yield dated(gather(WEAKNESSES, member, matches, lambda item: {**common, **_match(item)}), at)
    yield scan(
        member,
        {"system_id": system, "scanner": SCANNER, "kind": "software", "found": len(matches)},
        at,
    )


def _source(source: object) -> str:
    target = source.get("target") if isinstance(source, dict) else None
    if isinstance(target, dict):
        target = target.get("userInput")
    return target if isinstance(target, str) else ""


def _match(item: Mapping[str, Any]) -> Mapping[str, object]:
    weakness, artifact = item["vulnerability"], item["artifact"]
    fix = weakness.get("fix") or {}
    versions = [version for version in fix.get("versions") or () if isinstance(version, str)]
    state = fix.get("state")
    return {
        "vulnerability": _cve(item, named(weakness, "id")),
        "package": named(artifact, "name"),
        "installed": optional(artifact, "version"),
        "fixed_in": ", ".join(versions) or None,
        "fix_available": {"fixed": True, "not-fixed": False, "wont-fix": False}.get(str(state)),
        "severity": severity(weakness.get("severity")),
        "cvss": _score(weakness.get("cvss")),
        "scanner": SCANNER,
    }


def _cve(item: Mapping[str, Any], name: str) -> str:
    if CVE.fullmatch(name):
        return name
    related = [one.get("id") for one in item.get("relatedVulnerabilities") or () if isinstance(one, dict)]
    return next((one for one in related if isinstance(one, str) and CVE.fullmatch(one)), name)


def _score(given: object) -> float | None:
    """The highest base score of the newest version of CVSS that is given."""
    rated = [one for one in given if isinstance(one, dict)] if isinstance(given, list) else []
    for major in ("4", "3", "2"):
        found = [
            value
            for one in rated
            if str(one.get("version", "")).startswith(major)
            and isinstance(one.get("metrics"), dict)
            and (value := score(one["metrics"].get("baseScore"))) is not None
        ]
        if found:
            return max(found)
    return None
