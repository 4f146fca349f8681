"""What riskkit found, for other programs: one function per format, the same bytes for the same pack."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from riskkit.interchange.ocsf import compliance_findings
from riskkit.interchange.oscal import as_json, assessment_results, plan_of_action
from riskkit.interchange.oscal_check import check_oscal
from riskkit.interchange.overlay_rows import OVERLAY, overlay_rows
from riskkit.interchange.registers import POAM, REGISTER, as_csv, poam_rows, register_rows
from riskkit.interchange.workbook import workbook
from riskkit.model import Assessment

__all__ = ["FORMATS", "WITH_PHI", "check_oscal", "export"]

FORMATS: Mapping[str, Callable[[Assessment], bytes]] = {
    "oscal-ar": lambda assessment: as_json(assessment_results(assessment)),
    "oscal-poam": lambda assessment: as_json(plan_of_action(assessment)),
    "ocsf": lambda assessment: as_json(compliance_findings(assessment)),
    "overlays": lambda assessment: as_csv(OVERLAY, overlay_rows(assessment)),
    "poam": lambda assessment: as_csv(POAM, poam_rows(assessment)),
    "register": lambda assessment: as_csv(REGISTER, register_rows(assessment)),
    "xlsx": workbook,
}

WITH_PHI = frozenset({"xlsx"})
"""Formats that can hold real ids, when they are asked for."""


def export(assessment: Assessment, name: str, *, phi: bool = False) -> bytes:
    """The content of a file in this format; raises KeyError for a format that is none."""
    if phi and name in WITH_PHI:
        return workbook(assessment, phi=True)
    return FORMATS[name](assessment)
