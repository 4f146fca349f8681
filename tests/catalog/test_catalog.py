"""The catalog that ships: complete, exact, and honest about what cannot be shown."""

from __future__ import annotations

import csv
import math
import re
from collections import Counter

import pytest
import yaml

from riskkit.assess import all_checks
from riskkit.catalog import FOLDER, RULES, load_catalog
from riskkit.catalog.exports import load_exports
from riskkit.catalog.frameworks import OVERLAYS, references
from riskkit.tables import KINDS, TABLES

CATALOG = load_catalog()
LAW = [control for control in CATALOG.controls.values() if control.kind in ("standard", "spec")]


def test_check_sums() -> None:
    """The rows are those of the rule: 23 standards, 26 required and 22 addressable specifications ..."""
    found = Counter((control.kind, control.requirement) for control in CATALOG.controls.values())
    assert found == {
        ("rule", "R"): 4,
        ("standard", "S"): 23,
        ("spec", "R"): 26,
        ("spec", "A"): 22,
        ("breach", "R"): 7,
        ("privacy", "R"): 6,
    }


def test_safeguards_have_fourteen_required_and_twenty_two_addressable_specifications() -> None:
    """164.308, 310 and 312 hold 14 required and all 22 addressable specifications."""
    safeguards = [c for c in LAW if re.match(r"45 CFR 164\.3(08|10|12)", c.citation) and c.kind == "spec"]
    assert Counter(c.addressable for c in safeguards) == {False: 14, True: 22}


@pytest.mark.parametrize(
    "paragraph",
    ["308(a)(5)(ii)(B)", "308(a)(5)(ii)(C)", "308(a)(5)(ii)(D)", "312(a)(2)(iii)", "312(a)(2)(iv)"],
)
def test_addressable_specifications_that_catalogs_often_lose(paragraph: str) -> None:
    """Malware, log-in monitoring, passwords, logoff and encryption at rest are addressable."""
    assert CATALOG.controls[f"45 CFR 164.{paragraph}"].addressable


def test_titles_that_catalogs_often_swap() -> None:
    """The paragraph and its heading belong together."""
    titles = {
        "308(a)(4)(ii)(B)": "Access authorization",
        "308(a)(4)(ii)(C)": "Access establishment and modification",
        "310(a)(2)(i)": "Contingency operations",
        "310(a)(2)(ii)": "Facility security plan",
        "310(d)(1)": "Device and media controls",
        "312(d)": "Person or entity authentication",
        "312(a)(2)(iv)": "Encryption and decryption",
        "312(e)(2)(ii)": "Encryption",
    }
    assert {paragraph: CATALOG.controls[f"45 CFR 164.{paragraph}"].title for paragraph in titles} == titles


def test_every_standard_and_specification_has_a_rule_of_sufficiency() -> None:
    """All 71 have one, and of the other rows only the sum of all others has none."""
    assert len(LAW) == 71
    assert CATALOG.controls.keys() - CATALOG.sufficiency.keys() == {"45 CFR 164.306(a)"}


def test_what_is_cited_exists() -> None:
    """Read by hand: no row of sufficiency and no scenario cites what controls.csv does not hold."""
    with (FOLDER / "controls.csv").open(encoding="utf-8", newline="") as file:
        known = {row["citation"] for row in csv.DictReader(file)}
    with (FOLDER / "sufficiency.csv").open(encoding="utf-8", newline="") as file:
        cited = {row["control"] for row in csv.DictReader(file)}
    for path in FOLDER.glob("scenarios/*.yaml"):
        cited |= set(yaml.safe_load(path.read_text(encoding="utf-8"))["controls"])
    assert len(known) == 88
    assert cited <= known


def test_planned_kinds_are_no_tables() -> None:
    """When a planned table comes to be, its line in planned.yaml is to be deleted."""
    assert not CATALOG.planned.keys() & TABLES.keys()


def test_what_only_people_can_say_needs_their_answer_and_nothing_else_does() -> None:
    """`answers` is a required kind only by INTERVIEW; everything stronger asks for data."""
    for row in CATALOG.sufficiency.values():
        assert (row.method == "INTERVIEW") == (row.kinds == ("answers",)), row.control


@pytest.mark.parametrize(
    ("paragraph", "kinds", "method"),
    [
        ("312(b)", {"audit_events", "reviews"}, "EXAMINE"),
        ("312(a)(2)(iv)", {"storage_assets", "dicom_scans"}, "EXAMINE"),
        ("312(e)(1)", {"endpoints", "channel_observations"}, "TEST"),
        ("312(e)(2)(ii)", {"endpoints", "channel_observations"}, "TEST"),
        ("308(a)(7)(ii)(A)", {"backups"}, "EXAMINE"),
        ("308(a)(7)(ii)(D)", {"restore_tests"}, "EXAMINE"),
        ("308(a)(5)(i)", {"training", "roster"}, "EXAMINE"),
        ("316(b)(2)(iii)", {"policies"}, "EXAMINE"),
        ("308(b)(1)", {"contracts"}, "EXAMINE"),
        ("308(a)(2)", {"answers"}, "INTERVIEW"),
    ],
)
def test_sufficiency_of_what_matters_most(paragraph: str, kinds: set[str], method: str) -> None:
    """The rows on which a report leans are these, and not less."""
    row = CATALOG.sufficiency[f"45 CFR 164.{paragraph}"]
    assert set(row.kinds) == kinds
    assert row.method == method


