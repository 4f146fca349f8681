"""From outcomes to controls and risks: pure, and the same in whatever order outcomes come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from riskkit.model import Catalog, ControlStatus, Outcome, Portfolio, Programme, Risk
from riskkit.model.programme import NO_PROGRAMME
from riskkit.scoring.controls import control_status
from riskkit.scoring.risks import risks_of
from riskkit.scoring.simulation import DRAWS
from riskkit.scoring.treatment import actions_of, treated
from riskkit.scoring.units import units_by_control
from riskkit.settings import Settings

__all__ = ["DRAWS", "Scored", "actions_of", "score", "treated"]


class Scored(NamedTuple):
    """How every control stands, every risk worst first, and all risks together."""

    controls: tuple[ControlStatus, ...]
    risks: tuple[Risk, ...]
    portfolio: Portfolio | None


def score(
    outcomes: Sequence[Outcome],
    catalog: Catalog,
    settings: Settings,
    kinds: Mapping[str, frozenset[str]] | None = None,
    *,
    programme: Programme = NO_PROGRAMME,
    draws: int = DRAWS,
) -> Scored:
    """How every control of the catalog stands (in its order), and every scenario's risk (worst first).

    `kinds` maps a check's id to the tables that it rests on, derived ones resolved; without it, the
    tables that the check names are taken. `programme` may call a control not applicable or replaced by
    an alternative, which no risk takes into account. `draws` years are imagined of each scenario.
    Raises CatalogError when a check cites what the catalog does not hold.
    """
    units = units_by_control(outcomes, catalog, kinds or {})
    statuses = tuple(
        control_status(control, units[name], catalog, programme) for name, control in catalog.controls.items()
    )
    risks, together = risks_of(units, catalog, settings, draws=draws)
    return Scored(statuses, risks, together)
