"""Archives that grew by more images than their audit trail tells of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import narwhals as nw

from riskkit.declare import check
from riskkit.derived.inventory import system_names, system_of
from riskkit.derived.trail import DAY_US, arrived, first_rows, flag, local, row_key
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.model.time import microseconds
from riskkit.tables import records
from riskkit.words import amount, be, count, out_of

STORED = ("import", "create")


@check(
    id="audit.volume_mismatch",
    title="An archive grows by the images that its audit trail tells of",
    question="Which archives hold more new images than were recorded as received?",
    subject="system",
    controls=("45 CFR 164.312(b)",),
    severity="medium",
    remediation="List the studies that came in that time without an event, and find out by which way.",
    look_first="Imports by disc or by script, which go around the service that audits.",
    usual_cause="A migration or a second listener stored images without auditing.",
    expects=("archive",),
    aliases=("C18",),
)
def audit_volume_mismatch(
    audit_events: nw.LazyFrame[Any],
    dicom_scans: nw.LazyFrame[Any],
    systems: nw.LazyFrame[Any],
    *,
    max_percent: int = 5,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per system whose store was walked.

    The files of the two latest complete walks of each root are compared with the instances
    (NumberOfInstances) of the transfers, imports and creations that the system recorded between
    them. More files than instances by over `max_percent` fails. Fewer are no finding: images are
    deleted, compressed into one file or sent twice. Without two walks, when the trail does not reach
    over the time between them (to a day), or when the events do not count instances, it is unknown.
    """
    names = system_names(systems)
    walks: dict[str, dict[str, list[Any]]] = {}
    for scan in records(dicom_scans):
        if scan.complete and scan.finished_at and scan.finished_at < at.as_of:
            of = walks.setdefault(system_of(scan.system_id, names), {})
            of.setdefault(scan.root, []).extend([scan] if scan.files is not None else [])
    for system, roots in sorted(walks.items()):
        pairs = [
            sorted(found, key=lambda scan: (scan.finished_at, scan.scan_id))[-2:] for found in roots.values()
        ]
        whole = [pair for pair in pairs if len(pair) > 1]
        rows = Rows.of("dicom_scans", [scan for pair in pairs for scan in pair])
        if single := len(pairs) - len(whole):
            yield _verdict(
                system,
                "UNKNOWN",
                f"{out_of(single, len(pairs), 'store')} {be(single, 'was', 'were')} not walked and counted "
                "twice.",
                rows,
            )
            continue
        grown = sum(later.files - earlier.files for earlier, later in whole)
        begin = min(microseconds(earlier.started_at) for earlier, _ in whole)
        end = max(microseconds(later.finished_at) for _, later in whole)
        known = [name for name, owner in names.items() if owner == system]
        result, message, received = _compared(audit_events, systems, known, begin, end, grown, max_percent)
        if missing_days := _uncovered(audit_events, known, begin, end):
            result, message = (
                "UNKNOWN",
                f"{message} The trail does not reach over {count(missing_days, 'day')} of it.",
            )
        span = f"Between {local(begin, at)} and {local(end, at)}"
        yield _verdict(system, result, f"{span}, {message}", *([received] if received else []), rows)


def _compared(
    audit_events: nw.LazyFrame[Any],
    systems: nw.LazyFrame[Any],
    names: list[str],
    begin: int,
    end: int,
    grown: int,
    max_percent: int,
) -> tuple[Result, str, Rows | None]:
    time = nw.col("event_time_us")
    refused = nw.col("event_outcome").fill_null("unknown") == "failure"
    stored = nw.col("event_category").is_in(STORED) | arrived(systems)
    counted = (
        audit_events.filter(
            time >= begin,
            time <= end,
            nw.col("source_system").str.to_lowercase().is_in(names),
            stored,
            ~refused,
        )
        .with_columns(uncounted=flag(nw.col("instance_count").is_null() & (nw.col("n").fill_null(0) == 0)))
        .with_columns(instances=nw.col("instance_count").fill_null(0), key=row_key())
        .group_by("source")
        .agg(
            nw.len().alias("events"),
            nw.col("uncounted").sum(),
            nw.col("instances").sum(),
            nw.col("key").min(),
        )
    )
    files = list(records(counted))
    events, uncounted, instances = (
        sum(int(getattr(row, name)) for row in files) for name in ("events", "uncounted", "instances")
    )
    facts = (
        f"the store grew by {amount(grown, 'file')}, and {count(events, 'event')} "
        f"{be(events, 'tells', 'tell')} of {amount(instances, 'instance')} received"
    )
    keys = [(row.source, row.key) for row in files]
    rows = first_rows(keys, events, "images stored in the system :subject") if keys else None
    if uncounted:
        return (
            "UNKNOWN",
            f"{facts}; {count(uncounted, 'event')} {be(uncounted, 'does', 'do')} not say how many.",
            rows,
        )
    if grown * 100 > instances * (100 + max_percent):
        return "FAIL", f"{facts}: {grown - instances:,} came without an event.", rows
    return "PASS", f"{facts}.", rows


def _uncovered(audit_events: nw.LazyFrame[Any], names: list[str], begin: int, end: int) -> int:
    """Whole days at the begin and end of the time between the walks that no event of the system covers."""
    heard = audit_events.filter(nw.col("source_system").str.to_lowercase().is_in(names)).select(
        nw.col("event_time_us").min().alias("first"), nw.col("event_time_us").max().alias("last")
    )
    (row,) = records(heard)
    if row.first is None:
        return -(-(end - begin) // DAY_US)
    return int(max(0, row.first - begin) // DAY_US + max(0, end - row.last) // DAY_US)


def _verdict(system: str, result: Result, message: str, *rows: Rows) -> Verdict:
    return Verdict(
        subject=system or "store without a system",
        result=result,
        message=message,
        expected="no more new files than instances received",
        scope=system,
        rows=rows,
    )
