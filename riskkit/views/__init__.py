"""What an assessment looks like: one module per area, functions from Assessment to `Html`.

In a notebook the last expression of a cell shows it; `.frame` of the result holds the rows shown.
"""

from __future__ import annotations

from riskkit.views import (
    access_control,
    access_patterns,
    audit_trail,
    authority,
    backup_recovery,
    changes,
    channels,
    completeness,
    coverage,
    duties,
    encryption,
    evidence,
    findings,
    frameworks,
    leadership,
    losses,
    one_page,
    people_places_papers,
    recovery,
    review_queue,
    risk_register,
    systems,
    transmission,
    treatment,
)
from riskkit.views.completion import completed
from riskkit.views.exploring import decide, explore
from riskkit.views.html import Html
from riskkit.views.scope import heading
from riskkit.views.tables import table

__all__ = [
    "Html",
    "access_control",
    "access_patterns",
    "audit_trail",
    "authority",
    "backup_recovery",
    "changes",
    "channels",
    "completed",
    "completeness",
    "coverage",
    "decide",
    "duties",
    "encryption",
    "evidence",
    "explore",
    "findings",
    "frameworks",
    "heading",
    "leadership",
    "losses",
    "one_page",
    "people_places_papers",
    "recovery",
    "review_queue",
    "risk_register",
    "systems",
    "table",
    "transmission",
    "treatment",
]
