"""The assessment: all that views, interchange, CLI and notebooks see."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, Literal

from riskkit.model.browsing import Tables
from riskkit.model.catalog import Catalog, Control
from riskkit.model.checks import Outcome
from riskkit.model.evidence import Evidence, TableState
from riskkit.model.levels import Level
from riskkit.model.programme import NO_PROGRAMME, Programme
from riskkit.model.quantities import ControlGap, Estimate, Portfolio
from riskkit.model.time import Moment
from riskkit.settings import Settings

if TYPE_CHECKING:
    import narwhals as nw
    import pandas as pd

Status = Literal[
    "met", "partly met", "not met", "not demonstrated", "not applicable", "alternative documented"
]


@dataclass(frozen=True, slots=True)
class ControlStatus:
    """How one control stands, and why.

    `lacking` names the evidence kinds that sufficiency asks for and that were not there.
    """

    control: Control
    status: Status
    reason: str
    checks: tuple[str, ...]
    passed: int = 0
    failed: int = 0
    unknown: int = 0
    lacking: tuple[str, ...] = ()
    undated: int = 0


@dataclass(frozen=True, slots=True)
class Risk:
    """A scenario with its level, as an interval: `low` if every unknown proves fine, `level` if none does.

    `level` is the headline. `drivers` are what raises it, worst first, as (check id, result,
    severity); where nothing speaks of a control, its citation stands in place of a check id. The
    result is FAIL, UNKNOWN, NOT_ASSESSED or ERROR. `estimate` says it in numbers, `gaps` how much of
    each control is missing.
    """

    id: str
    title: str
    story: str
    threat: str
    controls: tuple[str, ...]
    likelihood: Level
    likelihood_low: Level
    impact: Level
    level: Level
    low: Level
    drivers: tuple[tuple[str, str, str], ...]
    owner: str = ""
    treatment: str = ""
    due: str = ""
    estimate: Estimate | None = None
    gaps: tuple[ControlGap, ...] = ()


@dataclass(frozen=True, repr=False)
class Assessment:
    """One pack, judged as of one moment."""

    settings: Settings
    moment: Moment
    evidence: Evidence
    outcomes: tuple[Outcome, ...]
    controls: tuple[ControlStatus, ...]
    risks: tuple[Risk, ...]
    catalog: Catalog
    history: tuple[Mapping[str, Any], ...]
    version: str
    surrogates: Callable[[str, str], str]
    fingerprints: Callable[[str], str]
    engine: Any
    site: str | None = None
    department: str | None = None
    programme: Programme = NO_PROGRAMME
    portfolio: Portfolio | None = None

    def outcome(self, check: str) -> Outcome:
        """The outcome of a check by its id; raises KeyError."""
        return {outcome.check.id: outcome for outcome in self.outcomes}[check]

    def area(self, *names: str) -> tuple[Outcome, ...]:
        """The outcomes whose check id starts with one of these areas."""
        return tuple(outcome for outcome in self.outcomes if outcome.check.area in names)

    def state(self, table: str) -> TableState:
        """Whether a table can be judged, and if not, why."""
        return self.evidence.states[table]

    def table(self, name: str) -> pd.DataFrame:
        """A small table (or derived table) with its real values; raises EvidenceError when absent."""
        frame: pd.DataFrame = self.engine.frame(name)
        return frame

    @property
    def tables(self) -> Tables:
        """All tables by name, for exploring by hand: `assessment.tables.accounts`."""
        return Tables(self.table, self.evidence.states)

    def lazy(self, name: str) -> nw.LazyFrame[Any]:
        """Any table (or derived table) in the engine; raises EvidenceError when it is not there."""
        frame: nw.LazyFrame[Any] = self.engine.lazy(name)
        return frame

    def surrogate(self, kind: str, value: str) -> str:
        """The name under which a person is shown in this report, such as `user-3F9A2C71`."""
        return self.surrogates(kind, value)

    def coverage(self) -> dict[str, int]:
        """Controls by status."""
        counts: dict[str, int] = {}
        for control in self.controls:
            counts[control.status] = counts.get(control.status, 0) + 1
        return counts

    def __repr__(self) -> str:
        counts = ", ".join(f"{number} {status}" for status, number in sorted(self.coverage().items()))
        return (
            f"<Assessment of {self.settings.organisation}, {self.moment.period.name}: "
            f"{len(self.outcomes)} questions, {len(self.risks)} risks; controls: {counts}>"
        )

    def _repr_html_(self) -> str:
        return f"<p>{escape(repr(self)[1:-1])}</p>{self.tables._repr_html_()}"
