"""Audit exports of which nobody recorded who made them and how, or that are newer than their export."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import narwhals as nw

from riskkit.declare import check
from riskkit.derived.custody_dates import custody_rows
from riskkit.derived.trail import HOUR_US, UNNAMED_SOURCE
from riskkit.derived.trail_files import SourceFiles, sources_of
from riskkit.model import Result, Rows, Verdict
from riskkit.model.time import microseconds
from riskkit.words import be, have, out_of


@check(
    id="audit.integrity_unproven",
    title="The way of each audit export is on record",
    question="For which audit sources is it not recorded who exported the files, with which command, and "
    "who approved it, or do files hold events from after their export?",
    subject="audit source",
    controls=("45 CFR 164.312(b)",),
    severity="medium",
    remediation="Record each export in evidence.csv with exporter, command and approver, and let the "
    "source sign or chain its log, or keep it on storage that cannot be overwritten.",
    look_first="The row of the file in evidence.csv, and the export job that wrote it.",
    usual_cause="Files are fetched by hand when they are asked for, and nobody writes down how.",
    expects=("archive", "viewer", "worklist"),
    aliases=("C12",),
)
def audit_integrity_unproven(
    trail_files: nw.LazyFrame[Any], custody: nw.LazyFrame[Any] | None, *, slack_hours: int = 24
) -> Iterator[Verdict]:
    """One verdict per audit source with events in the period.

    A file with events more than `slack_hours` after its recorded export was changed since, or the
    record is wrong: it fails. Without a full record of the export it is unknown. A full record shows
    the way of the file; that nothing was removed before, only a digest or signature by the source
    would show, and evidence.csv has no place for one. This finds signs of change and proves nothing.
    """
    of = custody_rows(custody)
    for source in sources_of(trail_files):
        newer = [file for file in source.files if _newer(file, of, slack_hours)]
        bare = [file for file in source.files if not any(map(_whole, of(file.source)))]
        result, message = _judged(source, len(newer), len(bare))
        rows = [row for file in source.files for row in of(file.source)]
        yield Verdict(
            subject=source.name or UNNAMED_SOURCE,
            result=result,
            message=message,
            observed=f"{out_of(len(source.files) - len(bare), len(source.files), 'export')} on record",
            expected="each export on record, with no event from after it",
            scope=source.name,
            rows=(source.rows(source.total("events")), Rows.of("custody", rows)),
        )


def _whole(row: Any) -> bool:
    return bool(row.exported_by and row.command and row.approved_by)


def _newer(file: Any, of: Callable[[str], list[Any]], slack_hours: int) -> bool:
    exports = [microseconds(row.exported_at) for row in of(file.source)]
    return bool(exports) and file.last_us is not None and file.last_us > max(exports) + slack_hours * HOUR_US


def _judged(source: SourceFiles, newer: int, bare: int) -> tuple[Result, str]:
    files = len(source.files)
    if newer:
        return "FAIL", (
            f"{out_of(newer, files, 'file')} "
            f"{be(newer, 'holds events from after its', 'hold events from after their')} recorded export: "
            "the file was changed, or the record is wrong."
        )
    if bare:
        return "UNKNOWN", (
            f"{out_of(bare, files, 'file')} {have(bare)} no record of exporter, command and approver in "
            "evidence.csv. That record, and a digest made by the source, would show that the trail is as it "
            "was written."
        )
    return "PASS", (
        f"{out_of(files, files, 'file')} with exporter, command and approver on record. This shows the way "
        "of the files since their export; only a digest by the source could show that none was changed "
        "before."
    )
