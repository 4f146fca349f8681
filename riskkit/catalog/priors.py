"""Reads priors.yaml strictly, and lets the site put its own numbers in their place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from riskkit.errors import CatalogError, SettingsError
from riskkit.model import Band, Catalog, Layer, Prior, Priors, Scenario
from riskkit.settings import SITE_FILE, Settings

KEYS = {"events", "loss", "hours", "why", "layers"}
CERTAIN = 1.0
"""No control prevents everything."""


def read_priors(path: Path, scenarios: Sequence[Scenario]) -> Priors:
    """One prior for every scenario, its layers the controls of the scenario; raises CatalogError."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise CatalogError("cannot be read as YAML", file=path) from error
    try:
        if not isinstance(content, dict) or content.keys() != {"dated", "sources", "scenarios"}:
            raise ValueError("must hold dated, sources and scenarios")
        given = content["scenarios"]
        if wrong := given.keys() ^ {scenario.id for scenario in scenarios}:
            raise ValueError(f"scenarios without a prior, or priors without one: {', '.join(sorted(wrong))}")
        sources = tuple((row["what"], str(row["value"]), row["read"]) for row in content["sources"])
        return Priors(
            dated=str(content["dated"]),
            scenarios={scenario.id: _prior(scenario, given[scenario.id]) for scenario in scenarios},
            sources=sources,
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise CatalogError(f"does not have the form that it should have: {error}", file=path) from error
    except ValueError as error:
        raise CatalogError(str(error), file=path) from error


def priors_of(catalog: Catalog, settings: Settings) -> Priors:
    """The priors of the catalog with the site's own numbers; raises SettingsError for an unknown scenario."""
    own = settings.priors.scenarios
    if unknown := sorted(own.keys() - catalog.priors.scenarios.keys()):
        raise SettingsError(f"priors.scenarios: there is no scenario {', '.join(unknown)}", file=SITE_FILE)
    scenarios = dict(catalog.priors.scenarios)
    for name, given in own.items():
        changes = {
            field: Band(*numbers)
            for field in ("events", "loss", "hours")
            if (numbers := getattr(given, field)) is not None
        }
        scenarios[name] = replace(scenarios[name], own={"events", "loss"} <= changes.keys(), **changes)  # type: ignore[arg-type]
    return replace(catalog.priors, scenarios=scenarios)


def _prior(scenario: Scenario, given: Mapping[str, Any]) -> Prior:
    name = scenario.id
    if unknown := sorted(given.keys() - KEYS):
        raise ValueError(f"{name}: unknown keys: {', '.join(unknown)}")
    if given["layers"].keys() != set(scenario.controls):
        raise ValueError(f"{name}: layers must be the controls of the scenario")
    return Prior(
        scenario=name,
        events=_band(f"{name}: events", given["events"]),
        loss=_band(f"{name}: loss", given["loss"]),
        hours=_band(f"{name}: hours", given["hours"]) if "hours" in given else None,
        layers=tuple(_layer(name, citation, given["layers"][citation]) for citation in scenario.controls),
        why=str(given["why"]),
    )


def _layer(name: str, citation: str, given: Mapping[str, Any]) -> Layer:
    if not given or given.keys() - {"prevents", "lessens"}:
        raise ValueError(f"{name}: {citation} must say what it prevents or lessens")
    bands = {what: _band(f"{name}: {citation} {what}", numbers) for what, numbers in given.items()}
    if any(band.high >= CERTAIN for band in bands.values()):
        raise ValueError(f"{name}: {citation} cannot take away everything")
    return Layer(citation, **bands)


def _band(what: str, numbers: Any) -> Band:
    if not isinstance(numbers, list) or len(numbers) != 2 or not 0 < numbers[0] < numbers[1]:  # noqa: PLR2004
        raise ValueError(f"{what} must be two numbers above 0, the second the larger")
    return Band(float(numbers[0]), float(numbers[1]))
