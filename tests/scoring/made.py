"""Outcomes made by hand: short to write, complete to score."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from riskkit.model import Check, Outcome, Verdict

DATED = datetime(2026, 10, 31, tzinfo=UTC)


def check(id: str = "area.question", *controls: str, **changes: Any) -> Check:
    """A check of these controls (`312(b)` for `45 CFR 164.312(b)`), high, by EXAMINE, of audit_events."""
    given = {
        "title": id,
        "question": id,
        "subject": "system",
        "severity": "high",
        "method": "EXAMINE",
        "remediation": "",
        "look_first": "",
        "usual_cause": "",
        "needs": ("audit_events",),
        "optional": (),
        "parameters": {},
        "run": lambda: (),
    }
    made = {**given, **changes}
    return Check(id=id, controls=tuple(map(cite, controls)), **{"worst": made["severity"], **made})


def cite(paragraph: str) -> str:
    """The exact citation."""
    return paragraph if paragraph.startswith("45") else f"45 CFR 164.{paragraph}"


def said(results: str, **changes: Any) -> tuple[Verdict, ...]:
    """One dated verdict per letter: p PASS, f FAIL, u UNKNOWN, n NA."""
    words = {"p": "PASS", "f": "FAIL", "u": "UNKNOWN", "n": "NA"}
    return tuple(
        Verdict(f"unit {number}", words[letter], "as told", **{"collected_at": DATED, **changes})  # type: ignore[arg-type]
        for number, letter in enumerate(results)
    )


def outcome(of: Check, verdicts: tuple[Verdict, ...] = (), condition: str = "") -> Outcome:
    """The outcome of a check, with the condition that the engine would give."""
    results = {verdict.result for verdict in verdicts}
    if not condition and not verdicts:
        condition = "NOT_ASSESSED"
    elif not condition:
        condition = "FINDINGS" if "FAIL" in results else "PARTIAL" if "UNKNOWN" in results else "CLEAN"
    return Outcome(of, condition, "as told", verdicts)  # type: ignore[arg-type]
