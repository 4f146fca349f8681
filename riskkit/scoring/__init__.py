"""From outcomes to controls and risks: pure, and the same in whatever order outcomes come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from riskkit.model import LEVELS, Catalog, ControlStatus, Outcome, Risk
from riskkit.scoring.controls import control_status
from riskkit.scoring.risks import risk_of
from riskkit.scoring.treatment import actions_of, treated
from riskkit.scoring.units import units_by_control
from riskkit.settings import Settings

__all__ = ["actions_of", "score", "treated"]


def score(
    outcomes: Sequence[Outcome],
    catalog: Catalog,
    settings: Settings,
    kinds: Mapping[str, frozenset[str]] | None = None,
) -> tuple[tuple[ControlStatus, ...], tuple[Risk, ...]]:
    """How every control of the catalog stands (in its order), and every scenario's risk (worst first).

    `kinds` maps a check's id to the tables that it rests on, derived ones resolved; without it, the
    tables that the check names are taken. Raises CatalogError when a check cites what the catalog does
    not hold.
    """
    units = units_by_control(outcomes, catalog, kinds or {})
    statuses = (control_status(control, units[name], catalog) for name, control in catalog.controls.items())
    risks = (risk_of(scenario, units, catalog, settings) for scenario in catalog.scenarios)
    return tuple(statuses), tuple(sorted(risks, key=_worst_first))


def _worst_first(risk: Risk) -> tuple[int, int, str]:
    return -LEVELS.index(risk.level), -LEVELS.index(risk.low), risk.id
