"""What could be lost of each system, how long it would be down, and how well its copies are kept."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from riskkit.derived.copies_rule import PARTS, judged_parts
from riskkit.derived.inventory import in_scope
from riskkit.derived.recovery import COPIES, DECIDED, Recovery, proof, recoveries, seconds
from riskkit.model import Assessment
from riskkit.tables import records
from riskkit.views.charts import Words, against, bars
from riskkit.views.findings import missing
from riskkit.views.html import Html, join, paragraph
from riskkit.views.scope import in_view, inventory, present
from riskkit.views.tables import rows, table
from riskkit.words import age, be, count, have, listed, percent, share, size

PROPOSED_HOURS = 72
"""Hours until critical systems work again in the rule proposed in 90 FR 898 (2025), which is not in force."""

WITHIN_DAYS, A_YEAR, FEW_DAYS = 35, 365, 3
COPY = frozenset({"success", "warning"})
_SIGNS = {"yes": "✓ yes", "unknown": "? unknown", "no": "✗ no"}
_PROOF = {
    "proved": "✓ proved",
    "not told": "? not compared on record",
    "empty": "? of nothing",
    "not compared": "? not compared",
    "incomplete": "✗ incomplete",
    "partial": "✗ partial",
    "failed": "✗ failed",
}


def points(assessment: Assessment) -> Html:
    """The work that could have been lost of each system, against what was decided may be lost."""
    found = _found(assessment)
    if found is None or not present(assessment, "backups"):
        return missing(assessment, "systems", "backups")
    known = inventory(assessment)
    copied = [one for one in found if one.attained_rpo is not None]
    bare = [known.label(one.system_id) for one in found if not one.copies]
    late = [one for one in copied if one.rpo_kept == "FAIL"]
    targets = [one for one in copied if one.target]
    open_ = sum(one.rpo_kept == "UNKNOWN" for one in targets)
    told = (
        f"{share(len(late), len(targets), 'system')} with a target {have(len(late))} had a longer gap "
        "between good copies than may be lost"
        + (f"; of {open_} the history does not tell enough." if open_ else ".")
        if targets
        else "No recovery point target is on record (backup/recovery_targets.csv)."
    )
    without = (
        f" {count(len(bare), 'system')} with ePHI {have(len(bare))} no good copy in the evidence at all: "
        f"{listed(bare)}."
        if bare
        else ""
    )
    if not copied:
        return paragraph(told + without)
    ordered = sorted(copied, key=lambda one: (-_hours(one.attained_rpo), one.system_id))
    chart = against(
        [
            (
                known.label(one.system_id),
                _hours(one.attained_rpo),
                float(one.target.rpo_hours) if one.target and one.rpo_kept != "UNKNOWN" else None,
            )
            for one in ordered
        ],
        caption=f"Longest time between two good copies in {WITHIN_DAYS} days, against each system's target.",
        alt=f"{told}{without} The longest gap is {_span(ordered[0].attained_rpo)}, of "
        f"{known.label(ordered[0].system_id)}.",
        unit="hours of work that could have been lost",
        words=Words("within the target", "no target, or not told", "beyond the target"),
        told=[
            _told(one.attained_rpo) + (f", target {one.target.rpo_hours} h" if one.target else ", no target")
            for one in ordered
        ],
    )
    return join([paragraph(told + without), chart])


def times(assessment: Assessment) -> Html:
    """How long a full restore of each system takes, measured or projected, against what was decided."""
    found = _found(assessment)
    if found is None or not present(assessment, "restore_tests"):
        return missing(assessment, "systems", "restore_tests")
    known = inventory(assessment)
    told = [one for one in found if one.full_restore is not None]
    untold = [known.label(one.system_id) for one in found if one.full_restore is None]
    slow = [one for one in told if _hours(one.full_restore) > _limit(one)]
    words = (
        f"Of {count(len(found), 'covered system')} with ePHI, the time of a full restore can be told of "
        f"{len(told)}; {len(slow)} of them {be(len(slow))} beyond the target, or beyond the "
        f"{PROPOSED_HOURS} hours of the rule proposed in 90 FR 898 where no target is on record."
    )
    if about := [known.label(one.system_id) for one in told if not _judged(one)]:
        words += (
            f" Of {listed(about)} it is only known what the largest copy or the storage would take: how much "
            "has to come back is not on record (full_bytes of backup/recovery_targets.csv)."
        )
    if untold:
        words += f" It cannot be told of {listed(untold)}: size or speed of a restore is not on record."
    if not told:
        return paragraph(words)
    ordered = sorted(told, key=lambda one: (-_hours(one.full_restore), one.system_id))
    chart = against(
        [
            (
                known.label(one.system_id),
                _hours(one.full_restore),
                float(_limit(one)) if _judged(one) else None,
            )
            for one in ordered
        ],
        caption=f"Time of a full restore against the target; {PROPOSED_HOURS} hours where none is on record.",
        alt=f"{words} The longest takes {_span(ordered[0].full_restore)}, of "
        f"{known.label(ordered[0].system_id)}.",
        unit="hours until everything is back",
        words=Words("within the target", "size not on record", "beyond the target"),
        told=[
            f"{_roughly(one)}{_told(one.full_restore)}, "
            f"{'target' if one.target else 'proposed'} {_limit(one)} h"
            + (", projected" if one.extrapolated else "")
            for one in ordered
        ],
    )
    return join([paragraph(words), chart])


def table_of_systems(assessment: Assessment) -> Html:
    """Recovery point, recovery time and the last proved restore of each covered system."""
    found = _found(assessment)
    if found is None:
        return missing(assessment, "systems")
    known, moment = inventory(assessment), assessment.moment
    frame = rows(
        (
            {
                "system": known.name(one.system_id),
                "good copies": len(one.copies) or None,
                "longest gap": _span(one.attained_rpo),
                "usual gap": _span(one.usual_rpo),
                "may lose": f"{one.target.rpo_hours} h" if one.target else "no target",
                "full restore": _roughly(one) + _span(one.full_restore)
                + (" (projected)" if one.extrapolated and one.full_restore else ""),
                "of": f"{_roughly(one)}{size(one.full_bytes)}" if one.full_bytes else None,
                "speed": _speed(one),
                "may take": f"{one.target.rto_hours} h" if one.target else "no target",
                "last restore": _PROOF[proof(one.restores[-1])] if one.restores else "? none on record",
                "last proved": age(moment.age_days(one.last_proved.finished_at))
                if one.last_proved
                else "never",
            }
            for one in found
        ),
        ("system", "good copies", "longest gap", "usual gap", "may lose", "full restore", "of", "speed",
         "may take", "last restore", "last proved"),
    )  # fmt: skip
    return table(
        assessment, frame, caption="What could be lost, and how long it would take",
        badges={"last restore": "sign"},
        note="Gaps lie between successful backups; the usual one is not exceeded by 95 of 100. Projected: "
        "bytes of a full restore by the speed of the last measured one. About: the size of the largest copy "
        "or of the storage, as nobody said how much has to come back. Proved: all objects came back by "
        "count, and their digests are those of the originals.",
        empty="no covered system holds ePHI.",
    )  # fmt: skip


def copies(assessment: Assessment) -> Html:
    """3-2-1-1-0 by system, and the share of copies that is encrypted and that nobody can alter."""
    if not present(assessment, "backups"):
        return missing(assessment, "backups")
    known, tables = inventory(assessment), _tables(assessment)
    judged = {
        system: rule
        for system, rule in judged_parts(
            tables["backups"], tables["systems"], tables["storage_assets"], tables["restore_tests"],
            at=assessment.moment, within_days=WITHIN_DAYS,
        ).items()
        if in_view(assessment, known, system)
    }  # fmt: skip
    headings = {"copies": "3 copies", "media": "2 media", "offsite": "1 off-site", "immutable": "1 immutable",
                "verified": "0 errors"}  # fmt: skip
    frame = rows(
        (
            {"system": known.name(system), **{headings[part]: _SIGNS[rule.parts[part]] for part in PARTS}}
            for system, rule in judged.items()
        ),
        ("system", *headings.values()),
    )
    return join([
        _shares(assessment),
        table(assessment, frame, caption="3-2-1-1-0", badges=dict.fromkeys(headings.values(), "sign"),
              note="Three copies (the system itself and two backups), on two media, one off-site, one that "
              "cannot be altered, and no errors when they were last verified or restored.",
              empty="no copy is on record."),
    ])  # fmt: skip


def proved(assessment: Assessment) -> Html:
    """Days since a restore of each system was proved."""
    found = _found(assessment)
    if found is None:
        return missing(assessment, "systems")
    known = inventory(assessment)
    days = {
        known.label(one.system_id): float(max(assessment.moment.age_days(one.last_proved.finished_at), 0))
        for one in found
        if one.last_proved
    }
    never = [known.label(one.system_id) for one in found if not one.last_proved]
    told = (
        f"{share(len(days), len(found), 'covered system')} with ePHI {have(len(days))} a proved restore on "
        "record."
    )
    if never:
        told += f" None is proved of {listed(never)}."
    if not days:
        return paragraph(told)
    ordered = sorted(days.items(), key=lambda item: (-item[1], item[0]))
    oldest = f" The oldest proof is {ordered[0][1]:.0f} days old, of {ordered[0][0]}."
    chart = bars(
        [*((name, 0.0) for name in never), *ordered],
        unit="days before the end of the period", limit=(A_YEAR, "a year"),
        told=[*("never proved" for _ in never), *(f"{age_:.0f} days" for _, age_ in ordered)],
        caption="Days since the last proved restore; the longer the worse, and worst is never.",
        alt=told + oldest,
    )  # fmt: skip
    return join([paragraph(told), chart])


def drills(assessment: Assessment) -> Html:
    """The newest exercise of each kind for every critical system."""
    if not present(assessment, "drills", "systems"):
        return missing(assessment, "drills", "systems")
    known, newest = inventory(assessment), dict[tuple[str, str], Any]()
    for drill in sorted(records(assessment.table("drills")), key=lambda d: (d.performed_at, d.drill_id)):
        newest[known.of(drill.system_id) or drill.system_id, drill.kind] = drill
    critical = [
        system
        for system in records(assessment.table("systems"))
        if in_scope(system)
        and system.criticality == "high"
        and system.kind != COPIES
        and in_view(assessment, known, system.system_id)
    ]
    kinds = {"downtime": "downtime", "emergency_access": "emergency access", "recovery": "recovery"}
    frame = rows(
        (
            {
                "system": known.name(system.system_id),
                **{
                    word: _drill(assessment, newest.get((system.system_id, kind)))
                    for kind, word in kinds.items()
                },
            }
            for system in sorted(critical, key=lambda system: system.system_id)
        ),
        ("system", *kinds.values()),
    )
    return table(
        assessment, frame, caption="Exercises for critical systems",
        badges=dict.fromkeys(kinds.values(), "sign"), empty="no system is recorded as critical.",
    )  # fmt: skip


def _drill(assessment: Assessment, drill: Any | None) -> str:
    if drill is None:
        return "? none on record"
    days = max(assessment.moment.age_days(drill.performed_at), 0)
    good = drill.outcome == "success" and days <= A_YEAR
    told = "" if drill.outcome == "success" else f"{drill.outcome}, "
    return f"{'✓' if good else '✗'} {told}{age(days)}"


def _tables(assessment: Assessment) -> Mapping[str, Any]:
    names = ("systems", "backups", "restore_tests", "recovery_targets", "storage_assets", "custody")
    return {name: assessment.table(name) if present(assessment, name) else None for name in names}


def _found(assessment: Assessment) -> list[Recovery] | None:
    """Every covered system with ePHI in view; None without an inventory."""
    tables = _tables(assessment)
    if tables["systems"] is None:
        return None
    known = inventory(assessment)
    found = recoveries(**tables, at=assessment.moment, within_days=WITHIN_DAYS)
    return [one for one in found if in_view(assessment, known, one.system_id)]


def _judged(found: Recovery) -> bool:
    """Whether it is told that the time is within the limit, or beyond it."""
    return found.full_from == DECIDED or _hours(found.full_restore) > _limit(found)


def _roughly(found: Recovery) -> str:
    """`about `, where nobody said how much a full restore brings back."""
    return "about " if found.full_bytes and found.full_restore and found.full_from != DECIDED else ""


def _limit(found: Recovery) -> int:
    return int(found.target.rto_hours) if found.target else PROPOSED_HOURS


def _shares(assessment: Assessment) -> Html:
    """How much of the copies of the window is encrypted and immutable, by bytes, in words."""
    known, moment = inventory(assessment), assessment.moment
    since = moment.as_of - timedelta(days=WITHIN_DAYS)
    found = [
        row
        for row in records(assessment.table("backups"))
        if row.status in COPY and row.finished_at >= since and in_view(assessment, known, row.system_id)
    ]
    sized = [row for row in found if row.size_bytes]
    total = sum(row.size_bytes for row in sized)
    if not total:
        return paragraph(f"{count(len(found), 'copy')} of {WITHIN_DAYS} days, none of which tells its size.")
    parts = []
    for column, word in (("encrypted", "encrypted"), ("immutable", "protected from being altered")):
        sums = dict.fromkeys(("yes", "no", "unknown"), 0)
        for row in sized:
            sums[getattr(row, column) or "unknown"] += row.size_bytes
        parts.append(f"{_between(sums['yes'], sums['yes'] + sums['unknown'], total)} {be(2)} {word}")
    return paragraph(
        f"Of {size(total)} in {count(len(sized), 'copy')} of the last {WITHIN_DAYS} days, "
        f"{' and '.join(parts)}."
    )


def _between(low: int, high: int, total: int) -> str:
    if low == high:
        return percent(low, total)
    return f"at least {percent(low, total)} and at most {percent(high, total)}"


def _speed(found: Recovery) -> str | None:
    test = found.measured
    return f"{size(test.size_bytes // seconds(test))}/s" if test else None


def _hours(time: timedelta | None) -> float:
    return 0.0 if time is None else time.total_seconds() / 3600


def _told(time: timedelta | None) -> str:
    """Hours, with days beside them where they are many."""
    days = _hours(time) / 24
    return _span(time) + (f" ({days:,.0f} days)" if days >= FEW_DAYS else "")


def _span(time: timedelta | None) -> str:
    """`3.5 h`, `24.1 h`, `228 h`, rounded up so that what is beyond a target looks so; a dash for none."""
    if time is None:
        return "–"
    tenths = -(-int(time.total_seconds()) // 360)
    return f"{tenths / 10:.1f}\u00a0h" if tenths < 1000 else f"{-(-tenths // 10):,}\u00a0h"  # noqa: PLR2004
