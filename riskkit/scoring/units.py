"""What every check says of every unit, sorted by the controls that it bears on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from riskkit.catalog import ATTESTATION
from riskkit.errors import CatalogError
from riskkit.model import METHODS, SEVERITIES, Catalog, Check, Method, Outcome, Severity, Sufficiency, Verdict

Said = Literal["NA", "PASS", "UNKNOWN", "NOT_ASSESSED", "ERROR", "FAIL"]
SAID: tuple[Said, ...] = ("NA", "PASS", "UNKNOWN", "NOT_ASSESSED", "ERROR", "FAIL")
"""From best to worst; the three in the middle are all unknown."""

Flaw = Literal["", "undated", "always applies"]


@dataclass(frozen=True, slots=True)
class Unit:
    """One thing that was judged, or should have been, as it counts for one control.

    `kinds` are the tables that its check rests on. `flaw` says why a better answer counts as UNKNOWN:
    a pass without a date, or "not applicable" said of a control that applies to everybody.
    """

    check: str
    scope: str
    subject: str
    said: Said
    severity: Severity
    method: Method
    kinds: frozenset[str]
    flaw: Flaw = ""

    @property
    def unknown(self) -> bool:
        """Neither shown nor refuted."""
        return self.said in ("UNKNOWN", "NOT_ASSESSED", "ERROR")

    @property
    def spoken(self) -> bool:
        """There was evidence, whatever it shows."""
        return self.said not in ("NOT_ASSESSED", "ERROR")

    @property
    def order(self) -> tuple[str, str, str, int, int, int, str]:
        """By name, and from better to worse where the same unit is spoken of twice."""
        badness = SAID.index(self.said), SEVERITIES.index(self.severity), METHODS.index(self.method)
        return (self.check, self.scope, self.subject, *badness, self.flaw)


def units_by_control(
    outcomes: Iterable[Outcome], catalog: Catalog, kinds: Mapping[str, frozenset[str]]
) -> dict[str, tuple[Unit, ...]]:
    """Units by citation, every control of the catalog included, sorted and without repetition."""
    found: dict[str, set[Unit]] = {citation: set() for citation in catalog.controls}
    for outcome in outcomes:
        if unknown := set(outcome.check.controls) - found.keys():
            raise CatalogError(f"{outcome.check.id} cites what the catalog does not hold: {sorted(unknown)}")
        rests_on = kinds.get(outcome.check.id, frozenset(outcome.check.needs))
        for citation, unit in _units(outcome, catalog, rests_on):
            found[citation].add(unit)
    return {citation: tuple(sorted(units, key=lambda unit: unit.order)) for citation, units in found.items()}


def worst_of_each(units: Iterable[Unit]) -> tuple[Unit, ...]:
    """Each unit once, as the worst that was said of it; equally bad, by the stronger method."""
    worst = {
        (unit.check, unit.scope, unit.subject): unit for unit in sorted(units, key=lambda unit: unit.order)
    }
    return tuple(worst.values())


def does_not_apply(units: Sequence[Unit]) -> bool:
    """Whether somebody answered that the control does not apply, and no evidence says otherwise."""
    return any(ATTESTATION in unit.kinds for unit in units) and all(unit.said == "NA" for unit in units)


def unspoken(row: Sufficiency, units: Sequence[Unit]) -> tuple[str, ...]:
    """The required kinds of evidence out of which nothing was said of the control."""
    spoken = frozenset().union(*(unit.kinds for unit in units if unit.spoken))
    return tuple(kind for kind in row.kinds if spoken.isdisjoint(kind.split("|")))


def _units(outcome: Outcome, catalog: Catalog, kinds: frozenset[str]) -> Iterator[tuple[str, Unit]]:
    check = outcome.check
    absent = outcome.condition in ("NOT_ASSESSED", "ERROR") or not outcome.verdicts
    for verdict in outcome.verdicts:
        if absent and _is_gap(verdict):
            continue  # the unit below stands for all that was not assessed
        # A citation that the catalog does not hold must not make a verdict vanish.
        cited = [citation for citation in verdict.controls if citation in catalog.controls]
        for citation in cited or check.controls:
            said, flaw = _said(check, verdict, catalog.sufficiency.get(citation), kinds)
            yield (
                citation,
                Unit(
                    check=check.id,
                    scope=verdict.scope,
                    subject=verdict.subject,
                    said=said,
                    severity=outcome.severity_of(verdict),
                    method=outcome.method_of(verdict),
                    kinds=kinds,
                    flaw=flaw,
                ),
            )
    if absent:
        said = "ERROR" if outcome.condition == "ERROR" else "NOT_ASSESSED"
        for citation in check.controls:
            yield citation, Unit(check.id, "", "", said, check.worst, check.method, kinds)


def _said(
    check: Check, verdict: Verdict, row: Sufficiency | None, kinds: frozenset[str]
) -> tuple[Said, Flaw]:
    """What a verdict counts as."""
    if _is_gap(verdict):
        return "NOT_ASSESSED", ""
    if verdict.result == "NA" and ATTESTATION in kinds and not (row and row.may_not_apply):
        return "UNKNOWN", "always applies"
    if verdict.result == "PASS" and verdict.collected_at is None:
        return "UNKNOWN", "undated"
    if verdict.result == "NA" and ATTESTATION in kinds and verdict.collected_at is None:
        return "UNKNOWN", "undated"
    if verdict.result == "FAIL" and check.signal:
        # It puts an access up for review; the review decides, not the statistic.
        return "UNKNOWN", ""
    return verdict.result, ""


def _is_gap(verdict: Verdict) -> bool:
    """Whether it only says that there is no evidence where some was expected."""
    return verdict.engine and verdict.result == "UNKNOWN"
