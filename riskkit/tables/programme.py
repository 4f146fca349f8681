"""What people decide, learn, sign and promise, and where the evidence came from."""

from __future__ import annotations

from riskkit.tables.schema import Column, Table

CUSTODY = Table(
    name="custody",
    doc="Chain of custody: who exported which evidence file, when and how.",
    place="evidence.csv",
    canonical=True,
    key=("file",),
    ask="one row per evidence file: who exported it, when, from which system, with which command and filter",
    columns=(
        Column("file", doc="path in the pack", required=True),
        Column("exported_by", required=True),
        Column("exported_at", "instant", required=True),
        Column("system", doc="where it was exported"),
        Column("command"),
        Column("filters", doc="what was left out"),
        Column("approved_by", proof=True),
    ),
)

TRAINING = Table(
    name="training",
    doc="Security training: who had to do what by when, and when it was done.",
    place="programme/training.csv",
    canonical=True,
    key=("user_id", "course", "assigned_on"),
    ask="the completion export of the learning system, people without completion included",
    columns=(
        Column("user_id", required=True, phi=True, folded=True),
        Column("course", required=True),
        Column("security", "boolean", "it teaches security, privacy or HIPAA; empty: its title tells, or "
               "site.yaml names it"),
        Column("assigned_on", "date"),
        Column("due_on", "date"),
        Column("completed_on", "date"),
    ),
)  # fmt: skip

POLICIES = Table(
    name="policies",
    doc="Policies and procedures with their owner, approval and review.",
    place="programme/policies.csv",
    canonical=True,
    key=("policy_id",),
    ask="the register of policies and procedures: owner, approval, last review, next review",
    columns=(
        Column("policy_id", required=True),
        Column("title", required=True),
        Column(
            "citation",
            doc="standard that it serves, such as 45 CFR 164.308(a)(7)(i); several joined by ;",
            cites=True,
        ),
        Column("owner", required=True),
        Column("approved_on", "date"),
        Column("approved_by", proof=True),
        Column("reviewed_on", "date"),
        Column("next_review_on", "date"),
        Column("state", doc="empty means in force", values=("in_force", "draft", "superseded", "withdrawn")),
        Column("retained_until", "date"),
    ),
)

REVIEWS = Table(
    name="reviews",
    doc="Reviews of audit trails and of access that took place.",
    place="programme/reviews.csv",
    canonical=True,
    key=("review_id",),
    event_time="performed_at",
    ask="the log of audit-trail and access reviews: what, when, which period, what came of it",
    columns=(
        Column("review_id", required=True),
        Column("kind", required=True, values=("audit_trail", "access", "evaluation", "risk_analysis")),
        Column("system_id"),
        Column("performed_at", "instant", required=True),
        Column("covers_from", "date"),
        Column("covers_to", "date"),
        Column("outcome", doc="what came of it; an evaluation or risk analysis without is not shown",
               proof=True),
        Column("state", doc="empty means done, unless the outcome says otherwise",
               values=("done", "planned", "draft", "cancelled")),
    ),
)  # fmt: skip

ANSWERS = Table(
    name="answers",
    doc="Attestations: what only people can say, who said it, on what basis and until when it holds.",
    place="programme/answers.yaml",
    key=("control",),
    ask="programme/answers.yaml, one answer per specification that data cannot show",
    columns=(
        Column("control", doc="exact citation", required=True, cites=True),
        Column("answer", required=True, values=("yes", "no", "not_applicable")),
        Column("answered_by", required=True, proof=True),
        Column("answered_on", "date", required=True),
        Column("valid_until", "date"),
        Column("evidence", doc="document that shows it", proof=True),
        Column("approved_by", proof=True),
        Column("note"),
    ),
)

VERDICTS = Table(
    name="verdicts",
    doc="What the analyst decided about findings that were put up for review.",
    place="programme/verdicts.csv",
    canonical=True,
    key=("alert", "decided_by", "decided_at"),
    event_time="decided_at",
    ask="programme/verdicts.csv, one row per decision on a finding or an alert; a second reviewer adds a row",
    columns=(
        Column("alert", doc="fingerprint of the alert or finding, as the review queue prints it",
               required=True),
        Column(
            "verdict",
            required=True,
            values=("explained", "inappropriate", "escalated", "undecided"),
        ),
        Column("decided_by", required=True, phi=True, proof=True),
        Column("decided_at", "instant", required=True),
        Column("note", phi=True),
    ),
)  # fmt: skip

