"""The audit trail: who did what to whose images, from where, and how it ended."""

from __future__ import annotations

from riskkit.tables.schema import Column, Table

CATEGORIES = (
    "query", "read", "transfer", "export", "import", "delete", "create", "update", "authentication",
    "application", "security_alert", "audit_log_used", "config", "network", "order", "procedure",
    "other",
)  # fmt: skip

EPOCH_US = "µs since 1970 UTC"

AUDIT_EVENTS = Table(
    name="audit_events",
    doc="One row per audit event; ECS names for who, when, where and outcome, DICOM and FHIR terms "
    "for patient, study and purpose.",
    place="audit/**",
    lazy=True,
    event_time="event_time_us",
    key=(),
    ask="the audit trail of the PACS for the period and the month before, as DICOM audit messages "
    "(PS3.15 A.5) from the audit record repository or syslog server; what other systems export stands in "
    "docs/audit-exports.md",
    columns=(
        Column("event_time_us", "instant_us", "when it happened (EventDateTime)", unit=EPOCH_US),
        Column("event_seq", "integer", "breaks ties of equal time: order within the source"),
        Column("event_time_raw", doc="the time as written"),
        Column("time_quality", doc="how far the time can be trusted",
               values=("zoned", "assumed_tz", "assumed_year", "missing")),
        Column("event_received_us", "instant_us", "when it was received (syslog header)", unit=EPOCH_US),
        Column("event_id", doc="identifier given by the producer, else SHA-256 of the message"),
        Column("event_code", doc="EventID code, such as 110112"),
        Column("event_subcode", doc="EventTypeCode codes, joined by |"),
        Column("event_category", doc="group of the EventID", values=CATEGORIES),
        Column("event_action", doc="EventActionCode", values=("C", "R", "U", "D", "E")),
        Column("event_outcome", doc="success, failure or unknown", values=("success", "failure", "unknown")),
        Column("event_severity", "integer", "EventOutcomeIndicator 0, 4, 8 or 12"),
        Column("event_reason", doc="EventOutcomeDescription"),
        Column("user_id", doc="requestor: UserID", phi=True, folded=True),
        Column("user_name", doc="requestor: UserName", phi=True),
        Column("user_type", doc="what the requestor is", values=("person", "application", "node", "unknown")),
        Column("user_authenticated", "boolean", "false when the identity was only claimed (failed log-in)"),
        Column("user_role", doc="RoleIDCode of the requestor"),
        Column("purpose_of_use", doc="PurposeOfUse codes, joined by |"),
        Column("source_ip", doc="address of the requestor", phi=True),
        Column("source_host", doc="host name of the requestor"),
        Column("source_aet", doc="AE title of the source"),
        Column("dest_aet", doc="AE title of the destination"),
        Column("dest_id", doc="destination participant"),
        Column("dest_host", doc="address or host of the destination"),
        Column("media_type", doc="MediaType of an export or import"),
        Column("source_system", doc="AuditSourceID: the system that recorded the event"),
        Column("source_site", doc="AuditEnterpriseSiteID"),
        Column("patient_id", doc="PatientID, first component", phi=True),
        Column("patient_id_issuer", doc="assigning authority of patient_id"),
        Column("study_uid", doc="StudyInstanceUID", phi=True),
        Column("accession", doc="AccessionNumber", phi=True),
        Column("sop_class_uids", doc="SOP classes, joined by |"),
        Column("instance_count", "integer", "sum of NumberOfInstances"),
        Column("object_lifecycle", doc="ParticipantObjectDataLifeCycle"),
        Column("object_sensitivity", doc="ParticipantObjectSensitivity"),
        Column("query_text", doc="decoded query where it is text", phi=True),
        Column("break_glass", "boolean", "emergency override (110127) or purpose ETREAT"),
        Column("correlation_id", doc="joins copies of one event"),
        Column("agents", doc="all participants, as JSON", phi=True),
        Column("entities", doc="all participant objects, as JSON", phi=True),
        Column("source_format", doc="reader and dialect"),
        Column("parse_status", doc="ok, repaired or partial", values=("ok", "repaired", "partial")),
        Column("parse_notes", doc="what was repaired or is missing"),
    ),
)  # fmt: skip

TABLES = (AUDIT_EVENTS,)
