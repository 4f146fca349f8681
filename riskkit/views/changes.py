"""What is new, closed, better or worse than in the period before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from riskkit.assess import Comparison, compare, findings_json
from riskkit.assess.comparison import KINDS, Kind
from riskkit.model import LEVELS, Assessment, ControlStatus, Period
from riskkit.views.charts import trend
from riskkit.views.findings import MARKS, named
from riskkit.views.html import Html, bullets, join, paragraph, tag
from riskkit.views.standing import GROUPS, weight
from riskkit.views.tables import rows, table
from riskkit.words import be, capital, count, listed

MONTHS = 12
LINES = 25


NO_HISTORY = (
    "There are no findings of an earlier period in history/, so nothing can be said about change. "
    "Keep this period's findings.json there, and the next report will compare."
)

WORDS: Mapping[Kind, str] = {
    "new": "✗ new",
    "reopened": "✗ reopened",
    "worse": "✗ worse",
    "better": "✓ better",
    "closed": "✓ closed",
    "no longer assessed": "? no longer assessed",
    "still open": "– still open",
}

BECAUSE = {
    "evidence": "the evidence",
    "method": "riskkit or its settings",
    "time": "the date alone",
}
"""What a change rests on: only the first says that something in the hospital is not as it was."""


def since_last_period(assessment: Assessment) -> Html:
    """What is new, reopened, worse, better, closed or no longer assessed since the last period, and why."""
    found = compare(assessment)
    if found is None:
        return paragraph(NO_HISTORY)
    last = assessment.history[-1]
    groups = Counter((change.kind, change.check, change.cause, change.because) for change in found.changes
                     if change.kind != "still open")  # fmt: skip
    titles = {outcome["check"]: outcome["title"] for outcome in last["outcomes"]}
    titles |= {outcome.check.id: outcome.check.title for outcome in assessment.outcomes}
    order = sorted(
        groups.items(),
        key=lambda item: (item[0][3] == "method", KINDS.index(item[0][0]), -item[1], item[0][1:]),
    )
    frame = rows(
        (
            {"what should hold": titles[check], "change": WORDS[kind], "subjects": number,
             "cause": cause, "rests on": BECAUSE[because]}
            for (kind, check, cause, because), number in order
        ),
        ("what should hold", "change", "subjects", "cause", "rests on"),
    )  # fmt: skip
    return join(
        [
            paragraph(told(found), " ", _oldest(found)),
            paragraph(method(assessment, found)),
            paragraph(inputs(found)),
            table(
                assessment, frame, caption=f"What changed since {found.period}, and why",
                badges={"change": "sign"}, limit=LINES, rest="findings.json of both periods holds all.",
                empty="no finding came, went or changed.",
            ),
            _moved(assessment, last),
            bullets(risk_moves(assessment, last)),
            _lost(assessment, last),
            _course(assessment),
        ]
    )  # fmt: skip


def told(found: Comparison) -> str:
    """The counts of changes in one sentence; those that rest on riskkit itself are told apart."""
    failed = [change for change in found.changes if change.failed]
    counts = Counter(change.kind for change in failed if change.because != "method")
    apart = sum(change.because == "method" and change.kind != "still open" for change in failed)
    still = sum(change.kind == "still open" for change in failed)
    passed = sum(not change.failed for change in found.changes)
    kinds = [kind for kind in KINDS if kind not in ("new", "still open") and counts[kind]]
    moved = [f"{counts[kind]} {kind}" for kind in kinds]
    words = [count(counts["new"], "new finding"), *moved, f"{still} still open"]
    sentence = f"Compared with {found.period}: {listed(words, most=9)}."
    if apart:
        sentence += (
            f" Apart from these, {count(apart, 'finding')} {be(apart, 'differs', 'differ')} only because "
            "riskkit, its catalog or the thresholds changed: nothing in the hospital need have."
        )
    if passed:
        sentence += f" {capital(count(passed, 'subject'))} that passed then {be(passed)} not shown now."
    return sentence


def inputs(found: Comparison) -> str:
    """Whether the evidence is that of the last period."""
    total = found.same + found.renewed + found.added
    if found.same_inputs:
        return (
            f"Same inputs as last period: all {count(total, 'evidence file')} are byte for byte those of "
            f"{found.period}. What differs rests on the date, on riskkit or on its settings."
        )
    return (
        f"Of {count(total, 'evidence file')}, {found.same} {be(found.same)} byte for byte the same "
        f"as in {found.period}, {found.renewed} {be(found.renewed)} of the same name with new content, "
        f"{found.added} {be(found.added)} new; {found.gone} of {found.period} {be(found.gone)} gone."
    )


def method(assessment: Assessment, found: Comparison) -> str:
    """What of riskkit, its catalog and the site's settings is not as it was; empty when all is."""
    if not found.method:
        return "riskkit, its catalog and the thresholds are those of the last period."
    return f"Changed in the method, not in the hospital: {'; '.join(found.method)}."


