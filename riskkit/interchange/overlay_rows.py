"""Other frameworks as rows: each reference with the controls that serve it and how they stand today."""

from __future__ import annotations

from collections.abc import Iterator

from riskkit.catalog.frameworks import FRAMEWORKS, references
from riskkit.model import Assessment

OVERLAY = (
    "framework", "framework_title", "reference", "reference_title", "citation", "control", "status_today",
    "basis", "scored",
)  # fmt: skip


def overlay_rows(assessment: Assessment) -> Iterator[dict[str, object]]:
    """One row per reference and control; none of it enters a score."""
    statuses = {status.control.citation: status for status in assessment.controls}
    for framework in FRAMEWORKS:
        for one in references(framework.id):
            for citation in one.controls:
                yield {
                    "framework": framework.id,
                    "framework_title": framework.title,
                    "reference": one.reference,
                    "reference_title": one.title,
                    "citation": citation,
                    "control": statuses[citation].control.title,
                    "status_today": statuses[citation].status,
                    "basis": one.basis,
                    "scored": "no",
                }
