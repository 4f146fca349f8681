"""Draws: the percentiles that were asked for, the same by name, and years that follow from rates."""

from __future__ import annotations

import numpy as np
import pytest
from made import check, cite, outcome, said, with_scenarios

from riskkit.catalog import load_catalog, priors_of
from riskkit.errors import SettingsError
from riskkit.model import Band, Prior
from riskkit.scoring import score
from riskkit.scoring.chance import Stream, gamma, lognormal_mean, share, uniform
from riskkit.scoring.simulation import play
from riskkit.settings import OwnPrior, OwnPriors, Settings

GRID = (np.arange(20_000) + 0.5) / 20_000


@pytest.mark.parametrize("band", [Band(0.02, 0.5), Band(2, 40), Band(0.001, 3), Band(5, 6)])
def test_a_band_is_what_its_name_says(band: Band) -> None:
    """5th and 95th percentile of gamma, logit-normal and lognormal."""
    assert np.quantile(gamma(band, GRID), (0.05, 0.95)) == pytest.approx((band.low, band.high), rel=0.01)
    part = Band(0.2, 0.7)
    assert np.quantile(share(part, GRID), (0.05, 0.95)) == pytest.approx((0.2, 0.7), rel=0.01)


def test_a_name_is_its_numbers() -> None:
    """Equal names, equal rows; other names, other rows; a longer stream begins like a shorter one."""
    assert (uniform("a/b", 50) == uniform("a/b", 50)).all()
    assert not (uniform("a/b", 50) == uniform("a/c", 50)).any()
    one, two = Stream("x", 5), Stream("x", 5)
    assert [list(one.uniform()) for _ in range(3)] == [list(two.uniform()) for _ in range(3)]
    # Written down so that another version of numpy that draws otherwise is noticed.
    assert uniform("riskkit", 3) == pytest.approx([0.297919815, 0.176505816, 0.753728048], abs=1e-9)


def test_quiet_years_and_mean_follow_from_the_rate() -> None:
    """No layer: years without loss are exp(-rate), and the mean is rate times mean loss."""
    prior = Prior("made", Band(0.29, 0.31), Band(1_000, 20_000), None, ())
    year = play(prior, {}, {}, 10_000).high.year
    assert np.mean(year == 0) == pytest.approx(np.exp(-0.3), abs=0.015)
    assert np.mean(year) == pytest.approx(0.3 * lognormal_mean(prior.loss), rel=0.1)


def test_the_site_sets_its_own_numbers() -> None:
    """They move the result and its label; a scenario that there is not is an error."""
    found = score((), load_catalog(), Settings(), draws=200)
    own = OwnPriors(scenarios={"theft": OwnPrior(events=(0.001, 0.01), loss=(10.0, 100.0))})
    mine = score((), load_catalog(), Settings(priors=own), draws=200)
    before, after = (next(r.estimate for r in one.risks if r.id == "theft") for one in (found, mine))
    assert before is not None
    assert after is not None
    assert (before.own, after.own) == (False, True)
    assert after.chance.high < before.chance.high
    assert after.loss.high < before.loss.high
    with pytest.raises(SettingsError, match="burglary"):
        priors_of(load_catalog(), Settings(priors=OwnPriors(scenarios={"burglary": OwnPrior()})))
    with pytest.raises(ValueError, match="second the larger"):
        OwnPrior(events=(2.0, 1.0))


def test_what_a_remedy_saves_is_the_difference_of_two_scores() -> None:
    """The effect that is told is what scoring finds when the failure is gone."""
    full = load_catalog()
    catalog = with_scenarios(full, next(one for one in full.scenarios if one.id == "theft"))
    citations = catalog.scenarios[0].controls
    good = [outcome(check(f"made.{n}", name, needs=full.sufficiency[name].kinds), said("p"))
            for n, name in enumerate(citations)]  # fmt: skip
    bad = check("media.lost", cite("310(c)"), severity="critical")
    before = score([*good, outcome(bad, said("pff"))], catalog, Settings(), draws=500)
    after = score([*good, outcome(bad, said("ppp"))], catalog, Settings(), draws=500)
    assert before.portfolio is not None
    assert after.portfolio is not None
    (effect,) = (one for one in before.portfolio.remedies if one.name == "media.lost")
    fallen = before.portfolio.total.mean_loss.high - after.portfolio.total.mean_loss.high
    assert effect.loss == pytest.approx(fallen, rel=0.1)
    assert effect.proven == pytest.approx(effect.loss, rel=0.02)
