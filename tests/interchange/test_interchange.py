"""Files for other programs: whole, honest about what is not known, and harmless to open."""

from __future__ import annotations

import copy
import csv
import importlib
import importlib.util
import io
import json
import re
import subprocess
import sys
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskkit.assess import findings_json, open_pack
from riskkit.catalog import load_catalog
from riskkit.cli.commands import export as verb
from riskkit.interchange import FORMATS, check_oscal, export
from riskkit.interchange.findings_schema import findings_schema
from riskkit.interchange.registers import safe
from riskkit.model import Assessment
from riskkit.tables import records
from tests.packs import riskkit

ROOT = Path(__file__).resolve().parents[2]


def loaded(assessment: Assessment, name: str) -> Any:
    return json.loads(export(assessment, name))


def table(assessment: Assessment, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(export(assessment, name).decode())))


@pytest.fixture(scope="module")
def results(assessment: Assessment) -> dict[str, Any]:
    return loaded(assessment, "oscal-ar")


# ------------------------------------------------------------------ all formats


def test_the_verb_names_the_formats() -> None:
    assert set(verb.FORMATS) == FORMATS.keys()


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_same_pack_same_bytes(name: str, pack: Path, work: Path, assessment: Assessment) -> None:
    """A second assessment of the pack gives the same file."""
    assert export(assessment, name) == export(open_pack(pack, work=work), name)


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_every_citation_stands_in_the_catalogue(name: str, assessment: Assessment) -> None:
    """No file cites what the rule does not have."""
    content = export(assessment, name)
    if name == "xlsx":
        book = openpyxl.load_workbook(io.BytesIO(content))
        text = "\n".join(str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row)
    else:
        text = content.decode()
    cited = set(re.findall(r"45 CFR 164\.\d+(?:\([a-zA-Z0-9]+\))*", text))
    assert cited or name == "poam"
    assert cited <= load_catalog().controls.keys()


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_nobody_is_named(name: str, assessment: Assessment) -> None:
    """No user of the roster and no patient of the care files stands in any file."""
    content = export(assessment, name)
    if name == "xlsx":
        book = openpyxl.load_workbook(io.BytesIO(content))
        text = "\n".join(str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row)
    else:
        text = content.decode()
    users = {row.user_id for row in records(assessment.table("roster"))}
    patients = {row.patient_id for row in records(assessment.lazy("patients").select("patient_id"))}
    words = set(re.findall(r"[\w.\-@]+", text))
    assert users
    assert patients
    assert not words & (users | patients)


# ------------------------------------------------------------------ OSCAL


@pytest.mark.parametrize("name", ["oscal-ar", "oscal-poam"])
def test_our_checker_accepts_what_we_write(name: str, pack: Path, assessment: Assessment) -> None:
    """References resolve and hashes are those of the files."""
    assert check_oscal(loaded(assessment, name), pack) == []


@pytest.mark.parametrize(
    ("place", "reference"), [("findings", "observation-uuid"), ("findings", "risk-uuid")]
)
def test_a_reference_that_leads_nowhere_is_refused(
    results: dict[str, Any], place: str, reference: str
) -> None:
    """What other readers accept, ours does not."""
    spoiled = copy.deepcopy(results)
    related = {"observation-uuid": "related-observations", "risk-uuid": "related-risks"}[reference]
    target = next(one for one in spoiled["assessment-results"]["results"][0][place] if related in one)
    target[related][0][reference] = str(uuid.UUID(int=1, version=4))
    assert [wrong for wrong in check_oscal(spoiled) if "leads nowhere" in wrong]


def test_evidence_that_is_not_there_is_refused(results: dict[str, Any]) -> None:
    spoiled = copy.deepcopy(results)
    del spoiled["assessment-results"]["back-matter"]["resources"][1]
    assert [wrong for wrong in check_oscal(spoiled) if "leads nowhere" in wrong]


def test_a_wrong_hash_is_refused(results: dict[str, Any], pack: Path) -> None:
    """Also a hash that looks like one."""
    spoiled = copy.deepcopy(results)
    link = spoiled["assessment-results"]["back-matter"]["resources"][1]["rlinks"][0]
    link["hashes"][0]["value"] = "0" * 64
    assert check_oscal(spoiled, pack) == [f"{link['href']}: the SHA-256 is that of another file"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda result: result["risks"][0].update(status="fine"), "status"),
        (lambda result: result["observations"][0].update(methods=["GUESS"]), "method"),
        (lambda result: result["findings"][0]["target"]["status"].update(state="unknown"), "state"),
        (lambda result: result["risks"][1].update(uuid=result["risks"][0]["uuid"]), "2 times"),
    ],
)
def test_words_that_are_none_are_refused(results: dict[str, Any], change: Any, told: str) -> None:
    spoiled = copy.deepcopy(results)
    change(spoiled["assessment-results"]["results"][0])
    assert any(told in wrong for wrong in check_oscal(spoiled))


