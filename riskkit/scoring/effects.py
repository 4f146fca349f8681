"""What makes the loss, what a remedy would save, and what a missing piece of evidence is worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from riskkit.model import LEVELS, Contribution, Effect, Ends, Level, Portfolio, Priors
from riskkit.scoring.chance import Array, lognormal_mean
from riskkit.scoring.gaps import Gap
from riskkit.scoring.simulation import Played, drawn, estimate, passing, significant
from riskkit.scoring.tables import level_of_chance, level_of_risk

Scoring = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Headline:
    """A scenario at the headline, ready to be asked what would be if."""

    played: Played
    impact: Level
    gaps: Mapping[str, Gap]


def portfolio(
    headlines: Sequence[Headline], scoring: Scoring, priors: Priors, *, money: bool
) -> Portfolio | None:
    """All scenarios together; None without any."""
    if not headlines:
        return None
    played = [one.played for one in headlines]
    parts = [(gap.control, part) for one in headlines for gap in one.gaps.values() for part in gap.parts]
    # One check alone seldom frees a control of which more fails; so all of a control is asked as well.
    failing = {name for control, part in parts if any(part.failing) for name in (part.name, control)}
    unknown = {part.name for _, part in parts if any(part.unknown) or part.absent}
    return Portfolio(
        total=estimate(played),
        curve=_curve(played),
        holding=significant(sum(float(np.mean(_holding(one))) for one in headlines), 6),
        contributions=_contributions(headlines, scoring),
        remedies=_effects(headlines, failing, "failing", scoring),
        learning=_effects(headlines, unknown, "unknown", scoring),
        dated=priors.dated,
        money=money,
    )


def _curve(played: Sequence[Played]) -> tuple[tuple[float, Ends], ...]:
    """How many of the years cost more than each amount, at the three readings."""
    years = [
        np.sum([courses[reading].year for courses in (one.courses for one in played)], axis=0)
        for reading in range(3)
    ]
    top = float(np.max(years[2]))
    if top <= 0:
        return ()
    amounts = [amount for power in range(3, 11) for amount in (10.0**power, 2 * 10.0**power, 5 * 10.0**power)]
    return tuple(
        (amount, Ends(*(round(float(np.mean(year > amount)), 4) for year in years)))
        for amount in amounts
        if amount < 2 * top
    )


def _holding(one: Headline) -> Array:
    """Expected loss a year of each draw, if every control held."""
    draws = one.played.high.events.size
    found = drawn(one.played.prior, draws)
    none: dict[str, Array | float] = dict.fromkeys(one.gaps, 0.0)
    rate = found.attempts * passing(found.prevents, none, draws) * passing(found.lessens, none, draws)
    return rate * lognormal_mean(one.played.prior.loss)


def _contributions(headlines: Sequence[Headline], scoring: Scoring) -> tuple[Contribution, ...]:
    """What each control's gap adds to the loss, such that all add up to what lies above `holding`.

    The loss is a product of one factor a control. Its rise is shared out by the logarithms of the
    factors' rises, weighted with the logarithmic mean of the two losses (the additive logarithmic mean
    Divisia index): exact in every draw, and independent of an order.
    """
    found: dict[str, list[float]] = {}
    for one in headlines:
        draws = one.played.high.events.size
        effects = drawn(one.played.prior, draws)
        before, after = _holding(one), one.played.high.cost(lognormal_mean(one.played.prior.loss))
        with np.errstate(divide="ignore", invalid="ignore"):
            weight = np.where(after > before, (after - before) / np.log(after / before), before)
        for control, gap in one.gaps.items():
            low, high = gap.low(scoring), gap.high(scoring)
            for shares in (effects.prevents, effects.lessens):
                if control not in shares:
                    continue
                kept = [np.log1p(-shares[control] * (1 - reading)) for reading in (0.0, low, high)]
                sums = found.setdefault(control, [0.0, 0.0])
                sums[0] += float(np.mean(weight * (kept[1] - kept[0])))
                sums[1] += float(np.mean(weight * (kept[2] - kept[1])))
    parts = (
        Contribution(control, significant(failing, 6), significant(unknown, 6))
        for control, (failing, unknown) in found.items()
    )
    return tuple(sorted(parts, key=lambda part: (-part.failing - part.unknown, part.control)))


def _effects(
    headlines: Sequence[Headline], names: set[str], what: Literal["failing", "unknown"], scoring: Scoring
) -> tuple[Effect, ...]:
    found = (_effect(headlines, name, what, scoring) for name in sorted(names))
    return tuple(
        sorted(found, key=lambda effect: (-max(effect.loss, effect.proven), -effect.events, effect.name))
    )


def _effect(
    headlines: Sequence[Headline], name: str, what: Literal["failing", "unknown"], scoring: Scoring
) -> Effect:
    """What falls in the headline of all scenarios when one name no longer raises it."""
    events = loss = hours = proven = 0.0
    falls = []
    for one in headlines:
        changed = {
            control: gap.but(name, what)
            for control, gap in one.gaps.items()
            if control == name or any(part.name == name for part in gap.parts)
        }
        if not changed:
            continue
        prior = one.played.prior
        surely, kept = _if(one, changed, "low", scoring)
        was = one.played.low
        proven += float(np.mean(was.events * was.remains - surely * kept)) * lognormal_mean(prior.loss)
        rate, remains = _if(one, changed, "high", scoring)
        was = one.played.high
        events += float(np.mean(was.events - rate))
        fallen = float(np.mean(was.events * was.remains - rate * remains))
        loss += fallen * lognormal_mean(prior.loss)
        hours += fallen * lognormal_mean(prior.hours) if prior.hours else 0.0
        if _level(rate, one.impact) < _level(was.events, one.impact):
            falls.append(prior.scenario)
    return Effect(
        name, significant(events, 3), significant(loss), significant(hours), significant(proven), tuple(falls)
    )


def _if(
    one: Headline, changed: Mapping[str, Gap], reading: Literal["low", "high"], scoring: Scoring
) -> tuple[Array, Array]:
    """Events a year and the share of the loss that remains at one reading, with some gaps changed."""
    course = one.played.high if reading == "high" else one.played.low
    effects = drawn(one.played.prior, course.events.size)
    rate, remains = course.events, course.remains
    for control in sorted(changed):
        was, now = (getattr(gap, reading)(scoring) for gap in (one.gaps[control], changed[control]))
        if control in effects.prevents:
            share = effects.prevents[control]
            rate = rate * ((1 - share * (1 - now)) / (1 - share * (1 - was)))
        if control in effects.lessens:
            share = effects.lessens[control]
            remains = remains * ((1 - share * (1 - now)) / (1 - share * (1 - was)))
    return rate, remains


def _level(rate: Array, impact: Level) -> int:
    chance = round(float(np.mean(-np.expm1(-rate))), 4)
    return LEVELS.index(level_of_risk(level_of_chance(chance), impact))
