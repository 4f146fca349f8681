"""CycloneDX in JSON: a bill of materials (SBOM), with or without the weaknesses of its components."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from riskkit.declare import reader
from riskkit.model import Batch, Context, Member
from riskkit.readers.documents import DocumentError, load_json
from riskkit.readers.items import IgnoredError, gather, named, optional
from riskkit.readers.system_names import system_of
from riskkit.readers.texts import has_keys, head_text
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

DEEPEST = 64
SCANNER = "cyclonedx"
SETTLED = frozenset({"resolved", "resolved_with_pedigree", "not_affected", "false_positive"})
"""States of an analysis (VEX) that say that the product is not open to the weakness."""


def _recognize(head: bytes, _name: str) -> bool:
    return has_keys(head, "bomFormat") and '"CycloneDX"' in head_text(head)


@reader(
    id="cyclonedx_json",
    title="CycloneDX bill of materials, JSON",
    version=2,
    tables=(SOFTWARE, WEAKNESSES, SCANS),
    recognize=_recognize,
    offset_unit="item",
)
def read(member: Member, _context: Context) -> Iterator[Batch]:
    """One row per component, the described product included; where weaknesses are listed, one for each.

    The file's name says which system it is (`sbom-SYSTEM.json`, `SYSTEM/bom.json`), else the described
    component does. A list of weaknesses, empty or not, counts as a scan of the software.
    """
    try:
        content = load_json(member)
        if not isinstance(content, dict):
            raise DocumentError("json_malformed", "no object")
        about = _object(content.get("metadata"))
        product = _object(about.get("component"))
        components = list(_components(([product] if product else []) + listed(content.get("components")), 0))
        weaknesses = listed(content.get("vulnerabilities"))
    except DocumentError as error:
        yield from refuse(member, error, SOFTWARE, WEAKNESSES, SCANS)
        return
    name = product.get("name")
    system = system_of(member.name, OWN_NAMES, inside=name if isinstance(name, str) else "")
    at = moment(about.get("timestamp"))
    common = {"system_id": system, "observed_at": at}
    yield dated(gather(SOFTWARE, member, components, lambda item: {**common, **_component(item)}), at)
    if "vulnerabilities" not in content:
        return
    known = {
        one["bom-ref"]: one
        for one in components
        if isinstance(one, dict) and isinstance(one.get("bom-ref"), str)
    }
    found = gather(WEAKNESSES, member, weaknesses, lambda item: {**common, **_weakness(item, known)})
    yield dated(found, at)
    row = {"system_id": system, "scanner": SCANNER, "kind": "software", "found": found.accepted}
    yield scan(member, row, at)


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _components(items: list[Any], depth: int) -> Iterator[Any]:
    """Components and what is assembled in them."""
    if depth > DEEPEST:
        raise DocumentError("json_malformed", "components nest too deep")
    for item in items:
        yield item
        if isinstance(item, dict) and "components" in item:
            yield from _components(listed(item["components"]), depth + 1)


def _component(item: Mapping[str, Any]) -> Mapping[str, object]:
    if optional(item, "type") == "file":
        raise IgnoredError("a file, no software by itself")
    supplier = item.get("supplier")
    return {
        "name": named(item, "name"),
        "version": optional(item, "version"),
        "kind": optional(item, "type"),
        "supplier": optional(supplier, "name") if isinstance(supplier, dict) else optional(item, "publisher"),
        "purl": optional(item, "purl"),
        "cpe": optional(item, "cpe"),
    }


def _weakness(item: Mapping[str, Any], known: Mapping[str, Mapping[str, Any]]) -> Mapping[str, object]:
    analysis = item.get("analysis")
    if isinstance(analysis, dict) and analysis.get("state") in SETTLED:
        raise IgnoredError("the analysis says that the product is not open to it")
    affected = [one.get("ref") for one in _listed(item.get("affects")) if isinstance(one, dict)]
    part = next((known[ref] for ref in affected if isinstance(ref, str) and ref in known), {})
    ratings = [one for one in _listed(item.get("ratings")) if isinstance(one, dict)]
    scores = [value for one in ratings if (value := score(one.get("score"))) is not None]
    words = [word for one in ratings if (word := severity(one.get("severity")))]
    fix = optional(item, "recommendation")
    return {
        "vulnerability": named(item, "id"),
        "title": None,
        "package": optional(part, "name"),
        "installed": optional(part, "version"),
        "fix_available": True if fix else None,
        "severity": min(words, key=("critical", "high", "medium", "low", "none").index, default=None),
        "cvss": max(scores, default=None),
        "published_on": day(item.get("published")),
        "scanner": SCANNER,
    }


def _listed(value: object) -> list[Any]:
    """As `listed`; another type makes the item odd, not the document."""
    try:
        return listed(value)
    except DocumentError as error:
        raise ValueError from error
