"""manifest.json: every input and output of a report with its SHA-256, for anyone to compare offline.

It names the manifest of the period before, and holds a digest of itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from riskkit.ingest.walk import HISTORY, MAPPING_SUFFIX, sha256_of
from riskkit.model import Assessment
from riskkit.report.folder import MANIFEST
from riskkit.report.signing import PUBLIC_KEY, SIGNATURE
from riskkit.report.timestamp import STAMP
from riskkit.settings import SITE_FILE

SCHEMA = 1
FINDINGS = "findings.json"

SIGNED = ("manifest", "run record")
"""What the signer's key signs. A report of before says nothing here: of it only the manifest is signed."""

NO_OUTPUT = frozenset({MANIFEST, SIGNATURE, PUBLIC_KEY, STAMP})
"""The manifest, and what signs and stamps it."""


def manifest(
    assessment: Assessment,
    report: Path,
    *,
    inputs: Mapping[str, Mapping[str, Any]],
    parameters: Mapping[str, object],
    notebooks: Mapping[str, str],
    signer: str | None = None,
) -> dict[str, Any]:
    """What a report was made from and consists of.

    report: the folder with all other files written. inputs: as `inputs_of` tells. notebooks: SHA-256 by
    name. signer: the fingerprint of the key that it is signed with. The same evidence gives the same
    manifest: it holds no time of the run and no path of this machine.
    """
    earlier = assessment.history[-1]["period"] if assessment.history else None
    return {
        "schema": SCHEMA,
        "riskkit": assessment.version,
        "catalog": assessment.catalog.version,
        "organisation": assessment.settings.organisation,
        "period": assessment.moment.period.name,
        "as_of": assessment.moment.as_of.isoformat(),
        "parameters": dict(parameters),
        "previous": earlier and _previous(earlier, inputs),
        "signer": signer,
        "signed": list(SIGNED) if signer else [],
        "notebooks": dict(notebooks),
        "inputs": dict(inputs),
        "outputs": {
            path.name: _described(path) for path in sorted(report.iterdir()) if path.name not in NO_OUTPUT
        },
    }


def inputs_of(assessment: Assessment, pack: Path) -> dict[str, dict[str, Any]]:
    """Every file that an assessment rests on: SHA-256, size, and whether it was obtained later.

    `obtained: later` says that the evidence itself, or evidence.csv, is dated after the moment judged.
    """
    found: dict[str, dict[str, Any]] = {}
    for name, described in _inputs(assessment, pack):
        # Members of an archive and sheets of a workbook are known by their file.
        found[name] = {**found.get(name, {}), **described}
    return dict(sorted(found.items()))


def _inputs(assessment: Assessment, pack: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for source in assessment.evidence.sources:
        later = {"obtained": "later"} if source.obtained_later else {}
        yield source.name.partition("!")[0], {"sha256": source.sha256, "size": source.size, **later}
    kept = [pack / HISTORY / found["period"] / MANIFEST for found in assessment.history]
    for path in [pack / SITE_FILE, *pack.rglob(f"*{MAPPING_SUFFIX}"), *kept]:
        name = path.relative_to(pack)
        if path.is_file() and not any(part.startswith(".") for part in name.parts):
            yield name.as_posix(), _described(path)


def _previous(period: str, inputs: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The period before: SHA-256 of its findings and of its manifest, None where it was not kept."""
    files = {"findings": FINDINGS, "manifest": MANIFEST}
    return {"period": period} | {
        name: inputs.get(f"{HISTORY}/{period}/{file}", {}).get("sha256") for name, file in files.items()
    }


def _described(path: Path) -> dict[str, Any]:
    return {"sha256": sha256_of(path), "size": path.stat().st_size}
