"""What each file holds of each audit source: how much, from when to when, and how well it could be read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import narwhals as nw

from riskkit.declare import derive
from riskkit.derived.trail import first_rows, flag, in_period, opens_record, row_key
from riskkit.model import Moment, Rows
from riskkit.tables import records

OCTETS = "octet count does not fit"
"""What a reader notes of a message that is not as long as its frame says."""

DATA_LOGS = "^azure_dicom|/data$|/data_access$"
"""Formats (`source_format`) of cloud providers that tell of single images and not only of the store."""

COUNTED = ("events", "accesses", "data_accesses", "succeeded", "partial", "uncoded", "unsure", "octets")


@derive(
    name="trail_files",
    doc="One row per audit file and audit source in it: `records` of the whole file part, `timeless` "
    "those without a time, and for the period `events` (rows), `accesses` among them, those of them in "
    "a cloud's log of `data_accesses`, those that `succeeded`, are `partial`, `uncoded` (of no known "
    "kind) or `unsure` (time without zone or year) and `octets` (shorter or longer than their frame says); "
    "`last_seq`, `first_us` and `last_us` of all, `last_before_us` up to the end of the period; `key` of "
    "the first row of the period.",
    whole_trail=True,
)
def trail_files(audit_events: nw.LazyFrame[Any], *, at: Moment) -> nw.LazyFrame[Any]:
    """Counted once in the engine; several questions about whole files and sources read it."""
    inside = in_period(at).fill_null(False)
    time = nw.col("event_time_us")
    category = nw.col("event_category").fill_null("other")
    unsure = nw.col("time_quality").is_in(("assumed_tz", "assumed_year"))
    data = nw.col("source_format").fill_null("").str.contains(DATA_LOGS)
    octets = nw.col("parse_notes").fill_null("").str.contains(OCTETS, literal=True)
    return (
        audit_events.with_columns(
            records=flag(nw.col("n").fill_null(0) == 0),
            timeless=flag(time.is_null()),
            events=flag(inside),
            accesses=flag(inside & opens_record()),
            data_accesses=flag(inside & opens_record() & data),
            succeeded=flag(inside & (nw.col("event_outcome") == "success")),
            partial=flag(inside & (nw.col("parse_status") == "partial")),
            uncoded=flag(inside & (category == "other")),
            unsure=flag(inside & unsure),
            octets=flag(inside & octets),
            key=nw.when(inside).then(row_key()),
            before=nw.when(time < at.end_us).then(time),
        )
        .group_by("source", "source_system")
        .agg(
            nw.col("source_format").min(),
            nw.col("records").sum(),
            nw.col("timeless").sum(),
            *(nw.col(name).sum() for name in COUNTED),
            nw.col("event_seq").max().alias("last_seq"),
            time.min().alias("first_us"),
            time.max().alias("last_us"),
            nw.col("before").max().alias("last_before_us"),
            nw.col("key").min(),
        )
    )


@dataclass
class SourceFiles:
    """The files that hold events of one audit source in the period, and the sums over them."""

    name: str
    files: list[Any] = field(default_factory=list)

    def total(self, column: str) -> int:
        """The sum of one count."""
        return sum(int(getattr(file, column)) for file in self.files)

    def rows(self, count: int, predicate: str = "source_system = :subject") -> Rows:
        """The first row of each file."""
        keys = [(file.source, file.key) for file in self.files if file.key is not None]
        return first_rows(keys, count, predicate)


def sources_of(trail_files: Any) -> Iterator[SourceFiles]:
    """Every audit source with events in the period, by name; empty for events that name none."""
    found: dict[str, SourceFiles] = {}
    for row in records(trail_files.filter(nw.col("events") > 0).sort("source")):
        name = row.source_system or ""
        found.setdefault(name, SourceFiles(name)).files.append(row)
    yield from (source for _, source in sorted(found.items()))
