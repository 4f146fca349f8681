"""When a control is met, partly met, not met, not applicable or not demonstrated, and what is said of it."""

from __future__ import annotations

from datetime import date

import pytest
from made import check, cite, outcome, said, with_unreadable

from riskkit.catalog import load_catalog
from riskkit.errors import CatalogError
from riskkit.model import ControlStatus, Exemption, Outcome, Programme, SpecificationDecision
from riskkit.scoring import score
from riskkit.settings import Settings

CATALOG = load_catalog()
UNREADABLE = "308(a)(2)"
"""A control that needs evidence which no table of riskkit holds, in the catalog of `unread`."""


def status(paragraph: str, *outcomes: Outcome) -> ControlStatus:
    controls, *_ = score(outcomes, CATALOG, Settings(), draws=20)
    return next(control for control in controls if control.control.citation == cite(paragraph))


def trail(results: str, **changes: object) -> Outcome:
    return outcome(check("audit.system_silent", "312(b)"), said(results, **changes))


def reviews(results: str) -> Outcome:
    return outcome(check("programme.trail_not_reviewed", "312(b)", needs=("reviews",)), said(results))


def answer(paragraph: str, results: str, **changes: object) -> Outcome:
    """Something that somebody said."""
    asked = check("programme.answered", "316(b)(1)", needs=("answers",), method="INTERVIEW")
    return outcome(asked, said(results, controls=(cite(paragraph),), **changes))


def test_all_controls_are_reported_in_the_order_of_the_catalog() -> None:
    """Rules, breach and privacy rows included, also when there is no outcome at all."""
    controls, *_ = score((), CATALOG, Settings(), draws=20)
    assert [control.control.citation for control in controls] == list(CATALOG.controls)


def test_nothing_is_met_without_evidence() -> None:
    """No outcome, no control that is anything but not demonstrated."""
    controls, *_ = score((), CATALOG, Settings(), draws=20)
    assert {control.status for control in controls} == {"not demonstrated"}


def test_met_when_every_kind_passes() -> None:
    """Audit controls: audit events and reviews both, all of them passing."""
    found = status("312(b)", trail("ppp"), reviews("p"))
    assert (found.status, found.passed, found.lacking) == ("met", 4, ())
    assert found.checks == ("audit.system_silent", "programme.trail_not_reviewed")
    assert found.reason == "passed: 4 of 4"


def test_a_kind_that_is_not_there_is_lacking() -> None:
    """Perfect logs that nobody reviews do not show that activity is examined."""
    found = status("312(b)", trail("ppp"))
    assert (found.status, found.lacking) == ("not demonstrated", ("reviews",))
    assert "reviews (programme/reviews.csv)" in found.reason


def test_a_check_that_rests_on_two_tables_shows_both() -> None:
    """Training is counted against the roster by one check, and that is enough."""
    asked = check("people.untrained", "308(a)(5)(i)", needs=("training", "roster"))
    assert status("308(a)(5)(i)", outcome(asked, said("pp"))).status == "met"


def test_derived_tables_count_as_what_they_are_derived_from() -> None:
    """`kinds` resolves them; without it a derived name shows nothing."""
    asked = check("transmission.plaintext", "312(e)(1)", needs=("channels",), method="TEST")
    scan = outcome(asked, said("pp"))
    kinds = {"transmission.plaintext": frozenset({"endpoints", "channel_observations"})}
    assert status("312(e)(1)", scan).status == "not demonstrated"
    controls, *_ = score([scan], CATALOG, Settings(), kinds=kinds)
    assert {c.control.citation for c in controls if c.status == "met"} == {cite("312(e)(1)")}


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("pp", "p", "met"),
        ("pn", "p", "met"),
        ("pu", "p", "not demonstrated"),
        ("nn", "p", "not demonstrated"),
        ("pf", "p", "partly met"),
        ("uf", "p", "partly met"),
        ("pf", "u", "not met"),
        ("pf", "f", "not met"),
        ("ff", "", "not met"),
        ("pp", "", "not demonstrated"),
    ],
)
def test_the_worst_counts(first: str, second: str, expected: str) -> None:
    """PASS, then UNKNOWN, then FAIL; partly met needs a kind that passes as a whole."""
    assert status("312(b)", trail(first), reviews(second)).status == expected


