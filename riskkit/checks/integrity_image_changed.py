"""Images whose bytes changed between two walks of a store."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import narwhals as nw

from riskkit.declare import check
from riskkit.derived.compared_scans import compared, digested_scans
from riskkit.derived.inventory import system_names
from riskkit.model import Moment, Result, Rows, Severity, Verdict


@check(
    id="integrity.image_changed",
    title="Stored images stay as they are",
    question="Which images keep their SOP Instance UID and have other bytes than at the walk before?",
    subject="image store",
    controls=("45 CFR 164.312(c)(1)", "45 CFR 164.312(c)(2)"),
    severity="medium",
    worst="high",
    method="TEST",
    remediation="Find out for each image who changed it and why; restore what nobody can explain.",
    look_first="Whether corrections of patient data or a migration fall between the two walks, and are in "
    "the audit trail.",
    usual_cause="The archive writes corrected patient data into the header; changed pixels have no such "
    "everyday cause.",
)
def integrity_image_changed(
    dicom_files: nw.LazyFrame[Any],
    dicom_scans: nw.LazyFrame[Any],
    systems: nw.LazyFrame[Any] | None,
    *,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per image store with a complete walk that made digests, against the walk before it.

    Both walks must have used the same key. A store that was never walked with digests has no verdict.
    """
    names = system_names(systems)
    for (system, root), (latest, *earlier) in sorted(
        digested_scans(dicom_scans, names, at, restored=False).items()
    ):
        before = next((scan for scan in earlier if scan.digest_key == latest.digest_key), None)
        yield _verdict(dicom_files, system or root, root, latest, before)


def _verdict(
    dicom_files: nw.LazyFrame[Any], scope: str, root: str, latest: Any, before: Any | None
) -> Verdict:
    if before is None:
        return Verdict(
            subject=root,
            result="UNKNOWN",
            message="Only one complete walk of this store made digests with its key: nothing to compare.",
            scope=scope,
            rows=(Rows.of("dicom_scans", [latest]),),
        )
    found = compared(dicom_files, before, latest)
    seen = found.instances - found.absent
    gone = f" {found.absent} of {found.instances} images are no longer there." if found.absent else ""
    result: Result
    severity: Severity | None = None
    if found.pixels or found.headers:
        result, severity = "FAIL", "high" if found.pixels else None
        message = (
            f"Of {seen} images seen in both walks {found.pixels} have other pixel data and {found.headers} "
            f"another header only: unexplained, for review.{gone}"
        )
    elif seen:
        result, message = "PASS", f"All {seen} images seen in both walks have the same bytes.{gone}"
    else:
        result, message = "UNKNOWN", f"No image was seen in both walks.{gone}"
    return Verdict(
        subject=root,
        result=result,
        message=message,
        observed=f"{found.pixels + found.headers} of {seen} images",
        expected="0 images",
        scope=scope,
        severity=severity,
        rows=(found.rows, Rows.of("dicom_scans", [before, latest])),
    )
