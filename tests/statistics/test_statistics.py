"""Tails, shrinkage, calibration, change and novelty, against simulations and what must hold always."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from riskkit.statistics.calibration import calibrate
from riskkit.statistics.change import bootstrap_peaks, cusum, threshold
from riskkit.statistics.counts import fit_counts, winsorise
from riskkit.statistics.diagnostics import benjamini_hochberg
from riskkit.statistics.divergence import jensen_shannon, permutation_tail
from riskkit.statistics.novelty import novelty, tf_idf
from riskkit.statistics.tails import (
    beta_binomial_tail,
    binomial_tail,
    evidence_points,
    negative_binomial_tail,
    poisson_tail,
)

COUNTS = st.integers(0, 60)
MEANS = st.floats(0.001, 50)
WORKDAYS = np.zeros(40, bool)


@given(COUNTS, MEANS, st.floats(0.05, 1000))
def test_tails_fall_with_the_count(count: int, mean: float, shape: float) -> None:
    """One more is never more probable, none or more is certain, and more scatter widens the far tail."""
    for tail in (lambda k: poisson_tail(k, mean), lambda k: negative_binomial_tail(k, mean, shape)):
        assert tail(0) == 1
        assert 0 < tail(count + 1) <= tail(count) <= 1
    far = int(10 * mean) + 20
    assert negative_binomial_tail(far, mean, shape) >= poisson_tail(far, mean) * 0.999


def test_tails_by_hand() -> None:
    """The tails are those of the textbook."""
    assert poisson_tail(1, 0.5) == pytest.approx(1 - np.exp(-0.5))
    assert binomial_tail(1, 3, 0.1) == pytest.approx(1 - 0.9**3)
    assert beta_binomial_tail(1, 1, 1, 3) == pytest.approx(0.25)
    assert negative_binomial_tail(2, 1.0, np.inf) == pytest.approx(float(poisson_tail(2, 1.0)))
    assert list(evidence_points([1.0, 1e-3, 0.0])) == [0, 3, 6]


def test_winsorised_counts_hide_no_incident() -> None:
    """A count far above the peers' is taken for their quantile, within its own group only."""
    counts = np.array([1] * 400 + [90] + [50] * 10)
    groups = np.array([0] * 401 + [1] * 10)
    assert winsorise(counts, groups).max() == 50
    assert winsorise(counts, groups)[400] == 1


def test_a_user_is_shrunk_to_the_peers() -> None:
    """Few days move a rate little, many days much; nobody seen has the rate of the peers."""
    random = np.random.default_rng(3)
    user = np.repeat(np.arange(20), 40)
    rates = np.where(np.arange(20) == 0, 12.0, 3.0)
    count = random.poisson(rates[user])
    keep = (user != 1) | (np.arange(len(user)) % 40 < 2)
    keep &= user != 2
    model = fit_counts(user[keep], count[keep], np.zeros(keep.sum(), bool), np.zeros(20, int))
    assert 9 < model.rates[0] < 12.5
    assert abs(model.rates[2] - 3.5) < 1
    assert abs(model.rates[1] - 3.4) < 1
    peers = fit_counts(user, count, np.zeros(len(user), bool), np.zeros(20, int), own=False)
    assert np.ptp(peers.rates) == pytest.approx(0)


def test_weekends_have_their_own_level() -> None:
    """A full day on a weekend, when little happens, is less probable than on a working day."""
    days = np.arange(70) % 7 >= 5
    count = np.where(days, 2, 20)
    user = np.zeros(70, int)
    model = fit_counts(user, count, days, np.zeros(1, int))
    on, off = np.array([False]), np.array([True])
    one, many = np.zeros(1, int), np.array([14])
    assert model.tail(one, many, off)[0] < model.tail(one, many, on)[0]


def test_a_group_without_any_count() -> None:
    """Where nothing ever happened a first time is improbable, not impossible."""
    model = fit_counts(np.zeros(30, int), np.zeros(30, int), np.zeros(30, bool), np.zeros(1, int))
    tail = model.tail(np.zeros(1, int), np.ones(1, int), np.zeros(1, bool))
    assert 0.001 < tail[0] < 0.1


@settings(max_examples=60)
@given(st.lists(st.floats(1e-12, 1), max_size=200), st.lists(st.floats(1e-15, 1), min_size=2, max_size=20))
def test_calibration_keeps_the_order(seen: list[float], asked: list[float]) -> None:
    """Probabilities stay probabilities, and a smaller one never becomes the larger."""
    found = calibrate(seen)(np.sort(asked))
    assert np.all((found > 0) & (found <= 1))
    assert np.all(np.diff(found) >= -1e-12)