def test_many_good_units_do_not_hide_a_bad_one() -> None:
    """One of ten thousand that fails is a failure."""
    found = status("312(b)", trail("p" * 9_999 + "f"), reviews("u"))
    assert (found.status, found.failed) == ("not met", 1)
    assert found.reason.startswith("failed: 1 of 10001, unknown: 1 of 10001")


@pytest.mark.parametrize("condition", ["NOT_ASSESSED", "ERROR"])
def test_a_check_without_a_result_is_one_unknown(condition: str) -> None:
    """A check that could not be asked, or broke, keeps its controls from being met."""
    broken = outcome(check("audit.gap", "312(b)"), (), condition)
    found = status("312(b)", trail("p"), reviews("p"), broken)
    assert (found.status, found.unknown) == ("not demonstrated", 1)


def test_a_clean_outcome_without_subjects_shows_nothing() -> None:
    """CLEAN of nobody is not clean."""
    empty = outcome(check("audit.system_silent", "312(b)"), (), "CLEAN")
    assert status("312(b)", empty, reviews("p")).status == "not demonstrated"


def test_undated_evidence_demonstrates_nothing() -> None:
    """A pass that nobody can date is unknown, and counted as undated."""
    found = status("312(b)", trail("pp", collected_at=None), reviews("p"))
    assert (found.status, found.undated, found.unknown, found.passed) == ("not demonstrated", 2, 2, 1)
    assert "unknown: 2 of 3 (2 undated)" in found.reason


def test_undated_failures_still_fail() -> None:
    """What is wrong is wrong on whatever day."""
    assert status("312(b)", trail("f", collected_at=None)).status == "not met"


@pytest.mark.parametrize(("method", "expected"), [("TEST", "met"), ("EXAMINE", "not demonstrated")])
def test_a_method_weaker_than_asked_does_not_suffice(method: str, expected: str) -> None:
    """Encryption in transit is tested; a configuration that was read is not a test."""
    needs = ("endpoints", "channel_observations")
    asked = check("transmission.plaintext", "312(e)(2)(ii)", needs=needs, method=method)
    assert status("312(e)(2)(ii)", outcome(asked, said("p"))).status == expected


def test_a_verdicts_own_method_counts() -> None:
    """One unit that was only told about makes its check too weak."""
    needs = ("endpoints", "channel_observations")
    asked = check("transmission.plaintext", "312(e)(2)(ii)", needs=needs, method="TEST")
    told = said("pp")[0], said("pp", method="INTERVIEW")[1]
    assert status("312(e)(2)(ii)", outcome(asked, told)).status == "not demonstrated"


def test_a_statistical_signal_is_never_not_met() -> None:
    """It puts accesses up for review; reviewed ones (PASS) count, others are unknown."""
    signal = check("access.unexplained", "308(a)(1)(ii)(D)", signal=True)
    done = outcome(check("programme.unreviewed", "308(a)(1)(ii)(D)", needs=("reviews",)), said("p"))
    found = status("308(a)(1)(ii)(D)", outcome(signal, said("pf")), done)
    assert (found.status, found.failed, found.unknown) == ("not demonstrated", 0, 1)
    assert status("308(a)(1)(ii)(D)", outcome(signal, said("pp")), done).status == "met"


def test_an_answer_suffices_only_where_data_cannot_show_it() -> None:
    """Naming the security official is enough; saying that there are audit controls is not."""
    assert status("308(a)(2)", answer("308(a)(2)", "p")).status == "met"
    assert status("312(b)", answer("312(b)", "p")).status == "not demonstrated"
    assert status("312(b)", answer("312(b)", "p"), trail("p"), reviews("p")).status == "met"


def test_an_unanswered_control_says_where_to_answer() -> None:
    """The reason names the file."""
    assert "programme/answers.yaml" in status("308(a)(2)").reason
    assert status("308(a)(2)").reason.startswith("not answered")


