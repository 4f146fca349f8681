"""What happened and what was done about it: incidents, sanctions, changes, threats."""

from __future__ import annotations

from riskkit.tables.schema import Column, Table

INCIDENTS = Table(
    name="incidents",
    doc="Security incidents, with the assessment of 45 CFR 164.402 where protected information was used "
    "or disclosed in a way that is not permitted, and with whom was told when. The day of discovery is the "
    "first on which it was known, or would have been with reasonable diligence.",
    place="programme/incidents.csv",
    canonical=True,
    key=("incident_id",),
    event_time="discovered_at",
    ask="the register of incidents of the year and the one before: discovery, containment, the four factors, "
    "decision with decider and date, and the notices; who was affected only as a number",
    columns=(
        Column("incident_id", required=True),
        Column("discovered_at", "instant", required=True),
        Column("title", doc="what happened, without names"),
        Column("system_id"),
        Column("alerts", doc="fingerprints of the alerts that it settles, joined by ;"),
        Column("contained_at", "instant"),
        Column("closed_at", "instant"),
        Column("outcome", doc="what came of it, and what was changed", proof=True),
        Column("by_workforce", "boolean", "somebody of the workforce did not keep to a policy"),
        Column("impermissible", "boolean", "ePHI was acquired, accessed, used or disclosed as the Privacy "
               "Rule does not permit; empty is undecided"),
        Column("secured", "boolean", "the ePHI was unusable to others: encrypted, and the key not with it"),
        Column("factor_information", doc="164.402(2)(i): nature and extent, likelihood of re-identification",
               proof=True),
        Column("factor_recipient", doc="164.402(2)(ii): who used it or to whom it was disclosed", proof=True),
        Column("factor_acquired", doc="164.402(2)(iii): whether it was acquired or viewed", proof=True),
        Column("factor_mitigation", doc="164.402(2)(iv): how far the risk was mitigated", proof=True),
        Column("decision", doc="low_probability: of compromise, by the four factors; exclusion: "
               "164.402(1)(i) to (iii)", values=("breach", "low_probability", "exclusion")),
        Column("decided_by", doc="role or person", proof=True),
        Column("decided_on", "date"),
        Column("affected", "integer", "people whose information it was"),
        Column("affected_by_state", doc="residents by State or jurisdiction: TX=620;OK=12"),
        Column("people_told_on", "date", "last notice sent to the people affected"),
        Column("media_told_on", "date"),
        Column("secretary_told_on", "date"),
        Column("associate", doc="business associate at which it happened, as in programme/contracts.csv"),
        Column("associate_discovered_at", "instant"),
        Column("associate_told_on", "date", "when the associate told the organisation"),
        Column("associate_is_agent", "boolean", "what the associate knows, the organisation knows: its "
               "discovery starts the clocks (164.404(a)(2))"),
        Column("delay_asked_on", "date", "law enforcement asked to delay the notices (164.412)"),
        Column("delay_form", values=("written", "oral")),
        Column("delay_until", "date", "last day of the delay"),
        Column("delay_document", doc="where the statement, or the record of it, lies", proof=True),
    ),
)  # fmt: skip

SANCTIONS = Table(
    name="sanctions",
    doc="What followed for somebody of the workforce who did not keep to a security policy, none included. "
    "It names no person: the incident does, in the files of human resources.",
    place="programme/sanctions.csv",
    canonical=True,
    key=("incident_id", "sanctioned_on"),
    ask="human resources' log of sanctions by incident: what was decided, when, by which role; no names",
    columns=(
        Column("incident_id", required=True),
        Column("sanctioned_on", "date", required=True),
        Column("measure", required=True,
               values=("none", "talk", "training", "warning", "suspension", "dismissal", "other")),
        Column("reason", doc="why this measure; needed when it is none", proof=True),
        Column("decided_by", doc="role", proof=True),
    ),
)  # fmt: skip

CHANGES = Table(
    name="changes",
    doc="Changes of environment or operations that bear on the security of ePHI: new systems, moves, "
    "mergers, vendors, versions.",
    place="programme/changes.csv",
    canonical=True,
    key=("change_id",),
    ask="the log of changes of the year: what was changed, when, on which system, and whether it "
    "bears on ePHI",
    columns=(
        Column("change_id", required=True),
        Column("changed_on", "date", required=True),
        Column("title"),
        Column("system_id", doc="empty for all of the organisation"),
        Column("affects_ephi", "boolean", "bears on the security of ePHI; empty is unknown"),
        Column("reassessed_by", doc="review_id of programme/reviews.csv that looked at it again"),
    ),
)

THREATS = Table(
    name="threats",
    doc="Threats that the organisation knows of, with the day from which on, and which policies and courses "
    "they concern.",
    place="programme/threats.csv",
    canonical=True,
    key=("threat_id",),
    ask="the list of threats that were taken up, with date, source, and the policies and courses "
    "they concern",
    columns=(
        Column("threat_id", required=True),
        Column("known_on", "date", required=True),
        Column("title"),
        Column("informed_by", doc="where it is described: advisory, alert, own incident"),
        Column("settled_on", "date", "empty while it is open"),
        Column("policy_ids", doc="policies that it concerns, joined by ;"),
        Column("courses", doc="courses of programme/training.csv that it concerns, joined by ;"),
    ),
)

TABLES = (INCIDENTS, SANCTIONS, CHANGES, THREATS)
