"""NIST SP 800-30 revision 1 (2012): likelihood from a probability, level of risk by table I-2."""

from __future__ import annotations

from collections.abc import Mapping

from riskkit.model import LEVELS, Level

RISK: Mapping[Level, tuple[Level, ...]] = {
    "very high": ("very low", "low", "moderate", "high", "very high"),
    "high": ("very low", "low", "moderate", "high", "very high"),
    "moderate": ("very low", "low", "moderate", "moderate", "high"),
    "low": ("very low", "low", "low", "low", "moderate"),
    "very low": ("very low", "very low", "very low", "low", "low"),
}
"""By likelihood; within a row by impact, from very low to very high."""


def level_of_risk(likelihood: Level, impact: Level) -> Level:
    """The level that table I-2 of NIST SP 800-30r1 gives for a likelihood and an impact."""
    return RISK[likelihood][LEVELS.index(impact)]


CHANCE: tuple[tuple[float, Level], ...] = (
    (0.05, "very low"),
    (0.21, "low"),
    (0.80, "moderate"),
    (0.96, "high"),
)
"""Below each probability, the level; the scale 0 to 100 of tables G-2, G-3 and G-4, read as percent."""


def level_of_chance(chance: float) -> Level:
    """The likelihood of a probability of at least one event within a year."""
    return next((level for bound, level in CHANCE if chance < bound), "very high")
