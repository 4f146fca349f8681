"""Reports: parameterized notebooks become pages, findings.json and a manifest that anyone can verify."""

from __future__ import annotations

from riskkit.report.build import NotebookStatus, ReportResult, make_report
from riskkit.report.manifest import verify

__all__ = ["NotebookStatus", "ReportResult", "make_report", "verify"]
