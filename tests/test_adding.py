"""One file adds a format, a check, a rule or a notebook: nothing else is edited, and it is swept."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

READER = '''
"""Badge list of a made-up access control system."""
from collections.abc import Iterator
from riskkit.declare import reader
from riskkit.model import Batch, Context, Member
from riskkit.tables import TABLES

def recognize(head: bytes, name: str) -> bool:
    return head.startswith(b"ZZTRAIN1")

@reader(id="zz_training", title="Made-up training list", version=1, tables=("training",),
        recognize=recognize, offset_unit="line")
def read(member: Member, context: Context) -> Iterator[Batch]:
    with member.open() as file:
        lines = file.read().decode(errors="replace").splitlines()[1:]
    rows = [{"user_id": line, "course": "c", "source": member.name, "offset": number, "n": 0}
            for number, line in enumerate(lines, 2) if line]
    yield Batch("training", TABLES["training"].rows(rows), len(lines), len(rows),
                ignored={"blank line": len(lines) - len(rows)})
'''

CHECK = '''
"""A made-up question."""
from collections.abc import Iterator
import pandas as pd
from riskkit.declare import check
from riskkit.model import Rows, Verdict
from riskkit.tables import records

@check(id="people.zz_course_missing", title="Everyone is on a course", question="Is everyone on a course?",
       subject="person", controls=("45 CFR 164.308(a)(5)(i)",), severity="low",
       remediation="Assign a course.", look_first="The training list.", usual_cause="A late export.")
def people_zz_course_missing(training: pd.DataFrame) -> Iterator[Verdict]:
    for row in records(training):
        result = "PASS" if row.course else "FAIL"
        yield Verdict(row.user_id, result, "1 course", rows=(Rows.of("training", [row]),))
'''

RULE = """
id: people.zz_course_named
title: Courses have names
question: Is every course named?
subject: person
controls: ["45 CFR 164.308(a)(5)(i)"]
severity: low
method: EXAMINE
remediation: Name the course.
look_first: The training list.
usual_cause: A late export.
table: training
name: [user_id]
expect: {column: course, op: is_not, value: unnamed}
message: "The course is {seen}."
examples:
  pass: [{user_id: a, course: c}]
  fail: [{user_id: a, course: unnamed}]
"""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with one new file of each kind."""
    root = tmp_path_factory.mktemp("checkout")
    for name in ("riskkit", "tests", "notebooks"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    for name in ("pyproject.toml", "data"):
        (root / name).symlink_to(ROOT / name)
    (root / "riskkit/readers/zz_training.py").write_text(READER)
    (root / "riskkit/checks/people_zz_course_missing.py").write_text(CHECK)
    (root / "riskkit/catalog/rules/people.zz_course_named.yaml").write_text(RULE)
    sample = root / "tests/samples/zz_training"
    sample.mkdir(parents=True)
    (sample / "list.txt").write_text("ZZTRAIN1\nu1\n\nu2\n")
    shutil.copy(ROOT / "notebooks/07_people_places_papers.ipynb", root / "notebooks/09_zz.ipynb")
    return root


def run(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(checkout), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, "-P", *arguments],
        cwd=checkout,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_they_are_found_and_used(checkout: Path) -> None:
    """The new format is read, the new check and rule are asked."""
    pack = checkout / "pack"
    pack.mkdir(mode=0o700)
    shutil.copy(checkout / "tests/samples/zz_training/list.txt", pack / "list.txt")
    (pack / "site.yaml").write_text("synthetic: true\nperiod: 2026-10\n")
    done = run(checkout, "-m", "riskkit", "assess", str(pack))
    assert "people.zz_course_missing" in done.stdout, done.stderr
    for line in done.stdout.splitlines():
        if "people.zz_course" in line:
            assert line.startswith("CLEAN"), line
    assert run(checkout, "-m", "riskkit", "inspect", str(pack)).returncode == 0


def test_they_are_swept(checkout: Path) -> None:
    """The sweeping tests find them and hold them to the contract of all others."""
    done = run(
        checkout, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "zz", "--no-header", "-rA",
        "tests/readers/test_every_reader.py", "tests/checks/test_every_check.py",
        "tests/catalog/test_rules.py", "tests/notebooks",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    for name in ("zz_training", "people.zz_course_missing", "people.zz_course_named", "09_zz"):
        assert name in done.stdout, done.stdout[-3000:]


def test_a_reader_that_breaks_its_word_is_caught(checkout: Path) -> None:
    """The sweep is no ornament: a reader that loses a record fails it."""
    path = checkout / "riskkit/readers/zz_training.py"
    path.write_text(READER.replace("len(lines), len(rows)", "len(lines) + 1, len(rows)"))
    done = run(
        checkout,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-k",
        "zz",
        "tests/readers/test_every_reader.py",
    )
    path.write_text(READER)
    assert done.returncode == 1, done.stdout[-3000:]
