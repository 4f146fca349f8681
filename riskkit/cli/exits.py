"""What the exit code says: 0 below the threshold, 1 findings, 2 no trustworthy result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from riskkit.model import Assessment

FINE, FINDINGS, UNTRUSTED = 0, 1, 2
NEVER = "never"


def exit_code(assessment: Assessment, *, fail_on: str, require: Sequence[str], complete: bool = True) -> int:
    """2 for an ERROR outcome, a failed notebook or a required area not assessed; else 1 or 0.

    A signal selects accesses for review and is no finding here. NOT_ASSESSED alone is never 2.
    """
    return (
        UNTRUSTED if reasons(assessment, require=require, complete=complete) else _found(assessment, fail_on)
    )


def reasons(assessment: Assessment, *, require: Sequence[str], complete: bool = True) -> list[str]:
    """Why the result cannot be trusted; empty when it can."""
    why = [] if complete else ["a notebook did not complete"]
    why += [
        f"{outcome.check.id}: {outcome.reason}"
        for outcome in assessment.outcomes
        if outcome.condition == "ERROR"
    ]
    for area in require:
        outcomes = assessment.area(area)
        if not outcomes:
            why.append(f"there is no area {area}")
        elif all(outcome.condition == "NOT_ASSESSED" for outcome in outcomes):
            why.append(f"{area} is required and not assessed: {outcomes[0].reason}")
    return why


def _found(assessment: Assessment, fail_on: str) -> int:
    if fail_on == NEVER:
        return FINE
    from riskkit.model import SEVERITIES  # noqa: PLC0415 - `--help` need not load it

    least = SEVERITIES.index(fail_on)
    severe = any(
        SEVERITIES.index(outcome.severity_of(finding)) >= least
        for outcome in assessment.outcomes
        if not outcome.check.signal
        for finding in outcome.findings
    )
    return FINDINGS if severe else FINE
