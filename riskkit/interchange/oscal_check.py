"""What other readers of OSCAL let pass: references that lead nowhere, and hashes of other files."""

from __future__ import annotations

import re
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from riskkit.interchange.oscal import sha256_of

_REFERENCES = {
    "observation-uuid": "observations",
    "risk-uuid": "risks",
    "finding-uuid": "findings",
}
_STATES = ("satisfied", "not-satisfied")
_METHODS = ("EXAMINE", "INTERVIEW", "TEST", "UNKNOWN")
_STATUS = (
    "open", "investigating", "remediating", "deviation-requested", "deviation-approved", "closed",
)  # fmt: skip
_TOKEN = re.compile(r"[^\W\d][\w.\-]*")
_SHA256 = re.compile(r"[0-9a-f]{64}")

# OSCAL's own objects that must be there; source: NIST OSCAL 1.1 reference.
_REQUIRED = {
    "assessment-results": ("uuid", "metadata", "import-ap", "results"),
    "plan-of-action-and-milestones": ("uuid", "metadata", "poam-items"),
}


def check_oscal(document: Mapping[str, Any], pack: Path | None = None) -> list[str]:
    """What is wrong with an OSCAL document, one sentence each; empty when nothing is.

    Every uuid is one and stands once; every reference and every href resolves; methods, states and
    statuses are of the vocabulary; what is not demonstrated is not satisfied and rests on no TEST that
    passes; each hash is that of its file in `pack`, when that is given.
    """
    kind = next(iter(document), "")
    if kind not in _REQUIRED or len(document) != 1:
        return ["the document is neither assessment results nor a plan of action"]
    body = document[kind]
    found = [f"{kind} lacks {name}" for name in _REQUIRED[kind] if not body.get(name)]
    return [*found, *_identifiers(body), *_references(body), *_words(body), *_hashes(body, pack)]


def _walk(node: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object with the path to it."""
    if isinstance(node, dict):
        yield path, node
        for name, value in node.items():
            yield from _walk(value, f"{path}/{name}")
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from _walk(value, f"{path}[{number}]")


def _identifiers(body: Mapping[str, Any]) -> Iterator[str]:
    seen: Counter[str] = Counter()
    for path, node in _walk(body):
        if "uuid" in node:
            seen[str(node["uuid"])] += 1
            try:
                uuid.UUID(str(node["uuid"]))
            except ValueError:
                yield f"{path}: uuid is none"
    yield from (f"uuid {name} stands {times} times" for name, times in sorted(seen.items()) if times > 1)


def _references(body: Mapping[str, Any]) -> Iterator[str]:
    holders = [body, *body.get("results", ())]
    known = {
        reference: {one.get("uuid") for holder in holders for one in holder.get(place, ())}
        for reference, place in _REFERENCES.items()
    }
    resources = {one.get("uuid") for one in body.get("back-matter", {}).get("resources", ())}
    for path, node in _walk(body):
        for reference, names in known.items():
            if reference in node and node[reference] not in names:
                yield f"{path}: {reference} {node[reference]} leads nowhere"
        href = node.get("href")
        if isinstance(href, str) and href.startswith("#") and href[1:] not in resources:
            yield f"{path}: href {href} leads nowhere"


def _words(body: Mapping[str, Any]) -> Iterator[str]:
    for path, node in _walk(body):
        for name in ("control-id", "target-id"):
            if name in node and not _TOKEN.fullmatch(str(node[name])):
                yield f"{path}: {name} {node[name]!r} is no token"
    holders = [body, *body.get("results", ())]
    for holder in holders:
        for one in holder.get("observations", ()):
            if wrong := set(one.get("methods", ())) - set(_METHODS):
                yield f"observation {one.get('uuid')}: method {sorted(wrong)} is none"
        for one in holder.get("risks", ()):
            if one.get("status") not in _STATUS:
                yield f"risk {one.get('uuid')}: status {one.get('status')!r} is none"
        for one in holder.get("findings", ()):
            state = one.get("target", {}).get("status", {}).get("state")
            if state not in _STATES:
                yield f"finding {one.get('uuid')}: state {state!r} is none"
            shown = {prop["value"] for prop in one.get("props", ()) if prop.get("name") == "status"}
            if "not-demonstrated" in shown and state == "satisfied":
                yield f"finding {one.get('uuid')}: what is not demonstrated is not satisfied"


def _hashes(body: Mapping[str, Any], pack: Path | None) -> Iterator[str]:
    for resource in body.get("back-matter", {}).get("resources", ()):
        for link in resource.get("rlinks", ()):
            name = str(link.get("href", ""))
            values = [one.get("value") for one in link.get("hashes", ()) if one.get("algorithm") == "SHA-256"]
            if not values or not all(_SHA256.fullmatch(str(value)) for value in values):
                yield f"{name}: has no SHA-256"
            elif pack is not None:
                path = pack / name.partition("!")[0]
                inside = path.is_file() and path.resolve().is_relative_to(pack.resolve())
                if not inside:
                    yield f"{name}: is not in the pack"
                elif "!" not in name and values[0] != sha256_of(path):
                    yield f"{name}: the SHA-256 is that of another file"
