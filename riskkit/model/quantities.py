"""Risk in numbers: what is believed beforehand, and what follows from it and the evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Band:
    """Where a number is believed to lie: one time in twenty below `low`, and one above `high`."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Layer:
    """How much a control that holds everywhere takes from a scenario, as shares between 0 and 1.

    `prevents`: of its events. `lessens`: of the loss and of the hours of each event.
    """

    control: str
    prevents: Band | None = None
    lessens: Band | None = None


@dataclass(frozen=True, slots=True)
class Prior:
    """What is believed of one scenario before any evidence is looked at.

    `events`: a year, with nothing in their way. `loss`: US dollars an event. `hours`: of clinical
    unavailability an event, None where images stay at hand. `own`: the site set events and loss itself.
    """

    scenario: str
    events: Band
    loss: Band
    hours: Band | None
    layers: tuple[Layer, ...]
    why: str = ""
    own: bool = False


@dataclass(frozen=True, slots=True)
class Priors:
    """priors.yaml: one prior a scenario, when they were written down, and where they come from."""

    dated: str
    scenarios: Mapping[str, Prior]
    sources: tuple[tuple[str, str, str], ...] = ()
    """(what, value, where it was read and how far to trust it)"""


class Ends(NamedTuple):
    """A number at three readings of the evidence: unknown passes, unknown as likely as not, unknown fails."""

    low: float
    best: float
    high: float


NOTHING = Ends(0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class ControlGap:
    """The share of a control's effect that is missing, from 0 (all of it works) to 1."""

    control: str
    gap: Ends
    failed: int
    unknown: int
    units: int


@dataclass(frozen=True, slots=True)
class Estimate:
    """One scenario in numbers, or all together.

    `chance`: probability of at least one event within a year. `events`: expected a year. `loss` and
    `hours`: expected a year at the headline (unknown fails), as 5th and 95th percentile over what is
    believed beforehand. `mean_loss`: their means. `bad_year`: one simulated year in twenty costs more.
    `quiet`: share of simulated years without any loss.
    """

    chance: Ends
    events: Ends
    mean_loss: Ends
    loss: Band
    hours: Band | None
    bad_year: float
    quiet: float
    own: bool


@dataclass(frozen=True, slots=True)
class Contribution:
    """What is lost a year because one control does not hold: by what fails, and by what is unknown."""

    control: str
    failing: float
    unknown: float


@dataclass(frozen=True, slots=True)
class Effect:
    """What falls, over all scenarios, when what a check or a control raises goes away.

    `events`, `loss` (US dollars) and `hours` are expected ones a year in the headline. `proven`: the loss
    that falls if every unknown proves to pass; what is unknown hides the use of a remedy in the headline.
    `falls` names the risks whose level falls.
    """

    name: str
    events: float
    loss: float
    hours: float
    proven: float
    falls: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Portfolio:
    """All scenarios together.

    `curve`: (US dollars, share of simulated years that cost more, at the three readings). `holding`:
    expected loss a year if every control held; with `contributions` it adds up to the headline.
    `remedies`: if what fails passed; `learning`: if what is unknown proved to pass. `dated`: of the priors.
    """

    total: Estimate
    curve: tuple[tuple[float, Ends], ...]
    holding: float
    contributions: tuple[Contribution, ...]
    remedies: tuple[Effect, ...]
    learning: tuple[Effect, ...]
    dated: str
    money: bool
