"""Images whose bytes changed between two walks of a store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import narwhals as nw

from riskkit.declare import check
from riskkit.derived.compared_scans import Change, changes, compared, digested_scans
from riskkit.derived.image_stores import image_stores
from riskkit.derived.inventory import system_names
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.tables import records
from riskkit.words import be, count, have, out_of, some


@check(
    id="integrity.image_changed",
    title="Stored images stay as they are",
    question="Which images kept their SOP Instance UID and got other bytes between two walks, unexplained?",
    subject="image store",
    controls=("45 CFR 164.312(c)(1)", "45 CFR 164.312(c)(2)"),
    severity="medium",
    worst="high",
    method="TEST",
    lasting=True,
    remediation="Find out for each image who changed it and why; restore what nobody can explain, and record "
    "the explanation in dicom/explained_changes.csv. Keep both walks until then.",
    look_first="Whether corrections of patient data or a migration fall between the two walks, and are in "
    "the audit trail.",
    usual_cause="The archive writes corrected patient data into the header; changed pixels have no such "
    "everyday cause.",
)
def integrity_image_changed(
    dicom_files: nw.LazyFrame[Any],
    dicom_scans: nw.LazyFrame[Any],
    systems: nw.LazyFrame[Any] | None,
    explained_changes: nw.LazyFrame[Any] | None,
    *,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per image store on its latest walk with digests, and one per change between two walks.

    Walks are compared that reached their end and used the same key, all that are at hand. A change stays a
    failure until its explanation is on record, for as many images as changed. Where no store was ever
    walked with digests there is no verdict; where some were, the others are UNKNOWN.
    """
    names = system_names(systems)
    stores = digested_scans(dicom_scans, names, at, restored=False)
    explained: dict[tuple[str, str, str], list[Any]] = {}
    for row in () if explained_changes is None else records(explained_changes):
        if row.explained_on <= at.today:
            explained.setdefault((row.root, row.walk_before, row.walk_after), []).append(row)
    for (system, root), walks in sorted(stores.items()):
        scope, latest = system or root, walks[0]
        keys = sorted({walk.digest_key for walk in walks})
        found = [
            change
            for key in keys
            for change in changes(
                dicom_files, dicom_scans, [walk for walk in walks if walk.digest_key == key]
            )
        ]
        for change in found:
            told = explained.get((root, change.before.scan_id, change.after.scan_id), [])
            yield _change(change, told, scope, root)
        if all(change.after.scan_id != latest.scan_id for change in found):
            before = next((walk for walk in walks[1:] if walk.digest_key == latest.digest_key), None)
            yield _unchanged(dicom_files, scope, root, latest, before)
    for store in image_stores(dicom_scans, systems, at) if stores else ():
        if (store.system, store.root) not in stores:
            yield Verdict(
                subject=store.root,
                result="UNKNOWN",
                message="Other stores were walked with digests, this one was not: nothing to compare.",
                scope=store.scope,
            )


def _change(change: Change, told: Sequence[Any], scope: str, root: str) -> Verdict:
    """A change passes when as many images are explained as changed, of either kind."""
    days = [walk.finished_at or walk.started_at for walk in (change.before, change.after)]
    facts = (
        f"Between the walks of {days[0]:%Y-%m-%d} and {days[1]:%Y-%m-%d} "
        f"{count(change.pixels, 'image')} got other pixel data and {some(change.headers)} another header only"
    )
    pixels, headers = (sum(getattr(row, name) for row in told) for name in ("pixels", "headers"))
    result: Result = "PASS" if (pixels, headers) == (change.pixels, change.headers) else "FAIL"
    if result == "PASS":
        message = f"{facts}; an explanation of all of them is on record."
    elif told:
        message = (
            f"{facts}; explained are {pixels:,} and {headers:,}, so that the explanation is of something "
            "else."
        )
    else:
        message = f"{facts}: unexplained, for review."
    return Verdict(
        subject=f"{root}: {change.before.scan_id} to {change.after.scan_id}",
        result=result,
        message=message,
        observed=count(change.pixels + change.headers, "image"),
        expected="0 images without an explanation on record",
        scope=scope,
        severity="high" if change.pixels else None,
        rows=(
            change.rows,
            Rows.of("dicom_scans", [change.before, change.after]),
            *([Rows.of("explained_changes", told)] if told else []),
        ),
    )


def _unchanged(
    dicom_files: nw.LazyFrame[Any], scope: str, root: str, latest: Any, before: Any | None
) -> Verdict:
    """What the latest walk says, which shows no change."""
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
    lost = out_of(found.absent, found.instances, "image")
    gone = f" {lost} {be(found.absent)} no longer there." if found.absent else ""
    said = (
        f"{be(seen, 'The only image', f'All {seen:,} images')} seen in both walks {have(seen)} the same "
        "bytes."
        if seen
        else "No image was seen in both walks."
    )
    return Verdict(
        subject=root,
        result="PASS" if seen else "UNKNOWN",
        message=said + gone,
        observed=out_of(0, seen, "image"),
        expected="0 images",
        scope=scope,
        rows=(Rows.of("dicom_scans", [before, latest]),),
    )
