"""What the rule asks for (controls), what evidence suffices, and what can go wrong (scenarios)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from riskkit.model.levels import Level, Method
from riskkit.model.quantities import Priors


@dataclass(frozen=True, slots=True)
class Control:
    """A standard or implementation specification of 45 CFR part 164, in our own words."""

    id: str
    citation: str
    kind: str
    requirement: str
    title: str
    paraphrase: str
    mode: str
    nist_800_53r5: tuple[str, ...] = ()
    csf2: tuple[str, ...] = ()
    hicp: tuple[str, ...] = ()
    hph_cpg: tuple[str, ...] = ()
    nprm: str = ""
    nprm_basis: str = ""
    evidence: str = ""

    @property
    def addressable(self) -> bool:
        """Whether 164.306(d)(3) applies: do it, or document why not and what is done instead."""
        return self.requirement == "A"


@dataclass(frozen=True, slots=True)
class Sufficiency:
    """What must be seen before a control can be called met.

    `kinds`: tables, all required; alternatives within one are joined by `|`. `method` is the weakest
    method that suffices. `may_not_apply`: some organisations may answer that it does not apply to
    them; of any other control such an answer shows nothing.
    """

    control: str
    kinds: tuple[str, ...]
    method: Method
    why: str
    may_not_apply: bool = False


@dataclass(frozen=True, slots=True)
class Scenario:
    """Something bad that can happen to ePHI, and the controls that stand in its way."""

    id: str
    title: str
    story: str
    threat: str
    controls: tuple[str, ...]
    impact: Level
    impact_reason: str


@dataclass(frozen=True, slots=True)
class Catalog:
    """All controls by citation, with sufficiency and scenarios.

    `scoring` holds the numbers of scoring.yaml: `floors` and `ceilings` in percent by severity,
    `silence` as places in SEVERITIES. `priors`: what is believed of each scenario beforehand.
    `planned`: kinds of evidence that no table holds yet, with what they would hold.
    """

    controls: Mapping[str, Control]
    sufficiency: Mapping[str, Sufficiency]
    scenarios: tuple[Scenario, ...]
    scoring: Mapping[str, Mapping[str, int]]
    priors: Priors
    version: str
    planned: Mapping[str, str] = field(default_factory=dict)