ALERTS = Table(
    name="alerts",
    doc="Alerts that were surfaced earlier: files that `riskkit triage` wrote, kept with the evidence. The "
    "earliest first_surfaced of an alert counts, wherever it stands.",
    place="programme/alerts/*.csv",
    canonical=True,
    key=("alert",),
    event_time="first_surfaced",
    ask="the files that `riskkit triage` wrote, as they were surfaced",
    columns=(
        Column("alert", doc="fingerprint of the alert", required=True),
        Column("day", "date", "local day of the behaviour", required=True),
        Column("rank", "integer", "place of the day, best first; 0 stands outside the budget"),
        Column("line", doc="where it stood", values=("alert", "matched", "below", "repeat", "closed")),
        Column("user_id", phi=True, folded=True),
        Column("patient_id", doc="empty when it is about the day as a whole", phi=True),
        Column("score", "number", "evidence points"),
        Column("reasons", doc="what it was found on, with numbers"),
        Column("family", doc="kind of behaviour",
               values=("targeted", "volume", "account", "relational")),
        Column("first_surfaced", "instant", "the first as-of with which it was surfaced", required=True),
        Column("reviewed_at", "instant", "the first decision on it"),
        Column("escalated_at", "instant", "the first decision to escalate it"),
        Column("decision", doc="the latest decision that counts, or disagreement"),
        Column("repeat_of", doc="fingerprint of the alert of the same behaviour before it"),
        Column("phi", doc="says that the file identifies people"),
    ),
)  # fmt: skip

CONTRACTS = Table(
    name="contracts",
    doc="Contracts with business associates and their subcontractors: whom they bind, for what, and until "
    "when.",
    place="programme/contracts.csv",
    canonical=True,
    key=("vendor", "system_id", "kind", "signed_on"),
    ask="programme/contracts.csv: one row per contract of everybody who makes, keeps, receives or sends ePHI "
    "for the organisation (cloud, teleradiology, maintenance), vendors without a contract included",
    columns=(
        Column("vendor", doc="the other party: Amazon Web Services ...", required=True),
        Column("system_id", doc="system that it serves, or one of its aliases; empty for all of the vendor"),
        Column("kind", doc="BAA: with a business associate; subcontractor: of an associate with its own; "
               "none: no contract; other_arrangement: 164.314(a)(2)(ii); data_use: limited data sets",
               required=True, values=("BAA", "subcontractor", "other_arrangement", "data_use", "none")),
        Column("touches_ephi", "boolean", "makes, keeps, receives or sends ePHI; empty is unknown"),
        Column("signed_on", "date"),
        Column("effective_on", "date", "empty means from the day of signing"),
        Column("expires_on", "date", "empty means until it is terminated"),
        Column("terminated_on", "date"),
        Column("covers_safeguards", "boolean", "164.314(a)(2)(i)(A): complies with the Security Rule"),
        Column("covers_subcontractors", "boolean", "164.314(a)(2)(i)(B): subcontractors agree to the same"),
        Column("covers_breach_notice", "boolean", "164.314(a)(2)(i)(C): reports incidents and breaches"),
        Column("notice_days", "integer", "within which a breach is reported", unit="day"),
        Column("verified_on", "date", "last written verification of the vendor's safeguards"),
        Column("owner", doc="who answers for it in the organisation"),
        Column("document", doc="where the signed contract lies", proof=True),
    ),
)  # fmt: skip