def test_calibration_repairs_a_model_that_is_too_sure() -> None:
    """Overdispersed days judged by a Poisson model: one in a thousand is one in a thousand again."""
    random = np.random.default_rng(5)
    days = stats.nbinom.rvs(2, 0.25, size=200_000, random_state=random)
    raw = poisson_tail(days, 6.0)
    assert np.mean(raw <= 0.001) > 0.01
    fixed = calibrate(raw[:20_000])(raw[20_000:])
    assert np.mean(fixed <= 0.001) < 0.002
    assert np.mean(fixed <= 0.01) == pytest.approx(0.01, abs=0.005)


def test_a_few_incidents_in_the_window_hide_no_later_one() -> None:
    """Five days of a hundred thousand to one among two thousand leave the tail nearly as it was."""
    random = np.random.default_rng(9)
    window, asked = random.random(2000), np.array([1e-7])
    spoilt = np.append(window, np.full(5, 1e-30))
    assert calibrate(spoilt)(asked) < 30 * calibrate(window)(asked)


def test_calibration_of_days_on_which_nothing_happens() -> None:
    """After hundreds of empty days the first count is as rare as those days say, no rarer."""
    found = calibrate(np.ones(400))(np.array([1.0, 0.3]))
    assert found[0] == 1
    assert 1 / 4000 < found[1] < 1 / 100


@given(st.lists(st.floats(-3, 3), min_size=1, max_size=40))
def test_cusum_is_never_negative(excess: list[float]) -> None:
    """The sum starts anew at 0, and without excess it stays there."""
    sums = cusum(np.array([excess]), 0.5)
    assert np.all(sums >= 0)
    assert np.all(cusum(np.zeros((2, 9)), 0.5) == 0)


def test_cusum_finds_a_small_shift_that_goes_on() -> None:
    """One and a half deviations for three weeks stand out though no day does; the threshold repeats."""
    random = np.random.default_rng(7)
    clean = random.normal(size=(40, 42))
    peaks = bootstrap_peaks(clean, 0.5, 28)
    assert np.array_equal(peaks, bootstrap_peaks(clean, 0.5, 28))
    limit = threshold(peaks, 200)
    shifted = random.normal(size=(1, 28)) + 1.5
    shifted[0, 5] = np.nan
    assert cusum(shifted, 0.5).max() > limit
    assert (cusum(random.normal(size=(200, 28)), 0.5).max(axis=1) > limit).mean() < 0.05
    assert threshold(bootstrap_peaks(clean[:, :3], 0.5, 28), 200) == np.inf


ROWS = st.lists(st.integers(0, 30), min_size=4, max_size=4)


@given(ROWS, ROWS)
def test_divergence_is_a_distance_of_mixes(one: list[int], two: list[int]) -> None:
    """Symmetric, between 0 and 1 bit, 0 for the same mix in another number."""
    assert 0 <= jensen_shannon(one, two) <= 1
    assert jensen_shannon(one, two) == pytest.approx(jensen_shannon(two, one))
    assert jensen_shannon(one, [3 * number for number in one]) == pytest.approx(0, abs=1e-9)


def test_permutations_tell_chance_from_change() -> None:
    """The same mix is no surprise, a new one is, and the answer repeats."""
    assert permutation_tail([50, 30, 20], [5, 3, 2])[1] > 0.5
    assert permutation_tail([50, 30, 0], [5, 3, 20])[1] == pytest.approx(0.001)
    assert permutation_tail([5, 3], [0, 0]) == (0.0, 1.0)


def test_the_diagnostic_rejects_from_the_smallest_up() -> None:
    """The step-up procedure as in the article of 1995; nothing in, nothing out."""
    assert list(benjamini_hochberg([0.9, 0.01, 0.02, 0.5], 0.05)) == [False, True, True, False]
    assert not benjamini_hochberg([], 0.1).size


def test_a_stranger_to_the_circle_of_a_record_is_new() -> None:
    """Two circles of colleagues; one of the first opens a record of the second."""
    random = np.random.default_rng(11)
    pairs = {(user, int(p) + 50 * (user >= 5)) for user in range(10) for p in random.integers(0, 50, 30)}
    pairs |= {(0, 70), *((user, 70) for user in range(5, 10))}
    user, patient = (np.array(column) for column in zip(*sorted(pairs), strict=True))
    weights = tf_idf(user, patient, np.ones(len(user), int), 10, 101)
    asked = np.array([0, 6, 0]), np.array([70, 70, 100])
    strange, usual, alone = novelty(weights, *asked, fewest_others=2)
    assert strange > 0.95 > usual
    assert np.isnan(alone)
