"""Treatment: refused where it must be, ended by itself, signed for one state only."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from riskkit.assess import findings_json, open_pack, outdated_signatures, risk_state, valid_signatures
from riskkit.assess.continuity import continuity
from riskkit.catalog import load_catalog
from riskkit.catalog.frameworks import FRAMEWORKS, references
from riskkit.model import Action, Assessment, Exemption, Programme, Risk
from riskkit.readers.canonical import read as read_csv
from riskkit.readers.programme_yaml import read as read_yaml
from riskkit.scoring import treated
from riskkit.views import completeness, frameworks, treatment
from tests.packs import copy_of_samples
from tests.readers.reading import read_all

SAMPLE = Path(__file__).parents[1] / "samples" / "programme_yaml" / "refused.yaml"
TODAY = date(2026, 10, 31)


def risk(**changes: object) -> Risk:
    made = Risk("theft", "Theft", "", "", ("45 CFR 164.312(d)",), "high", "low", "high", "high", "low", ())
    return replace(made, **changes)


def acceptance(**changes: object) -> Exemption:
    made = Exemption("X", "theft", "acceptance", "why", "IT", "CEO", date(2026, 1, 1), date(2026, 10, 31))
    return replace(made, **changes)


def test_who_asks_does_not_approve_yaml() -> None:
    """Refused, with the line of the approver; case and blanks do not hide it."""
    (refused,) = read_all(read_yaml, SAMPLE.read_bytes()).quarantined["exceptions"]
    assert (refused.offset, refused.reason) == (7, "bad_value")
    assert SAMPLE.read_text().splitlines()[refused.offset - 1].strip().startswith("approved_by")
    assert "officer" not in refused.detail.casefold()


def test_who_asks_does_not_approve_csv() -> None:
    text = (
        "exception_id,subject,kind,reason,requested_by,approved_by,approved_on,expires_on\n"
        "X-1,theft,acceptance,why,IT,CEO,2026-01-01,2026-12-31\n"
        "X-2,theft,acceptance,why,IT,it,2026-01-01,2026-12-31\n"
    )
    reading = read_all(read_csv, text.encode())
    (refused,) = reading.quarantined["exceptions"]
    assert (refused.offset, reading.accepted["exceptions"]) == (3, 1)


@pytest.mark.parametrize(
    ("today", "told"),
    [
        (date(2025, 12, 31), "to be decided"),
        (date(2026, 1, 1), "accepted until"),
        (TODAY, "accepted until"),
        (date(2026, 11, 1), "expired on 2026-10-31: open again; to be decided"),
    ],
)
def test_an_acceptance_ends_by_itself(today: date, told: str) -> None:
    """First and last day count; the level never changes."""
    (found,) = treated([risk(treatment="to be decided")], Programme(today, exceptions=(acceptance(),)))
    assert told in found.treatment
    assert (found.level, found.likelihood, found.low) == ("high", "high", "low")


def test_a_withdrawn_acceptance_holds_no_longer() -> None:
    one = acceptance(withdrawn_on=date(2026, 10, 1))
    assert not one.in_force(TODAY)
    assert not one.expired(date(2026, 12, 1))


def test_actions_give_owner_and_date() -> None:
    """The last open date counts, and what is late is told; what is done gives no date."""
    actions = (
        Action("1", "a", "planned", risk="theft", owner="Net", due_on=date(2026, 10, 30)),
        Action("2", "b", "in_progress", risk="theft", owner="IT", due_on=date(2026, 12, 1)),
        Action("3", "c", "done", risk="theft", owner="X", due_on=date(2027, 1, 1)),
    )
    (found,) = treated([risk()], Programme(TODAY, actions))
    assert (found.owner, found.due) == ("Net, IT", "2026-12-01")
    assert found.treatment == "reduce: 2 of 3 actions open, 1 overdue"


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_of_samples(tmp_path_factory.mktemp("treatment") / "pack")


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("work")


@pytest.fixture(scope="module")
def unsigned(pack: Path, work: Path) -> Assessment:
    return open_pack(pack, work=work)


def test_a_signature_holds_for_one_state(unsigned: Assessment, pack: Path, work: Path) -> None:
    """Signing changes no state; a measure that changes the treatment does, and the report says so."""
    state = risk_state(unsigned)
    (pack / "programme" / "signoff.yaml").write_text(
        f"signoff:\n  - risk_state: {state}\n    signed_by: A. Person\n    role: executive\n"
        "    signed_at: 2026-11-04T10:00:00-06:00\n",
        encoding="utf-8",
    )
    signed = open_pack(pack, work=work)
    assert risk_state(signed) == state
    assert [one.role for one in valid_signatures(signed)] == ["executive"]
    assert "signs this state" in treatment.signoff(signed).markup
    assert findings_json(signed)["risk_state"] == state
    assert "A. Person" not in str(findings_json(signed))
    (pack / "programme" / "more.yaml").write_text(
        "actions:\n  - {action_id: N-1, title: New, risk: theft, owner: IT, due_on: 2027-01-01, "
        "state: planned}\n",
        encoding="utf-8",
    )
    changed = open_pack(pack, work=work)
    assert risk_state(changed) != state
    assert not valid_signatures(changed)
    assert [one.risk_state for one in outdated_signatures(changed)] == [state]
    assert "The risks changed since they were signed" in treatment.signoff(changed).markup


@pytest.mark.parametrize(
    ("file", "before", "after"),
    [
        ("programme/decisions.yaml", "Badge readers lock the screen", "A sticker on the monitor"),
        ("programme/decisions.yaml", "approved_by: Security Officer", "approved_by: Intern"),
        ("site.yaml", "period:", "priors: {scenarios: {theft: {loss: [90000000, 900000000]}}}\nperiod:"),
    ],
)
def test_what_was_signed_is_what_is_treated_and_told(
    unsigned: Assessment, file: str, before: str, after: str, tmp_path: Path
) -> None:
    """Another measure, another approver, another loss: each is another state, which nobody signed."""
    changed = copy_of_samples(tmp_path / "pack")
    path = changed / file
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), encoding="utf-8")
    assert risk_state(open_pack(changed, work=tmp_path / "work")) != risk_state(unsigned)


def test_nine_elements_are_shown_or_name_their_lack(unsigned: Assessment) -> None:
    """Nine, in order; whichever is empty says what is lacking."""
    found = completeness.nine(unsigned)
    assert len(found) == 9
    assert all(one.evidence or one.lacking for one in found)
    bare = replace(unsigned, risks=(), history=(), controls=())
    assert [one.name for one in completeness.nine(bare) if not one.evidence] == [
        "Threats and vulnerabilities", "Current security measures", "Likelihood of threat occurrence",
        "Potential impact", "Level of risk", "Periodic review",
    ]  # fmt: skip


def test_twelve_months_in_a_row_support_and_do_not_prove(unsigned: Assessment) -> None:
    """A month without the control, or with undated evidence, breaks the row."""
    practice = references("hicp")[0]

    def month(name: str, status: str = "met", undated: int = 0) -> dict[str, object]:
        rows = [{"citation": one, "status": status, "undated": undated} for one in practice.controls]
        return {"period": name, "controls": rows}

    months = [f"2025-{number:02}" for number in (11, 12)] + [f"2026-{number:02}" for number in range(1, 10)]
    controls = tuple(replace(one, status="met", undated=0) for one in unsigned.controls)
    for broken, in_a_row in ((None, 12), ("2026-05", 5), ("2025-11", 11)):
        for spoil in ({"status": "not demonstrated"}, {"undated": 1}):
            history = tuple(month(name, **(spoil if name == broken else {})) for name in months)
            found = continuity(replace(unsigned, history=history, controls=controls))[0]
            assert found.in_a_row == in_a_row
    assert (
        "supports, does not prove"
        in continuity(replace(unsigned, history=tuple(map(month, months)), controls=controls))[0].words
    )


@pytest.mark.parametrize("framework", [one.id for one in FRAMEWORKS])
def test_overlays_stand_apart(framework: str, unsigned: Assessment) -> None:
    """Every reference names controls of the catalogue, and the view says that nothing is scored."""
    assert references(framework)
    for one in references(framework):
        assert set(one.controls) <= load_catalog().controls.keys()
    assert "nothing here enters a score" in frameworks.overlay(unsigned, framework).markup


def test_every_citation_in_the_source_stands_in_the_catalogue() -> None:
    """No text of the package or of a notebook cites what the rule does not have."""
    root = Path(__file__).parents[2]
    files = [
        path
        for folder in ("riskkit", "notebooks")
        for path in (root / folder).rglob("*")
        if path.suffix in {".py", ".yaml", ".csv", ".ipynb", ".j2"}
    ]
    known = load_catalog().controls.keys()
    wrong = {
        (path.name, cited)
        for path in files
        for cited in re.findall(r"45 CFR 164\.\d+(?:\([a-zA-Z0-9]+\))*", path.read_text(encoding="utf-8"))
        if cited not in known and not any(name.startswith(cited) for name in known)
    }
    assert not wrong
