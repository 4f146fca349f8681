"""What announced scans of listeners left in the audit trail: their own events, and what hides among them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw

from riskkit.declare import derive
from riskkit.derived.inventory import system_names, system_of
from riskkit.derived.trail import MINUTE_US, in_period, row_key
from riskkit.model import Moment
from riskkit.model.time import microseconds
from riskkit.tables import records

SLACK_US = MINUTE_US
"""So far the clock of a listener may stand from that of the scanner."""

KNOCKS = ("application", "network", "security_alert", "other")
"""Event categories that a scan causes; of all others only what was refused is its doing."""

KEYS = ("source", "offset", "n")
"""What names a row of the audit trail."""

SET_ASIDE, WENT_FURTHER, ELSEWHERE = "set aside", "went further", "title from elsewhere"


@dataclass(frozen=True, slots=True)
class Scan:
    """When one address looked at one system: AE titles and names of the system (empty: any) in lower case.

    `own` are the titles that no system of the inventory goes by: nobody but the scan uses them.
    """

    address: str
    titles: frozenset[str]
    own: frozenset[str]
    systems: frozenset[str]
    spans: tuple[tuple[int, int], ...]


@derive(
    name="announced_probes",
    doc="One row per audit source, file, event category and kind of the period's events in windows of "
    "probe_windows: `set aside` (from the scanner's address, or under its AE title where no address is "
    "recorded, and no more than a scan does), `went further` (from there, and it reached a record, logged "
    "in or named a patient) or `title from elsewhere` (under an AE title of the scan alone, from another "
    "address); number of `events` and `key` of the first.",
    whole_trail=True,
)
def announced_probes(
    audit_events: nw.LazyFrame[Any],
    probe_windows: nw.LazyFrame[Any],
    systems: nw.LazyFrame[Any] | None,
    *,
    at: Moment,
) -> nw.LazyFrame[Any]:
    """Counted in the engine. Only the first kind is kept from other checks."""
    scans = announced(probe_windows, systems)
    from_there, elsewhere = _from_scanner(scans), _from_elsewhere(scans)
    kind = (
        nw.when(from_there & only_knocks())
        .then(nw.lit(SET_ASIDE))
        .when(from_there)
        .then(nw.lit(WENT_FURTHER))
        .otherwise(nw.lit(ELSEWHERE))
    )
    return (
        audit_events.filter(in_period(at), _near(scans))
        .filter(from_there | elsewhere)
        .with_columns(kind=kind, key=row_key(), event_category=nw.col("event_category").fill_null("other"))
        .group_by("source_system", "source", "event_category", "kind")
        .agg(nw.len().alias("events"), nw.col("key").min())
    )


def announced(probe_windows: Any, systems: Any | None) -> tuple[Scan, ...]:
    """The announced scans, with their windows widened for clocks that differ and joined where they touch."""
    ids = system_names(systems)
    names: dict[str, set[str]] = {}
    for name, system in ids.items():
        names.setdefault(system, set()).add(name)
    spans: dict[tuple[str, str, frozenset[str]], list[tuple[int, int]]] = {}
    for row in records(probe_windows):
        titles = frozenset(filter(None, (one.strip() for one in (row.ae_titles or "").casefold().split("|"))))
        key = row.source_address.strip().casefold(), system_of(row.system_id, ids), titles
        spans.setdefault(key, []).append(
            (microseconds(row.probe_started_at) - SLACK_US, microseconds(row.probe_ended_at) + SLACK_US)
        )
    return tuple(
        Scan(
            address,
            titles,
            titles - ids.keys(),
            frozenset(names.get(system, ())) | {system.casefold()} if system else frozenset(),
            _joined(of_one),
        )
        for (address, system, titles), of_one in sorted(
            spans.items(), key=lambda item: (item[0][0], item[0][1], sorted(item[0][2]))
        )
    )


def probes(trail: nw.LazyFrame[Any], scans: Sequence[Scan]) -> nw.LazyFrame[Any]:
    """The keys of the events of announced scans: by system, time and address, and no more than a knock.

    An AE title counts only where the event names no address: it can be claimed from anywhere.
    """
    near = trail.filter(_near(scans))
    return near.filter(_from_scanner(scans) & only_knocks()).select(*KEYS)


def _near(scans: Sequence[Scan]) -> nw.Expr:
    """Whether an event names an address or title of any scan: few do, and only those are looked at closer."""
    addresses = sorted({scan.address for scan in scans})
    titles = sorted({title for scan in scans for title in scan.titles})
    return _is("source_ip", addresses) | _is("source_host", addresses) | _is("source_aet", titles)


def only_knocks() -> nw.Expr:
    """Whether an event does no more than a scan: it reached no record, nobody logged in, no patient named."""
    refused = nw.col("event_outcome").fill_null("unknown") == "failure"
    harmless = nw.col("event_category").fill_null("other").is_in(KNOCKS) | refused
    nobody = nw.col("patient_id").is_null() & nw.col("study_uid").is_null() & nw.col("accession").is_null()
    return harmless & nobody & ~nw.col("break_glass").fill_null(nw.lit(False))


def _from_scanner(scans: Sequence[Scan]) -> nw.Expr:
    """Whether an event came from where and when a scan was announced."""
    return _any(_here(scan) & (_by_address(scan) | (_no_address() & _titled(scan.titles))) for scan in scans)


def _from_elsewhere(scans: Sequence[Scan]) -> nw.Expr:
    """Whether an event has an AE title of a scan alone, and came from another address."""
    return _any(
        _here(scan) & _titled(scan.own) & ~_no_address() & ~_by_address(scan) for scan in scans if scan.own
    )


def _here(scan: Scan) -> nw.Expr:
    """Whether an event falls into a scan's windows, and its source is not another system."""
    time = nw.col("event_time_us")
    within = _any((time >= begin) & (time <= end) for begin, end in scan.spans)
    if not scan.systems:
        return within
    system = nw.col("source_system").str.to_lowercase()
    return within & (nw.col("source_system").is_null() | system.is_in(sorted(scan.systems)).fill_null(False))


def _by_address(scan: Scan) -> nw.Expr:
    return _is("source_ip", (scan.address,)) | _is("source_host", (scan.address,))


def _titled(titles: frozenset[str]) -> nw.Expr:
    return _is("source_aet", sorted(titles)) if titles else nw.lit(False)


def _no_address() -> nw.Expr:
    return nw.col("source_ip").is_null() & nw.col("source_host").is_null()


def _is(column: str, values: Sequence[str]) -> nw.Expr:
    """Whether a column holds one of these, as they are or in capitals: quicker than to lower every row."""
    either = sorted({*values, *(value.upper() for value in values)})
    return nw.col(column).is_in(either).fill_null(False) if either else nw.lit(False)


def _any(expressions: Iterable[nw.Expr]) -> nw.Expr:
    """Whether any holds; null counts as no. Halved and halved again: engines bound how deep one may nest."""
    found = [one.fill_null(False) for one in expressions]
    while len(found) > 1:
        pairs = [one | other for one, other in zip(found[::2], found[1::2], strict=False)]
        found = pairs + (found[-1:] if len(found) % 2 else [])
    return found[0] if found else nw.lit(False)


def _joined(spans: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Spans in order, those that touch as one."""
    found: list[tuple[int, int]] = []
    for begin, end in sorted(spans):
        if found and begin <= found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((begin, end))
    return tuple(found)
