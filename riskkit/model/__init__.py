"""The nouns of riskkit, frozen."""

from __future__ import annotations

from riskkit.model.assessment import Assessment, ControlStatus, Risk
from riskkit.model.catalog import Catalog, Control, Scenario, Sufficiency
from riskkit.model.checks import (
    PERSONAL_SUBJECTS,
    Check,
    Derived,
    Family,
    Outcome,
    Parameter,
    Rows,
    Signal,
    Verdict,
    fingerprint_text,
)
from riskkit.model.evidence import (
    DOCUMENTATION,
    NOT_RECOGNIZED,
    Batch,
    Context,
    Counts,
    Evidence,
    Member,
    Quarantined,
    Reader,
    Source,
    TableState,
)
from riskkit.model.levels import (
    LEVELS,
    METHODS,
    RESULTS,
    SEVERITIES,
    Level,
    Method,
    Result,
    Severity,
)
from riskkit.model.programme import Action, Exemption, Programme, Signature, SpecificationDecision
from riskkit.model.time import Moment, Period

__all__ = [
    "DOCUMENTATION",
    "LEVELS",
    "METHODS",
    "NOT_RECOGNIZED",
    "PERSONAL_SUBJECTS",
    "RESULTS",
    "SEVERITIES",
    "Action",
    "Assessment",
    "Batch",
    "Catalog",
    "Check",
    "Context",
    "Control",
    "ControlStatus",
    "Counts",
    "Derived",
    "Evidence",
    "Exemption",
    "Family",
    "Level",
    "Member",
    "Method",
    "Moment",
    "Outcome",
    "Parameter",
    "Period",
    "Programme",
    "Quarantined",
    "Reader",
    "Result",
    "Risk",
    "Rows",
    "Scenario",
    "Severity",
    "Signal",
    "Signature",
    "Source",
    "SpecificationDecision",
    "Sufficiency",
    "TableState",
    "Verdict",
    "fingerprint_text",
]
