"""The risk register, the plan of action (POA&M), findings and what is due, as rows for any program."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from riskkit.assess.findings import shown_subject
from riskkit.model import LEVELS, Action, Assessment, Risk
from riskkit.scoring import actions_of

Row = dict[str, object]

DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a spreadsheet takes for the beginning of a formula; source: OWASP, CSV Injection."""

REGISTER = (
    "risk_id", "scenario", "asset_scope", "threat_source", "vulnerability", "cfr_citations", "nist_800_53",
    "existing_controls", "level_if_unknowns_pass", "likelihood", "impact", "level", "chance_a_year_low",
    "chance_a_year_best", "chance_a_year_high", "loss_a_year_p5", "loss_a_year_p95", "priors", "evidence_ids",
    "evidence_coverage", "treatment", "owner", "due_date", "status", "acceptance_id", "acceptance_expiry",
    "actions", "first_seen", "last_seen", "periods_open", "change",
)  # fmt: skip

# Fields as in FedRAMP's POA&M template; source: fedramp.gov, POA&M Template Completion Guide.
POAM = (
    "poam_id", "controls", "weakness_name", "weakness_description", "weakness_source", "asset",
    "point_of_contact", "resources_required", "remediation_plan", "original_detection_date",
    "scheduled_completion_date", "milestones", "status", "status_date", "original_risk_rating",
    "adjusted_risk_rating", "deviation_rationale", "deviation_approved_by", "deviation_expires", "evidence",
)  # fmt: skip

FINDINGS = (
    "finding_id", "check", "title", "result", "severity", "subject", "scope", "message", "citations",
    "method", "collected_at", "since", "treatment",
)  # fmt: skip

DUE = ("what", "id", "title", "subject", "owner", "due", "days_left", "state")


def safe(value: object) -> str:
    """A value as text that no spreadsheet runs: what could begin a formula gets an apostrophe before it."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(DANGEROUS) else text


def as_csv(columns: Iterable[str], rows: Iterable[Mapping[str, object]]) -> bytes:
    """UTF-8 CSV with these columns; every cell is text that no spreadsheet runs."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    names = list(columns)
    writer.writerow(names)
    for row in rows:
        writer.writerow([safe(row.get(name)) for name in names])
    return out.getvalue().encode()


def register_rows(assessment: Assessment) -> Iterator[Row]:
    """One row per risk, worst first."""
    statuses = {status.control.citation: status for status in assessment.controls}
    programme = assessment.programme
    for risk in assessment.risks:
        accepted = programme.in_force([risk.id], "acceptance") or programme.lapsed([risk.id], "acceptance")
        open_ = [name for name, _, _ in risk.drivers]
        shown = [name for name in risk.controls if statuses[name].passed or statuses[name].failed]
        crosswalk = {ref for name in risk.controls for ref in statuses[name].control.nist_800_53r5}
        found = actions_of(risk, programme.actions)
        yield {
            "risk_id": risk.id,
            "scenario": risk.title,
            "asset_scope": assessment.settings.scope,
            "threat_source": risk.threat,
            "vulnerability": "; ".join(dict.fromkeys(open_)),
            "cfr_citations": "; ".join(risk.controls),
            "nist_800_53": "; ".join(sorted(crosswalk)),
            "existing_controls": "; ".join(f"{name}: {statuses[name].status}" for name in risk.controls),
            "level_if_unknowns_pass": risk.low,
            "likelihood": risk.likelihood,
            "impact": risk.impact,
            "level": risk.level,
            **_numbers(assessment, risk),
            "evidence_ids": "; ".join(_fingerprints(assessment, set(open_))),
            "evidence_coverage": f"{len(shown)} of {len(risk.controls)} controls",
            "treatment": risk.treatment,
            "owner": risk.owner,
            "due_date": risk.due,
            "status": status_of(assessment, risk),
            "acceptance_id": accepted.exception_id if accepted else "",
            "acceptance_expiry": accepted.expires_on if accepted else "",
            "actions": "; ".join(action.action_id for action in found),
            **_seen(assessment, risk),
        }


