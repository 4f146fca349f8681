"""The ordered vocabularies: results, severities, methods and levels of risk."""

from __future__ import annotations

from typing import Literal

Result = Literal["PASS", "FAIL", "UNKNOWN", "NA"]
Severity = Literal["low", "medium", "high", "critical"]
Method = Literal["INTERVIEW", "EXAMINE", "TEST"]
Level = Literal["very low", "low", "moderate", "high", "very high"]

RESULTS: tuple[Result, ...] = ("NA", "PASS", "UNKNOWN", "FAIL")
"""From best to worst; a roll-up takes the worst."""

SEVERITIES: tuple[Severity, ...] = ("low", "medium", "high", "critical")

METHODS: tuple[Method, ...] = ("INTERVIEW", "EXAMINE", "TEST")
"""From weakest to strongest (NIST SP 800-53A assessment methods)."""

LEVELS: tuple[Level, ...] = ("very low", "low", "moderate", "high", "very high")
"""Qualitative scale of NIST SP 800-30r1, tables G-2, H-3 and I-3."""
