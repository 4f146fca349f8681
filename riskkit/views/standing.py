"""How controls and risks are counted and ordered wherever a page sums them up."""

from __future__ import annotations

from riskkit.model import LEVELS, Assessment, ControlStatus, Risk

GROUPS = {
    "met": "met",
    "not demonstrated": "not demonstrated",
    "partly met": "not met",
    "not met": "not met",
}
"""How statuses are counted; what is not applicable or done another way is counted apart."""


def interval(risk: Risk) -> str:
    """The level in words: the headline, and what it would be if every unknown proved fine."""
    if risk.low == risk.level:
        return f"{risk.level.capitalize()}, whatever the unknowns prove to be"
    return f"{risk.level.capitalize()}; {risk.low} if every unknown proved to be in order"


def weight(risk: Risk) -> tuple[int, int, int, int, str]:
    """Sorts risks from high to low: by level, level without unknowns, impact, likelihood, id."""
    indices = [-LEVELS.index(level) for level in (risk.level, risk.low, risk.impact, risk.likelihood)]
    return (*indices, risk.id)  # type: ignore[return-value]


def judged(assessment: Assessment) -> list[ControlStatus]:
    """The specifications that count as met, not met or not demonstrated."""
    return [status for status in assessment.controls if status.status in GROUPS]


def above(assessment: Assessment, risk: Risk) -> bool:
    """Whether a risk lies above what the organisation accepts."""
    return LEVELS.index(risk.level) > LEVELS.index(assessment.settings.appetite)
