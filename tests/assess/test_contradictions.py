"""An answer that data contradict is a finding of its own, and the data count."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from riskkit.assess import open_pack
from riskkit.checks.programme_answer_contradicted import programme_answer_contradicted
from riskkit.derived.judgements import COLUMNS
from riskkit.model import Assessment, Verdict
from riskkit.tables import TABLES
from tests.evidence import AT

MFA, UNIQUE, RESTORE = "45 CFR 164.312(d)", "45 CFR 164.312(a)(2)(i)", "45 CFR 164.308(a)(7)(ii)(B)"
UPDATES, OFFICIAL, SANCTIONS = (
    "45 CFR 164.316(b)(2)(iii)", "45 CFR 164.308(a)(2)", "45 CFR 164.308(a)(1)(ii)(C)",
)  # fmt: skip
ID = "programme.answer_contradicted"


def write(pack: Path, name: str, text: str) -> None:
    (pack / name).parent.mkdir(parents=True, exist_ok=True)
    (pack / name).write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def assessment(tmp_path_factory: pytest.TempPathFactory) -> Assessment:
    """All is answered yes; 61 of 70 accounts lack a second factor, one is shared, a restore failed."""
    pack = tmp_path_factory.mktemp("pack")
    write(pack, "site.yaml", 'synthetic: true\nperiod: "2026-10"\ntimezone: America/Chicago\n')
    write(
        pack,
        "evidence.csv",
        "file,exported_by,exported_at\n"
        + "".join(
            f"{file},office,2026-10-30\n"
            for file in (
                "people/accounts/pacs1.csv", "backup/restore_tests.csv", "programme/policies.csv",
                "programme/answers.yaml",
            )
        ),
    )  # fmt: skip
    rows = [
        f"pacs1,account{number},person{number},yes,{'no' if number < 61 else 'yes'},person"
        for number in range(69)
    ]
    rows.append("pacs1,desk,,yes,yes,shared")
    write(
        pack,
        "people/accounts/pacs1.csv",
        "\n".join(["system_id,account,user_id,enabled,mfa,kind", *rows]) + "\n",
    )
    write(
        pack,
        "backup/restore_tests.csv",
        "system_id,finished_at,outcome\npacs1,2026-10-01T08:00:00Z,failed\n",
    )
    write(
        pack,
        "programme/policies.csv",
        "policy_id,title,owner,approved_on,reviewed_on,next_review_on\n"
        "p1,Access,Office,2026-01-01,2026-09-01,2027-09-01\n",
    )
    write(
        pack,
        "programme/answers.yaml",
        "answers:\n"
        + "".join(
            f"- {{control: '{control}', answer: 'yes', answered_by: Office, answered_on: 2026-09-01}}\n"
            for control in (MFA, UNIQUE, RESTORE, UPDATES, OFFICIAL)
        )
        + f"- {{control: '{SANCTIONS}', answer: 'no', answered_by: Office, answered_on: 2026-09-01}}\n",
    )
    return open_pack(pack, work=tmp_path_factory.mktemp("work"))


def verdicts(assessment: Assessment) -> dict[str, Verdict]:
    return {verdict.subject: verdict for verdict in assessment.outcome(ID).verdicts}


@pytest.mark.parametrize("control", [MFA, UNIQUE, RESTORE])
def test_a_yes_that_data_deny_is_a_finding(assessment: Assessment, control: str) -> None:
    """For a second factor, for unique users, for restores: the answer is told to be contradicted."""
    assert verdicts(assessment)[control].result == "FAIL"


def test_numbers_are_told(assessment: Assessment) -> None:
    """Which check found how many by which method, so that who answered can look."""
    assert "access.account_without_mfa" in verdicts(assessment)[MFA].message
    assert "61 fail" in verdicts(assessment)[MFA].message


def test_what_holds_what_nobody_can_see_and_what_claims_nothing(assessment: Assessment) -> None:
    """Data that agree pass, no data is unknown, a no is contradicted by nothing."""
    said = verdicts(assessment)
    assert said[UPDATES].result == "PASS"
    assert said[OFFICIAL].result == "UNKNOWN"
    assert said[SANCTIONS].result == "NA"


@pytest.mark.parametrize("control", [MFA, UNIQUE, RESTORE])
def test_the_data_count(assessment: Assessment, control: str) -> None:
    """The control itself is judged as if nobody had answered, and the reason says so."""
    status = {status.control.citation: status for status in assessment.controls}[control]
    assert status.status == "not met"
    assert "the data count" in status.reason


def test_the_order_of_outcomes_is_by_id(assessment: Assessment) -> None:
    """The second round leaves no mark in the order."""
    ids = [outcome.check.id for outcome in assessment.outcomes]
    assert ids == sorted(ids)


def asked(answer: str, *data: tuple[str, str, str, int, int, int], **more: object) -> Verdict:
    row = {
        "source": "answers.yaml", "offset": 0, "n": 0, "control": MFA, "answer": answer,
        "answered_by": "Office", "answered_on": date(2026, 9, 1), **more,
    }  # fmt: skip
    answers = TABLES["answers"].rows([row]).to_pandas(types_mapper=pd.ArrowDtype)
    judged = pd.DataFrame(list(data), columns=list(COLUMNS))
    (verdict,) = programme_answer_contradicted.run(answers, judged, at=AT)
    return verdict


ONE_FAILS = (MFA, "access.a", "EXAMINE", 9, 1, 0)
ALL_PASS = (MFA, "access.b", "TEST", 5, 0, 0)
ALL_OPEN = (MFA, "access.c", "TEST", 0, 0, 7)


@pytest.mark.parametrize(
    ("answer", "data", "result"),
    [
        ("yes", (ALL_PASS,), "PASS"),
        ("yes", (ALL_PASS, ONE_FAILS), "FAIL"),
        ("yes", (ALL_OPEN,), "UNKNOWN"),
        ("yes", (), "UNKNOWN"),
        ("not_applicable", (ALL_PASS,), "FAIL"),
        ("not_applicable", (ONE_FAILS,), "FAIL"),
        ("not_applicable", (ALL_OPEN,), "UNKNOWN"),
        ("no", (ALL_PASS,), "NA"),
        ("no", (ONE_FAILS,), "NA"),
    ],
)
def test_every_pair(answer: str, data: tuple[tuple[str, str, str, int, int, int], ...], result: str) -> None:
    """What each answer means beside data that pass, fail, are open or are not there."""
    assert asked(answer, *data).result == result


def test_an_answer_that_no_longer_holds_claims_nothing() -> None:
    """Neither past its own last day nor past a year without one."""
    assert asked("yes", ONE_FAILS, valid_until=date(2026, 10, 30)).result == "NA"
    assert asked("yes", ONE_FAILS, valid_until=date(2026, 10, 31)).result == "FAIL"
    assert asked("yes", ONE_FAILS, answered_on=date(2025, 9, 1)).result == "NA"
