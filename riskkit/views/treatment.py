"""What is done, borne, decided and signed, and what of it is late."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from riskkit.assess import outdated_signatures, risk_state, valid_signatures
from riskkit.model import Action, Assessment, Exemption
from riskkit.tables import TABLES
from riskkit.views.findings import missing, named
from riskkit.views.html import Html, join, paragraph
from riskkit.views.scope import present
from riskkit.views.tables import rows, table
from riskkit.views.wording import day
from riskkit.words import be, count

OPEN = ("not met", "partly met", "not demonstrated")


DUE = ("measure", "for", "owner", "due", "state")


def actions(assessment: Assessment) -> Html:
    """Measures against risks, what is late first; a measure changes no level before evidence shows it."""
    if not present(assessment, "actions"):
        return missing(assessment, "actions")
    today, found = assessment.moment.today, assessment.programme.actions
    late = sum(action.overdue(today) for action in found)
    pending = sum(action.open for action in found)
    told = f"{count(len(found), 'measure')}, {pending} open, {late} overdue on {today}."
    frame = _measures(assessment, found, (*DUE, "milestones", "evidence"))
    return join([paragraph(told), table(assessment, frame, caption="Measures", badges={"state": "sign"})])


def due(assessment: Assessment) -> Html:
    """Measures that are still to be done, the most overdue first, with the risks that they treat."""
    today = assessment.moment.today
    pending = [action for action in assessment.programme.actions if action.open]
    late = sum(action.overdue(today) for action in pending)
    told = f"{count(len(pending), 'measure')} {be(len(pending))} open, {late} overdue on {today}."
    return join(
        [
            paragraph(told if pending else "No open measure is on record."),
            table(
                assessment, _measures(assessment, pending, DUE), caption="Measures due",
                badges={"state": "sign"}, empty="none is on record.",
            ),
        ]
    )  # fmt: skip


def _measures(assessment: Assessment, found: Sequence[Action], columns: Sequence[str]) -> pd.DataFrame:
    today = assessment.moment.today
    return rows(
        (
            {
                "measure": f"{one.title} ({one.action_id})",
                "for": named(assessment, one.risk or one.control) or None,
                "owner": one.owner or "nobody is named",
                "due": one.due_on,
                "state": "✗ overdue" if one.overdue(today) else one.state.replace("_", " "),
                "milestones": one.milestones or None,
                "evidence": one.evidence or None,
            }
            for one in sorted(found, key=lambda one: (not one.open, str(one.due_on or "9999"), one.action_id))
        ),
        columns,
    )


def exceptions(assessment: Assessment) -> Html:
    """Acceptances and exceptions: they change how something is treated, never what was found."""
    if not present(assessment, "exceptions"):
        return missing(assessment, "exceptions")
    columns = ("entry", "for", "kind", "reason", "asked by", "approved by", "from", "to", "state")
    frame = rows(
        (
            {
                "entry": one.exception_id,
                "for": named(assessment, one.subject),
                "kind": one.kind.replace("_", " "),
                "reason": one.reason,
                "asked by": one.requested_by,
                "approved by": one.approved_by,
                "from": one.approved_on,
                "to": one.expires_on,
                "state": _state(assessment, one),
            }
            for one in sorted(
                assessment.programme.exceptions, key=lambda one: (one.expires_on, one.exception_id)
            )
        ),
        columns,
    )
    return table(
        assessment, frame, caption="Acceptances and exceptions", badges={"state": "sign"},
        note="No level and no finding is changed by them. Who approves is not who asks; an entry that says "
        "otherwise is refused. Each ends by itself on its last day.",
    )  # fmt: skip


def _state(assessment: Assessment, one: Exemption) -> str:
    programme, today = assessment.programme, assessment.moment.today
    if not _known(assessment, one.subject):
        return "? names nothing that this report knows"
    if one.in_force(today):
        return "in force"
    if programme.lapsed([one.subject], one.kind) == one:
        return "✗ expired: open again"
    return "ended" if one.approved_on <= today else "not yet"


def _known(assessment: Assessment, subject: str) -> bool:
    return (
        subject in assessment.catalog.controls
        or any(subject == risk.id for risk in assessment.risks)
        or any(
            subject == outcome.check.id or any(subject == one.fingerprint for one in outcome.verdicts)
            for outcome in assessment.outcomes
        )
    )


def decisions(assessment: Assessment) -> Html:
    """Every addressable specification that is not shown to be met, with the decision on it or its lack."""
    today = assessment.moment.today
    frame = rows(
        (
            {
                "specification": f"{status.control.title} ({status.control.citation})",
                "status": status.status,
                "decision": decision.decision.replace("_", " ") if decision else "✗ none in writing",
                "rationale": decision.rationale if decision else None,
                "in its place": (decision.equivalent_measure or None) if decision else None,
                "approved by": decision.approved_by if decision else None,
                "review": (str(decision.until) if decision.in_force(today) else "✗ overdue")
                if decision
                else None,
            }
            for status in assessment.controls
            for decision in [assessment.programme.decision(status.control.citation)]
            if status.control.addressable and (decision or status.status in OPEN)
        ),
        ("specification", "status", "decision", "rationale", "in its place", "approved by", "review"),
    )
    return table(
        assessment, frame, caption="Addressable specifications and decisions on them",
        badges={"decision": "sign", "review": "sign"},
        note="Addressable is not optional: implement it, or document why not and what is done in its place "
        "(45 CFR 164.306(d)).",
        empty="every addressable specification is shown to be met.",
    )  # fmt: skip


def signoff(assessment: Assessment) -> Html:
    """The state of the risks, who signed it, and which signatures no longer hold."""
    state = risk_state(assessment)
    valid, outdated = valid_signatures(assessment), outdated_signatures(assessment)
    frame = rows(
        (
            {
                "signed by": f"{one.signed_by}, {one.role}",
                "on": day(assessment, one.signed_at),
                "state": one.risk_state[:16],
                "holds": "✓ signs this state" if one in valid else "✗ signs another state",
            }
            for one in (*valid, *outdated)
        ),
        ("signed by", "on", "state", "holds"),
    )
    told = f"The state of the risks in this report is {state}. "
    told += f"{count(len(valid), 'signature')} of it." if valid else "Nobody has signed it."
    if outdated and not valid:
        told += " The risks changed since they were signed: what was signed is not what this report says."
    return join(
        [
            paragraph(told),
            table(
                assessment, frame, caption="Sign-off",
                empty=f"nobody has signed ({TABLES['signoff'].place}).",
            ),
        ]
    )  # fmt: skip
