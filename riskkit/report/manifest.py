"""manifest.json: every input and output of a report with its SHA-256, for anyone to compare offline."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from riskkit.errors import ReportError
from riskkit.ingest import find_files
from riskkit.ingest.walk import HISTORY, MAPPING_SUFFIX, sha256_of
from riskkit.model import Assessment
from riskkit.report.folder import MANIFEST
from riskkit.settings import SITE_FILE

SCHEMA = 1


def manifest(
    assessment: Assessment,
    pack: Path,
    report: Path,
    *,
    parameters: Mapping[str, object],
    notebooks: Mapping[str, str],
) -> dict[str, Any]:
    """What a report was made from and consists of.

    report: the folder with all other files written. notebooks: SHA-256 by name. The same evidence
    gives the same manifest: it holds no time and no path of this machine.
    """
    earlier = assessment.history[-1]["period"] if assessment.history else None
    inputs = dict(sorted(_inputs(assessment, pack)))
    return {
        "schema": SCHEMA,
        "riskkit": assessment.version,
        "catalog": assessment.catalog.version,
        "organisation": assessment.settings.organisation,
        "period": assessment.moment.period.name,
        "as_of": assessment.moment.as_of.isoformat(),
        "parameters": dict(parameters),
        "previous": earlier and {"period": earlier, **inputs.get(f"{HISTORY}/{earlier}/findings.json", {})},
        "notebooks": dict(notebooks),
        "inputs": inputs,
        "outputs": {
            path.name: _described(path) for path in sorted(report.iterdir()) if path.name != MANIFEST
        },
    }


def verify(report: Path, pack: Path | None = None) -> list[str]:
    """What does not agree with a report's manifest, one sentence each; empty when all does.

    With the pack its files are compared too, and files that came later are named. Raises ReportError
    when the folder is no report.
    """
    path = report / MANIFEST
    try:
        stated = json.loads(path.read_text(encoding="utf-8"))
        if stated["schema"] != SCHEMA:
            raise ValueError
        outputs, inputs = dict(stated["outputs"]), dict(stated["inputs"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ReportError(
            "is no report: its manifest cannot be read",
            file=report,
            do="Name the folder that holds manifest.json",
        ) from error
    problems = list(_compare(report, outputs, "output"))
    present = {file.relative_to(report).as_posix() for file in report.rglob("*") if file.is_file()}
    problems += [
        f"{name}: is no part of the report" for name in sorted(present - outputs.keys() - {MANIFEST})
    ]
    problems += _against_record(report, path)
    if pack is not None:
        problems += _compare(pack, inputs, "input")
        problems += [
            f"{found.name}: came into the pack after the report was made"
            for found in find_files(pack)
            if found.name not in inputs
        ]
    return problems


def record_path(report: Path) -> Path:
    """Where a report's run record lies: beside its folder, so that the folder holds no time."""
    return report.with_name(f"{report.name}.run.json")


def _inputs(assessment: Assessment, pack: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for source in assessment.evidence.sources:
        # Members of an archive and sheets of a workbook are known by their file.
        yield source.name.partition("!")[0], {"sha256": source.sha256, "size": source.size}
    for path in [pack / SITE_FILE, *pack.rglob(f"*{MAPPING_SUFFIX}")]:
        name = path.relative_to(pack)
        if path.is_file() and not any(part.startswith(".") for part in name.parts):
            yield name.as_posix(), _described(path)


def _described(path: Path) -> dict[str, Any]:
    return {"sha256": sha256_of(path), "size": path.stat().st_size}


def _compare(folder: Path, stated: Mapping[str, Any], kind: str) -> Iterator[str]:
    for name, description in sorted(stated.items()):
        plain = PurePosixPath(name)
        if plain.is_absolute() or ".." in plain.parts:
            yield f"{name}: the manifest names an {kind} outside of its folder"
            continue
        path = folder / plain
        expected = description.get("sha256") if isinstance(description, dict) else None
        if expected == "":
            continue  # could not be read when the report was made, and the report says so
        try:
            actual = sha256_of(path)
        except OSError:
            yield f"{name}: the {kind} is missing"
            continue
        if actual != expected:
            yield f"{name}: the {kind} is not what it was when the report was made"


def _against_record(report: Path, path: Path) -> Iterator[str]:
    """The run record knows the manifest's own hash; a report that was moved away has none beside it."""
    try:
        expected = json.loads(record_path(report).read_text(encoding="utf-8"))["manifest"]
    except (OSError, ValueError, KeyError, TypeError):
        return
    if expected is not None and hashlib.sha256(path.read_bytes()).hexdigest() != expected:
        yield f"{MANIFEST}: is not what the run record says"