def test_data_win_over_an_answer() -> None:
    """Answered yes, tested no: not met, and said so."""
    tested = outcome(check("audit.gap", "308(a)(2)", method="TEST"), said("f"))
    found = status("308(a)(2)", answer("308(a)(2)", "p"), tested)
    assert (found.status, found.lacking) == ("not met", ("answers",))
    assert "answered yes, but the data show otherwise" in found.reason
    assert status("312(b)", answer("312(b)", "p"), trail("f"), reviews("u")).status == "not met"


def test_an_answer_of_no_counts_beside_good_data() -> None:
    """Who says no knows something that the data do not show."""
    assert status("312(b)", answer("312(b)", "f"), trail("p"), reviews("p")).status == "partly met"


def unread(*outcomes: Outcome) -> ControlStatus:
    controls, *_ = score(outcomes, with_unreadable(CATALOG, cite(UNREADABLE)), Settings(), draws=50)
    return next(control for control in controls if control.control.citation == cite(UNREADABLE))


def test_an_answer_does_not_stand_in_for_evidence_that_riskkit_cannot_read() -> None:
    """What evidence shows is shown, not said."""
    found = unread(answer(UNREADABLE, "p"))
    assert (found.status, found.lacking) == ("not demonstrated", ("oracles",))
    assert "riskkit cannot read it yet" in found.reason


def test_a_control_that_no_check_covers_says_so() -> None:
    """It is not demonstrated, and the reason names what it needs and why."""
    found = unread()
    assert found.reason.startswith(
        "riskkit has no check for this; needs oracles (riskkit cannot read it yet)"
    )
    assert (found.checks, found.lacking) == ((), ("oracles",))


def test_not_applicable_only_where_that_can_be() -> None:
    """A hospital without a clearinghouse says so; nobody is without access control."""
    assert status("308(a)(4)(ii)(A)", answer("308(a)(4)(ii)(A)", "n")).status == "not applicable"
    assert status("308(b)(1)", answer("308(b)(1)", "n")).status == "not applicable"
    refused = status("312(a)(1)", answer("312(a)(1)", "n"))
    assert (refused.status, refused.unknown) == ("not demonstrated", 1)
    assert "it applies to everybody" in refused.reason


def test_not_applicable_does_not_outweigh_evidence() -> None:
    """What was found to fail, or should have been looked at, applies."""
    asked = check("vendor.contract_missing", "308(b)(1)", needs=("systems",))
    said_so = answer("308(b)(1)", "n")
    assert status("308(b)(1)", said_so, outcome(asked, said("f"))).status == "not met"
    assert status("308(b)(1)", said_so, outcome(asked)).status == "not demonstrated"
    assert status("308(b)(1)", answer("308(b)(1)", "n", collected_at=None)).status == "not demonstrated"


def test_units_that_data_set_aside_make_nothing_inapplicable() -> None:
    """Only a person can say that a control does not apply."""
    assert (
        status("308(b)(1)", outcome(check("vendor.x", "308(b)(1)"), said("n"))).status == "not demonstrated"
    )


def test_the_sum_of_all_others_is_not_drawn() -> None:
    """164.306(a) stays undecided unless a check speaks against it."""
    assert status("306(a)").status == "not demonstrated"
    assert "reported one by one" in status("306(a)").reason
    assert status("306(a)", outcome(check("any.thing", "306(a)"), said("p"))).status == "not demonstrated"
    assert status("306(a)", outcome(check("any.thing", "306(a)"), said("f"))).status == "not met"


def test_a_verdict_bears_on_its_own_controls() -> None:
    """Where it names some, the check's others are not touched by it."""
    asked = check("programme.policy_old", "316(a)", "316(b)(2)(iii)", needs=("policies",))
    one = outcome(asked, said("p", controls=(cite("316(a)"),)))
    assert status("316(a)", one).status == "met"
    assert status("316(b)(2)(iii)", one).checks == ()


def test_a_verdict_of_an_unknown_citation_falls_to_its_checks_controls() -> None:
    """An answer about a paragraph that does not exist must not vanish."""
    assert status("316(b)(1)", answer("308(a)(14)", "f")).status == "not met"