def status_of(assessment: Assessment, risk: Risk) -> str:
    """open, accepted or in treatment; an acceptance past its last day leaves the risk open."""
    if assessment.programme.in_force([risk.id], "acceptance"):
        return "accepted"
    treating = any(action.open for action in actions_of(risk, assessment.programme.actions))
    if treating and not assessment.programme.lapsed([risk.id], "acceptance"):
        return "in treatment"
    return "open"


def poam_rows(assessment: Assessment) -> Iterator[Row]:
    """One row per failing check, with its measures, and one per measure that serves none of them."""
    programme, served = assessment.programme, set()
    for outcome in assessment.outcomes:
        if not outcome.findings or outcome.check.signal:
            continue
        check = outcome.check
        controls = list(
            dict.fromkeys(name for one in outcome.findings for name in one.controls or check.controls)
        )
        actions = [action for action in programme.actions if action.control in {check.id, *controls}]
        served |= {action.action_id for action in actions}
        severity = max((outcome.severity_of(one) for one in outcome.findings), key=list(_RATING).index)
        holds = programme.in_force({check.id, *(one.fingerprint for one in outcome.findings)}, "exception")
        since = min((one.since for one in outcome.findings if one.since), default="")
        yield {
            "poam_id": check.id,
            "controls": "; ".join(controls),
            "weakness_name": f"Not so: {check.title}",
            "weakness_description": f"{len(outcome.findings)} of {outcome.population} fail",
            "weakness_source": f"riskkit {assessment.version}, {assessment.moment.period.name}",
            "asset": "; ".join(sorted({one.scope for one in outcome.findings if one.scope})),
            "remediation_plan": check.remediation,
            "original_detection_date": since or assessment.moment.period.name,
            "status": "Open",
            "original_risk_rating": _RATING[severity],
            **_planned(actions, assessment.moment.today),
            "deviation_rationale": holds.reason if holds else "",
            "deviation_approved_by": holds.approved_by if holds else "",
            "deviation_expires": holds.expires_on if holds else "",
        }
    for action in programme.actions:
        if action.action_id not in served:
            yield {
                "poam_id": action.action_id,
                "controls": action.control,
                "weakness_name": action.risk or action.control,
                "weakness_description": action.title,
                "weakness_source": "programme/actions",
                "original_detection_date": action.opened_on,
                "status": "Open" if action.open else "Closed",
                **_planned([action], assessment.moment.today),
            }


_RATING = {"low": "Low", "medium": "Moderate", "high": "High", "critical": "Critical"}


def _planned(actions: list[Action], today: date) -> Row:
    """What the measures say together; an owner and a date that nobody gave stay empty."""
    pending = [action for action in actions if action.open]
    dates = [action.due_on for action in pending if action.due_on]
    late = [action.action_id for action in pending if action.overdue(today)]
    closed = [action.closed_on for action in actions if action.closed_on]
    return {
        "point_of_contact": "; ".join(dict.fromkeys(one.owner for one in pending or actions if one.owner)),
        "resources_required": "; ".join(one.resources for one in actions if one.resources),
        "scheduled_completion_date": max(dates, default=""),
        "milestones": "; ".join(
            [f"{one.action_id} {one.title}: {one.milestones}".removesuffix(": ") for one in actions]
            + ([f"overdue: {', '.join(late)}"] if late else [])
        ),
        "status_date": max(closed, default=today),
        "evidence": "; ".join(one.evidence for one in actions if one.evidence),
    }


