"""What is looked at: the systems that hold ePHI, and the site or department that a reader asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from riskkit.model import Assessment, Outcome, Verdict
from riskkit.model.checks import Condition
from riskkit.tables import records
from riskkit.views.html import Html, join, paragraph, rendering


@dataclass(frozen=True, slots=True)
class Inventory:
    """Rows of `systems` by id, and every name of a system (in lower case) to its id."""

    systems: Mapping[str, Any]
    names: Mapping[str, str]

    def of(self, scope: str | None) -> str | None:
        """The id of the system that goes by this name, or None."""
        return self.names.get((scope or "").strip().casefold())

    @property
    def ephi(self) -> tuple[Any, ...]:
        """Systems that hold ePHI, covered or not, by id."""
        return tuple(system for _, system in sorted(self.systems.items()) if system.holds_ephi)

    @property
    def covered(self) -> tuple[Any, ...]:
        """Systems that hold ePHI and that this pack is meant to cover."""
        return tuple(system for system in self.ephi if system.covered is not False)

    def name(self, scope: str | None) -> str:
        """How a system is called, with its id; what no system goes by stays as it is."""
        system = self.systems.get(self.of(scope) or "")
        if system is None:
            return scope or "no system named"
        return system.system_id if system.name == system.system_id else f"{system.name} ({system.system_id})"

    def label(self, scope: str | None) -> str:
        """How a system is called where there is little room: by its id, when the name is long."""
        name = self.name(scope)
        return name if len(name) <= ROOM else self.of(scope) or name


ROOM = 32
"""Characters beside a bar."""


def inventory(assessment: Assessment) -> Inventory:
    """The inventory; empty when there is none."""
    if not present(assessment, "systems"):
        return Inventory({}, {})
    systems, names = {}, {}
    for system in records(assessment.table("systems")):
        systems[system.system_id] = system
        for name in (system.system_id, *(system.aliases or "").split(";")):
            if name.strip():
                names[name.strip().casefold()] = system.system_id
    return Inventory(systems, names)


def present(assessment: Assessment, *tables: str) -> bool:
    """Whether all of these tables can be looked at."""
    states = assessment.evidence.states
    return all(name in states and states[name].state == "present" for name in tables)


def in_view(assessment: Assessment, systems: Inventory, scope: str | None) -> bool:
    """Whether something that belongs to this system (or host) is at the site that was asked for.

    What belongs to no known system is always in view: it must not vanish because nobody listed it.
    """
    system = systems.systems.get(systems.of(scope) or "")
    return assessment.site is None or system is None or system.location == assessment.site


def narrowed(assessment: Assessment, outcome: Outcome) -> Outcome:
    """The outcome with the verdicts at the site that was asked for; unchanged without one."""
    if assessment.site is None or outcome.condition in ("NOT_ASSESSED", "ERROR"):
        return outcome
    systems = inventory(assessment)
    kept = tuple(verdict for verdict in outcome.verdicts if in_view(assessment, systems, verdict.scope))
    return replace(outcome, verdicts=kept, condition=_condition(kept), reason=outcome.reason)


def narrowing(assessment: Assessment) -> Html:
    """One sentence on what a reader narrowed the tables to; nothing without a site or department."""
    parts = []
    if assessment.site is not None:
        parts.append(f"findings and tables of systems show the site {assessment.site}")
    if assessment.department is not None:
        parts.append(f"tables of people show the department {assessment.department}")
    if not parts:
        return Html("")
    return paragraph(
        f"Narrowed view: {' and '.join(parts)}; what belongs to no listed system is shown too. The status "
        "of specifications and the level of risks are those of all evidence."
    )


def heading(assessment: Assessment) -> Html:
    """What this page was made of: organisation, period, day of judgement, time zone, narrowing.

    A report has most of it at the head of each page.
    """
    settings, moment = assessment.settings, assessment.moment
    zone = "" if settings.stated_zone else " (site.yaml names no time zone)"
    if rendering():
        return join([paragraph(f"Times are in {moment.zone}{zone}.", note=True), narrowing(assessment)])
    simulated = "Simulated evidence of an organisation that does not exist. " if settings.synthetic else ""
    line = (
        f"{simulated}{settings.organisation}, period {moment.period.name}, judged as of the end of "
        f"{moment.today}. Times are in {moment.zone}{zone}. riskkit {assessment.version}."
    )
    covers = paragraph(f"Scope: {settings.scope}") if settings.scope else Html("")
    return join([paragraph(line), covers, narrowing(assessment)])


def _condition(verdicts: tuple[Verdict, ...]) -> Condition:
    results = {verdict.result for verdict in verdicts}
    if "FAIL" in results:
        return "FINDINGS"
    if not results or results == {"NA"}:
        return "NOT_ASSESSED"
    return "PARTIAL" if "UNKNOWN" in results else "CLEAN"
