"""The level of each scenario: the worst thing found decides, and what is unknown counts as failing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from riskkit.model import LEVELS, SEVERITIES, Catalog, Level, Risk, Scenario, Severity
from riskkit.scoring.tables import level_of_risk
from riskkit.scoring.units import SAID, Said, Unit, does_not_apply, unspoken
from riskkit.settings import Settings
from riskkit.tables import TABLES

Driver = tuple[str, Said, Severity]
"""Check id or citation, what it says, severity."""


def risk_of(
    scenario: Scenario, units: Mapping[str, Sequence[Unit]], catalog: Catalog, settings: Settings
) -> Risk:
    """The risk of one scenario, as an interval from `low` (unknown passes) to `level` (unknown fails).

    Likelihood starts where it would be if all controls held, and rises by the step of the worst
    severity that is open; table I-2 of NIST SP 800-30r1 joins it with impact; an open severity sets a
    floor. The numbers stand in catalog/scoring.yaml. More units never dilute a bad one.
    """
    drivers = _drivers(scenario, units, catalog)
    failing = [driver for driver in drivers if driver[1] == "FAIL"]
    likelihood, level = _banded(scenario, drivers, catalog)
    likelihood_low, low = _banded(scenario, failing, catalog)
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
        low=low,
        drivers=drivers,
        treatment="to be decided" if above else "",
    )


def _banded(scenario: Scenario, drivers: Iterable[Driver], catalog: Catalog) -> tuple[Level, Level]:
    """Likelihood and level with these drivers."""
    likelihood, floor = LEVELS.index(scenario.initial_likelihood), 0
    if severities := [severity for _, _, severity in drivers]:
        worst = max(severities, key=SEVERITIES.index)
        likelihood = min(likelihood + catalog.scoring["steps"][worst], len(LEVELS) - 1)
        floor = catalog.scoring["floors"][worst]
    level = level_of_risk(LEVELS[likelihood], scenario.impact)
    return LEVELS[likelihood], LEVELS[max(LEVELS.index(level), floor)]


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
