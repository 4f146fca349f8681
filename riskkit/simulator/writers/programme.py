"""programme/: what people learn, decide, review and state."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import yaml

from riskkit.simulator.chance import Chance
from riskkit.simulator.hospital import Hospital
from riskkit.simulator.writers.pack import Custody, Pack
from riskkit.simulator.writers.response import write_response
from riskkit.simulator.writers.treatment import write_treatment

COURSE = "Security awareness"
LATE_SHARE, OVERDUE_SHARE = 0.1, 0.12

# Id, title, citation, owner, reviewed so many days ago, next review in so many days, kept for years.
POLICIES = (
    ("P-01", "Risk analysis and risk management", "45 CFR 164.308(a)(1)(i)", "Security Officer", 190, 175, 7),
    ("P-02", "Access to imaging systems", "45 CFR 164.308(a)(4)(i)", "Security Officer", 120, 245, 7),
    ("P-03", "End of employment", "45 CFR 164.308(a)(3)(i)", "Human Resources", 430, -65, 5),
    ("P-04", "Contingency plan", "45 CFR 164.308(a)(7)(i)", "Infrastructure", 88, 277, 7),
    ("P-05", "Security incidents", "45 CFR 164.308(a)(6)(i)", "Privacy Officer", 200, 165, 7),
    ("P-06", "Audit trails and their review", "45 CFR 164.312(b)", "Privacy Officer", 61, 304, 7),
    ("P-07", "Transmission of images", "45 CFR 164.312(e)(1)", "Imaging Informatics", 310, 55, 7),
    ("P-08", "Media, devices and disposal", "45 CFR 164.310(d)(1)", "Infrastructure", 240, 125, 7),
)
POLICY_COLUMNS = (
    "policy_id", "title", "citation", "owner", "approved_on", "approved_by", "reviewed_on", "next_review_on",
    "retained_until",
)  # fmt: skip

# Id, kind, system, performed so many days ago, days covered up to then, outcome.
REVIEWS = (
    ("RV-101", "audit_trail", "pacs1", 57, 31, "nothing to follow up"),
    ("RV-102", "audit_trail", "viewer1", 57, 31, "two accesses explained"),
    ("RV-103", "audit_trail", "pacs1", 25, 30, "nothing to follow up"),
    ("RV-104", "audit_trail", "viewer1", 24, 30, "one access under review"),
    ("RV-106", "audit_trail", "ris1", 23, 30, "nothing to follow up"),
    ("RV-105", "audit_trail", "vna", 171, 31, "nothing to follow up"),
    ("RV-201", "access", "viewer1", 70, 90, "three rights taken back"),
    ("RV-202", "access", "pacs1", 70, 90, "nothing to follow up"),
    ("RV-301", "evaluation", "", 330, 365, "report filed"),
    ("RV-401", "risk_analysis", "", 320, 365, "risk register updated"),
)
REVIEW_COLUMNS = ("review_id", "kind", "system_id", "performed_at", "covers_from", "covers_to", "outcome")

# Citation, answer, by whom, days ago, valid for days, document, approver, note.
ANSWERS = (
    ("45 CFR 164.308(a)(2)", "yes", "Chief Compliance Officer", 150, 365, "Appointment letter 2026-06",
     "Chief Executive", "The security official is named."),
    ("45 CFR 164.308(a)(1)(ii)(C)", "yes", "Human Resources", 140, 365, "Sanction policy, section 4",
     "Chief Compliance Officer", ""),
    ("45 CFR 164.308(a)(3)(ii)(B)", "yes", "Human Resources", 140, 365, "Clearance checklist",
     "Chief Compliance Officer", ""),
    ("45 CFR 164.312(d)", "yes", "Imaging Informatics", 45, 365, "", "", "MFA is required for all accounts."),
    ("45 CFR 164.308(a)(5)(ii)(A)", "yes", "Security Officer", 48, 180, "Monthly bulletins, folder 2026",
     "Chief Compliance Officer", ""),
    ("45 CFR 164.308(a)(7)(ii)(C)", "no", "Imaging Informatics", 60, 365, "", "Security Officer",
     "Downtime viewing was never tried outside radiology."),
    ("45 CFR 164.308(a)(6)(i)", "yes", "Privacy Officer", 500, 365, "Incident plan 2025",
     "Chief Compliance Officer", "The exercise of 2025."),
    ("45 CFR 164.308(a)(4)(ii)(A)", "not_applicable", "Chief Compliance Officer", 150, 730,
     "Service register", "Chief Executive", "No clearinghouse is run."),
)  # fmt: skip


def write_programme(pack: Pack, seed: int, hospital: Hospital) -> None:
    """Write programme/: training, policies, reviews, answers, no verdicts, and what `response` adds."""
    custody = Custody("Learning system", pack.moment(0, 17), "learning system", f"completions of {COURSE}")
    columns = ("user_id", "course", "assigned_on", "due_on", "completed_on")
    pack.table("programme/training.csv", columns, _training(pack, seed, hospital), custody)

    back = pack.span.back
    custody = Custody("Compliance", pack.moment(45, 15), "document register", "policies in force")
    rows: Iterator[tuple[object, ...]] = (
        (
            policy, title, citation, owner, back(reviewed), "Chief Compliance Officer", back(reviewed),
            back(-coming), back(reviewed - 366 * kept),
        )
        for policy, title, citation, owner, reviewed, coming, kept in POLICIES
    )  # fmt: skip
    pack.table("programme/policies.csv", POLICY_COLUMNS, rows, custody)

    custody = Custody("Privacy Officer", pack.moment(0, 16), "review log", "reviews of 12 months")
    rows = (
        (review, kind, system, pack.moment(ago, 14), back(ago + days), back(ago + 1), outcome)
        for review, kind, system, ago, days, outcome in REVIEWS
    )
    pack.table("programme/reviews.csv", REVIEW_COLUMNS, rows, custody)

    custody = Custody("Compliance", pack.moment(33, 11), "interviews", "answers of the people named")
    answers = yaml.safe_dump({"answers": list(_answers(pack))}, sort_keys=False, allow_unicode=True)
    pack.text("programme/answers.yaml", answers, custody)

    custody = Custody("Privacy Officer", pack.moment(0, 16.5), "review queue", "decisions so far: none")
    verdicts = ("alert", "verdict", "decided_by", "decided_at", "note")
    pack.table("programme/verdicts.csv", verdicts, (), custody)
    write_response(pack, _course(pack))
    write_treatment(pack)


def _training(pack: Pack, seed: int, hospital: Hospital) -> Iterator[tuple[object, ...]]:
    chance = Chance(seed, "training")
    course = _course(pack)
    assigned, due = pack.span.back(110), pack.span.back(20)
    for one in sorted(hospital.people, key=lambda one: one.user_id):
        if one.employed_to and one.employed_to < due:
            continue
        done = assigned + timedelta(days=chance.integer(2, 85))
        late = due + timedelta(days=chance.integer(1, 12))
        state = chance.weighted(
            [(done, 1 - LATE_SHARE - OVERDUE_SHARE), (late, LATE_SHARE), (None, OVERDUE_SHARE)]
        )
        yield one.user_id, course, assigned, due, state


def _course(pack: Pack) -> str:
    return f"{COURSE} {pack.span.last.year}"


def _answers(pack: Pack) -> Iterator[dict[str, Any]]:
    for control, answer, by, ago, valid, document, approver, note in ANSWERS:
        on = pack.span.back(ago)
        full = {
            "control": control,
            "answer": answer,
            "answered_by": by,
            "answered_on": on,
            "valid_until": on + timedelta(days=valid),
            "evidence": document,
            "approved_by": approver,
            "note": note,
        }
        yield {key: value for key, value in full.items() if value != ""}
