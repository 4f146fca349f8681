"""What systems run, who looks for weaknesses, what is open, and what stands in for an update."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from riskkit.derived.measures import why_void
from riskkit.model import Assessment, Verdict
from riskkit.tables import records
from riskkit.views.charts import bars
from riskkit.views.findings import missing
from riskkit.views.html import Html, join, paragraph
from riskkit.views.scope import in_view, inventory, present
from riskkit.views.tables import rows, table
from riskkit.views.wording import day
from riskkit.words import be, count

GRADES = ("critical", "high", "medium", "low")
_STATES = {"PASS": "yes", "FAIL": "no", "UNKNOWN": "unknown", "NA": "does not apply"}


def overview(assessment: Assessment) -> Html:
    """Systems that hold ePHI: product, support, last scan, open weaknesses, protection, segment."""
    if not present(assessment, "systems"):
        return missing(assessment, "systems")
    known = inventory(assessment)
    weak = _open(assessment)
    shown = [system for system in known.ephi if in_view(assessment, known, system.system_id)]
    supported, scanned, protected, placed = (
        _said(assessment, f"inventory.{name}")
        for name in ("unsupported_software", "scan_overdue", "malware_protection", "segment_wrong")
    )
    severe = _said(assessment, "inventory.weakness_open_long")
    frame = rows(
        (
            {
                "system": known.name(system.system_id),
                "product": " ".join(filter(None, (system.product, system.version))) or None,
                "supported": _state(supported, system.system_id),
                "scanned in time": _state(scanned, system.system_id),
                "critical or high open": _severe(weak, system.system_id, severe),
                "protected against malware": _state(protected, system.system_id),
                "segment of its own": _state(placed, system.system_id),
            }
            for system in shown
        ),
        (
            "system", "product", "supported", "scanned in time", "critical or high open",
            "protected against malware", "segment of its own",
        ),
    )  # fmt: skip
    ended = sum(_state(supported, system.system_id) == "no" for system in shown)
    told = f"{count(len(shown), 'system')} with ePHI; the support of {ended} has ended."
    return join([
        paragraph(told),
        table(assessment, frame, caption="Systems and their upkeep",
              note="Unknown: the evidence does not tell. A dash: the question was not put to this system."),
    ])  # fmt: skip


def weaknesses(assessment: Assessment) -> Html:
    """Open weaknesses by system and severity, those that are known to be exploited apart."""
    if not present(assessment, "vulnerabilities"):
        return missing(assessment, "vulnerabilities")
    known, weak = inventory(assessment), _open(assessment)
    exploited = (
        {entry.cve.casefold() for entry in records(assessment.table("known_exploited"))}
        if present(assessment, "known_exploited")
        else None
    )
    frame = rows(
        (
            {
                "system": known.name(system),
                **{grade: sum(row.severity == grade for row in found) for grade in GRADES},
                "no severity": sum(row.severity is None for row in found),
                "with an update": sum(row.fix_available is True for row in found),
                "known to be exploited": None
                if exploited is None
                else sum(row.vulnerability.casefold() in exploited for row in found),
                "oldest, days": max(
                    (assessment.moment.age_days(row.first_seen) for row in found if row.first_seen),
                    default=None,
                ),
            }
            for system, found in sorted(weak.items())
        ),
        ("system", *GRADES, "no severity", "with an update", "known to be exploited", "oldest, days"),
    )
    total = sum(map(len, weak.values()))
    told = f"{count(total, 'weakness')} {be(total)} open on {count(len(weak), 'system')}."
    if exploited is None:
        told += " Without the catalogue of exploited weaknesses it is not known which are in use."
    ages = [
        (f"{row.vulnerability} ({system})", assessment.moment.age_days(row.first_seen))
        for system, found in sorted(weak.items())
        for row in found
        if row.severity in ("critical", "high") and row.first_seen
    ]
    pieces = [paragraph(told)]
    if ages:
        pieces.append(bars(
            sorted(ages, key=lambda one: (-one[1], one[0]))[:12], unit="days since a scan saw it first",
            caption="The oldest open weaknesses of critical or high severity.", limit=(30, "30 days"),
            alt=f"The oldest is open for {max(days for _, days in ages)} days.",
        ))  # fmt: skip
    pieces.append(table(assessment, frame, caption="Open weaknesses by system", empty="none is open."))
    return join(pieces)


def updates(assessment: Assessment) -> Html:
    """Security updates that wait, the oldest first."""
    if not present(assessment, "updates"):
        return missing(assessment, "updates")
    known, today = inventory(assessment), assessment.moment.today
    listed = [
        row for row in records(assessment.table("updates")) if in_view(assessment, known, row.system_id)
    ]
    waiting = [row for row in listed if row.installed_on is None]
    frame = rows(
        (
            {
                "system": known.name(row.system_id),
                "update": row.update_id,
                "severity": row.severity,
                "released": day(assessment, row.released_on),
                "days": None if row.released_on is None else (today - row.released_on).days,
                "allowed by the maker": day(assessment, row.validated_on),
            }
            for row in sorted(waiting, key=_age)
        ),
        ("system", "update", "severity", "released", "days", "allowed by the maker"),
    )
    told = f"{count(len(listed), 'update')} {be(len(listed))} listed; {len(waiting)} wait."
    return join([
        paragraph(told),
        table(assessment, frame, caption="Updates that wait", limit=40, rest="All stand in the evidence.",
              empty="none waits."),
    ])  # fmt: skip


def measures(assessment: Assessment) -> Html:
    """What stands in for an update, approved by whom and until when; those that do not count say why."""
    if not present(assessment, "compensating_controls"):
        return missing(assessment, "compensating_controls")
    known, today = inventory(assessment), assessment.moment.today
    listed = [
        row
        for row in records(assessment.table("compensating_controls"))
        if in_view(assessment, known, row.system_id)
    ]
    frame = rows(
        (
            {
                "system": known.name(row.system_id),
                "covers": row.covers,
                "measure": row.measure,
                "approved by": row.approved_by,
                "until": day(assessment, row.valid_until),
                "counts": f"no: {why}" if (why := why_void(row, today)) else "yes",
            }
            for row in sorted(listed, key=lambda row: (row.system_id, row.covers, row.measure))
        ),
        ("system", "covers", "measure", "approved by", "until", "counts"),
    )
    void = sum(bool(why_void(row, today)) for row in listed)
    soon = sum(
        not why_void(row, today) and (row.valid_until - today).days <= 31  # noqa: PLR2004 - a month
        for row in listed
    )
    counted = f"{void} {be(void, 'does', 'do')} not count, {soon} {be(soon, 'ends', 'end')} within a month"
    told = (
        f"{count(len(listed), 'compensating measure')} {be(len(listed))} recorded; {counted}. A finding that "
        "a measure covers stays a finding."
    )
    return join([
        paragraph(told),
        table(assessment, frame, caption="Measures in place of an update", empty="none is recorded."),
    ])  # fmt: skip


def _age(row: Any) -> tuple[Any, ...]:
    return row.released_on is None, row.released_on, row.system_id, row.update_id


def _open(assessment: Assessment) -> Mapping[str, list[Any]]:
    """Open weaknesses by system, as the checks see them."""
    found: dict[str, list[Any]] = {}
    if not present(assessment, "vulnerabilities"):
        return found
    known = inventory(assessment)
    for row in records(assessment.table("open_weaknesses")):
        if in_view(assessment, known, row.system_id):
            found.setdefault(row.system_id, []).append(row)
    return found


def _said(assessment: Assessment, check: str) -> Mapping[str, Verdict]:
    return {verdict.subject: verdict for verdict in assessment.outcome(check).verdicts}


def _state(said: Mapping[str, Verdict], system: str) -> str:
    return _STATES[said[system].result] if system in said else "–"


def _severe(weak: Mapping[str, list[Any]], system: str, said: Mapping[str, Verdict]) -> str:
    """How many, as a word: none only where scans that could see them rule them out."""
    found = sum(row.severity in ("critical", "high") for row in weak.get(system, ()))
    none = all(_state(said, f"{system} {grade}") == "yes" for grade in ("critical", "high"))
    return str(found) if found or none else "unknown"
