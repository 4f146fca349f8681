"""The level of each scenario: numbers give its likelihood, and what is unknown counts as failing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from riskkit.catalog import priors_of
from riskkit.model import LEVELS, SEVERITIES, Catalog, Level, Portfolio, Risk, Scenario, Severity
from riskkit.scoring.effects import Headline, portfolio
from riskkit.scoring.gaps import Gap, gap_of
from riskkit.scoring.simulation import Played, estimate, play
from riskkit.scoring.tables import level_of_chance, level_of_risk
from riskkit.scoring.units import SAID, Said, Unit, does_not_apply, unspoken
from riskkit.settings import Settings
from riskkit.tables import TABLES

Driver = tuple[str, Said, Severity]
"""Check id or citation, what it says, severity."""


def risks_of(
    units: Mapping[str, Sequence[Unit]], catalog: Catalog, settings: Settings, *, draws: int
) -> tuple[tuple[Risk, ...], Portfolio | None]:
    """Every scenario's risk, worst first, and all of them together.

    The probability of an event within a year gives the likelihood, and table I-2 of NIST SP 800-30r1
    alone joins it with impact. `low` reads every unknown as a pass, `level` as a failure. Raises
    SettingsError when site.yaml sets numbers of a scenario that there is not.
    """
    priors = priors_of(catalog, settings)
    gaps = {
        citation: gap_of(citation, units[citation], catalog)
        for citation in sorted({name for scenario in catalog.scenarios for name in scenario.controls})
    }
    risks, headlines = [], []
    for scenario in catalog.scenarios:
        own = {citation: gaps[citation] for citation in scenario.controls}
        played = play(priors.scenarios[scenario.id], own, catalog.scoring, draws)
        headlines.append(Headline(played, scenario.impact, own))
        risks.append(_risk(scenario, played, own, _drivers(scenario, units, catalog), catalog, settings))
    return (
        tuple(sorted(risks, key=_worst_first)),
        portfolio(headlines, catalog.scoring, priors, money=settings.priors.money),
    )


def _risk(
    scenario: Scenario,
    played: Played,
    gaps: Mapping[str, Gap],
    drivers: tuple[Driver, ...],
    catalog: Catalog,
    settings: Settings,
) -> Risk:
    found = estimate([played])
    likelihood, likelihood_low = level_of_chance(found.chance.high), level_of_chance(found.chance.low)
    level: Level = level_of_risk(likelihood, scenario.impact)
    above = LEVELS.index(level) > LEVELS.index(settings.appetite)
    return Risk(
        id=scenario.id,
        title=scenario.title,
        story=scenario.story,
        threat=scenario.threat,
        controls=scenario.controls,
        likelihood=likelihood,
        likelihood_low=likelihood_low,
        impact=scenario.impact,
        level=level,
        low=level_of_risk(likelihood_low, scenario.impact),
        drivers=drivers,
        treatment="to be decided" if above else "",
        estimate=found,
        gaps=tuple(gaps[citation].told(catalog.scoring) for citation in scenario.controls),
    )


def _worst_first(risk: Risk) -> tuple[int, int, float, str]:
    chance = risk.estimate.chance.high if risk.estimate else 0.0
    return -LEVELS.index(risk.level), -LEVELS.index(risk.low), -chance, risk.id


def _drivers(scenario: Scenario, units: Mapping[str, Sequence[Unit]], catalog: Catalog) -> tuple[Driver, ...]:
    """All that is open, worst first: by severity, then by what was said, then by name."""
    worst: dict[tuple[str, Said], int] = {}
    for name, said, severity in _open(scenario, units, catalog):
        worst[name, said] = max(worst.get((name, said), 0), severity)
    ranked = sorted(worst.items(), key=lambda item: (-item[1], -SAID.index(item[0][1]), item[0][0]))
    return tuple((name, said, SEVERITIES[severity]) for (name, said), severity in ranked)


def _open(
    scenario: Scenario, units: Mapping[str, Sequence[Unit]], catalog: Catalog
) -> Iterator[tuple[str, Said, int]]:
    """Everything that fails, is unknown or is silent, with the place of its severity."""
    silence = catalog.scoring["silence"]
    for citation in scenario.controls:
        found = units[citation]
        for unit in found:
            if unit.unknown or unit.said == "FAIL":
                yield unit.check, unit.said, SEVERITIES.index(unit.severity)
        if not any(unit.spoken for unit in found):
            yield citation, "UNKNOWN", silence["control"]
        elif not does_not_apply(found) and citation in catalog.sufficiency:
            for kind in unspoken(catalog.sufficiency[citation], found):
                blind = TABLES.keys().isdisjoint(kind.split("|"))
                yield citation, "UNKNOWN", silence["blind" if blind else "kind"]
