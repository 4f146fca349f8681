"""How likely, how bad, and therefore how high: one scenario at a time."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise, product

import pytest
from made import check, cite, outcome, said

from riskkit.catalog import load_catalog
from riskkit.model import LEVELS, Outcome, Risk, Scenario
from riskkit.scoring import score
from riskkit.scoring.tables import RISK, level_of_risk
from riskkit.settings import Settings

CATALOG = load_catalog()
SCENARIO = Scenario(
    id="made",
    title="Something happens",
    story="Somebody does something.",
    threat="adversarial",
    controls=(cite("312(a)(1)"), cite("312(d)")),
    impact="high",
    initial_likelihood="very low",
    impact_reason="It is bad.",
)
GOOD = tuple(
    outcome(check(f"access.{name}", paragraph, needs=("accounts",)), said("pp"))
    for name, paragraph in [("shared", "312(a)(1)"), ("mfa", "312(d)")]
)


def risk(*outcomes: Outcome, scenario: Scenario = SCENARIO, appetite: str = "moderate") -> Risk:
    catalog = replace(CATALOG, scenarios=(scenario,))
    (found,) = score(outcomes, catalog, Settings(appetite=appetite))[1]
    return found


def test_table_i_2_is_as_printed() -> None:
    """NIST SP 800-30r1 table I-2, likelihood down from very high, impact across from very low."""
    printed = """
        VL L M H VH
        VL L M H VH
        VL L M M H
        VL L L L M
        VL VL VL L L
    """
    short = {"VL": "very low", "L": "low", "M": "moderate", "H": "high", "VH": "very high"}
    rows = [tuple(short[cell] for cell in line.split()) for line in printed.strip().splitlines()]
    assert [RISK[likelihood] for likelihood in reversed(LEVELS)] == rows


def test_table_i_2_rises_with_both() -> None:
    """More likely or worse is never a lower risk, and the corners are themselves."""
    rank = LEVELS.index
    for (less, more), other in product(pairwise(LEVELS), LEVELS):
        assert rank(level_of_risk(less, other)) <= rank(level_of_risk(more, other))
        assert rank(level_of_risk(other, less)) <= rank(level_of_risk(other, more))
    assert level_of_risk("very high", "very high") == "very high"
    assert level_of_risk("very low", "very low") == "very low"


def test_all_controls_holding_leaves_the_starting_likelihood() -> None:
    """Evidence for everything, all of it good: the interval closes and nothing drives the risk."""
    found = risk(*GOOD)
    assert (found.likelihood, found.likelihood_low) == ("very low", "very low")
    assert (found.level, found.low, found.drivers) == ("low", "low", ())


@pytest.mark.parametrize(
    ("severity", "likelihood", "level"),
    [
        ("low", "very low", "low"),
        ("medium", "low", "low"),
        ("high", "moderate", "moderate"),
        ("critical", "high", "high"),
    ],
)
def test_a_failure_raises_likelihood_by_its_severity(severity: str, likelihood: str, level: str) -> None:
    """Steps 0, 1, 2 and 3 of scoring.yaml, then table I-2 with impact high; both ends of the interval."""
    failing = outcome(check("access.open", "312(a)(1)", severity=severity, needs=("accounts",)), said("pf"))
    found = risk(*GOOD, failing)
    assert (found.likelihood, found.level) == (likelihood, level)
    assert (found.likelihood_low, found.low) == (likelihood, level)
    assert found.drivers == (("access.open", "FAIL", severity),)


def test_a_verdicts_own_severity_counts() -> None:
    """The unit that matters less raises less."""
    asked = check("access.open", "312(a)(1)", severity="critical", needs=("accounts",))
    assert risk(*GOOD, outcome(asked, said("f", severity="medium"))).likelihood == "low"


def test_likelihood_ends_at_very_high() -> None:
    """A scale of five levels has no sixth."""
    likely = replace(SCENARIO, initial_likelihood="high")
    failing = outcome(check("access.open", "312(a)(1)", severity="critical", needs=("accounts",)), said("f"))
    assert risk(*GOOD, failing, scenario=likely).likelihood == "very high"


@pytest.mark.parametrize(
    ("severity", "floor"), [("critical", "high"), ("high", "moderate"), ("medium", "low")]
)
def test_severe_findings_set_a_floor(severity: str, floor: str) -> None:
    """However slight the impact, an open critical failure is at least high and a high one moderate."""
    slight = replace(SCENARIO, impact="low")
    failing = outcome(check("access.open", "312(a)(1)", severity=severity, needs=("accounts",)), said("f"))
    assert risk(*GOOD, failing, scenario=slight).level == floor


@pytest.mark.parametrize("result", ["u", ""])
def test_unknown_counts_as_failing_in_the_headline_only(result: str) -> None:
    """`level` takes every unknown for a failure of the same severity, `low` for a pass."""
    asked = check("access.open", "312(a)(1)", severity="critical", needs=("accounts",))
    found = risk(*GOOD, outcome(asked, said(result)))
    assert (found.low, found.level) == ("low", "high")
    assert found.drivers == (("access.open", "UNKNOWN" if result else "NOT_ASSESSED", "critical"),)


def test_undated_passes_and_unreviewed_signals_count_as_unknown() -> None:
    """Neither is shown to be fine, neither has failed."""
    signal = outcome(check("access.odd", "312(d)", signal=True, needs=("accounts",)), said("f"))
    undated = outcome(check("access.old", "312(d)", needs=("accounts",)), said("p", collected_at=None))
    found = risk(*GOOD, signal, undated)
    assert (found.low, found.level) == ("low", "moderate")
    assert found.drivers == (("access.odd", "UNKNOWN", "high"), ("access.old", "UNKNOWN", "high"))


def test_a_check_without_evidence_counts_as_the_worst_that_it_can_say() -> None:
    """Leaving evidence out must not be better than what it would have shown."""
    asked = check("access.open", "312(d)", severity="medium", worst="critical", needs=("accounts",))
    assert risk(*GOOD, outcome(asked)).drivers == (("access.open", "NOT_ASSESSED", "critical"),)


def test_a_gap_that_the_engine_found_is_not_assessed() -> None:
    """A system without evidence counts, and does not speak for the control; nothing is counted twice."""
    asked = check("access.open", "312(d)", needs=("accounts",))
    gap = said("u", engine=True)
    assert risk(GOOD[0], outcome(asked, gap)).drivers == (
        ("access.open", "NOT_ASSESSED", "high"),
        (cite("312(d)"), "UNKNOWN", "high"),
    )
    controls, _ = score([outcome(asked, gap, "NOT_ASSESSED")], CATALOG, Settings())
    assert next(c for c in controls if c.control.citation == cite("312(d)")).unknown == 1


def test_a_broken_check_is_not_good_news() -> None:
    """ERROR counts like not assessed."""
    broken = outcome(check("access.open", "312(d)", severity="critical", needs=("accounts",)), (), "ERROR")
    found = risk(*GOOD, broken)
    assert (found.low, found.level) == ("low", "high")
    assert found.drivers == (("access.open", "ERROR", "critical"),)


def test_checks_of_other_controls_do_not_matter() -> None:
    """A scenario is moved by what bears on its controls."""
    elsewhere = outcome(check("backup.none", "308(a)(7)(ii)(A)", severity="critical"), said("f"))
    assert risk(*GOOD, elsewhere) == risk(*GOOD)


def test_without_any_evidence_everything_is_unknown_and_high() -> None:
    """No check touches the scenario: its controls are the drivers, at severity high."""
    found = risk()
    assert (found.low, found.likelihood, found.level) == ("low", "moderate", "moderate")
    assert found.drivers == tuple((control, "UNKNOWN", "high") for control in SCENARIO.controls)


def test_a_silent_control_among_spoken_ones_counts() -> None:
    """Half of the controls shown good says nothing of the other half."""
    found = risk(GOOD[0])
    assert found.drivers == ((cite("312(d)"), "UNKNOWN", "high"),)


def test_a_check_that_could_not_be_asked_does_not_end_the_silence() -> None:
    """A small question without evidence is not the answer to a big one."""
    vendor = replace(SCENARIO, controls=(cite("308(b)(1)"),))
    small = outcome(check("vendor.late", "308(b)(1)", severity="low", needs=("systems",)))
    found = risk(small, scenario=vendor)
    assert found.drivers == ((cite("308(b)(1)"), "UNKNOWN", "high"), ("vendor.late", "NOT_ASSESSED", "low"))


def test_a_missing_kind_of_evidence_counts() -> None:
    """Logs alone leave open whether anybody reviews them."""
    logs = outcome(check("audit.gap", "312(b)"), said("p"))
    done = outcome(check("audit.unread", "312(b)", needs=("reviews",)), said("p"))
    audited = replace(SCENARIO, controls=(cite("312(b)"),))
    assert risk(logs, scenario=audited).drivers == ((cite("312(b)"), "UNKNOWN", "high"),)
    assert risk(logs, done, scenario=audited).drivers == ()


def test_what_riskkit_cannot_read_counts_less_once_it_is_answered() -> None:
    """Nothing at all is high; somebody's word for it medium; never nothing."""
    unread = next(
        row.control for row in CATALOG.sufficiency.values() if set(row.kinds) <= set(CATALOG.planned)
    )
    scenario = replace(SCENARIO, controls=(unread,))
    asked = check("programme.answered", "316(b)(1)", needs=("answers",), method="INTERVIEW")
    yes = outcome(asked, said("p", controls=(unread,)))
    assert risk(scenario=scenario).drivers == ((unread, "UNKNOWN", "high"),)
    assert risk(yes, scenario=scenario).drivers == ((unread, "UNKNOWN", "medium"),)


