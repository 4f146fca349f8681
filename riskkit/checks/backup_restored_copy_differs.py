"""Restored copies of an image store, compared with the store image by image."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import narwhals as nw

from riskkit.declare import check
from riskkit.derived.compared_scans import compared, digested_scans
from riskkit.derived.inventory import system_names
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.words import be, count, have, out_of, some


@check(
    id="backup.restored_copy_differs",
    title="Restored images equal the originals",
    question="Do restored copies hold the same bytes as the image store that they were made of?",
    subject="restored copy",
    controls=("45 CFR 164.308(a)(7)(ii)(B)", "45 CFR 164.308(a)(7)(ii)(D)", "45 CFR 164.312(c)(2)"),
    severity="high",
    method="TEST",
    remediation="Find out where the copy was damaged or altered, repair the backup, and restore again.",
    look_first="Whether the originals were corrected after the backup was made.",
    usual_cause="The backup was made while the archive was writing, or its medium is failing.",
)
def backup_restored_copy_differs(
    dicom_files: nw.LazyFrame[Any],
    dicom_scans: nw.LazyFrame[Any],
    systems: nw.LazyFrame[Any] | None,
    *,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per restored copy, on its latest complete walk, against the stores of its system.

    The walk of the store that ended last, with digests of the same key, is what the copy must equal.
    """
    names = system_names(systems)
    stores = digested_scans(dicom_scans, names, at, restored=False)
    for (system, root), (copy, *_) in sorted(digested_scans(dicom_scans, names, at, restored=True).items()):
        of = [
            scan
            for (its, _), scans in stores.items()
            for scan in scans
            if its == system and scan.digest_key == copy.digest_key
        ]
        latest = max(of, key=lambda scan: (scan.finished_at or scan.started_at, scan.scan_id), default=None)
        yield _verdict(dicom_files, system or root, root, copy, latest)


def _verdict(dicom_files: nw.LazyFrame[Any], scope: str, root: str, copy: Any, store: Any | None) -> Verdict:
    if store is None:
        return Verdict(
            subject=root,
            result="UNKNOWN",
            message="No complete walk of the system's store made digests with the key of this copy's walk.",
            scope=scope,
            rows=(Rows.of("dicom_scans", [copy]),),
        )
    found = compared(dicom_files, copy, store)
    both = found.instances - found.absent
    differ = found.pixels + found.headers
    unknown = (
        f" {out_of(found.absent, found.instances, 'restored image')} {be(found.absent)} not in the store."
        if found.absent
        else ""
    )
    result: Result
    if differ:
        result = "FAIL"
        message = (
            f"Of {count(both, 'restored image')} {some(found.pixels)} {have(found.pixels)} other pixel data "
            f"and {some(found.headers)} another header only than in the store.{unknown}"
        )
    elif both:
        result = "PASS"
        every = be(both, "The only restored image", f"All {both:,} restored images")
        message = f"{every} that the store holds {have(both)} the same bytes there.{unknown}"
    else:
        result, message = "UNKNOWN", f"No restored image could be compared.{unknown}"
    return Verdict(
        subject=root,
        result=result,
        message=message,
        observed=f"{out_of(differ, both, 'image')} {be(differ, 'differs', 'differ')}",
        expected="0 images",
        scope=scope,
        rows=(found.rows, Rows.of("dicom_scans", [copy, store])),
    )