ACTIONS = Table(
    name="actions",
    doc="Measures against risks: what is done about which risk or control, by whom, until when, and how "
    "far it is.",
    place="programme/actions.yaml",
    canonical=True,
    key=("action_id",),
    ask="programme/actions.yaml (or .csv): one entry per measure, with the risk or the specification that it "
    "serves, owner, due date, milestones and state; what was closed stays, with the evidence of it",
    columns=(
        Column("action_id", doc="the plan's own number", required=True),
        Column("title", doc="what is done", required=True),
        Column("risk", doc="id of the risk (scenario) that it treats"),
        Column("control", doc="exact citation, or the id of a check, that it serves", cites=True),
        Column("owner", doc="role or person who answers for it", proof=True),
        Column("opened_on", "date", "day on which the weakness was first recorded"),
        Column("due_on", "date", "day by which it is to be done, as first planned or as moved with approval"),
        Column("milestones", doc="steps with their dates, separated by `;`"),
        Column("resources", doc="what it needs: people, budget"),
        Column("state", required=True, values=("planned", "in_progress", "done", "cancelled")),
        Column("closed_on", "date", "day on which it was done or cancelled"),
        Column("evidence", doc="document or evidence file that shows that it is done", proof=True),
    ),
)  # fmt: skip

EXCEPTIONS = Table(
    name="exceptions",
    doc="What is accepted, excepted or said not to apply: for what, why, who asked, who approved, and until "
    "when. It changes how something is treated, never what was found, and ends by itself.",
    place="programme/exceptions.yaml",
    canonical=True,
    key=("exception_id",),
    apart=("requested_by", "approved_by"),
    ask="programme/exceptions.yaml (or .csv): one entry per acceptance, exception or statement that "
    "something does not apply; who approves is not who asks, and each has a last day",
    columns=(
        Column("exception_id", doc="the register's own number", required=True),
        Column("subject", doc="id of a risk, exact citation of a control, id of a check, or fingerprint of "
               "a finding", required=True, cites=True),
        Column("kind", doc="acceptance: of a risk; not_applicable: of a control; exception: what is "
               "found is known and borne for a while", required=True,
               values=("acceptance", "not_applicable", "exception")),
        Column("reason", required=True),
        Column("requested_by", required=True),
        Column("approved_by", doc="somebody else than who asked", required=True, proof=True),
        Column("approved_on", "date", required=True),
        Column("expires_on", "date", "last day on which it holds", required=True),
        Column("withdrawn_on", "date", "day on which it ended early: what it was for is done or gone"),
    ),
)  # fmt: skip

DECISIONS = Table(
    name="decisions",
    doc="Decisions on addressable specifications: implemented, an alternative in its place, or not "
    "reasonable and appropriate here, with the reason in writing (45 CFR 164.306(d)).",
    place="programme/decisions.yaml",
    canonical=True,
    key=("specification", "decided_on"),
    ask="programme/decisions.yaml (or .csv): one entry per decision on an addressable specification, with "
    "reason, equivalent measure, approver and the day of its next review",
    columns=(
        Column("specification", doc="exact citation of an addressable specification", required=True,
               cites=True),
        Column("decision", required=True, values=("implement", "alternative", "not_reasonable")),
        Column("rationale", doc="why: size, complexity, cost, probability and criticality of the risk",
               required=True),
        Column("equivalent_measure", doc="what is done instead; without it an alternative is none",
               proof=True),
        Column("approved_by", required=True, proof=True),
        Column("decided_on", "date", required=True),
        Column("review_on", "date", "last day on which it holds without a new decision", required=True),
    ),
)  # fmt: skip

SIGNOFF = Table(
    name="signoff",
    doc="Who signed which state of the risks; a state that changed is not signed.",
    place="programme/signoff.yaml",
    canonical=True,
    key=("risk_state", "signed_by"),
    ask="programme/signoff.yaml (or .csv): the risk state that `riskkit assess` printed, who signed it, in "
    "which role and when",
    columns=(
        Column("risk_state", doc="SHA-256 of the state of the risks, 64 hex digits", required=True),
        Column("signed_by", required=True),
        Column("role", required=True),
        Column("signed_at", "instant", required=True),
    ),
)

TABLES = (
    CUSTODY, TRAINING, POLICIES, REVIEWS, ANSWERS, VERDICTS, ALERTS, CONTRACTS, ACTIONS, EXCEPTIONS,
    DECISIONS, SIGNOFF,
)  # fmt: skip
