"""findings.json: an assessment as data that later periods and other tools read. No identities."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from riskkit.assess.history import SCHEMA
from riskkit.assess.signing import estimate_json, risk_state, treatment_digest, valid_signatures
from riskkit.model import (
    PERSONAL_SUBJECTS,
    Assessment,
    ControlStatus,
    Outcome,
    Risk,
    Source,
    Verdict,
)


def findings_json(assessment: Assessment) -> dict[str, Any]:
    """The whole assessment as JSON-ready data, persons under surrogates, in a fixed order."""
    return {
        "schema": SCHEMA,
        "riskkit": assessment.version,
        "catalog": assessment.catalog.version,
        "organisation": assessment.settings.organisation,
        "synthetic": assessment.settings.synthetic,
        "period": assessment.moment.period.name,
        "as_of": assessment.moment.as_of.isoformat(),
        "timezone": str(assessment.moment.zone),
        "sources": [source_json(source) for source in assessment.evidence.sources],
        "outcomes": [outcome_json(outcome, assessment.surrogates) for outcome in assessment.outcomes],
        "controls": [_control_json(status) for status in assessment.controls],
        "risks": [_risk_json(risk, assessment.settings.priors.money) for risk in assessment.risks],
        "treatment": treatment_digest(assessment),
        "risk_state": risk_state(assessment),
        "signed_by": [
            {"role": one.role, "signed_at": one.signed_at.isoformat()} for one in valid_signatures(assessment)
        ],
    }


def source_json(source: Source) -> dict[str, Any]:
    """One evidence file and what became of its records."""
    return {
        "name": source.name,
        "sha256": source.sha256,
        "size": source.size,
        "reader": source.reader,
        "collected_at": source.collected_at and source.collected_at.isoformat(),
        "set_aside": source.set_aside,
        "problem": source.problem,
        "quarantine": dict(source.quarantine),
        "tables": {
            name: {
                "records": count.records,
                "accepted": count.accepted,
                "rows": count.rows,
                "quarantined": count.quarantined,
                "ignored": dict(count.ignored),
                "set_aside": count.set_aside,
                "superseded": count.superseded,
            }
            for name, count in sorted(source.counts.items())
        },
    }


def outcome_json(outcome: Outcome, surrogates: Callable[[str, str], str]) -> dict[str, Any]:
    """One outcome with all its verdicts."""
    return {
        "check": outcome.check.id,
        "title": outcome.check.title,
        "condition": outcome.condition,
        "reason": outcome.reason,
        "controls": list(outcome.check.controls),
        "severity": outcome.check.severity,
        "signal": outcome.check.signal,
        "population": outcome.population,
        "counts": dict(outcome.counts),
        "parameters": {name: _plain(value) for name, value in sorted(outcome.parameters.items())},
        "not_used": list(outcome.unused),
        "verdicts": [_verdict_json(outcome, verdict, surrogates) for verdict in outcome.verdicts],
    }


def shown_subject(outcome: Outcome, verdict: Verdict, surrogates: Callable[[str, str], str]) -> str:
    """A verdict's subject as anyone may see it: a person under a surrogate."""
    kind = outcome.check.subject
    if verdict.shown_as:
        return verdict.shown_as
    return (
        surrogates(kind, verdict.subject)
        if kind in PERSONAL_SUBJECTS and not verdict.engine
        else verdict.subject
    )


def _verdict_json(
    outcome: Outcome, verdict: Verdict, surrogates: Callable[[str, str], str]
) -> dict[str, Any]:
    return {
        "fingerprint": verdict.fingerprint,
        "subject": shown_subject(outcome, verdict, surrogates),
        "scope": verdict.scope,
        "result": verdict.result,
        "severity": outcome.severity_of(verdict),
        "method": outcome.method_of(verdict),
        "message": verdict.message,
        "observed": verdict.observed,
        "expected": verdict.expected,
        "collected_at": verdict.collected_at and verdict.collected_at.isoformat(),
        "valid_until": verdict.valid_until and verdict.valid_until.isoformat(),
        "since": verdict.since,
        "engine": verdict.engine,
        "controls": list(verdict.controls),
        "rows": [
            {
                "table": rows.table,
                "count": rows.count,
                "keys": [list(key) for key in rows.keys],
                "predicate": rows.predicate,
            }
            for rows in verdict.rows
        ],
    }


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool | type(None)) else str(value)


def _control_json(status: ControlStatus) -> dict[str, Any]:
    return {
        "citation": status.control.citation,
        "title": status.control.title,
        "status": status.status,
        "reason": status.reason,
        "checks": list(status.checks),
        "passed": status.passed,
        "failed": status.failed,
        "unknown": status.unknown,
        "undated": status.undated,
        "lacking": list(status.lacking),
    }


def _risk_json(risk: Risk, money: bool) -> dict[str, Any]:
    return {
        "id": risk.id,
        "title": risk.title,
        "level": risk.level,
        "low": risk.low,
        "likelihood": risk.likelihood,
        "likelihood_low": risk.likelihood_low,
        "impact": risk.impact,
        "controls": list(risk.controls),
        "drivers": [list(driver) for driver in risk.drivers],
        "owner": risk.owner,
        "treatment": risk.treatment,
        "due": risk.due,
        "estimate": estimate_json(risk, money),
        "gaps": [dataclasses.asdict(gap) for gap in risk.gaps],
    }
