"""Restored copies of an image store, compared with the store image by image."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import narwhals as nw

from riskkit.declare import check
from riskkit.derived.compared_scans import compared, digested_scans
from riskkit.derived.inventory import system_names, system_of
from riskkit.derived.recovery import sample_of
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.tables import records
from riskkit.words import be, count, have, out_of, share, some

SAME_RESTORE = timedelta(days=31)
"""How long after a restore its copy may be walked: our own choice."""


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
    restore_tests: nw.LazyFrame[Any] | None,
    *,
    least_sample: int = 30,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per restored copy, on its latest complete walk, against the stores of its system.

    The walk of the store that ended last, with digests of the same key, is what the copy must equal. What it
    must hold is all that the store held when it was last walked before the copy; where it was not, all that
    the last walk saw, newer images among them. A copy that lacks some may be a sample, or images may be
    lost: that what came back is equal is then no pass, nor is it where images came back that the store does
    not hold. It is a sample when the restore test of the month before the copy's walk says so (`sample_of`),
    of as many images as the copy holds; one of fewer than `least_sample` images shows too little. What
    passes is then the sample.
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
        latest = max(of, key=_ended, default=None)
        before = max((scan for scan in of if _ended(scan)[0] <= copy.started_at), key=_ended, default=latest)
        test = _test_of(restore_tests, system, names, copy)
        yield _verdict(dicom_files, system or root, root, copy, (latest, before), test, least_sample)


def _ended(scan: Any) -> tuple[Any, str]:
    return scan.finished_at or scan.started_at, scan.scan_id


def _test_of(restore_tests: Any | None, system: str, names: Mapping[str, str], copy: Any) -> Any | None:
    """The last restore test of the system before the copy was walked, if it is of that restore."""
    walked, _ = _ended(copy)
    tests = [
        test
        for test in (() if restore_tests is None else records(restore_tests))
        if system_of(test.system_id, names) == system and walked - SAME_RESTORE <= test.finished_at <= walked
    ]
    return max(tests, key=lambda test: (test.finished_at, test.offset or 0), default=None)


def _sample(test: Any | None, restored: int, among: int, least: int) -> tuple[bool, str]:
    """Whether a restore test says that a copy of `restored` images is a sample, and what that shows."""
    if test is None or not (told := sample_of(test)):
        return False, ""
    of = max(told, among)
    what = (
        f"The restore test of {test.finished_at:%Y-%m-%d} says a sample of {test.objects_expected:,} images"
    )
    if test.outcome != "success" or not test.objects_expected == test.objects_restored == restored:
        came = "nothing told" if test.objects_restored is None else f"{test.objects_restored:,}"
        return False, f" {what}, of which {came} came back; the copy holds {restored:,}."
    if restored < least:
        return False, f" {what} of {of:,}: fewer than {least} show too little."
    return (
        True,
        f" A sample: {share(restored, of, 'image')} of the store, and of the others it shows nothing.",
    )


def _verdict(
    dicom_files: nw.LazyFrame[Any],
    scope: str,
    root: str,
    copy: Any,
    stores: tuple[Any | None, Any | None],
    test: Any | None,
    least: int,
) -> Verdict:
    store, before = stores
    if store is None or before is None:
        return Verdict(
            subject=root,
            result="UNKNOWN",
            message="No complete walk of the system's store made digests with the key of this copy's walk.",
            scope=scope,
            rows=(Rows.of("dicom_scans", [copy]),),
        )
    found, held = compared(dicom_files, copy, store), compared(dicom_files, before, copy)
    both = found.instances - found.absent
    differ = found.pixels + found.headers
    unknown = (
        f" {out_of(found.absent, found.instances, 'restored image')} {be(found.absent)} not in the store."
        if found.absent
        else ""
    )
    sample, told = _sample(test, found.instances, held.instances, least) if held.absent else (False, "")
    if sample:
        unknown += told
    elif held.absent:
        newer = "" if _ended(before)[0] <= copy.started_at else ", which newer ones may be among"
        unknown += (
            f" {out_of(held.absent, held.instances, 'image')} of the store {be(held.absent)} not in the copy"
            f"{newer}: it is not known whether {be(held.absent, 'it was', 'they were')} left out or lost."
            f"{told}"
        )
    result: Result
    if differ:
        result = "FAIL"
        message = (
            f"Of {count(both, 'restored image')} {some(found.pixels)} {have(found.pixels)} other pixel data "
            f"and {some(found.headers)} another header only than in the store.{unknown}"
        )
    elif both:
        result = "UNKNOWN" if found.absent or (held.absent and not sample) else "PASS"
        every = be(both, "The only restored image", f"All {both:,} restored images")
        message = f"{every} that the store holds {have(both)} the same bytes there.{unknown}"
    else:
        result, message = "UNKNOWN", f"No restored image could be compared.{unknown}"
    return Verdict(
        subject=root,
        result=result,
        message=message,
        observed=f"{out_of(differ, both, 'image')} {be(differ, 'differs', 'differ')}",
        expected="0 images of the sample" if sample else "0 images, and none missing",
        scope=scope,
        rows=(
            found.rows,
            Rows.of("dicom_scans", [copy, store]),
            *([Rows.of("restore_tests", [test])] if told else []),
        ),
    )
