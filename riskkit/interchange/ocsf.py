"""Compliance findings of the Open Cybersecurity Schema Framework (OCSF), one JSON array.

Source: OCSF 1.5, class Compliance Finding (2003): category 2, activity Create; status of `compliance`:
1 pass, 2 warning, 3 fail, 0 unknown, 99 other.
"""

from __future__ import annotations

from typing import Any

from riskkit.assess.findings import shown_subject
from riskkit.model import Assessment, Outcome, Verdict
from riskkit.tables import records

SCHEMA_VERSION = "1.5.0"
CLASS, CATEGORY, CREATE = 2003, 2, 1
STATUS = {"PASS": (1, "Pass"), "FAIL": (3, "Fail"), "UNKNOWN": (0, "Unknown"), "NA": (99, "Not Applicable")}
SEVERITY = {"low": (2, "Low"), "medium": (3, "Medium"), "high": (4, "High"), "critical": (5, "Critical")}
INFORMATIONAL = (1, "Informational")
NEW, SUPPRESSED = (1, "New"), (3, "Suppressed")


def compliance_findings(assessment: Assessment) -> list[dict[str, Any]]:
    """Every verdict of every check as a Compliance Finding, people under surrogates, in a fixed order.

    A check that could not be asked is one finding of status Unknown, so that silence shows.
    """
    systems = {}
    if assessment.state("systems").state == "present":
        systems = {row.system_id: row.name or row.system_id for row in records(assessment.table("systems"))}
    return [
        _finding(assessment, outcome, verdict, systems)
        for outcome in assessment.outcomes
        for verdict in outcome.verdicts
        or (Verdict(outcome.check.id, "UNKNOWN", outcome.reason, engine=True),)
    ]


def _finding(
    assessment: Assessment, outcome: Outcome, verdict: Verdict, systems: dict[str, str]
) -> dict[str, Any]:
    check = outcome.check
    when = int((verdict.collected_at or assessment.moment.as_of).timestamp() * 1000)
    status, named = STATUS[verdict.result]
    wrong = verdict.result in ("FAIL", "UNKNOWN")
    severity, severity_name = SEVERITY[outcome.severity_of(verdict)] if wrong else INFORMATIONAL
    names = [verdict.fingerprint, check.id]
    borne = wrong and assessment.programme.in_force(names, "exception")
    state, state_name = SUPPRESSED if borne else NEW
    return {
        "activity_id": CREATE,
        "activity_name": "Create",
        "category_uid": CATEGORY,
        "category_name": "Findings",
        "class_uid": CLASS,
        "class_name": "Compliance Finding",
        "type_uid": CLASS * 100 + CREATE,
        "time": int(assessment.moment.as_of.timestamp() * 1000),
        "severity_id": severity,
        "severity": severity_name,
        "status_id": state,
        "status": state_name,
        "message": verdict.message,
        "metadata": {
            "version": SCHEMA_VERSION,
            "product": {"name": "riskkit", "vendor_name": "riskkit", "version": assessment.version},
            "uid": verdict.fingerprint or check.id,
        },
        "finding_info": {
            "uid": verdict.fingerprint or check.id,
            "title": check.title,
            "desc": check.question,
            "types": ["Review"] if check.signal else ["Control"],
            "first_seen_time": when,
        },
        "compliance": {
            "standards": ["HIPAA Security Rule, 45 CFR part 164"],
            "requirements": list(verdict.controls or check.controls),
            "control": check.id,
            "status_id": status,
            "status": named,
            "status_detail": verdict.message,
        },
        "remediation": {"desc": check.remediation},
        "resources": [
            {
                "type": check.subject,
                "uid": verdict.fingerprint or check.id,
                "name": shown_subject(outcome, verdict, assessment.surrogates),
                **({"group": {"name": systems.get(verdict.scope, verdict.scope)}} if verdict.scope else {}),
            }
        ],
        **({"comment": f"Borne until {borne.expires_on} ({borne.exception_id})."} if borne else {}),
    }
