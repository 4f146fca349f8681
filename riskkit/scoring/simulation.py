"""One scenario in 10,000 imagined years: how often it happens, and what it costs.

Events a year follow a gamma distribution; each control in their way lets through 1 - e (1 - g), for its
effect e and its gap g, and the layers multiply. Events arrive as a Poisson process; each costs a
lognormal amount. Every draw has one rate of attempts, one effect of each control and one row of
arrivals, the same for every state of the evidence: more gaps let the same events through, and more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from riskkit.model import Band, Ends, Estimate, Layer, Prior
from riskkit.scoring.chance import (
    Array,
    Stream,
    gamma,
    lognormal,
    lognormal_mean,
    share,
    uniform,
)
from riskkit.scoring.gaps import Gap

DRAWS = 10_000
"""Imagined years; the chance of an event is then known to about half a percent."""

MOST_EVENTS = 2_000
"""A year holds no more events than this; rarely reached, and then in every reading alike."""

PREVENTS, LESSENS = "prevents", "lessens"


@dataclass(frozen=True, slots=True)
class Drawn:
    """What is drawn for a scenario, whatever the evidence says. Arrays of one number a draw."""

    attempts: Array
    prevents: Mapping[str, Array]
    lessens: Mapping[str, Array]
    theta: Mapping[str, Array]


@dataclass(frozen=True, slots=True)
class Course:
    """Events a year, share of the loss that remains, and loss of the year, at one reading of the evidence."""

    events: Array
    remains: Array
    year: Array

    def cost(self, each: float) -> Array:
        """Expected cost a year, where an event that nothing lessens costs `each`."""
        found: Array = self.events * self.remains * each
        return found


@dataclass(frozen=True, slots=True)
class Played:
    """A scenario at the three readings of the evidence."""

    prior: Prior
    low: Course
    best: Course
    high: Course

    @property
    def courses(self) -> tuple[Course, Course, Course]:
        """Unknown passes, unknown as likely as not, unknown fails."""
        return self.low, self.best, self.high


@lru_cache(maxsize=64)
def drawn(prior: Prior, draws: int) -> Drawn:
    """The draws of a scenario; its name and that of the control decide, not the order."""
    return Drawn(
        attempts=gamma(prior.events, uniform(f"{prior.scenario}/events", draws)),
        prevents=_shares(prior, PREVENTS, draws),
        lessens=_shares(prior, LESSENS, draws),
        # How far unknown units fail is one fact of the site, whichever scenario asks.
        theta={layer.control: uniform(f"unknown/{layer.control}", draws) for layer in prior.layers},
    )


def passing(effects: Mapping[str, Array], gaps: Mapping[str, Array | float], draws: int) -> Array:
    """What all layers together let through: the product of 1 - e (1 - g), one number a draw."""
    through = np.ones(draws)
    for control in sorted(effects):
        through = through * (1 - effects[control] * (1 - gaps[control]))
    return through


def play(
    prior: Prior, gaps: Mapping[str, Gap], scoring: Mapping[str, Mapping[str, int]], draws: int = DRAWS
) -> Played:
    """All years of one scenario at the three readings of the evidence."""
    found = drawn(prior, draws)
    readings: tuple[dict[str, Array | float], ...] = (
        {name: gap.low(scoring) for name, gap in gaps.items()},
        {name: gap.best(scoring, found.theta[name]) for name, gap in gaps.items()},
        {name: gap.high(scoring) for name, gap in gaps.items()},
    )
    events = [found.attempts * passing(found.prevents, reading, draws) for reading in readings]
    remains = [passing(found.lessens, reading, draws) for reading in readings]
    years = _years(prior, events, draws)
    courses = [
        Course(rate, rest, year * rest) for rate, rest, year in zip(events, remains, years, strict=True)
    ]
    return Played(prior, *courses)


def estimate(played: Sequence[Played]) -> Estimate:
    """One scenario, or several together, in rounded numbers."""
    readings = list(zip(*(one.courses for one in played), strict=True))
    events = [_sum([course.events for course in reading]) for reading in readings]
    years = [_sum([course.year for course in reading]) for reading in readings]
    losses = [
        _sum(
            [course.cost(lognormal_mean(one.prior.loss)) for course, one in zip(reading, played, strict=True)]
        )
        for reading in readings
    ]
    hours = [one.high.cost(lognormal_mean(one.prior.hours)) for one in played if one.prior.hours is not None]
    return Estimate(
        chance=Ends(*(round(float(np.mean(-np.expm1(-rate))), 4) for rate in events)),
        events=Ends(*(significant(float(np.mean(rate)), 3) for rate in events)),
        mean_loss=Ends(*(significant(float(np.mean(loss))) for loss in losses)),
        loss=_band(losses[2]),
        hours=_band(_sum(hours)) if hours else None,
        bad_year=significant(float(np.quantile(years[2], 0.95))),
        quiet=round(float(np.mean(years[2] == 0)), 4),
        own=all(one.prior.own for one in played),
    )


def significant(number: float, digits: int = 2) -> float:
    """Rounded to so many digits: more would promise what a judgement cannot hold."""
    return float(f"{number:.{digits}g}")


def _shares(prior: Prior, what: str, draws: int) -> dict[str, Array]:
    found = {}
    for layer in prior.layers:
        band = _effect(layer, what)
        if band is not None:
            found[layer.control] = share(band, uniform(f"{prior.scenario}/{layer.control}/{what}", draws))
    return found


def _effect(layer: Layer, what: str) -> Band | None:
    return layer.prevents if what == PREVENTS else layer.lessens


def _years(prior: Prior, rates: Sequence[Array], draws: int) -> list[Array]:
    """The loss of each year at each rate, before anything lessens it.

    A Poisson process of rate 1 runs along each draw; the events of a year are those that arrive before
    its rate is reached. A higher rate keeps every event of a lower one.
    """
    arrivals = Stream(f"{prior.scenario}/arrivals", draws)
    sizes = Stream(f"{prior.scenario}/loss", draws)
    middle, spread = lognormal(prior.loss)
    most = np.maximum.reduce(rates)
    totals = [np.zeros(draws) for _ in rates]
    reached = np.zeros(draws)
    for _ in range(MOST_EVENTS):
        reached = reached + arrivals.exponential()
        if not np.any(reached <= most):
            break
        size = np.exp(middle + spread * sizes.normal())
        totals = [
            total + np.where(reached <= rate, size, 0.0) for total, rate in zip(totals, rates, strict=True)
        ]
    return totals


def _band(numbers: Array) -> Band:
    low, high = np.quantile(numbers, (0.05, 0.95))
    return Band(significant(float(low)), significant(float(high)))


def _sum(rows: Sequence[Array]) -> Array:
    total = np.zeros_like(rows[0])
    for row in rows:
        total = total + row
    return total
