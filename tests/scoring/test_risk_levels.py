"""How likely, how bad, and therefore how high: one scenario at a time."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise, product

import pytest
from made import check, cite, outcome, said, with_scenarios, with_unreadable

from riskkit.catalog import load_catalog
from riskkit.model import LEVELS, NOTHING, SEVERITIES, Band, Catalog, Outcome, Risk, Scenario
from riskkit.scoring import score
from riskkit.scoring.tables import RISK, level_of_chance, level_of_risk
from riskkit.settings import Settings

CATALOG = load_catalog()
SCENARIO = Scenario(
    id="made",
    title="Something happens",
    story="Somebody does something.",
    threat="adversarial",
    controls=(cite("312(a)(1)"), cite("312(d)")),
    impact="high",
    impact_reason="It is bad.",
)
EVENTS = Band(0.3, 3.0)
"""A year, with nothing in their way."""

GOOD = tuple(
    outcome(check(f"access.{name}", paragraph, needs=("accounts",)), said("pp"))
    for name, paragraph in [("shared", "312(a)(1)"), ("mfa", "312(d)")]
)


def risk(
    *outcomes: Outcome, scenario: Scenario = SCENARIO, appetite: str = "moderate", catalog: Catalog = CATALOG
) -> Risk:
    catalog = with_scenarios(catalog, scenario, events=EVENTS)
    (found,) = score(outcomes, catalog, Settings(appetite=appetite), draws=1000).risks
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


def test_all_controls_holding_closes_the_interval() -> None:
    """Evidence for everything, all of it good: no gap, nothing drives the risk, and some risk remains."""
    found = risk(*GOOD)
    assert (found.level, found.drivers) == (found.low, ())
    assert found.estimate is not None
    assert 0 < found.estimate.chance.low == found.estimate.chance.best == found.estimate.chance.high < 0.21
    assert [gap.gap for gap in found.gaps] == [NOTHING, NOTHING]


def test_a_failure_raises_chance_by_its_severity() -> None:
    """One unit takes the floor of scoring.yaml from its control; graver ones make the event likelier."""
    chances = []
    for severity in SEVERITIES:
        asked = check("access.open", "312(a)(1)", severity=severity, needs=("accounts",))
        found = risk(*GOOD, outcome(asked, said("pf")))
        assert found.estimate is not None
        chances.append(found.estimate.chance.high)
        assert found.gaps[0].gap == (CATALOG.scoring["floors"][severity] / 100,) * 3
        assert (found.gaps[0].failed, found.gaps[0].unknown, found.gaps[0].units) == (1, 0, 4)
        assert found.drivers == (("access.open", "FAIL", severity),)
    assert chances == sorted(set(chances))


@pytest.mark.parametrize("severity", SEVERITIES)
def test_many_failures_of_one_check_end_at_its_ceiling(severity: str) -> None:
    """A thousand of them count no more than the worst that the check could say."""
    asked = check("access.open", "312(a)(1)", severity=severity, needs=("accounts",))
    found = risk(*GOOD, outcome(asked, said("f" * 1000)))
    assert found.gaps[0].gap.high == CATALOG.scoring["ceilings"][severity] / 100
    assert risk(*GOOD, outcome(asked)).gaps[0].gap.high == found.gaps[0].gap.high


def test_two_checks_take_from_what_the_other_left() -> None:
    """Halves of halves: each critical failure halves what is left of the control."""
    checks = [check(f"access.{n}", "312(a)(1)", severity="critical", needs=("accounts",)) for n in range(3)]
    found = risk(*GOOD, *(outcome(asked, said("f")) for asked in checks))
    assert found.gaps[0].gap == (0.875,) * 3


def test_a_verdicts_own_severity_counts() -> None:
    """The unit that matters less takes less."""
    asked = check("access.open", "312(a)(1)", severity="critical", needs=("accounts",))
    assert risk(*GOOD, outcome(asked, said("f", severity="medium"))).gaps[0].gap.high == 0.05


@pytest.mark.parametrize("impact", LEVELS)
def test_table_i_2_alone_gives_the_level(impact: str) -> None:
    """Likelihood is the chance of an event within a year, on the scale of the tables; nothing else counts."""
    failing = outcome(check("access.open", "312(a)(1)", severity="critical", needs=("accounts",)), said("f"))
    found = risk(*GOOD, failing, scenario=replace(SCENARIO, impact=impact))
    assert found.estimate is not None
    assert found.likelihood == level_of_chance(found.estimate.chance.high)
    assert found.level == level_of_risk(found.likelihood, found.impact)


@pytest.mark.parametrize(
    ("chance", "level"),
    [(0.0, "very low"), (0.0499, "very low"), (0.05, "low"), (0.21, "moderate"), (0.7999, "moderate"),
     (0.8, "high"), (0.96, "very high"), (1.0, "very high")],
)  # fmt: skip
def test_likelihood_by_the_scale_of_the_tables(chance: float, level: str) -> None:
    """0 to 4, 5 to 20, 21 to 79, 80 to 95 and 96 to 100 percent, as tables G-2 and G-4 have it."""
    assert level_of_chance(chance) == level


@pytest.mark.parametrize("result", ["u", ""])
def test_unknown_counts_as_failing_in_the_headline_only(result: str) -> None:
    """`level` takes every unknown for a failure of the same severity, `low` for a pass."""
    asked = check("access.open", "312(a)(1)", severity="critical", needs=("accounts",))
    found = risk(*GOOD, outcome(asked, said(result)))
    assert found.gaps[0].gap.low == 0 < found.gaps[0].gap.best < found.gaps[0].gap.high
    assert found.gaps[0].gap.high == (0.5 if result else 1)
    assert found.drivers == (("access.open", "UNKNOWN" if result else "NOT_ASSESSED", "critical"),)


def test_undated_passes_and_unreviewed_signals_count_as_unknown() -> None:
    """Neither is shown to be fine, neither has failed."""
    signal = outcome(check("access.odd", "312(d)", signal=True, needs=("accounts",)), said("f"))
    undated = outcome(check("access.old", "312(d)", needs=("accounts",)), said("p", collected_at=None))
    found = risk(*GOOD, signal, undated)
    assert (found.gaps[1].gap.low, found.gaps[1].gap.high) == (0, 0.36)
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
    controls, *_ = score([outcome(asked, gap, "NOT_ASSESSED")], CATALOG, Settings())
    assert next(c for c in controls if c.control.citation == cite("312(d)")).unknown == 1


def test_a_broken_check_is_not_good_news() -> None:
    """ERROR counts like not assessed."""
    broken = outcome(check("access.open", "312(d)", severity="critical", needs=("accounts",)), (), "ERROR")
    found = risk(*GOOD, broken)
    assert (found.gaps[1].gap.low, found.gaps[1].gap.high) == (0, 1)
    assert found.drivers == (("access.open", "ERROR", "critical"),)


def test_checks_of_other_controls_do_not_matter() -> None:
    """A scenario is moved by what bears on its controls."""
    elsewhere = outcome(check("backup.none", "308(a)(7)(ii)(A)", severity="critical"), said("f"))
    assert risk(*GOOD, elsewhere) == risk(*GOOD)


def test_without_any_evidence_everything_is_unknown_and_high() -> None:
    """No check touches the scenario: its controls are the drivers, at severity high."""
    found = risk()
    assert [gap.gap.high for gap in found.gaps] == [1, 1]
    assert found.estimate is not None
    assert found.estimate.chance.high > 2 * found.estimate.chance.low
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
    unread = cite("308(a)(2)")
    catalog = with_unreadable(CATALOG, unread)
    scenario = replace(SCENARIO, controls=(unread,))
    asked = check("programme.answered", "316(b)(1)", needs=("answers",), method="INTERVIEW")
    yes = outcome(asked, said("p", controls=(unread,)))
    assert risk(scenario=scenario, catalog=catalog).drivers == ((unread, "UNKNOWN", "high"),)
    assert risk(yes, scenario=scenario, catalog=catalog).drivers == ((unread, "UNKNOWN", "medium"),)


def test_a_control_that_does_not_apply_drives_nothing() -> None:
    """Who has no business associates is not at risk from their contracts."""
    vendor = replace(SCENARIO, controls=(cite("308(b)(1)"),))
    asked = check("programme.answered", "316(b)(1)", needs=("answers",), method="INTERVIEW")
    none = outcome(asked, said("n", controls=(cite("308(b)(1)"),)))
    found = risk(none, scenario=vendor)
    assert (found.drivers, [gap.gap for gap in found.gaps], found.level) == ((), [NOTHING], found.low)


def test_refusing_the_question_is_no_way_down() -> None:
    """ "Not applicable" to a control that applies to everybody counts like unknown."""
    asked = check("programme.answered", "316(b)(1)", needs=("answers",), method="INTERVIEW")
    refused = outcome(asked, said("n", controls=(cite("312(d)"),)))
    assert risk(*GOOD, refused).gaps[1].gap.high == 0.2


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


@pytest.mark.parametrize(("appetite", "treatment"), [("very low", "to be decided"), ("moderate", "")])
def test_above_the_appetite_somebody_must_decide(appetite: str, treatment: str) -> None:
    """The headline against the appetite of site.yaml; riskkit decides nothing itself."""
    failing = outcome(check("access.open", "312(a)(1)", needs=("accounts",)), said("f"))
    assert risk(*GOOD, failing, appetite=appetite).treatment == treatment


def test_risks_come_worst_first() -> None:
    """All scenarios of the catalog, by headline, then by the lower end, then by chance."""
    lost = outcome(
        check("backup.none", "308(a)(7)(ii)(A)", severity="critical", needs=("backups",)), said("f")
    )
    found = score([lost], CATALOG, Settings())[1]
    assert {one.id for one in found} == {scenario.id for scenario in CATALOG.scenarios}
    order = [
        (-LEVELS.index(one.level), -LEVELS.index(one.low), -one.estimate.chance.high)
        for one in found
        if one.estimate
    ]
    assert order == sorted(order)
    assert len(order) == len(found)
    without = {one.id: one.estimate for one in score([], CATALOG, Settings())[1]}
    raised = {one.id for one in found if one.estimate.events.low > without[one.id].events.low}  # type: ignore[union-attr]
    assert raised == {"archive_lost", "ransomware"}


def test_evidence_for_everything_brings_the_interval_together() -> None:
    """Where riskkit can read all that sufficiency asks for, good evidence leaves nothing open."""
    readable = [
        row for row in CATALOG.sufficiency.values()
        if not {name for kind in row.kinds for name in kind.split("|")} & CATALOG.planned.keys()
    ]  # fmt: skip
    outcomes = [
        outcome(
            check(
                f"made.of{n}",
                row.control,
                needs=tuple(kind.partition("|")[0] for kind in row.kinds),
                method=row.method,
            ),
            said("p"),
        )
        for n, row in enumerate(readable)
    ]
    controls, risks, _ = score(outcomes, CATALOG, Settings())
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
