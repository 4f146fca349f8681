"""Events of announced scans in the audit trail: set aside, counted, and what hides among them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import narwhals as nw

from riskkit.declare import check
from riskkit.derived.announced_probes import ELSEWHERE, SET_ASIDE, WENT_FURTHER
from riskkit.derived.trail import UNNAMED_SOURCE, first_rows
from riskkit.derived.trail_files import sources_of
from riskkit.model import Result, Rows, Verdict
from riskkit.tables import records
from riskkit.words import be, capital, count


@check(
    id="audit.announced_scan",
    title="Announced scans of listeners do no more than knock",
    question="Which events are set aside because they belong to an announced scan, and did anything reach a "
    "record in its name?",
    subject="audit source",
    controls=("45 CFR 164.312(b)", "45 CFR 164.308(a)(1)(ii)(D)"),
    severity="medium",
    remediation="Ask who ran the scan what these events are; without an answer treat the scanner's address "
    "and AE title as used by somebody else.",
    look_first="The scan log of that day, and who could work on the scanner.",
    usual_cause="Somebody worked on the scanner's machine while it scanned, or a device was given the same "
    "AE title.",
    standing=False,
)
def audit_announced_scan(
    trail_files: nw.LazyFrame[Any], announced_probes: nw.LazyFrame[Any] | None
) -> Iterator[Verdict]:
    """One verdict per audit source with events in the period.

    Events within a window of probe_windows (its system, a minute of slack, its source address) that do no
    more than a scan does are kept from all checks about people and devices. What went further, or used
    the scan's AE title from another address, is not set aside and fails here.
    """
    found: dict[str, list[Any]] = {}
    for row in () if announced_probes is None else records(announced_probes.sort("source", "event_category")):
        found.setdefault(row.source_system or "", []).append(row)
    for source in sources_of(trail_files):
        result, message, rows = _judged(found.get(source.name, []))
        yield Verdict(
            subject=source.name or UNNAMED_SOURCE,
            result=result,
            message=message,
            observed=f"{count(_total(found.get(source.name, []), SET_ASIDE), 'event')} set aside",
            expected="no event in the name of the scan that reaches a record",
            scope=source.name,
            rows=rows,
        )


def _judged(rows: Sequence[Any]) -> tuple[Result, str, tuple[Rows, ...]]:
    if not rows:
        return "NA", "No event of an announced scan stands in this source; nothing is set aside.", ()
    aside = _total(rows, SET_ASIDE)
    told = [capital(f"{count(aside, 'event')} of the announced scan set aside{_kinds(rows, SET_ASIDE)}.")]
    if further := _total(rows, WENT_FURTHER):
        told.append(
            f"{count(further, 'event')} from the scanner did more than a scan{_kinds(rows, WENT_FURTHER)}: "
            "not set aside, for review."
        )
    if elsewhere := _total(rows, ELSEWHERE):
        told.append(
            f"{count(elsewhere, 'event')} {be(elsewhere, 'bears', 'bear')} the scan's AE title and "
            f"{be(elsewhere, 'comes', 'come')} from another address: not set aside, for review."
        )
    odd = [row for row in rows if row.kind != SET_ASIDE]
    shown = odd or rows
    referred = first_rows(
        [(row.source, row.key) for row in shown],
        sum(int(row.events) for row in shown),
        "source_system = :subject and the event lies in a window of probe_windows",
    )
    return ("FAIL" if odd else "PASS"), " ".join(told), (referred,)


def _total(rows: Sequence[Any], kind: str) -> int:
    return sum(int(row.events) for row in rows if row.kind == kind)


def _kinds(rows: Sequence[Any], kind: str) -> str:
    """Event categories with their numbers, such as ` (3 authentication, 1 other)`."""
    counts: Counter[str] = Counter()
    for row in rows:
        if row.kind == kind:
            counts[row.event_category.replace("_", " ")] += int(row.events)
    return (
        f" ({', '.join(f'{number:,} {name}' for name, number in sorted(counts.items()))})" if counts else ""
    )
