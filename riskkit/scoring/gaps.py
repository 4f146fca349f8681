"""How much of a control is missing: from what fails, what is unknown, and what is silent.

One open unit takes away a share of the control's effect by its severity, and a second one takes away
more. What passes is not part of the formula, so that no number of good units dilutes a bad one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from riskkit.model import SEVERITIES, Catalog, ControlGap, Ends
from riskkit.scoring.chance import Array
from riskkit.scoring.units import Unit, does_not_apply, unspoken
from riskkit.tables import TABLES

Reading = Literal["low", "best", "high"]

Counts = tuple[int, ...]
"""Units by severity, in the order of SEVERITIES."""

NONE: Counts = (0,) * len(SEVERITIES)


@dataclass(frozen=True, slots=True)
class Part:
    """What one check says of one control, or that nothing does.

    `failing` and `unknown` are units by severity. `worst` are units by severity in the headline, where a
    unit of which both was said counts once, as the worse. `absent` is the percent that absence of
    evidence takes away; 0 without. `silent`: nothing at all speaks of the control.
    """

    name: str
    failing: Counts = NONE
    unknown: Counts = NONE
    worst: Counts = NONE
    absent: int = 0
    silent: bool = False

    def without(self, what: Literal["failing", "unknown"]) -> Part:
        """As if what fails passed, or what is unknown."""
        if what == "failing":
            return replace(self, failing=NONE, worst=self.unknown)
        return replace(self, unknown=NONE, worst=self.failing, absent=0)


@dataclass(frozen=True, slots=True)
class Gap:
    """The open parts of one control, with the units that were looked at."""

    control: str
    parts: tuple[Part, ...]
    failed: int
    unknown: int
    units: int

    def low(self, scoring: Mapping[str, Mapping[str, int]]) -> float:
        """Every unknown passes."""
        return 1 - _product(1 - _taken(part.failing, scoring) for part in self.parts)

    def high(self, scoring: Mapping[str, Mapping[str, int]]) -> float:
        """Every unknown fails: the headline."""
        return 1 - _product(1 - max(_taken(part.worst, scoring), part.absent / 100) for part in self.parts)

    def best(self, scoring: Mapping[str, Mapping[str, int]], theta: Array) -> Array:
        """Every unknown fails by a share `theta`, of which nothing is known: one row of draws."""
        kept = np.ones_like(theta)
        for part in self.parts:
            taken = np.maximum(_partly(part, scoring, theta), theta * (part.absent / 100))
            kept = kept * (1 - taken)
        # Not beyond the headline, where the same unit was said to fail and to be unknown.
        return np.minimum(1 - kept, self.high(scoring))

    def told(self, scoring: Mapping[str, Mapping[str, int]]) -> ControlGap:
        """The three readings, rounded, with the units behind them."""
        best = float(np.mean(self.best(scoring, np.arange(0.005, 1, 0.01))))
        gap = Ends(round(self.low(scoring), 4), round(best, 4), round(self.high(scoring), 4))
        return ControlGap(self.control, gap, self.failed, self.unknown, self.units)

    def but(self, name: str, what: Literal["failing", "unknown"]) -> Gap:
        """As if a check no longer failed, or were known to pass; its own name stands for all of a control.

        A check that speaks ends the silence of a control of which nothing spoke.
        """
        if name == self.control:
            return replace(self, parts=tuple(part.without(what) for part in self.parts))
        ends = what == "unknown" and any(part.name == name for part in self.parts)
        parts = (
            part.without(what) if part.name == name or (ends and part.silent) else part for part in self.parts
        )
        return replace(self, parts=tuple(parts))


def gap_of(citation: str, units: Sequence[Unit], catalog: Catalog) -> Gap:
    """The gap of one control."""
    parts = [*_said(units, catalog), *_silent(citation, units, catalog)]
    said = {unit.subject + "\x1f" + unit.scope + "\x1f" + unit.check for unit in units if unit.said != "NA"}
    failed = sum(sum(part.failing) for part in parts)
    unknown = sum(sum(part.worst) for part in parts) - failed
    return Gap(citation, tuple(sorted(parts, key=lambda part: part.name)), failed, unknown, len(said))


def _said(units: Sequence[Unit], catalog: Catalog) -> Iterator[Part]:
    """One part a check: each unit once, by the worst severity that was said of it."""
    failing: dict[str, dict[tuple[str, str], int]] = {}
    unknown: dict[str, dict[tuple[str, str], int]] = {}
    absent: dict[str, int] = {}
    for unit in units:
        severity = SEVERITIES.index(unit.severity)
        if not unit.spoken:
            ceiling = catalog.scoring["ceilings"][unit.severity]
            absent[unit.check] = max(absent.get(unit.check, 0), ceiling)
            continue
        if unit.said not in ("FAIL", "UNKNOWN"):
            continue
        found = (failing if unit.said == "FAIL" else unknown).setdefault(unit.check, {})
        key = unit.scope, unit.subject
        found[key] = max(found.get(key, 0), severity)
    for name in sorted({*failing, *unknown, *absent}):
        fails, open_ = failing.get(name, {}), unknown.get(name, {})
        worst = {key: max(fails.get(key, 0), open_.get(key, 0)) for key in {*fails, *open_}}
        yield Part(
            name,
            _counts(fails.values()),
            _counts(open_.values()),
            _counts(worst.values()),
            absent.get(name, 0),
        )


def _silent(citation: str, units: Sequence[Unit], catalog: Catalog) -> Iterator[Part]:
    """Nothing speaks of the control, or a kind of evidence that it needs is not there."""
    if not any(unit.spoken for unit in units):
        yield Part(citation, absent=100, silent=True)
    elif not does_not_apply(units) and citation in catalog.sufficiency:
        kept = 1.0
        for kind in unspoken(catalog.sufficiency[citation], units):
            blind = TABLES.keys().isdisjoint(kind.split("|"))
            severity = SEVERITIES[catalog.scoring["silence"]["blind" if blind else "kind"]]
            kept *= 1 - catalog.scoring["ceilings"][severity] / 100
        if kept < 1:
            yield Part(citation, absent=round(100 * (1 - kept)))


def _taken(counts: Counts, scoring: Mapping[str, Mapping[str, int]]) -> float:
    """The share that these open units of one check take away."""
    if not any(counts):
        return 0.0
    kept, ceiling = 1.0, 0
    for severity, count in zip(SEVERITIES, counts, strict=True):
        if count:
            kept *= (1 - scoring["floors"][severity] / 100) ** count
            ceiling = scoring["ceilings"][severity]
    return min(1 - kept, ceiling / 100)


def _partly(part: Part, scoring: Mapping[str, Mapping[str, int]], theta: Array) -> Array:
    """As `_taken`, where an unknown unit fails by a share theta."""
    kept, ceiling = np.ones_like(theta), 0
    for severity, fails, open_ in zip(SEVERITIES, part.failing, part.unknown, strict=True):
        floor = scoring["floors"][severity] / 100
        if fails or open_:
            kept = kept * (1 - floor) ** fails * (1 - theta * floor) ** open_
            ceiling = scoring["ceilings"][severity]
    return np.minimum(1 - kept, ceiling / 100)


def _counts(severities: Iterable[int]) -> Counts:
    found = list(severities)
    return tuple(found.count(place) for place in range(len(SEVERITIES)))


def _product(factors: Iterable[float]) -> float:
    found = 1.0
    for factor in factors:
        found *= factor
    return found