def test_a_check_may_not_cite_what_does_not_exist() -> None:
    """It is an error of the catalog, not a silent loss."""
    with pytest.raises(CatalogError, match=r"164\.308\(a\)\(14\)"):
        score([outcome(check("a.b", "308(a)(14)"), said("p"))], CATALOG, Settings())


def test_reasons_promise_nothing() -> None:
    """No status or reason says compliant, certified or violation."""
    controls, *_ = score([trail("pfu"), reviews("p"), answer("308(a)(2)", "p")], CATALOG, Settings())
    text = " ".join(f"{control.status} {control.reason}" for control in controls).lower()
    assert not [word for word in ("complian", "certified", "violat") if word in text]


def test_the_same_subject_on_two_systems_is_two_units() -> None:
    """Scope and subject make the unit; the same unit said twice is one, and the worse counts."""
    asked = check("audit.system_silent", "312(b)")
    units = [verdict for scope in "aab" for verdict in said("f", scope=scope)]
    units += said("p", scope="a")
    assert status("312(b)", outcome(asked, tuple(units))).failed == 2
    assert status("312(b)", outcome(asked, tuple(units))).passed == 0


def programme(today: date = date(2026, 10, 31), **changes: str) -> Programme:
    """An alternative for automatic logoff, and a statement that there are no business associates."""
    given = {"decision": "alternative", "equivalent_measure": "Rooms lock by themselves"} | changes
    citation = given.pop("specification", cite("312(a)(2)(iii)"))
    decision = SpecificationDecision(
        citation, rationale="Shared reading rooms", approved_by="the officer",
        decided_on=date(2026, 1, 1), review_on=date(2026, 12, 31), **given,  # type: ignore[arg-type]
    )  # fmt: skip
    none = Exemption(
        "E1", cite("308(b)(1)"), "not_applicable", "No vendor touches ePHI.", "IT", "the officer",
        date(2026, 1, 1), date(2026, 12, 31),
    )  # fmt: skip
    return Programme(today, exceptions=(none,), decisions=(decision,))


def decided(paragraph: str, *outcomes: Outcome, by: Programme) -> ControlStatus:
    controls, *_ = score(outcomes, CATALOG, Settings(), programme=by, draws=50)
    return next(control for control in controls if control.control.citation == cite(paragraph))


def test_an_alternative_is_documented_beside_the_evidence() -> None:
    """An addressable specification that fails, with reason, measure, approver and review; both are told."""
    logoff = outcome(check("access.logoff", "312(a)(2)(iii)", needs=("accounts",)), said("pf"))
    found = decided("312(a)(2)(iii)", logoff, by=programme())
    assert (found.status, found.failed) == ("alternative documented", 1)
    for word in ("Rooms lock", "shared reading rooms", "the officer", "2026-12-31", "not met", "1 of 2"):
        assert word in found.reason


def test_an_alternative_counts_only_while_it_holds_and_where_it_can() -> None:
    """Past its review, without a measure, or of a required specification: nothing changes."""
    logoff = outcome(check("access.logoff", "312(a)(2)(iii)", needs=("accounts",)), said("f"))
    late = decided("312(a)(2)(iii)", logoff, by=programme(date(2027, 1, 1)))
    assert late.status == "not met"
    assert "was to be reviewed by 2026-12-31" in late.reason
    for changes in ({"equivalent_measure": ""}, {"decision": "not_reasonable"}, {"decision": "implement"}):
        assert decided("312(a)(2)(iii)", logoff, by=programme(**changes)).status == "not met"
    required = programme(specification=cite("312(d)"))
    assert decided("312(d)", by=required).status == "not demonstrated"


def test_not_applicable_needs_a_place_where_that_can_be_and_silence_of_the_evidence() -> None:
    """Reason, approver and last day are told; evidence outweighs it, and it ends by itself."""
    found = decided("308(b)(1)", by=programme())
    assert found.status == "not applicable"
    assert all(word in found.reason for word in ("No vendor", "E1", "the officer", "2026-12-31"))
    assert decided("308(b)(1)", by=programme(date(2027, 1, 1))).status == "not demonstrated"
    vendor = outcome(check("vendor.missing", "308(b)(1)", needs=("systems",)), said("f"))
    assert decided("308(b)(1)", vendor, by=programme()).status == "not met"
