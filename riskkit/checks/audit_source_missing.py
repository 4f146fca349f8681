"""Systems that should write an audit trail and of which there is none, or no longer any."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import narwhals as nw

from riskkit.declare import check
from riskkit.derived.inventory import NO_TRAIL, in_scope, system_names, system_of
from riskkit.derived.trail import DAY_US, UNNAMED_SOURCE, first_rows
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.tables import records
from riskkit.words import amount, be, count


@check(
    id="audit.source_missing",
    title="Every system with ePHI sends its audit trail",
    question="Which systems of the inventory sent no audit events, and which events come from no known "
    "system?",
    subject="system",
    controls=("45 CFR 164.312(b)",),
    severity="high",
    remediation="Switch on the audit trail of the system and send it to the audit record repository, or "
    "add the id under which it audits to its aliases in inventory/systems.csv.",
    look_first="Whether the system audits under another id than those that the inventory knows.",
    usual_cause="The audit connection was not set up again after an upgrade or a move.",
    expects=("*",),
    aliases=("C3",),
)
def audit_source_missing(
    trail_files: nw.LazyFrame[Any], systems: nw.LazyFrame[Any], *, at: Moment
) -> Iterator[Verdict]:
    """One verdict per system in scope, and one per audit source that no system goes by.

    A system that was heard before and not in the period fails. Of one that was never heard it is not
    known whether it records nothing or its export is not part of the pack. Backups are left out: what
    they copy shows in the trail of the copied system.
    """
    names = system_names(systems)
    heard: dict[str, list[Any]] = {}
    for row in records(trail_files.sort("source")):
        heard.setdefault(system_of(row.source_system, names), []).append(row)
    inventory = {system.system_id: system for system in records(systems)}
    for name, system in sorted(inventory.items()):
        if in_scope(system):
            yield _of_system(system, heard.get(name, []), at)
    for name, files in sorted(heard.items()):
        if name not in inventory and any(file.events for file in files):
            yield _of_stranger(name, files)


def _of_system(system: Any, files: Sequence[Any], at: Moment) -> Verdict:
    result, message = _judged(system.kind, files, at)
    rows = Rows.of("systems", [system])
    return Verdict(
        subject=system.system_id,
        result=result,
        message=message,
        observed=count(_events(files), "event"),
        expected="events in the period",
        scope=system.system_id,
        rows=(_rows(files), rows) if _events(files) else (rows,),
    )


def _judged(kind: str, files: Sequence[Any], at: Moment) -> tuple[Result, str]:
    events = _events(files)
    last = max((file.last_before_us for file in files if file.last_before_us is not None), default=None)
    if events and last is not None:
        days = (at.end_us - last) // DAY_US
        return (
            "PASS",
            f"{count(events, 'event')} in the period, the last {amount(days, 'day')} before its end.",
        )
    if kind in NO_TRAIL:
        return "NA", f"A {kind} system: its work shows in the trail of the systems that it copies."
    if last is not None:
        days = (at.end_us - last) // DAY_US
        return "FAIL", f"No event in the period; the last one lies {amount(days, 'day')} before its end."
    return "UNKNOWN", (
        "No file of the pack holds an event of this system: it records none, it audits under a name that "
        "the inventory does not know, or its trail was not exported."
    )


def _of_stranger(name: str, files: Sequence[Any]) -> Verdict:
    events = _events(files)
    return Verdict(
        subject=name or UNNAMED_SOURCE,
        result="UNKNOWN",
        message=f"{count(events, 'event')} of the period {be(events, 'comes', 'come')} from a source that is "
        f"no system of the inventory, so for which system {be(events, 'it speaks', 'they speak')} is not "
        "known.",
        observed=count(events, "event"),
        expected="the source is an alias of a system",
        scope=name,
        rows=(_rows(files),),
    )


def _events(files: Sequence[Any]) -> int:
    return sum(int(file.events) for file in files)


def _rows(files: Sequence[Any]) -> Rows:
    keys = [(file.source, file.key) for file in files if file.key is not None]
    return first_rows(keys, _events(files), "source_system is a name of :subject")