def test_what_is_not_demonstrated_is_not_satisfied(results: dict[str, Any], assessment: Assessment) -> None:
    """OSCAL has no third state: it is not-satisfied, for an other reason, and says what it is."""
    found = {
        one["target"]["target-id"]: one for one in results["assessment-results"]["results"][0]["findings"]
    }
    silent = [one for one in assessment.controls if one.status == "not demonstrated"]
    assert silent
    for one in silent:
        finding = found[f"cfr-{one.control.id}"]
        assert finding["target"]["status"]["state"] == "not-satisfied"
        assert finding["target"]["status"]["reason"] == "other"
        assert finding["props"][0]["value"] == "not-demonstrated"
    spoiled = copy.deepcopy(results)
    for finding in spoiled["assessment-results"]["results"][0]["findings"]:
        finding["target"]["status"]["state"] = "satisfied"
    assert len(check_oscal(spoiled)) == len(silent)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "kind"), [("oscal-ar", "AssessmentResults"), ("oscal-poam", "PlanOfActionAndMilestones")]
)
def test_trestle_accepts_it(name: str, kind: str, assessment: Assessment, tmp_path: Path) -> None:
    """compliance-trestle, which did not write it, reads it as its own model."""
    if importlib.util.find_spec("trestle") is None:
        pytest.skip("compliance-trestle is not installed: pip install 'riskkit[oscal]'")
    path = tmp_path / f"{name}.json"
    path.write_bytes(export(assessment, name))
    module = "assessment_results" if kind == "AssessmentResults" else "poam"
    script = (
        f"import trestle.oscal.{module} as m, pathlib, sys; "
        f"assert m.{kind}.oscal_read(pathlib.Path(sys.argv[1])) is not None"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr


# ------------------------------------------------------------------ OCSF


def test_unknown_is_unknown_in_ocsf(assessment: Assessment) -> None:
    """Each verdict is one finding with its status, and a question without evidence is one of Unknown."""
    found = loaded(assessment, "ocsf")
    silent = [one for one in assessment.outcomes if not one.verdicts]
    assert len(found) == sum(one.population for one in assessment.outcomes) + len(silent)
    unknown = sum(one.counts["UNKNOWN"] for one in assessment.outcomes) + len(silent)
    assert sum(one["compliance"]["status_id"] == 0 for one in found) == unknown
    assert all(one["class_uid"] == 2003 and one["type_uid"] == 200301 for one in found)


REQUIRED = {
    "": {"activity_id", "category_uid", "class_uid", "compliance", "finding_info", "metadata", "severity_id",
         "time", "type_uid"},
    "metadata": {"product", "version"},
    "finding_info": {"uid"},
    "remediation": {"desc"},
}  # fmt: skip
"""What OCSF 1.5.0 requires of a Compliance Finding and of its objects: schema.ocsf.io/1.5.0."""

ENUMS = {
    ("activity_id",): {0, 1, 2, 3, 99},
    ("severity_id",): {0, 1, 2, 3, 4, 5, 6, 99},
    ("status_id",): {0, 1, 2, 3, 4, 5, 99},
    ("compliance", "status_id"): {0, 1, 2, 3, 99},
}


def test_ocsf_holds_what_its_class_requires(assessment: Assessment) -> None:
    """Required attributes are there, numbers are of their lists, and times are milliseconds."""
    for finding in loaded(assessment, "ocsf"):
        for name, required in REQUIRED.items():
            assert required <= (finding[name] if name else finding).keys()
        for (first, *rest), allowed in ENUMS.items():
            assert (finding[first][rest[0]] if rest else finding[first]) in allowed
        assert finding["type_uid"] == finding["class_uid"] * 100 + finding["activity_id"]
        assert finding["metadata"]["version"] == "1.5.0"
        assert 1_500_000_000_000 < finding["time"] < 4_000_000_000_000


@pytest.mark.slow
def test_ocsf_own_schema_accepts_it(assessment: Assessment) -> None:
    """The JSON schema that ocsf-json-schema makes of OCSF 1.5.0 knows every attribute and every value."""
    if importlib.util.find_spec("ocsf_json_schema") is None:
        pytest.skip("ocsf-json-schema is not installed: pip install 'riskkit[ocsf]'")
    loader = importlib.import_module("ocsf_json_schema.loader")
    embedded = importlib.import_module("ocsf_json_schema.embedded")
    made = embedded.OcsfJsonSchemaEmbedded(loader.get_ocsf_schema("1.5.0"))
    validator = jsonschema.Draft202012Validator(made.get_class_schema("compliance_finding"))
    found = loaded(assessment, "ocsf")
    assert found
    assert [error.message for one in found for error in validator.iter_errors(one)] == []
    spoiled = copy.deepcopy(found[0])
    spoiled["compliance"]["status_id"] = 7
    spoiled["verdict"] = "fail"
    assert len(list(validator.iter_errors(spoiled))) == 2


# ------------------------------------------------------------------ registers and workbook


def test_the_plan_names_only_what_did_not_hold(assessment: Assessment) -> None:
    """One answer "no" is a weakness of its own standard, not of all that the check asks about."""
    (answers,) = (one for one in assessment.outcomes if one.check.id == "programme.attested")
    assert len({verdict.controls for verdict in answers.verdicts}) > 1
    first = replace(answers.verdicts[0], result="FAIL")
    passed = tuple(replace(verdict, result="PASS") for verdict in answers.verdicts[1:])
    changed = replace(
        assessment,
        outcomes=tuple(
            replace(answers, verdicts=(first, *passed)) if one is answers else one
            for one in assessment.outcomes
        ),
    )
    plan = {row["poam_id"]: row for row in table(changed, "poam")}
    assert plan["programme.attested"]["controls"] == "; ".join(first.controls)


def test_an_expired_acceptance_reopens_its_risk(assessment: Assessment) -> None:
    """The register says so; one in force is told beside a level that it does not change."""
    rows = {row["risk_id"]: row for row in table(assessment, "register")}
    levels = {risk.id: risk.level for risk in assessment.risks}
    assert rows["snooping"]["status"] == "open"
    assert "X-1 expired on 2026-09-30: open again" in rows["snooping"]["treatment"]
    assert rows["phishing"]["status"] == "accepted"
    assert rows["phishing"]["acceptance_expiry"] == "2027-01-31"
    assert {name: row["level"] for name, row in rows.items()} == levels


def test_owner_and_date_come_from_actions(assessment: Assessment) -> None:
    rows = {row["risk_id"]: row for row in table(assessment, "register")}
    assert (rows["theft"]["owner"], rows["theft"]["due_date"]) == ("Imaging", "2026-12-15")
    assert rows["theft"]["acceptance_id"] == ""  # who asked approved it
    plan = {row["poam_id"]: row for row in table(assessment, "poam")}
    assert plan["transmission.plaintext"]["scheduled_completion_date"] == "2026-10-01"
    assert "overdue: A-2" in plan["transmission.plaintext"]["milestones"]


def test_a_workbook_runs_nothing_and_keeps_ids(assessment: Assessment) -> None:
    """Every cell is text, as it was, and people are named only when that is asked for."""
    book = openpyxl.load_workbook(io.BytesIO(export(assessment, "xlsx")))
    assert book.sheetnames == ["register", "poam", "findings", "triage", "due"]
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value]
    assert {cell.data_type for cell in cells} == {"s"}
    assert "007" in {cell.value for cell in cells}
    formula = next(cell for cell in cells if cell.value == "=HYPERLINK(1)")
    assert formula.quotePrefix
    assert "user_id" not in {cell.value for cell in book["triage"][1]}
    named = openpyxl.load_workbook(io.BytesIO(export(assessment, "xlsx", phi=True)))
    assert "user_id" in {cell.value for cell in named["triage"][1]}


