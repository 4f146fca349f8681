"""A file of which nothing was read is told wherever an analyst looks, and keeps the question open."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from riskkit.assess import open_pack
from riskkit.model import Assessment, Outcome
from riskkit.tables import TABLES
from riskkit.views import evidence, leadership
from tests.packs import riskkit

ODD = "audit/odd.txt"
TRAIL = "When,Who,What,MRN\n" + "".join(
    f"2026-10-{day:02}T09:00:00Z,u{day},View,p{day}\n" for day in range(1, 31)
)
MAPPING = """table: audit_events
columns: {When: event_time_us, Who: user_id, What: event_category, MRN: patient_id}
constants: {source_system: pacs1}
"""


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """One system whose trail is there, and beside it 500 lines of a format that nobody knows."""
    for name, text in (
        ("site.yaml", 'synthetic: true\nperiod: "2026-10"\ntimezone: America/Chicago\n'),
        ("inventory/systems.csv", "system_id,name,kind,holds_ephi\npacs1,PACS,archive,yes\n"),
        ("people/roster.csv", "user_id,role,employed_from\nu1,nurse,2020-01-01\n"),
        ("audit/pacs1.csv", TRAIL),
        ("audit/pacs1.csv.mapping.yaml", MAPPING),
        (ODD, "A1 ~ opened ~ 7\n" * 500),
        ("notes/todo.txt", "call the vendor\n"),
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def told(assessment: Assessment) -> dict[str, list[str]]:
    """By check, what it says of the odd file."""
    return {
        outcome.check.id: [verdict.message for verdict in outcome.verdicts if verdict.subject == ODD]
        for outcome in assessment.outcomes
        if any(verdict.subject == ODD for verdict in outcome.verdicts)
    }


def missing(assessment: Assessment) -> Outcome:
    return assessment.outcome("audit.source_missing")


def test_a_trail_that_no_reader_knows_leaves_the_question_open(pack: Path) -> None:
    """Whether every system sends its trail is not known while a file of the folder was not read."""
    assessment = open_pack(pack)
    found = told(assessment)
    assert missing(assessment).condition == "PARTIAL"
    assert "--propose" in found["audit.source_missing"][0]
    assert {"audit.gaps", "audit.sequence_gap"} <= found.keys()
    assert not any(name.startswith(("access.", "transmission.")) for name in found)
    (pack / ODD).unlink()
    assessment = open_pack(pack)
    assert (missing(assessment).condition, told(assessment)) == ("CLEAN", {})


def test_what_explains_and_what_is_there_twice_is_no_gap(pack: Path) -> None:
    """Documentation and a second copy of a trail were not passed over."""
    (pack / ODD).rename(pack / "audit" / "Read me.txt")
    for name in ("pacs1.csv", "pacs1.csv.mapping.yaml"):
        shutil.copyfile(pack / "audit" / name, pack / "audit" / name.replace("pacs1", "copy"))
    (pack / "audit" / "empty.log").touch()
    unread = [source.name for source in open_pack(pack).evidence.sources if source.passed_over]
    assert unread == ["audit/empty.log", "notes/todo.txt"]


def test_it_is_named_when_it_is_all_there_is(pack: Path) -> None:
    """The reason why nothing could be assessed names the file that may be what is missing."""
    (pack / "audit" / "pacs1.csv").unlink()
    reason = missing(open_pack(pack)).reason
    assert reason == f"no evidence of audit_events (audit/**); nothing was read of {ODD}"


def test_the_report_names_it(pack: Path) -> None:
    """The first page and the part on the evidence, and what to do."""
    assessment = open_pack(pack)
    assert (
        f"Nothing was read of 2 files: {ODD} and notes/todo.txt." in leadership.freshness(assessment).markup
    )
    shown = evidence.unused(assessment).markup
    assert ODD in shown
    assert "riskkit inspect PACK --propose" in shown


def test_a_run_names_it(pack: Path) -> None:
    """On the side of `assess`, with what to do; `explain` shows subjects, people under surrogates."""
    done = riskkit("assess", pack, "--fail-on", "never")
    assert f"not read: {ODD} is not recognized\n" in done.stderr
    assert "not read: notes/todo.txt is not recognized\n" in done.stderr
    assert "do: `riskkit inspect PACK --propose`" in done.stderr
    explained = riskkit("explain", "audit.source_missing", "--pack", pack).stdout
    assert f"  {ODD}: Nothing of this file was read" in explained
    assert "  pacs1: 30 events" in explained
    people = riskkit("explain", "access.user_not_in_roster", "--pack", pack).stdout
    assert " user-" in people
    assert not any(f" u{day}: " in people for day in range(1, 31))


@pytest.mark.parametrize(
    ("table", "name", "beside"),
    [
        ("audit_events", "audit/odd.txt", True),
        ("audit_events", "audit/ris/2026/odd.txt", True),
        ("audit_events", "auditors/odd.txt", False),
        ("roster", "people/hr.doc", True),
        ("accounts", "people/hr.doc", False),
        ("custody", "odd.txt", False),
    ],
)
def test_the_folder_of_a_table(table: str, name: str, beside: bool) -> None:
    """A file lies beside a table's evidence when it is in its folder, at any depth."""
    assert TABLES[table].beside(name) is beside
