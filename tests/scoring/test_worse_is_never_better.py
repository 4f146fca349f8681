"""Whatever the evidence: worse, less or hidden evidence never makes a risk lower or a control better."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from itertools import accumulate

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made import DATED, check, cite, outcome, with_scenarios

from riskkit.catalog import load_catalog
from riskkit.model import (
    LEVELS,
    METHODS,
    RESULTS,
    SEVERITIES,
    Catalog,
    Check,
    Estimate,
    Outcome,
    Programme,
    Scenario,
    SpecificationDecision,
    Sufficiency,
    Verdict,
)
from riskkit.scoring import score
from riskkit.scoring.gaps import gap_of
from riskkit.scoring.simulation import drawn, play
from riskkit.scoring.units import units_by_control
from riskkit.settings import Settings

thoroughly = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
"""A slow machine is no failure."""

SETTINGS = Settings()
DRAWS = 100
"""Enough: what holds holds in every draw."""
CONTROLS = tuple(map(cite, ("308(a)(2)", "308(b)(1)", "312(b)", "312(d)", "306(a)")))
KINDS = ("accounts", "roster", "answers", "audit_events", "contracts")
STANDING = {"met": 0, "not applicable": 0, "not demonstrated": 1, "partly met": 2, "not met": 3}
WORSE = {"PASS": ("UNKNOWN", "FAIL"), "UNKNOWN": ("FAIL",)}


def rising(values: st.SearchStrategy[int], top: int) -> st.SearchStrategy[dict[str, int]]:
    """A number for each severity, none below that of a lesser one."""
    return st.lists(values, min_size=4, max_size=4).map(
        lambda numbers: dict(
            zip(SEVERITIES, accumulate(numbers, lambda a, b: min(max(a, b), top)), strict=True)
        )
    )


@st.composite
def catalogs(draw: st.DrawFn) -> Catalog:
    """Five controls of all sorts, any rules of sufficiency, any scenarios, any numbers that rise."""
    rows = {}
    for citation in draw(st.sets(st.sampled_from(CONTROLS))):
        wanted = draw(
            st.lists(st.sampled_from([*KINDS, "accounts|contracts"]), min_size=1, max_size=3, unique=True)
        )
        method = draw(st.sampled_from(METHODS))
        rows[citation] = Sufficiency(citation, tuple(wanted), method, "Because.", draw(st.booleans()))
    scenarios = [
        Scenario(
            id=f"scenario {number}",
            title="Made",
            story="Made.",
            threat="made",
            controls=tuple(draw(st.lists(st.sampled_from(CONTROLS), min_size=1, unique=True))),
            impact=draw(st.sampled_from(LEVELS)),
            impact_reason="Made.",
        )
        for number in range(2)
    ]
    silence = draw(st.lists(st.integers(0, 3), min_size=3, max_size=3))
    full = load_catalog()
    full = with_scenarios(full, *scenarios)
    floors = draw(rising(st.integers(0, 100), 100))
    above = draw(rising(st.integers(0, 100), 100))
    return replace(
        full,
        controls={citation: full.controls[citation] for citation in CONTROLS},
        sufficiency=rows,
        scoring={
            "floors": floors,
            "ceilings": {name: max(floors[name], above[name]) for name in SEVERITIES},
            "silence": dict(zip(("control", "kind", "blind"), sorted(silence, reverse=True), strict=True)),
        },
    )


@st.composite
def verdicts(draw: st.DrawFn, of: Check, *results: str) -> Verdict:
    """A verdict on one of few units, so that units repeat; never above the worst of its check."""
    below = SEVERITIES[: SEVERITIES.index(of.worst) + 1]
    return Verdict(
        subject=draw(st.sampled_from("abc")),
        scope=draw(st.sampled_from(["", "archive"])),
        result=draw(st.sampled_from(results or ("PASS", "PASS", "UNKNOWN", "FAIL", "NA"))),  # type: ignore[arg-type]
        message="as told",
        controls=tuple(draw(st.lists(st.sampled_from(of.controls), unique=True))),
        method=draw(st.none() | st.sampled_from(METHODS)),
        severity=draw(st.none() | st.sampled_from(below)),
        engine=not results and draw(st.booleans()),
        collected_at=draw(st.sampled_from([DATED, DATED, None])),
    )


@st.composite
def evidence(draw: st.DrawFn, *having: str) -> tuple[Outcome, ...]:
    """Outcomes of a few checks, some not assessed or broken, with or without verdicts.

    The first check has a verdict with one of the results in `having`.
    """
    outcomes = []
    for number in range(draw(st.integers(1, 4))):
        severity, worst = sorted(draw(st.tuples(*[st.sampled_from(SEVERITIES)] * 2)), key=SEVERITIES.index)
        asked = check(
            f"check.{number}",
            *draw(st.lists(st.sampled_from(CONTROLS), min_size=1, max_size=3, unique=True)),
            needs=tuple(draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=2, unique=True))),
            severity=severity,
            worst=worst,
            method=draw(st.sampled_from(METHODS)),
            signal=draw(st.booleans()),
        )
        condition = draw(st.sampled_from(["", "", "", "NOT_ASSESSED", "ERROR"]))
        told = draw(st.lists(verdicts(asked), max_size=4))
        told += [draw(verdicts(asked, *having))] if having and not number else []
        outcomes.append(outcome(asked, tuple(told), condition))
    return tuple(outcomes)


def headline(outcomes: Sequence[Outcome], catalog: Catalog) -> dict[str, tuple[float, ...]]:
    """Level, likelihood and all numbers of each scenario, and of all together."""
    found = score(outcomes, catalog, SETTINGS, draws=DRAWS)
    rows = {
        r.id: (LEVELS.index(r.level), LEVELS.index(r.likelihood), *numbers(r.estimate, 2))
        for r in found.risks
    }
    assert found.portfolio is not None
    return rows | {"all": numbers(found.portfolio.total, 2)}


def lower_end(outcomes: Sequence[Outcome], catalog: Catalog) -> dict[str, tuple[float, ...]]:
    """The same at the other end of the interval."""
    risks = score(outcomes, catalog, SETTINGS, draws=DRAWS).risks
    return {
        r.id: (LEVELS.index(r.low), LEVELS.index(r.likelihood_low), *numbers(r.estimate, 0)) for r in risks
    }


def numbers(estimate: Estimate | None, end: int) -> tuple[float, ...]:
    """Chance, events and loss at one end; at the headline also bands and the bad year."""
    assert estimate is not None
    found = (estimate.chance[end], estimate.events[end], estimate.mean_loss[end])
    if end != 2 or estimate.hours is None:
        return found
    bands = (estimate.loss.low, estimate.loss.high, estimate.hours.low, estimate.hours.high)
    return (*found, *bands, estimate.bad_year, -estimate.quiet)


def paths(outcomes: Sequence[Outcome], catalog: Catalog) -> list[np.ndarray]:
    """Events and loss of every year of every scenario, at the headline."""
    units = units_by_control(outcomes, catalog, {})
    found = []
    for scenario in catalog.scenarios:
        gaps = {name: gap_of(name, units[name], catalog) for name in scenario.controls}
        high = play(catalog.priors.scenarios[scenario.id], gaps, catalog.scoring, DRAWS).high
        found += [high.events, high.year]
    return found


def on_no_path_less(before: Sequence[Outcome], after: Sequence[Outcome], catalog: Catalog) -> None:
    """No year of any scenario gets better, to the last bit that arithmetic keeps."""
    for was, now in zip(paths(before, catalog), paths(after, catalog), strict=True):
        assert (now >= was * (1 - 1e-12)).all()


def standing(outcomes: Sequence[Outcome], catalog: Catalog) -> dict[str, int]:
    """How badly each control stands, as a number."""
    return {
        c.control.citation: STANDING[c.status] for c in score(outcomes, catalog, SETTINGS, draws=DRAWS)[0]
    }


def never_less(before: Mapping[str, object], after: Mapping[str, object]) -> None:
    """Nothing of `after` is below what it was."""
    for name, value in before.items():
        worse = after[name]
        if isinstance(value, tuple):
            assert all(b <= a for b, a in zip(value, worse, strict=True)), name  # type: ignore[call-overload]
        else:
            assert value <= worse, name  # type: ignore[operator]


def pick(data: st.DataObject, outcomes: Sequence[Outcome], *results: str) -> tuple[int, int]:
    """The place of a verdict with one of these results, as (outcome, verdict)."""
    places = [
        (i, j)
        for i, one in enumerate(outcomes)
        for j, verdict in enumerate(one.verdicts)
        if verdict.result in results and not verdict.engine
    ]
    return data.draw(st.sampled_from(places))


def with_outcome(outcomes: tuple[Outcome, ...], i: int, new: Outcome) -> tuple[Outcome, ...]:
    return (*outcomes[:i], new, *outcomes[i + 1 :])


def with_verdicts(outcomes: tuple[Outcome, ...], i: int, new: Sequence[Verdict]) -> tuple[Outcome, ...]:
    return with_outcome(outcomes, i, replace(outcomes[i], verdicts=tuple(new)))


def with_verdict(outcomes: tuple[Outcome, ...], i: int, j: int, new: Verdict) -> tuple[Outcome, ...]:
    old = outcomes[i].verdicts
    return with_verdicts(outcomes, i, [*old[:j], new, *old[j + 1 :]])


@thoroughly
@given(st.data(), catalogs(), evidence(*WORSE))
def test_a_worse_verdict(data: st.DataObject, catalog: Catalog, outcomes: tuple[Outcome, ...]) -> None:
    """PASS to UNKNOWN to FAIL: no headline, lower end or control gets better."""
    i, j = pick(data, outcomes, *WORSE)
    old = outcomes[i].verdicts[j]
    worse = with_verdict(outcomes, i, j, old.but(result=data.draw(st.sampled_from(WORSE[old.result]))))
    never_less(headline(outcomes, catalog), headline(worse, catalog))
    on_no_path_less(outcomes, worse, catalog)
    never_less(lower_end(outcomes, catalog), lower_end(worse, catalog))
    never_less(standing(outcomes, catalog), standing(worse, catalog))


@thoroughly
@given(st.data(), catalogs(), evidence("FAIL"))
def test_a_failure_that_is_made_unknown(
    data: st.DataObject, catalog: Catalog, outcomes: tuple[Outcome, ...]
) -> None:
    """FAIL to UNKNOWN gains nothing in the headline."""
    i, j = pick(data, outcomes, "FAIL")
    hidden = with_verdict(outcomes, i, j, outcomes[i].verdicts[j].but(result="UNKNOWN"))
    assert headline(outcomes, catalog) == headline(hidden, catalog)


@thoroughly
@given(st.data(), catalogs(), evidence("FAIL"))
def test_a_failure_that_is_taken_out(
    data: st.DataObject, catalog: Catalog, outcomes: tuple[Outcome, ...]
) -> None:
    """A FAIL that gives way to NOT_ASSESSED, all else kept, gains nothing."""
    i, j = pick(data, outcomes, "FAIL")
    rest = [verdict for k, verdict in enumerate(outcomes[i].verdicts) if k != j]
    hidden = with_outcome(outcomes, i, replace(outcomes[i], condition="NOT_ASSESSED", verdicts=tuple(rest)))
    never_less(headline(outcomes, catalog), headline(hidden, catalog))


@thoroughly
@given(st.data(), catalogs(), evidence())
def test_evidence_that_is_left_out(
    data: st.DataObject, catalog: Catalog, outcomes: tuple[Outcome, ...]
) -> None:
    """A check whose evidence is gone lowers no headline and leaves none of its controls met."""
    i = data.draw(st.integers(0, len(outcomes) - 1))
    gone = with_outcome(outcomes, i, outcome(outcomes[i].check))
    never_less(headline(outcomes, catalog), headline(gone, catalog))
    on_no_path_less(outcomes, gone, catalog)
    after = standing(gone, catalog)
    assert all(after[citation] > 0 for citation in outcomes[i].check.controls)


@thoroughly
@given(st.data(), catalogs(), evidence(*RESULTS))
def test_one_more_bad_unit(data: st.DataObject, catalog: Catalog, outcomes: tuple[Outcome, ...]) -> None:
    """Another unit that fails, or is unknown, improves nothing."""
    i, j = pick(data, outcomes, *RESULTS)
    bad = outcomes[i].verdicts[j].but(subject="new", result=data.draw(st.sampled_from(["FAIL", "UNKNOWN"])))
    more = with_verdicts(outcomes, i, [*outcomes[i].verdicts, bad])
    never_less(headline(outcomes, catalog), headline(more, catalog))
    on_no_path_less(outcomes, more, catalog)
    never_less(lower_end(outcomes, catalog), lower_end(more, catalog))


@thoroughly
@given(st.data(), catalogs(), evidence(*RESULTS), st.integers(1, 50))
def test_many_more_good_units(
    data: st.DataObject, catalog: Catalog, outcomes: tuple[Outcome, ...], count: int
) -> None:
    """Any number of units that pass dilutes nothing."""
    i, j = pick(data, outcomes, *RESULTS)
    good = outcomes[i].verdicts[j].but(result="PASS", collected_at=DATED)
    more = with_verdicts(
        outcomes, i, [*outcomes[i].verdicts, *(good.but(subject=f"new {n}") for n in range(count))]
    )
    never_less(headline(outcomes, catalog), headline(more, catalog))
    on_no_path_less(outcomes, more, catalog)
    assert lower_end(outcomes, catalog) == lower_end(more, catalog)


@thoroughly
@given(st.data(), catalogs(), evidence(*RESULTS))
def test_a_date_that_is_lost(data: st.DataObject, catalog: Catalog, outcomes: tuple[Outcome, ...]) -> None:
    """Evidence that nobody can date any more shows no more than before."""
    i, j = pick(data, outcomes, *RESULTS)
    undated = with_verdict(outcomes, i, j, outcomes[i].verdicts[j].but(collected_at=None))
    never_less(headline(outcomes, catalog), headline(undated, catalog))
    never_less(standing(outcomes, catalog), standing(undated, catalog))


@thoroughly
@given(st.data(), catalogs(), evidence())
def test_order_and_repetition(data: st.DataObject, catalog: Catalog, outcomes: tuple[Outcome, ...]) -> None:
    """Shuffled and doubled outcomes and verdicts give the same answer, to the last word."""
    shuffled = [
        replace(one, verdicts=tuple(data.draw(st.permutations([*one.verdicts, *one.verdicts[:2]]))))
        for one in outcomes
    ]
    doubled = data.draw(st.permutations([*shuffled, *shuffled[:1]]))
    assert score(outcomes, catalog, SETTINGS, draws=DRAWS) == score(doubled, catalog, SETTINGS, draws=DRAWS)


@thoroughly
@given(catalogs(), evidence())
def test_the_interval_is_one(catalog: Catalog, outcomes: tuple[Outcome, ...]) -> None:
    """The lower end is never above the headline, and they meet when nothing is open."""
    for risk in score(outcomes, catalog, SETTINGS, draws=DRAWS)[1]:
        assert LEVELS.index(risk.low) <= LEVELS.index(risk.level)
        assert LEVELS.index(risk.likelihood_low) <= LEVELS.index(risk.likelihood)
        assert risk.estimate is not None
        for ends in (risk.estimate.chance, risk.estimate.events, risk.estimate.mean_loss):
            assert ends.low <= ends.best <= ends.high
        for gap in risk.gaps:
            assert 0 <= gap.gap.low <= gap.gap.best <= gap.gap.high <= 1
        if not risk.drivers:
            assert risk.low == risk.level
            assert risk.estimate.chance.low == risk.estimate.chance.high


@thoroughly
@given(catalogs(), evidence())
def test_met_means_that_nothing_speaks_against_it(catalog: Catalog, outcomes: tuple[Outcome, ...]) -> None:
    """A met control has passes, no failure, nothing unknown, nothing lacking, and a rule of sufficiency."""
    for status in score(outcomes, catalog, SETTINGS, draws=DRAWS)[0]:
        if status.status == "met":
            assert status.passed > 0 == status.failed == status.unknown == status.undated
            assert status.lacking == ()
            assert status.control.citation in catalog.sufficiency


@settings(thoroughly, max_examples=20)
@given(evidence())
def test_the_catalog_that_ships_scores_anything(outcomes: tuple[Outcome, ...]) -> None:
    """Every control and every scenario gets its answer, whatever comes."""
    catalog = load_catalog()
    controls, risks, _ = score(outcomes, catalog, SETTINGS, draws=DRAWS)
    assert len(controls) == len(catalog.controls)
    assert {risk.id for risk in risks} == {scenario.id for scenario in catalog.scenarios}
    assert all(status.reason for status in controls)


@thoroughly
@given(st.data(), catalogs(), evidence("PASS"))
def test_a_pass_that_grows_stale(
    data: st.DataObject, catalog: Catalog, outcomes: tuple[Outcome, ...]
) -> None:
    """What was shown too long ago is unknown at the worst of its check, and failing is no better."""
    i, j = pick(data, outcomes, "PASS")
    worst = outcomes[i].check.worst
    stale = with_verdict(outcomes, i, j, outcomes[i].verdicts[j].but(result="UNKNOWN", severity=worst))
    failed = with_verdict(outcomes, i, j, outcomes[i].verdicts[j].but(result="FAIL", severity=worst))
    never_less(headline(outcomes, catalog), headline(stale, catalog))
    on_no_path_less(outcomes, stale, catalog)
    never_less(headline(stale, catalog), headline(failed, catalog))


def test_an_expired_decision_lowers_nothing() -> None:
    """Alternatives and exceptions, in force or not, move no number of any risk."""
    asked = check("access.logoff", "312(a)(2)(iii)", needs=("accounts",))
    found = (outcome(asked, (Verdict("a", "FAIL", "as told", collected_at=DATED),)),)
    decision = SpecificationDecision(
        cite("312(a)(2)(iii)"), "alternative", "Shared rooms.", "the officer",
        date(2026, 1, 1), date(2026, 12, 31), "Locked rooms",
    )  # fmt: skip
    given = [Programme(day, decisions=(decision,)) for day in (date(2026, 6, 1), date(2027, 6, 1))]
    catalog = load_catalog()
    during, after = (score(found, catalog, SETTINGS, programme=one, draws=DRAWS) for one in given)
    assert during.risks == after.risks == score(found, catalog, SETTINGS, draws=DRAWS).risks
    named = [
        next(c for c in one.controls if c.control.citation == cite("312(a)(2)(iii)"))
        for one in (during, after)
    ]
    assert [one.status for one in named] == ["alternative documented", "not met"]


@settings(thoroughly, max_examples=15)
@given(evidence())
def test_the_same_evidence_gives_the_same_bytes(outcomes: tuple[Outcome, ...]) -> None:
    """Scored anew, with nothing kept of the first time, to the last digit."""
    catalog = load_catalog()
    first = repr(score(outcomes, catalog, SETTINGS, draws=DRAWS)[1:])
    drawn.cache_clear()
    assert repr(score(outcomes, catalog, SETTINGS, draws=DRAWS)[1:]) == first