@given(st.text(max_size=20))
def test_no_csv_cell_begins_a_formula(text: str) -> None:
    assert not safe(text).startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert safe(text).endswith(text)


# ------------------------------------------------------------------ findings.json


def test_findings_fit_their_schema(assessment: Assessment) -> None:
    """What is written is what is published."""
    schema = findings_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    found = findings_json(assessment)
    jsonschema.validate(json.loads(json.dumps(found)), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**found, "score": 93}, schema)


def test_the_published_schema_is_current() -> None:
    published = json.loads((ROOT / "docs" / "findings.schema.json").read_text(encoding="utf-8"))
    assert published == json.loads(json.dumps(findings_schema()))


# ------------------------------------------------------------------ the verb


def test_the_verb_writes_a_private_file(pack: Path, work: Path, tmp_path: Path) -> None:
    """Mode 0600, checked OSCAL; real ids only in a workbook."""
    out = tmp_path / "ar.json"
    done = riskkit("export", pack, "--work", work, "--format", "oscal-ar", "--out", out)
    assert done.returncode == 0, done.stderr
    assert out.stat().st_mode & 0o777 == 0o600
    assert check_oscal(json.loads(out.read_text(encoding="utf-8")), pack) == []
    refused = riskkit("export", pack, "--work", work, "--format", "register", "--out", out, "--phi")
    assert refused.returncode == 2
