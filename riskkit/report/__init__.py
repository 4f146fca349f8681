"""Reports: parameterized notebooks become pages, findings.json and a manifest that anyone can verify."""

from __future__ import annotations

from riskkit.report.build import ReportResult, make_report
from riskkit.report.stamping import attach_stamp, stamp_request
from riskkit.report.verification import Verification, examine, verify

__all__ = [
    "ReportResult",
    "Verification",
    "attach_stamp",
    "examine",
    "make_report",
    "stamp_request",
    "verify",
]
