"""NIST SP 800-30 revision 1 (2012), table I-2: level of risk from likelihood and impact."""

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
