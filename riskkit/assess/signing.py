"""The state of the risks as one digest, and who signed it. A state that changed is not signed."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from riskkit.model import Assessment, Risk, Signature

AMOUNTS = ("mean_loss", "loss", "bad_year")
"""Of an estimate; left out where the site shows no money."""


def risk_state(assessment: Assessment) -> str:
    """SHA-256, in hex, of what somebody signs: every risk, control and open verdict, and how it is treated.

    Risks go in with their estimates, as far as the report shows them; of the treatment all that is written
    down. The signatures themselves are no part of it, nor is the list of evidence files: a file that
    changes nothing that was found changes nothing that was signed.
    """
    content: dict[str, Any] = {
        "organisation": assessment.settings.organisation,
        "period": assessment.moment.period.name,
        "as_of": assessment.moment.as_of.isoformat(),
        "catalog": assessment.catalog.version,
        "risks": [
            [
                risk.id, risk.likelihood_low, risk.likelihood, risk.impact, risk.low, risk.level,
                [list(driver) for driver in risk.drivers], risk.owner, risk.treatment, risk.due,
                estimate_json(risk, assessment.settings.priors.money),
            ]
            for risk in sorted(assessment.risks, key=lambda risk: risk.id)
        ],
        "treatment": treatment_digest(assessment),
        "controls": [
            [one.control.citation, one.status, one.passed, one.failed, one.unknown, list(one.lacking)]
            for one in sorted(assessment.controls, key=lambda one: one.control.citation)
        ],
        "open": sorted(
            [outcome.check.id, verdict.fingerprint, verdict.result, outcome.severity_of(verdict)]
            for outcome in assessment.outcomes
            for verdict in outcome.verdicts
            if verdict.result in ("FAIL", "UNKNOWN")
        ),
    }  # fmt: skip
    return _digest(content)


def estimate_json(risk: Risk, money: bool) -> dict[str, Any]:
    """The estimate of a risk as findings.json holds it: amounts are left out where the site shows none."""
    numbers = dataclasses.asdict(risk.estimate) if risk.estimate else {}
    return {name: value for name, value in numbers.items() if money or name not in AMOUNTS}


def treatment_digest(assessment: Assessment) -> str:
    """SHA-256, in hex, of all actions, exceptions and decisions, in any order: they name people."""
    programme = assessment.programme
    written = {
        kind: sorted(_text(dataclasses.asdict(one)) for one in records)
        for kind, records in (
            ("actions", programme.actions),
            ("exceptions", programme.exceptions),
            ("decisions", programme.decisions),
        )
    }
    return _digest(written)


def state_of(findings: Mapping[str, Any]) -> str:
    """The same digest worked out from findings.json, to hold its `risk_state` against what it says.

    Raises KeyError or TypeError when the data is no findings.json.
    """
    return _digest(
        {name: findings[name] for name in ("organisation", "period", "as_of", "catalog", "treatment")}
        | {
            "risks": [
                [risk[name] for name in _RISK]
                for risk in sorted(findings["risks"], key=lambda risk: str(risk["id"]))
            ],
            "controls": [
                [one[name] for name in _CONTROL]
                for one in sorted(findings["controls"], key=lambda one: str(one["citation"]))
            ],
            "open": sorted(
                [outcome["check"], verdict["fingerprint"], verdict["result"], verdict["severity"]]
                for outcome in findings["outcomes"]
                for verdict in outcome["verdicts"]
                if verdict["result"] in ("FAIL", "UNKNOWN")
            ),
        }
    )


_RISK = (
    "id", "likelihood_low", "likelihood", "impact", "low", "level", "drivers", "owner", "treatment", "due",
    "estimate",
)  # fmt: skip
_CONTROL = ("citation", "status", "passed", "failed", "unknown", "lacking")


def _digest(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(_text(content).encode()).hexdigest()


def _text(content: Mapping[str, Any]) -> str:
    return json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)


def valid_signatures(assessment: Assessment) -> tuple[Signature, ...]:
    """Who signed the state as it is, oldest first."""
    state = risk_state(assessment)
    signed = [one for one in assessment.programme.signatures if one.risk_state.casefold() == state]
    return tuple(sorted(signed, key=lambda one: (one.signed_at, one.signed_by)))


def outdated_signatures(assessment: Assessment) -> tuple[Signature, ...]:
    """Who signed another state, oldest first: those signatures do not hold for this one."""
    valid = valid_signatures(assessment)
    others = [one for one in assessment.programme.signatures if one not in valid]
    return tuple(sorted(others, key=lambda one: (one.signed_at, one.signed_by)))
