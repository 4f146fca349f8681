"""What is new, closed, better or worse than in the period before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from riskkit.assess import findings_json
from riskkit.model import LEVELS, Assessment, Period
from riskkit.views.charts import trend
from riskkit.views.html import Html, bullets, join, paragraph, tag
from riskkit.views.leadership import GROUPS, weight
from riskkit.views.tables import rows, table
from riskkit.views.wording import be, count, listed

MONTHS = 12


def since_last_period(assessment: Assessment) -> Html:
    """What is new, closed, better or worse since the last period that is on record."""
    if not assessment.history:
        return paragraph(
            "There are no findings of an earlier period in history/, so nothing can be said about change. "
            "Keep this period's findings.json there, and the next report will compare."
        )
    last = assessment.history[-1]
    before, now = _failures(last), _failures_now(assessment)
    fresh, closed, still = now.keys() - before.keys(), before.keys() - now.keys(), now.keys() & before.keys()
    oldest = min((now[name][1] for name in still if now[name][1]), default="")
    pieces = [
        paragraph(
            f"Compared with {last['period']}: {count(len(fresh), 'new finding')}, {len(closed)} no longer "
            f"found, {len(still)} still open{f' (the oldest since {oldest})' if oldest else ''}."
        ),
        _moved(assessment, last),
        bullets(_risk_moves(assessment, last)),
        _lost(assessment, last),
        _course(assessment),
    ]
    new = Counter(now[name][0] for name in fresh)
    gone = Counter(before[name][0] for name in closed)
    titles = {outcome.check.id: outcome.check.title for outcome in assessment.outcomes}
    frame = rows(
        (
            {"what should hold": titles.get(check, check), "new": new[check], "no longer found": gone[check],
             "still open": sum(now[name][0] == check for name in still)}
            for check in sorted(new.keys() | gone.keys())
        ),
        ("what should hold", "new", "no longer found", "still open"),
    )  # fmt: skip
    pieces.insert(1, table(assessment, frame, caption=f"Findings that came or went since {last['period']}",
                           empty="none came and none went."))  # fmt: skip
    return join(pieces)


def record(assessment: Assessment) -> Html:
    """The periods on record, and which of the last twelve months none of them covers.

    Twelve months of practice without a gap are what a regulator may take into account (Public Law
    116-321); only what was kept can show them.
    """
    kept = [
        {
            "period": item["period"],
            "met": _status(item, "met"),
            "not demonstrated": _status(item, "not demonstrated"),
            "not met": _status(item, "not met"),
            "open findings": len(_failures(item)),
            "questions not assessed": sum(
                o["condition"] in ("NOT_ASSESSED", "ERROR") for o in item["outcomes"]
            ),
            "riskkit": item["riskkit"],
        }
        for item in (*assessment.history, findings_json(assessment))
    ]
    covered = {
        (day.year, day.month)
        for row in kept
        for day in _months(
            Period.parse(str(row["period"])).first_day, Period.parse(str(row["period"])).last_day
        )
    }
    last = assessment.moment.period.last_day
    wanted = list(_months(date(last.year - 1, last.month, 1), last))[-MONTHS:]
    gone = [f"{day:%Y-%m}" for day in wanted if (day.year, day.month) not in covered]
    told = f"{MONTHS - len(gone)} of the last {MONTHS} months {be(MONTHS - len(gone))} on record"
    told += f"; missing: {listed(gone, most=MONTHS)}." if gone else "."
    frame = rows(kept, tuple(kept[0]))
    return join([paragraph(told), table(assessment, frame, caption="Periods on record, this one last")])


def _failures(findings: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Open findings of a period by fingerprint: check and since when."""
    return {
        verdict["fingerprint"]: (outcome["check"], verdict["since"] or findings["period"])
        for outcome in findings["outcomes"]
        for verdict in outcome["verdicts"]
        if verdict["result"] == "FAIL"
    }


def _failures_now(assessment: Assessment) -> dict[str, tuple[str, str]]:
    return {
        verdict.fingerprint: (outcome.check.id, verdict.since)
        for outcome in assessment.outcomes
        for verdict in outcome.findings
    }


def _moved(assessment: Assessment, last: Mapping[str, Any]) -> Html:
    """Specifications whose status changed."""
    before = {control["citation"]: control["status"] for control in last["controls"]}
    frame = rows(
        (
            {
                "specification": f"{status.control.title} ({status.control.citation})",
                "then": before[status.control.citation],
                "now": status.status,
            }
            for status in assessment.controls
            if before.get(status.control.citation, status.status) != status.status
        ),
        ("specification", "then", "now"),
    )
    return table(
        assessment,
        frame,
        caption=f"Specifications that stand otherwise than in {last['period']}",
        empty="none.",
    )


def _risk_moves(assessment: Assessment, last: Mapping[str, Any]) -> list[str]:
    before = {risk["id"]: risk["level"] for risk in last["risks"]}
    return [
        f"{risk.title}: {'up' if LEVELS.index(risk.level) > LEVELS.index(before[risk.id]) else 'down'} "
        f"from {before[risk.id]} to {risk.level}."
        for risk in sorted(assessment.risks, key=weight)
        if before.get(risk.id, risk.level) != risk.level
    ]


def _lost(assessment: Assessment, last: Mapping[str, Any]) -> Html:
    """Questions that could be assessed then and cannot now: silence must not pass for progress."""
    before = {outcome["check"]: outcome["condition"] for outcome in last["outcomes"]}
    gone = [
        outcome.check.title
        for outcome in assessment.outcomes
        if outcome.condition in ("NOT_ASSESSED", "ERROR")
        and before.get(outcome.check.id, "NOT_ASSESSED") not in ("NOT_ASSESSED", "ERROR")
    ]
    if not gone:
        return Html("")
    return paragraph(
        tag("strong", f"Assessed in {last['period']} and not now: {count(len(gone), 'question')}. "),
        f"{listed(gone, most=8)}.",
    )


def _course(assessment: Assessment) -> Html:
    """Met, not demonstrated and not met over the periods on record."""
    periods = [item["period"] for item in assessment.history] + [assessment.moment.period.name]
    statuses = [[control["status"] for control in item["controls"]] for item in assessment.history]
    statuses.append([status.status for status in assessment.controls])
    lines = {
        name: [sum(GROUPS.get(status) == name for status in found) for found in statuses]
        for name in ("met", "not met", "not demonstrated")
    }
    told = listed([f"{name} from {values[0]} to {values[-1]}" for name, values in lines.items()])
    return trend(
        periods, lines, unit="specifications",
        caption="Standards and specifications by status, over the periods on record.",
        alt=f"From {periods[0]} to {periods[-1]}: {told}.",
    )  # fmt: skip


def _status(findings: Mapping[str, Any], group: str) -> int:
    return sum(GROUPS.get(control["status"]) == group for control in findings["controls"])


def _months(first: date, last: date) -> Iterator[date]:
    """The first day of each month from `first` to `last`."""
    day = first.replace(day=1)
    while day <= last:
        yield day
        day = date(day.year + day.month // 12, day.month % 12 + 1, 1)