def test_a_control_that_does_not_apply_drives_nothing() -> None:
    """Who has no business associates is not at risk from their contracts."""
    vendor = replace(SCENARIO, controls=(cite("308(b)(1)"),))
    asked = check("programme.answered", "316(b)(1)", needs=("answers",), method="INTERVIEW")
    none = outcome(asked, said("n", controls=(cite("308(b)(1)"),)))
    assert (risk(none, scenario=vendor).drivers, risk(none, scenario=vendor).level) == ((), "low")


def test_refusing_the_question_is_no_way_down() -> None:
    """ "Not applicable" to a control that applies to everybody counts like unknown."""
    asked = check("programme.answered", "316(b)(1)", needs=("answers",), method="INTERVIEW")
    refused = outcome(asked, said("n", controls=(cite("312(d)"),)))
    assert risk(*GOOD, refused).level == "moderate"


def test_drivers_come_worst_first() -> None:
    """By severity, then failures before unknowns, then by name; each check once per result."""
    outcomes = [
        outcome(check("b.b", "312(d)", severity="medium", needs=("accounts",)), said("fu")),
        outcome(check("c.c", "312(d)", "312(a)(1)", severity="high", needs=("accounts",)), said("ff")),
        outcome(check("a.a", "312(d)", severity="critical", needs=("accounts",)), said("u")),
        outcome(check("d.d", "312(d)", severity="critical", needs=("accounts",)), (), "ERROR"),
        outcome(check("e.e", "312(d)", severity="critical", needs=("accounts",)), said("f")),
    ]
    assert risk(*GOOD, *outcomes).drivers == (
        ("e.e", "FAIL", "critical"),
        ("d.d", "ERROR", "critical"),
        ("a.a", "UNKNOWN", "critical"),
        ("c.c", "FAIL", "high"),
        ("b.b", "FAIL", "medium"),
        ("b.b", "UNKNOWN", "medium"),
    )


