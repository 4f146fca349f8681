"""Nobody's name, record number or accession number leaves the evidence, wherever riskkit writes or speaks."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from riskkit.assess import findings_json, open_pack
from riskkit.model import Assessment
from riskkit.tables import records
from tests.packs import SAMPLES, riskkit

SEEDED = {
    "roster": ("user_id", "family_name", "patient_id", "address"),
    "accounts": ("account", "user_id"),
    "patients": ("patient_id", "family_name", "address"),
    "relationships": ("patient_id", "user_id"),
    "audit_events": ("user_id", "user_name", "patient_id", "accession", "study_uid"),
}
"""Where the sample pack names people who do not exist."""

SHORT = 4
"""Shorter values are words of the language too."""

MACHINES = ("application", "node")


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("work")


@pytest.fixture(scope="module")
def assessment(work: Path) -> Assessment:
    return open_pack(SAMPLES, work=work)


@pytest.fixture(scope="module")
def canaries(assessment: Assessment) -> frozenset[str]:
    """Every seeded value; names of devices are no people."""
    found: set[str] = set()
    for table, columns in SEEDED.items():
        frame = assessment.lazy(table)
        if table == "audit_events":
            import narwhals as nw  # noqa: PLC0415 - only here

            frame = frame.filter(~nw.col("user_type").fill_null("person").is_in(MACHINES))
        for column in columns:
            found |= {getattr(row, column) for row in records(frame.select(column).unique())} - {None}
    devices = {name.casefold() for name in _devices(assessment)}
    kept = frozenset(value for value in found if len(value) > SHORT and value.casefold() not in devices)
    assert len(kept) > 500
    return kept


def _devices(assessment: Assessment) -> Iterator[str]:
    """Ids and aliases of the inventory, and log-ins that a device's log names as such."""
    for system in records(assessment.table("systems")):
        yield from (system.system_id, *(system.aliases or "").split(";"))
    yield from ("root", "system")


def told(text: str, canaries: frozenset[str]) -> set[str]:
    """Canaries that stand in a text as whole words, as they are or escaped for HTML or JSON."""
    plain = "\n".join({text, html.unescape(text), text.encode().decode("unicode_escape", "replace")})
    words = set(re.findall(r"[\w@][\w.@-]*[\w@]", plain))
    return {one for one in canaries if one in words or (" " in one and one in plain)}


def test_the_search_finds_what_it_looks_for(canaries: frozenset[str]) -> None:
    """A canary is found in text, in markup and in JSON; a test that could not fail shows nothing."""
    one = min(canaries)
    for text in (one, f"<td>{one}</td>", json.dumps({"a": [one]}), f"x ({one}), y"):
        assert told(text, canaries) == {one}


def test_findings_name_nobody(assessment: Assessment, canaries: frozenset[str]) -> None:
    """findings.json, as an object and as the command prints it."""
    assert not told(json.dumps(findings_json(assessment), ensure_ascii=False), canaries)
    assert not told(json.dumps(findings_json(assessment)), canaries)


@pytest.mark.slow
def test_no_verb_says_who(tmp_path: Path, work: Path, canaries: frozenset[str]) -> None:
    """What verbs print, on success and on error; alerts name people in their file alone."""
    out = tmp_path / "alerts.csv"
    runs = [
        riskkit("assess", SAMPLES, "--work", work),
        riskkit("assess", SAMPLES, "--work", work, "--json"),
        riskkit("inspect", SAMPLES, "--work", work),
        riskkit("triage", SAMPLES, "--work", work, "--out", out),
        riskkit("triage", SAMPLES, "--work", work, "--refit"),
        riskkit("triage", SAMPLES, "--work", work, "--as-of", "1999-01-01", "--since", "2000-01-01"),
    ]
    for run in runs:
        assert not told(run.stdout, canaries)
        assert not told(run.stderr, canaries)
    assert told(out.read_text(encoding="utf-8"), canaries)
    assert runs[-1].returncode != 0


@pytest.mark.slow
def test_no_artefact_of_a_report_names_anybody(tmp_path: Path, work: Path, canaries: frozenset[str]) -> None:
    """Every file of a whole report (pages, data, manifest, run record), its names, and what the run said."""
    out = tmp_path / "report"
    run = riskkit("report", SAMPLES, "--work", work, "--out", out, "--fail-on", "never")
    assert run.returncode == 0, run.stderr
    files = [path for path in out.rglob("*") if path.is_file()]
    assert {".html", ".json"} <= {path.suffix for path in files}
    for path in files:
        assert not told(path.relative_to(out).as_posix(), canaries), path.name
        found = told(path.read_bytes().decode("utf-8", "replace"), canaries)
        assert not found, (path.name, len(found))
    assert not told(run.stdout, canaries)
    assert not told(run.stderr, canaries)