def finding_rows(assessment: Assessment, *, phi: bool = False) -> Iterator[Row]:
    """One row per failing or unknown verdict, people under surrogates unless `phi`."""
    programme = assessment.programme
    for outcome in assessment.outcomes:
        for verdict in outcome.verdicts:
            if verdict.result not in ("FAIL", "UNKNOWN"):
                continue
            subject = verdict.subject if phi else shown_subject(outcome, verdict, assessment.surrogates)
            names = [verdict.fingerprint, outcome.check.id]
            holds, ended = programme.in_force(names, "exception"), programme.lapsed(names, "exception")
            yield {
                "finding_id": verdict.fingerprint,
                "check": outcome.check.id,
                "title": outcome.check.title,
                "result": verdict.result,
                "severity": outcome.severity_of(verdict),
                "subject": subject,
                "scope": verdict.scope,
                "message": verdict.message,
                "citations": "; ".join(verdict.controls or outcome.check.controls),
                "method": outcome.method_of(verdict),
                "collected_at": verdict.collected_at and verdict.collected_at.isoformat(),
                "since": verdict.since,
                "treatment": f"{holds.exception_id}: borne until {holds.expires_on}"
                if holds
                else f"{ended.exception_id} expired on {ended.expires_on}: open again"
                if ended
                else "",
            }


def due_rows(assessment: Assessment) -> list[Row]:
    """Actions, exceptions and reviews of decisions with a date, soonest first; what is late is said so."""
    programme, today = assessment.programme, assessment.moment.today
    found: list[tuple[date, str, Row]] = []

    def add(what: str, name: str, title: str, subject: str, owner: str, due: date) -> None:
        left = (due - today).days
        state = "overdue" if left < 0 else "due"
        row: Row = {"what": what, "id": name, "title": title, "subject": subject, "owner": owner,
                    "due": due, "days_left": left, "state": state}  # fmt: skip
        found.append((due, name, row))

    for action in programme.actions:
        if action.open and action.due_on:
            subject = action.risk or action.control
            add("action", action.action_id, action.title, subject, action.owner, action.due_on)
    for one in programme.exceptions:
        if one.in_force(today) or (one.expired(today) and programme.lapsed([one.subject], one.kind) == one):
            kind = one.kind.replace("_", " ")
            add(kind, one.exception_id, one.reason, one.subject, one.requested_by, one.expires_on)
    for citation in sorted({one.specification for one in programme.decisions}):
        decision = programme.decision(citation)
        if decision:
            title = decision.decision.replace("_", " ")
            add("decision", citation, title, citation, decision.approved_by, decision.until)
    return [row for _, _, row in sorted(found, key=lambda item: item[:2])]


def _numbers(assessment: Assessment, risk: Risk) -> Row:
    """Chance of an event and expected loss a year; no money where the site switched it off."""
    estimate = risk.estimate
    if estimate is None:
        return {}
    chances = {f"chance_a_year_{name}": f"{value:.3f}" for name, value in estimate.chance._asdict().items()}
    own = "the site's" if estimate.own else "judgement priors"
    if not assessment.settings.priors.money:
        return {**chances, "priors": own}
    money = {"loss_a_year_p5": rounded(estimate.loss.low), "loss_a_year_p95": rounded(estimate.loss.high)}
    return {**chances, **money, "priors": own}


def rounded(amount: float) -> int:
    """US dollars to two digits that count: the priors allow no more."""
    whole = round(amount)
    return round(whole, 2 - len(str(abs(whole))))


def _fingerprints(assessment: Assessment, checks: set[str]) -> list[str]:
    return sorted(
        verdict.fingerprint
        for outcome in assessment.outcomes
        if outcome.check.id in checks
        for verdict in outcome.findings
    )


def _seen(assessment: Assessment, risk: Risk) -> Row:
    """Since when a risk is on record above very low, and how its level moved since the period before."""
    levels: dict[str, str] = {}
    for content in assessment.history:
        for earlier in content.get("risks", ()):
            if earlier.get("id") == risk.id:
                levels[content["period"]] = earlier.get("level", "")
    now = assessment.moment.period.name
    levels[now] = risk.level
    recorded = [period for period, level in levels.items() if level and level != LEVELS[0]]
    before = list(levels.values())[-2] if len(levels) > 1 else ""
    change = "" if before not in LEVELS else LEVELS.index(risk.level) - LEVELS.index(before)
    return {
        "first_seen": recorded[0] if recorded else "",
        "last_seen": recorded[-1] if recorded else "",
        "periods_open": len(recorded),
        "change": "new" if change == "" else "same" if change == 0 else f"{before} to {risk.level}",
    }
