"""Exact intervals: published values, coverage by counting all cases, and what must never happen."""

from __future__ import annotations

from math import comb
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from riskkit.statistics.intervals import Stratum, clopper_pearson, estimate, finite, in_stratum, stratified


@pytest.mark.parametrize(
    ("found", "drawn", "low", "high"),
    [
        # Newcombe, Statistics in Medicine 17 (1998) 857-872, table I, method 5.
        (81, 263, 0.2527, 0.3676),
        (15, 148, 0.0578, 0.1617),
        (0, 20, 0.0, 0.1684),
        (1, 29, 0.0009, 0.1776),
    ],
)
def test_published_intervals(found: int, drawn: int, low: float, high: float) -> None:
    """To the four digits that were printed."""
    assert clopper_pearson(found, drawn) == pytest.approx((low, high), abs=5e-5)


def test_scipy_gives_the_same() -> None:
    """Its own exact binomial interval."""
    for found, drawn in ((0, 1), (3, 10), (10, 10), (7, 3000)):
        theirs = stats.binomtest(found, drawn).proportion_ci(0.95, "exact")
        assert clopper_pearson(found, drawn) == pytest.approx((theirs.low, theirs.high))


def test_rule_of_three() -> None:
    """None in n: one-sided at 95 % the upper end is near 3/n."""
    assert clopper_pearson(0, 1000, 0.90)[1] == pytest.approx(3 / 1000, rel=0.01)


@pytest.mark.parametrize(("size", "drawn"), [(12, 5), (20, 10), (30, 3), (9, 9), (7, 1)])
def test_a_finite_interval_holds_as_often_as_it_says(size: int, drawn: int) -> None:
    """Over every sample, whatever the truth: the true number lies inside with at least 95 %."""
    for truth in range(size + 1):
        held = sum(
            comb(truth, found) * comb(size - truth, drawn - found)
            for found in range(max(0, drawn - (size - truth)), min(drawn, truth) + 1)
            for low, high in [finite(Stratum(size, drawn, found))]
            if low <= truth <= high
        )
        assert held / comb(size, drawn) >= 0.95


strata = st.integers(1, 400).flatmap(
    lambda size: st.integers(0, size).flatmap(
        lambda drawn: st.integers(0, drawn).map(lambda found: Stratum(size, drawn, found))
    )
)


@given(strata)
def test_what_was_seen_is_inside(stratum: Stratum) -> None:
    """The ends allow what was found and what was found not to be, the estimate lies between them."""
    low, high = in_stratum(stratum)
    assert stratum.found <= low <= high <= stratum.size - (stratum.drawn - stratum.found)
    if stratum.drawn:
        assert low <= estimate([stratum]) + 1e-9
        assert estimate([stratum]) <= high + 1e-9
    if stratum.drawn == stratum.size:
        assert (low, high) == (stratum.found, stratum.found)


@given(st.lists(strata, min_size=1, max_size=5))
def test_together_they_are_no_surer_than_alone(many: list[Stratum]) -> None:
    """The interval of all contains the sum of the intervals of each at the same confidence."""
    low, high = stratified(many)
    assert low <= sum(in_stratum(one)[0] for one in many) + 1e-6
    assert high >= sum(in_stratum(one)[1] for one in many) - 1e-6


def test_a_stratum_that_nobody_looked_at_may_be_anything() -> None:
    """Silence is a value: none drawn, all or nothing."""
    assert stratified([Stratum(100, 0, 0)]) == (0.0, 100.0)
    assert stratified([]) == (0.0, 0.0)


@pytest.mark.parametrize("numbers", [(5, 6, 0), (5, 3, 4), (5, 3, -1)])
def test_impossible_samples_are_refused(numbers: tuple[int, int, int]) -> None:
    """More drawn than there are, more found than drawn."""
    with pytest.raises(ValueError, match="sample"):
        Stratum(*numbers)


def test_files_of_a_study_are_no_independent_draws() -> None:
    """40 studies of 25 files drawn from 2000, every tenth exposed as a whole: counting files, the interval
    misses far more often than it says; counting studies, it holds."""
    chance = Random(5)  # noqa: S311 - for a simulation
    exposed = [number < 200 for number in range(2000)]
    missed = {"files": 0, "studies": 0}
    for _ in range(200):
        found = sum(chance.sample(exposed, 40))
        for what, size in (("files", 25), ("studies", 1)):
            low, high = in_stratum(Stratum(2000 * size, 40 * size, found * size))
            missed[what] += not low <= 200 * size <= high
    assert missed["studies"] <= 200 * 0.05
    assert missed["files"] > 200 * 0.4
