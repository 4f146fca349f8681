"""Coded values of audit events: DICOM PS3.16 annex D, PS3.15 A.5.3, and RFC 3881 section 5.

FHIR AuditEvent uses the same codes.
"""

from __future__ import annotations

import string
from collections.abc import Mapping

APPLICATION, LAUNCHER, DESTINATION, SOURCE = "110150", "110151", "110152", "110153"
DESTINATION_MEDIA, SOURCE_MEDIA = "110154", "110155"

STUDY_INSTANCE_UID, SOP_CLASS_UID, NODE_ID = "110180", "110181", "110182"
STATION_AE_TITLE, PERSON_ID = "110119", "113871"

USER_AUTHENTICATION, LOGIN, NODE_AUTHENTICATION = "110114", "110122", "110126"
EMERGENCY_OVERRIDE_STARTED = "110127"

BREAK_GLASS_PURPOSES = frozenset({"ETREAT", "BTG"})
"""HL7 v3 ActReason: emergency treatment, break the glass."""

CATEGORIES: Mapping[str, str] = {
    "110100": "application",  # Application Activity, PS3.15 A.5.3.1
    "110101": "audit_log_used",  # Audit Log Used, A.5.3.2
    "110102": "transfer",  # Begin Transferring DICOM Instances, A.5.3.3: no access by itself
    "110103": "read",  # DICOM Instances Accessed, A.5.3.6; by action, see ACCESS_BY_ACTION
    "110104": "transfer",  # DICOM Instances Transferred, A.5.3.7
    "110105": "delete",  # DICOM Study Deleted, A.5.3.8
    "110106": "export",  # Data Export, A.5.3.4
    "110107": "import",  # Data Import, A.5.3.5
    "110108": "network",  # Network Entry, A.5.3.9
    "110109": "order",  # Order Record, A.5.3.13
    "110110": "read",  # Patient Record, A.5.3.14; by action
    "110111": "procedure",  # Procedure Record, A.5.3.15
    "110112": "query",  # Query, A.5.3.10
    "110113": "security_alert",  # Security Alert, A.5.3.11
    "110114": "authentication",  # User Authentication, A.5.3.12
    # Type codes that some senders put where the EventID belongs.
    "110120": "application",
    "110121": "application",
    "110122": "authentication",
    "110123": "authentication",
    "110126": "security_alert",
    "110127": "security_alert",
    "110138": "security_alert",
}
"""EventID to category. The code decides, never the display name: senders translate and misspell it."""

BY_ACTION = frozenset({"110103", "110110"})
"""Events that are a read, a change or a deletion, as EventActionCode says."""

ACTIONS = frozenset("CRUDE")

ACCESS_BY_ACTION: Mapping[str, str] = {"C": "create", "R": "read", "U": "update", "D": "delete"}

OUTCOMES: Mapping[str, tuple[str, int]] = {
    "0": ("success", 0),
    "4": ("failure", 4),
    "8": ("failure", 8),
    "12": ("failure", 12),
}
"""EventOutcomeIndicator (RFC 3881 section 5.1.4): success; minor, serious and major failure."""

USER_TYPES: Mapping[str, str] = {"1": "person", "2": "application"}
"""UserTypeCode, an extension of dcm4chee."""

ID_TYPES: Mapping[str, str] = {PERSON_ID: "person", STATION_AE_TITLE: "application", NODE_ID: "node"}
"""UserIDTypeCode, an extension of dcm4chee."""

AROUND = f"{string.punctuation}{string.whitespace}\x7f"
"""What may stand around a placeholder, as in `<none>` or `(null)`."""

PLACEHOLDERS = frozenset(
    {"", "n/a", "nil", "none", "not applicable", "not available", "not known", "null", "undefined",
     "unknown", "unspecified", "1.2.40.0.13.1.15.110.3.165.1"}
)  # fmt: skip
"""What senders write for "not known" (lower case, nothing around it); the UID is dcm4chee's for a study it
does not know."""

OPEN_DETAILS = frozenset(
    {"StudyDate", "Alert Description", "MSH-9", "MSH-10", "QueryEncoding", "TransferSyntax"}
)
"""ParticipantObjectDetail types whose value is decoded; others may hold whole HL7 messages."""


def category(event_code: str, action: str) -> str:
    """The category of an event, of `riskkit.tables.audit.CATEGORIES`."""
    if event_code in BY_ACTION:
        return ACCESS_BY_ACTION.get(action, "read")
    return CATEGORIES.get(event_code, "other")


def known(value: str | None) -> str | None:
    """A value without surrounding blanks; None for what senders write when they know nothing.

    That is a placeholder, or what has neither letter nor digit.
    """
    if value is None:
        return None
    value = value.strip()
    core = value.strip(AROUND).lower()
    return None if core in PLACEHOLDERS or not any(map(str.isalnum, core)) else value
