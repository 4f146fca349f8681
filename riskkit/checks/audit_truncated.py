"""Exports of the audit trail that end where an export ends, not where the events do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import narwhals as nw

from riskkit.declare import check
from riskkit.derived.trail import UNNAMED_SOURCE
from riskkit.derived.trail_files import SourceFiles, sources_of
from riskkit.model import Result, Verdict
from riskkit.tables import records
from riskkit.words import be, count, out_of

CAPS = (500, 1_000, 10_000, 65_535, 65_536, 1_048_575, 1_048_576)
"""Most rows that logs, query pages and worksheets (with or without a heading) give out."""


@check(
    id="audit.truncated",
    title="Exports of the audit trail are not cut off",
    question="For which audit sources does a file hold exactly as many records as an export may have, or "
    "a message shorter than announced?",
    subject="audit source",
    controls=("45 CFR 164.312(b)",),
    severity="medium",
    remediation="Export the trail again in shorter spans of time, or straight from the database, and "
    "compare the number of records.",
    look_first="Whether the file reaches from the first to the last day that was asked for.",
    usual_cause="The page from which it was exported shows no more than a fixed number of rows.",
    expects=("archive", "viewer", "worklist"),
    aliases=("C9",),
)
def audit_truncated(trail_files: nw.LazyFrame[Any]) -> Iterator[Verdict]:
    """One verdict per audit source with events in the period, on the files that hold them.

    Counted with the records of the file that could not be read, as far as records follow them. A
    message that ends before its end tag is in quarantine, and the engine says so of its file.
    """
    whole: dict[str, tuple[int, int]] = {}
    for row in records(trail_files):
        count, last = whole.get(row.source, (0, 0))
        whole[row.source] = (count + int(row.records), max(last, (row.last_seq or 0) + 1))
    for source in sources_of(trail_files):
        capped = {file.source: cap for file in source.files for cap in CAPS if cap in whole[file.source]}
        result, message = _judged(source, capped)
        yield Verdict(
            subject=source.name or UNNAMED_SOURCE,
            result=result,
            message=message,
            observed=f"{out_of(len(capped), len(source.files), 'file')} at a common limit",
            expected="no file ends at a common limit of exports",
            scope=source.name,
            rows=(source.rows(source.total("events")),),
        )


def _judged(source: SourceFiles, capped: dict[str, int]) -> tuple[Result, str]:
    files, octets = len(source.files), source.total("octets")
    if capped:
        limits = " and ".join(f"{cap:,}" for cap in sorted(set(capped.values())))
        return "FAIL", (
            f"{out_of(len(capped), files, 'file')} {be(len(capped), 'holds', 'hold')} exactly {limits} "
            "records, a common limit of exports: what came after may be missing."
        )
    if octets:
        return "UNKNOWN", (
            f"{out_of(octets, source.total('events'), 'message')} "
            f"{be(octets, 'is not as long as its', 'are not as long as their')} frame says."
        )
    return "PASS", (
        f"{count(source.total('records'), 'record')} in {count(files, 'file')}, none with a common limit of "
        "exports."
    )