@pytest.mark.parametrize(("appetite", "treatment"), [("low", "to be decided"), ("moderate", "")])
def test_above_the_appetite_somebody_must_decide(appetite: str, treatment: str) -> None:
    """The headline against the appetite of site.yaml; riskkit decides nothing itself."""
    failing = outcome(check("access.open", "312(a)(1)", needs=("accounts",)), said("f"))
    assert risk(*GOOD, failing, appetite=appetite).treatment == treatment


def test_risks_come_worst_first() -> None:
    """All scenarios of the catalog, by headline, then by the lower end, then by id."""
    lost = outcome(
        check("backup.none", "308(a)(7)(ii)(A)", severity="critical", needs=("backups",)), said("f")
    )
    found = score([lost], CATALOG, Settings())[1]
    assert {one.id for one in found} == {scenario.id for scenario in CATALOG.scenarios}
    order = [(-LEVELS.index(one.level), -LEVELS.index(one.low), one.id) for one in found]
    assert order == sorted(order)
    assert {found[0].id, found[1].id} == {"archive_lost", "ransomware"}


def test_evidence_for_everything_brings_the_interval_together() -> None:
    """Where riskkit can read all that sufficiency asks for, good evidence leaves nothing open."""
    readable = [
        row for row in CATALOG.sufficiency.values()
        if not {name for kind in row.kinds for name in kind.split("|")} & CATALOG.planned.keys()
    ]  # fmt: skip
    outcomes = [
        outcome(check(f"made.of{n}", row.control, needs=row.kinds, method=row.method), said("p"))
        for n, row in enumerate(readable)
    ]
    controls, risks = score(outcomes, CATALOG, Settings())
    met = {status.control.citation for status in controls if status.status == "met"}
    assert met == {row.control for row in readable}
    closed = {one.id: (one.level, one.low) for one in risks if not one.drivers}
    assert {
        "interception",
        "archive_lost",
        "altered_images",
        "exposed_listener",
        "leaver_account",
    } <= closed.keys()
    assert all(level == low for level, low in closed.values())
