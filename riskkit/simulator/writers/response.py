"""programme/: contracts, incidents and what followed, changes, and threats that are known."""

from __future__ import annotations

from datetime import date
from typing import Any

from riskkit.simulator.writers.pack import Custody, Pack

CONTRACT_COLUMNS = (
    "vendor", "system_id", "kind", "touches_ephi", "signed_on", "expires_on", "covers_safeguards",
    "covers_subcontractors", "covers_breach_notice", "notice_days", "owner", "document",
)  # fmt: skip
# Vendor, system, kind, touches ePHI, signed days ago, ends in days, the three clauses, days of notice.
CONTRACTS = (
    ("Heronview", "viewer1", "BAA", True, 700, 395, True, True, True, 10),
    ("Heronview", "pacs1", "BAA", True, 700, 395, True, True, True, 10),
    ("Stillwater", "vna", "BAA", True, 1100, -5, True, True, True, 30),
    ("Nightreads Teleradiology", "", "BAA", True, 420, 20, True, False, None, None),
    ("Riverbend Shredding", "", "none", True, None, None, None, None, None, None),
    ("Cool Air Services", "", "none", False, None, None, None, None, None, None),
)

INCIDENTS: tuple[dict[str, Any], ...] = (
    {
        "incident_id": "I-2026-03", "discovered_at": (150, 9), "title": "Discs handed to the wrong patient",
        "contained_at": (150, 15), "closed_at": (128, 12), "outcome": "Two names are checked at the desk",
        "by_workforce": True, "impermissible": True, "secured": False,
        "factor_information": "images of one study, with name", "factor_recipient": "a patient, known",
        "factor_acquired": "not opened, said in writing", "factor_mitigation": "discs came back the same day",
        "decision": "low_probability", "decided_by": "Privacy Officer", "decided_on": 140, "affected": 1,
    },
    {
        "incident_id": "I-2026-05", "discovered_at": (88, 11), "title": "Worklist sent to a former practice",
        "contained_at": (86, 9), "by_workforce": True, "impermissible": True, "secured": False,
        "factor_information": "names and dates of visits", "affected": 23, "affected_by_state": "IL=23",
    },
    {
        "incident_id": "I-2026-06", "discovered_at": (47, 8), "title": "Portable drive lost in the mail",
        "system_id": "vna", "contained_at": (46, 8), "by_workforce": False, "impermissible": True,
        "secured": False, "decision": "breach", "decided_by": "Privacy Officer", "decided_on": 39,
        "affected": 612, "affected_by_state": "IL=604;WI=8", "people_told_on": 12,
    },
    {
        "incident_id": "I-2026-07", "discovered_at": (70, 10), "title": "Reports open at the reading service",
        "contained_at": (68, 10), "closed_at": (50, 10), "outcome": "The service closed the share",
        "by_workforce": False, "impermissible": True, "secured": False, "decision": "breach",
        "decided_by": "Privacy Officer", "decided_on": 60, "affected": 41, "affected_by_state": "IL=41",
        "people_told_on": 25, "associate": "Nightreads Teleradiology", "associate_discovered_at": (135, 10),
        "associate_told_on": 70, "associate_is_agent": False,
    },
)  # fmt: skip
INCIDENT_COLUMNS = (
    "incident_id", "discovered_at", "title", "system_id", "alerts", "contained_at", "closed_at", "outcome",
    "by_workforce", "impermissible", "secured", "factor_information", "factor_recipient", "factor_acquired",
    "factor_mitigation", "decision", "decided_by", "decided_on", "affected", "affected_by_state",
    "people_told_on", "media_told_on", "secretary_told_on", "associate", "associate_discovered_at",
    "associate_told_on", "associate_is_agent",
)  # fmt: skip
DAYS = {"decided_on", "people_told_on", "associate_told_on"}

SANCTIONS = (("I-2026-03", 120, "training", "", "Human Resources"),)
SANCTION_COLUMNS = ("incident_id", "sanctioned_on", "measure", "reason", "decided_by")
# Id, days ago, title, system, bears on ePHI.
CHANGES = (
    ("C-118", 340, "Second archive moved to data center B", "vna", True),
    ("C-131", 140, "Viewer reachable from home offices", "viewer1", True),
    ("C-137", 30, "Router renewed its operating system", "router1", True),
    ("C-139", 20, "New displays in the lobby", "", False),
)
CHANGE_COLUMNS = ("change_id", "changed_on", "title", "system_id", "affects_ephi")
# Id, days since known, title, informed by, days since settled, policies, course.
THREATS = (
    ("T-07", 105, "Calls that ask for a second factor", "sector advisory", None, "P-02;P-05", True),
    ("T-05", 400, "Flaw in the remote access of an archive", "vendor bulletin", 350, "P-07", False),
)
THREAT_COLUMNS = ("threat_id", "known_on", "title", "informed_by", "settled_on", "policy_ids", "courses")


def write_response(pack: Pack, course: str) -> None:
    """Write programme/contracts.csv, incidents.csv, sanctions.csv, changes.csv and threats.csv."""
    back = pack.span.back

    def ago(days: int | None) -> date | None:
        return None if days is None else back(days)

    custody = Custody("Compliance", pack.moment(20, 15), "contract register", "vendors with access to images")
    contracts = (
        (vendor, system, kind, touches, ago(signed), None if ends is None else back(-ends), *clauses,
         "Compliance" if signed else "", f"contracts/{vendor.split()[0].lower()}.pdf" if signed else "")
        for vendor, system, kind, touches, signed, ends, *clauses in CONTRACTS
    )  # fmt: skip
    pack.table("programme/contracts.csv", CONTRACT_COLUMNS, contracts, custody)

    custody = Custody("Privacy Officer", pack.moment(0, 16), "incident register", "incidents of 12 months")
    rows = ([_cell(pack, name, row.get(name)) for name in INCIDENT_COLUMNS] for row in INCIDENTS)
    pack.table("programme/incidents.csv", INCIDENT_COLUMNS, rows, custody)

    custody = Custody(
        "Human Resources", pack.moment(3, 10), "sanction log", "decisions of 12 months, no names"
    )
    sanctions = ((name, back(days), *rest) for name, days, *rest in SANCTIONS)
    pack.table("programme/sanctions.csv", SANCTION_COLUMNS, sanctions, custody)

    custody = Custody("Infrastructure", pack.moment(2, 11), "change log", "changes of 12 months")
    changes = ((name, back(days), *rest) for name, days, *rest in CHANGES)
    pack.table("programme/changes.csv", CHANGE_COLUMNS, changes, custody)

    custody = Custody("Security Officer", pack.moment(5, 11), "threat list", "threats taken up")
    threats = (
        (name, back(known), title, by, ago(settled), policies, course if taught else "")
        for name, known, title, by, settled, policies, taught in THREATS
    )
    pack.table("programme/threats.csv", THREAT_COLUMNS, threats, custody)


def _cell(pack: Pack, name: str, value: Any) -> object:
    """Days ago as a date, (days ago, hour) as an instant, anything else as it is."""
    if isinstance(value, tuple):
        return pack.moment(*value)
    return pack.span.back(value) if name in DAYS and value is not None else value
