"""Training, policies and attestations; and what of people, places and papers nobody showed."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pandas as pd

from riskkit.derived.policies import not_in_force
from riskkit.model import Assessment, ControlStatus
from riskkit.tables import TABLES, records
from riskkit.views.courses import security_training
from riskkit.views.findings import ask, missing
from riskkit.views.html import Html, bullets, join, paragraph, tag
from riskkit.views.privacy import WITHHELD, suppress
from riskkit.views.scope import present
from riskkit.views.tables import rows, table
from riskkit.views.wording import day
from riskkit.words import be, count, listed, share

NOWHERE = "no department stated"

_TAUGHT = ("completed", "due later", "overdue", "nothing recorded")


def training(assessment: Assessment) -> Html:
    """People of the roster by department: trained, due later, overdue, or without a course on security."""
    if not present(assessment, "training", "roster"):
        return missing(assessment, "training", "roster")
    today = assessment.moment.today
    courses: dict[str, list[Any]] = {}
    for row in security_training(assessment):
        courses.setdefault(row.user_id, []).append(row)
    counted: dict[str, Counter[str]] = {}
    people = _employed(assessment)
    for user, department in people.items():
        counted.setdefault(department, Counter())[_state(courses.get(user, []), today)] += 1
    strangers = len(courses.keys() - people.keys())
    totals = Counter[str]()
    for counts in counted.values():
        totals.update(counts)
    by_department = pd.DataFrame(
        {state: [counted[name][state] for name in sorted(counted)] for state in _TAUGHT},
        index=sorted(counted),
    )
    frame = suppress(by_department).rename_axis("department").reset_index()
    return join(
        [
            paragraph(_told(totals)),
            table(
                assessment,
                frame,
                caption="Security training by department, people employed at the end of the period",
                numbers=(*_TAUGHT, "people"),
                note="Numbers of 1 to 10 people are not shown: departments that have one stand together, "
                f"or their number is {WITHHELD} with another, so that it cannot be worked out.",
                empty="nobody is employed.",
            ),
            paragraph(
                f"The training records name {count(strangers, 'person')} whom the roster does not show as "
                "employed.",
                note=True,
            )
            if strangers > 10 or not strangers  # noqa: PLR2004 - small numbers of people are not shown
            else Html(""),
        ]
    )


def policies(assessment: Assessment) -> Html:
    """The register of policies and procedures: owner, approval, and whether a review is due."""
    if not present(assessment, "policies"):
        return missing(assessment, "policies")
    today = assessment.moment.today
    found = list(records(assessment.table("policies")))
    states = {row.policy_id: _due(row, today) for row in found}
    numbers = Counter(states.values())
    frame = rows(
        (
            {
                "policy": row.title,
                "serves": row.citation,
                "owner": row.owner,
                "approved": row.approved_on,
                "last review": row.reviewed_on,
                "next review": row.next_review_on,
                "state": states[row.policy_id],
            }
            for row in sorted(
                found, key=lambda row: (row.next_review_on is not None, row.next_review_on, row.policy_id)
            )
        ),
        ("policy", "serves", "owner", "approved", "last review", "next review", "state"),
    )
    told = listed([f"{number} {state[2:]}" for state, number in sorted(numbers.items())])
    return join([
        paragraph(f"Of {count(len(found), 'policy')}, {told}."),
        table(assessment, frame, caption="Policies and procedures", badges={"state": "sign"},
              empty="none is registered."),
    ])  # fmt: skip


def reviews(assessment: Assessment) -> Html:
    """Reviews of audit trails, access and risk that took place."""
    if not present(assessment, "reviews"):
        return missing(assessment, "reviews")
    frame = rows(
        (
            {
                "review of": row.kind.replace("_", " "),
                "system": row.system_id,
                "performed": day(assessment, row.performed_at),
                "days before the end": max(assessment.moment.age_days(row.performed_at), 0),
                "covers": f"{row.covers_from or '…'} to {row.covers_to or '…'}"
                if row.covers_from or row.covers_to
                else None,
                "outcome": row.outcome,
            }
            for row in sorted(
                records(assessment.table("reviews")), key=lambda row: row.performed_at, reverse=True
            )
        ),
        ("review of", "system", "performed", "days before the end", "covers", "outcome"),
    )
    return table(
        assessment,
        frame,
        caption="Reviews on record",
        limit=30,
        rest="All stand in the evidence.",
        empty="none took place.",
    )


def attestations(assessment: Assessment) -> Html:
    """What people state because no data can show it: who said it, when, and whether it still holds."""
    if not present(assessment, "answers"):
        return missing(assessment, "answers")
    today, known = assessment.moment.today, assessment.catalog.controls
    frame = rows(
        (
            {
                "specification": f"{known[row.control].title} ({row.control})"
                if row.control in known
                else f"{row.control} (not in the catalog)",
                "answer": row.answer.replace("_", " "),
                "answered by": row.answered_by,
                "on": row.answered_on,
                "valid until": row.valid_until,
                "state": _answered(row, today),
                "shown by": row.evidence,
            }
            for row in sorted(records(assessment.table("answers")), key=lambda row: row.control)
        ),
        ("specification", "answer", "answered by", "on", "valid until", "state", "shown by"),
    )
    held = sum(not state.startswith("?") for state in frame["state"])
    return join([
        paragraph(
            f"{share(held, len(frame), 'attestation')} {be(held, 'holds', 'hold')} at the end of the "
            "period. An attestation says what somebody stated, not what was tested."
        ),
        table(assessment, frame, caption="Attestations", badges={"state": "sign"}, empty="none was given."),
    ])  # fmt: skip


def unseen(assessment: Assessment) -> Html:
    """Physical, organisational and documentation safeguards that nothing in the pack demonstrates."""
    about = ("164.308", "164.310", "164.314", "164.316")
    open_ = [
        status for status in assessment.controls
        if status.status == "not demonstrated" and any(part in status.control.citation for part in about)
    ]  # fmt: skip
    silent = [
        status
        for status in open_
        if not status.checks and not (status.passed or status.failed or status.unknown)
    ]
    groups = {
        "164.308": "Administrative",
        "164.310": "Physical",
        "164.314": "Contracts",
        "164.316": "Documentation",
    }
    frame = rows(
        (
            {
                "safeguard": f"{status.control.title} ({status.control.citation})",
                "group": next(name for part, name in groups.items() if part in status.control.citation),
                "lacking": ", ".join(kind.replace("_", " ").replace("|", " or ") for kind in status.lacking)
                or None,
                "what would show it": status.control.evidence or _asked(status),
            }
            for status in open_
        ),
        ("safeguard", "group", "lacking", "what would show it"),
    )
    lead = paragraph(
        f"{count(len(open_), 'administrative, physical, contractual or documentation safeguard')} "
        f"{be(len(open_))} not demonstrated; for {len(silent)} of them no check looks at anything, so only "
        "documents or an attestation can speak for them."
    )
    wanted = sorted({name for status in open_ for kind in status.lacking for name in kind.split("|")})
    return join(
        [
            lead,
            table(assessment, frame, caption="Not demonstrated", empty="all are demonstrated."),
            ask(assessment, wanted),
        ]
    )


def not_looked_at(assessment: Assessment) -> Html:
    """What this toolkit does not look at at all, said once and plainly."""
    return join(
        [
            paragraph(
                tag("strong", "Outside these pages. "),
                "Rooms themselves, the wording of contracts with business associates, the conduct of "
                "people, and the content of policies are not looked at: a file can only show that somebody "
                "wrote something down.",
            ),
            bullets(
                [
                    "Walk the reading rooms and the server room, and note who can enter and what can be "
                    "seen.",
                    "Read the contracts with the vendors of archive, viewer and cloud storage against 45 "
                    "CFR 164.314(a)(1).",
                    "Ask people whether they know what to do when an image shows up under the wrong name.",
                ]
            ),
        ]
    )


def _employed(assessment: Assessment) -> dict[str, str]:
    """People employed at the end of the period and where they work."""
    today = assessment.moment.today
    return {
        person.user_id: person.department or NOWHERE
        for person in records(assessment.table("roster"))
        if person.employed_from <= today
        and (person.employed_to is None or person.employed_to >= today)
        and assessment.department in (None, person.department)
    }


def _state(courses: list[Any], today: Any) -> str:
    """Where a person stands over all courses, worst first."""
    if not courses:
        return "nothing recorded"
    open_ = [course for course in courses if course.completed_on is None]
    if any(course.due_on is None or course.due_on <= today for course in open_):
        return "overdue"
    return "due later" if open_ else "completed"


def _told(totals: Counter[str]) -> str:
    safe = suppress(pd.DataFrame({state: [totals[state]] for state in _TAUGHT}, index=["all"])).loc["all"]
    words = {
        "completed": "have completed all courses on security",
        "due later": "have time left",
        "overdue": "are overdue",
        "nothing recorded": "have no course on security on record",
    }
    parts = [f"{safe[state]} {words[state]}" for state in _TAUGHT if safe[state] not in ("0", WITHHELD)]
    hidden = [words[state] for state in _TAUGHT if safe[state] == WITHHELD]
    if hidden:
        parts.append(f"how many {' and how many '.join(hidden)} is {WITHHELD}, because one number is small")
    people = "the people employed" if safe["people"] == WITHHELD else f"{safe['people']} people employed"
    return f"Of {people}, {listed(parts)}."


def _answered(row: Any, today: Any) -> str:
    if row.valid_until is None:
        return "? no end stated"
    if row.valid_until < today:
        return "? ran out"
    return {"yes": "✓ holds", "no": "✗ not done"}.get(row.answer, "– does not apply")


def _due(row: Any, today: Any) -> str:
    if state := not_in_force(row):
        return f"– {state}"
    if row.approved_on is None:
        return "✗ not approved"
    if row.next_review_on is None:
        return "? no review planned"
    return "✗ review overdue" if row.next_review_on < today else "✓ in order"


def _asked(status: ControlStatus) -> str:
    names = [name for kind in status.lacking for name in kind.split("|")]
    return "; ".join(TABLES[name].ask for name in names if name in TABLES)