def test_only_some_controls_may_be_said_not_to_apply() -> None:
    """A safeguard on the systems themselves applies to everybody; a clearinghouse is for few."""
    may_not = {citation for citation, row in CATALOG.sufficiency.items() if row.may_not_apply}
    assert "45 CFR 164.308(a)(4)(ii)(A)" in may_not
    assert not [citation for citation in may_not if citation.startswith("45 CFR 164.312")]
    assert not [citation for citation in may_not if CATALOG.controls[citation].addressable]


def test_scenarios_are_told_in_plain_words() -> None:
    """A director reads a story, not a citation; every scenario says why its impact is what it is."""
    assert len(CATALOG.scenarios) >= 10
    for scenario in CATALOG.scenarios:
        assert 20 < len(scenario.story.split()) < 80, scenario.id
        assert scenario.impact_reason.endswith("."), scenario.id
        assert not re.search(r"CFR|164\.", scenario.title + scenario.story), scenario.id


def test_what_is_believed_of_scenarios_is_wide_and_leaves_room() -> None:
    """A judgement spans at least a factor of 4, and says why; with all controls events are rarer by half."""
    for name, prior in CATALOG.priors.scenarios.items():
        for band in (prior.events, prior.loss, *([prior.hours] if prior.hours else [])):
            assert band.high / band.low >= 4, name
        assert prior.why.endswith("."), name
        held = math.prod(
            1 - (layer.prevents.low + layer.prevents.high) / 2 for layer in prior.layers if layer.prevents
        )
        assert held < 0.5, name
    assert all(len(source) == 3 and all(source) for source in CATALOG.priors.sources)


def test_no_text_promises_what_a_report_cannot() -> None:
    """Nothing of ours says compliant, certified or violation."""
    texts = [*(row.why for row in CATALOG.sufficiency.values())]
    texts += [f"{s.title} {s.story} {s.impact_reason}" for s in CATALOG.scenarios]
    texts.append((FOLDER / "scoring.yaml").read_text(encoding="utf-8"))
    assert not [text for text in texts if re.search(r"complian|certified|violat", text, re.IGNORECASE)]


def test_unverified_rows_are_marked() -> None:
    """Every claim about the proposed rule says whether it was seen or is from memory."""
    for control in CATALOG.controls.values():
        assert bool(control.nprm) == bool(control.nprm_basis), control.citation
        assert not control.nprm_basis or re.search("seen|memory", control.nprm_basis)


def test_no_policy_shows_what_the_proposal_asks_to_be_done() -> None:
    """Systems are shown to come back by restores; each own choice is about a control with a proposal."""
    proposed = {one.reference: one for one in references("nprm")}
    restore = next(one for one in proposed.values() if "within 72 hours" in one.title)
    assert "45 CFR 164.308(a)(7)(ii)(B)" in restore.controls
    on_paper = {name for name, row in CATALOG.sufficiency.items() if row.kinds == ("policies",)}
    assert not {*restore.controls} & on_paper
    with (OVERLAYS / "proposed_rule.csv").open(encoding="utf-8", newline="") as file:
        chosen = {row["reference"] for row in csv.DictReader(file)}
    assert chosen <= proposed.keys()


def test_rules_lie_in_the_catalog() -> None:
    """Checks without code are found beside the data."""
    assert RULES == FOLDER / "rules"


def test_checks_of_access_expect_every_system_that_is_asked_for_their_evidence() -> None:
    """What `riskkit request` asks a kind of system for is missed when it does not come."""
    exports = load_exports()
    for check in all_checks():
        kinds = set(check.expects) - {"*"}
        if check.id.startswith("access.") and kinds and check.id != "access.emergency_account_missing":
            assert kinds == set(exports[check.needs[0]].systems), check.id


def test_an_unknown_kind_of_system_is_asked_for_all_that_any_kind_gives() -> None:
    """Nobody knows what it is; what the organisation gives as a whole is asked of no system."""
    exports = load_exports()
    assert all(export.is_of("PACS") for export in exports.values() if export.systems)
    assert not any(export.is_of("PACS") for export in exports.values() if not export.systems)
    assert not exports["accounts"].is_of("modality")


def test_kinds_of_systems_are_known() -> None:
    """A misspelt kind would be expected, or asked, of nobody."""
    named = {kind for check in all_checks() for kind in check.expects}
    named |= {kind for export in load_exports().values() for kind in export.systems}
    assert named - {"*"} <= set(KINDS)
