"""A report gets its time stamp: the request for an authority, and its answer once it came back."""

from __future__ import annotations

import hashlib
import secrets
from pathlib import Path

from riskkit.errors import ReportError
from riskkit.report.folder import MANIFEST, exclusive, replace
from riskkit.report.record import amend, record_path
from riskkit.report.timestamp import STAMP, Stamp, request, require_stamp
from riskkit.report.verification import verify

_NONCE_BITS = 64


def stamp_request(report: Path) -> Path:
    """Write a request for a time stamp of a report's manifest beside it, as REPORT.tsq; returns its path.

    Raises ReportError when the report is not as it was made.
    """
    place = report.resolve()
    with exclusive(place):
        path = place.with_name(f"{place.name}.tsq")
        replace(path, request(_manifest(place), nonce=secrets.randbits(_NONCE_BITS)))
    return path


def attach_stamp(report: Path, response: Path) -> Stamp:
    """Put an authority's answer into a report, when it is about that report's manifest.

    Raises ReportError when it is not, or when the report is not as it was made.
    """
    place = report.resolve()
    with exclusive(place):
        content = response.read_bytes()
        stamp = require_stamp(_manifest(place), content, response)
        replace(place / STAMP, content)
        amend(record_path(place), stamp=hashlib.sha256(content).hexdigest())
    return stamp


def _manifest(place: Path) -> bytes:
    problems = [problem for problem in verify(place) if not problem.startswith(STAMP)]
    if problems:
        raise ReportError(f"is not as it was made: {problems[0]}", file=place, do="Make it again")
    return (place / MANIFEST).read_bytes()
