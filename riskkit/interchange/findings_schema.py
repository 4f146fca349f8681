"""The published schema of findings.json, as JSON Schema draft 2020-12."""

from __future__ import annotations

from typing import Any, get_args

from riskkit.assess.history import SCHEMA
from riskkit.model import LEVELS, METHODS, RESULTS, SEVERITIES
from riskkit.model.assessment import Status
from riskkit.model.checks import Condition

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "integer", "minimum": 0}
TRUTH: Schema = {"type": "boolean"}
SHA256: Schema = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
INSTANT: Schema = {"type": "string", "format": "date-time"}
CITATIONS: Schema = {"type": "array", "items": {"type": "string", "pattern": "^45 CFR 164\\."}}


def findings_schema() -> Schema:
    """What findings.json holds; the names of people stand nowhere in it, surrogates do."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "findings.json of riskkit",
        **_object(
            schema={"const": SCHEMA},
            riskkit=TEXT,
            catalog={"type": "string", "pattern": "^[0-9a-f]{12}$"},
            organisation=TEXT,
            synthetic=TRUTH,
            period=TEXT,
            as_of=INSTANT,
            timezone=TEXT,
            sources=_list(_source()),
            outcomes=_list(_outcome()),
            controls=_list(_control()),
            risks=_list(_risk()),
            treatment=SHA256,
            risk_state=SHA256,
            signed_by=_list(_object(role=TEXT, signed_at=INSTANT)),
        ),
    }


def _source() -> Schema:
    counts = _object(
        records=NUMBER, accepted=NUMBER, rows=NUMBER, quarantined=NUMBER, ignored=_map(NUMBER),
        set_aside=NUMBER, superseded=NUMBER,
    )  # fmt: skip
    return _object(
        name=TEXT, sha256=SHA256, size=NUMBER, reader=_or_null(TEXT), collected_at=_or_null(INSTANT),
        set_aside=TRUTH, problem=TEXT, quarantine=_map(NUMBER), tables=_map(counts),
    )  # fmt: skip


def _outcome() -> Schema:
    return _object(
        check={"type": "string", "pattern": "^[a-z]+\\.[a-z][a-z0-9_]*$"},
        title=TEXT,
        condition=_one_of(get_args(Condition)),
        reason=TEXT,
        controls=CITATIONS,
        severity=_one_of(SEVERITIES),
        signal=TRUTH,
        population=NUMBER,
        counts=_object(**dict.fromkeys(RESULTS, NUMBER)),
        parameters={"type": "object"},
        not_used=_list(TEXT),
        verdicts=_list(_verdict()),
    )


def _verdict() -> Schema:
    key = {"type": "array", "prefixItems": [TEXT, NUMBER, NUMBER], "items": False, "minItems": 3}
    return _object(
        fingerprint=TEXT,
        subject=TEXT,
        scope=TEXT,
        result=_one_of(RESULTS),
        severity=_one_of(SEVERITIES),
        method=_one_of(METHODS),
        message=TEXT,
        observed=TEXT,
        expected=TEXT,
        collected_at=_or_null(INSTANT),
        valid_until=_or_null({"type": "string", "format": "date"}),
        since=TEXT,
        engine=TRUTH,
        controls=CITATIONS,
        rows=_list(_object(table=TEXT, count=NUMBER, keys=_list(key), predicate=TEXT)),
    )


def _control() -> Schema:
    return _object(
        citation={"type": "string", "pattern": "^45 CFR 164\\."}, title=TEXT,
        status=_one_of(get_args(Status)), reason=TEXT, checks=_list(TEXT), passed=NUMBER, failed=NUMBER,
        unknown=NUMBER, undated=NUMBER, lacking=_list(TEXT),
    )  # fmt: skip


def _risk() -> Schema:
    driver = {
        "type": "array",
        "prefixItems": [TEXT, TEXT, _one_of(SEVERITIES)],
        "items": False,
        "minItems": 3,
    }
    level = _one_of(LEVELS)
    stated = _object(
        id=TEXT, title=TEXT, level=level, low=level, likelihood=level, likelihood_low=level, impact=level,
        controls=CITATIONS, drivers=_list(driver), owner=TEXT, treatment=TEXT, due=TEXT,
    )  # fmt: skip
    return stated | {"additionalProperties": True}  # estimates stand beside the level


def _object(**properties: Schema) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": sorted(properties),
        "additionalProperties": False,
    }


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _map(values: Schema) -> Schema:
    return {"type": "object", "additionalProperties": values}


def _one_of(values: tuple[str, ...]) -> Schema:
    return {"enum": list(values)}


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}
