"""Outcomes made by hand: short to write, complete to score."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from riskkit.model import Band, Catalog, Check, Layer, Outcome, Prior, Priors, Scenario, Sufficiency, Verdict

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


EVENTS, PREVENTS = Band(0.2, 2.0), Band(0.5, 0.9)


def prior(scenario: Scenario, *, events: Band = EVENTS, prevents: Band = PREVENTS) -> Prior:
    """A prior in which every control prevents and lessens."""
    layers = tuple(Layer(name, prevents, Band(0.1, 0.4)) for name in scenario.controls)
    return Prior(scenario.id, events, Band(1_000.0, 100_000.0), Band(1.0, 20.0), layers, "Made.")


def with_scenarios(catalog: Catalog, *scenarios: Scenario, **changes: Any) -> Catalog:
    """The catalog with these scenarios alone, each with a made prior."""
    priors = Priors("2026-11-24", {one.id: prior(one, **changes) for one in scenarios})
    return replace(catalog, scenarios=tuple(scenarios), priors=priors)


def with_unreadable(catalog: Catalog, citation: str) -> Catalog:
    """The catalog where a control needs a kind of evidence that riskkit cannot read yet."""
    row = Sufficiency(citation, ("oracles",), "EXAMINE", "Only an oracle knows.")
    return replace(
        catalog, sufficiency={**catalog.sufficiency, citation: row}, planned={"oracles": "what oracles said"}
    )