def _oldest(found: Comparison) -> str:
    oldest = min((change.since for change in found.of("still open") if change.since), default="")
    return f"The oldest open finding dates from {oldest}." if oldest else ""


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


def _moved(assessment: Assessment, last: Mapping[str, Any]) -> Html:
    """Specifications whose status changed."""
    before = {control["citation"]: control["status"] for control in last["controls"]}
    frame = rows(
        (
            {
                "specification": f"{status.control.title} ({status.control.citation})",
                "then": before[status.control.citation],
                "now": status.status,
                "because": _because(assessment, status, last),
            }
            for status in assessment.controls
            if before.get(status.control.citation, status.status) != status.status
        ),
        ("specification", "then", "now", "because"),
    )
    return table(
        assessment,
        frame,
        caption=f"Specifications that stand otherwise than in {last['period']}",
        empty="none.",
    )


def _because(assessment: Assessment, status: ControlStatus, last: Mapping[str, Any]) -> str:
    """Which of its questions are answered otherwise, and how many were not asked before."""
    before = {outcome["check"]: outcome for outcome in last["outcomes"]}
    now = {outcome.check.id: outcome for outcome in assessment.outcomes}
    fresh = [name for name in status.checks if name not in before]
    moved = [
        f"{now[name].check.title}: {_said(now[name].condition)}, then {_said(before[name]['condition'])}"
        for name in status.checks
        if name in before and name in now and now[name].condition != before[name]["condition"]
    ]
    parts = [listed(moved, most=2)] if moved else []
    if fresh:
        parts.append(f"{count(len(fresh), 'question')} asked for the first time (method)")
    return "; ".join(parts) or status.reason


def _said(condition: str) -> str:
    return MARKS[condition][2:]


def risk_moves(assessment: Assessment, last: Mapping[str, Any]) -> list[str]:
    """The risks whose level is not that of the last period, the highest first, each with what turned it."""
    before = {risk["id"]: risk for risk in last["risks"]}
    asked = {outcome["check"] for outcome in last["outcomes"]}
    moves = []
    for risk in sorted(assessment.risks, key=weight):
        then = before.get(risk.id)
        if then is None or then["level"] == risk.level:
            continue
        up = LEVELS.index(risk.level) > LEVELS.index(then["level"])
        drivers, old = (
            {driver[:2] for driver in risk.drivers},
            {tuple(driver[:2]) for driver in then["drivers"]},
        )
        turned = drivers - old if up else old - drivers
        names = list(dict.fromkeys(named(assessment, name) for name, _ in sorted(turned) if name in asked))
        why = listed([f"“{name}”" for name in names], most=2) if names else "a change of the method alone"
        words = f"from {then['level']} to {risk.level}, because of {why}."
        moves.append(f"{risk.title}: {'up' if up else 'down'} {words}")
    return moves


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
