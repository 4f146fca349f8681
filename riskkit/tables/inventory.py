"""The systems that hold ePHI: what every other kind of evidence is measured against."""

from __future__ import annotations

from collections.abc import Collection

from riskkit.tables.schema import Column, Table

KINDS = ("archive", "viewer", "router", "worklist", "modality", "database", "backup")
"""Kinds of systems of which it is known which evidence they give and which questions they leave aside."""


def of_kind(kind: str, wanted: Collection[str]) -> bool:
    """Whether a system is of one of the `wanted` kinds (`*`: any).

    What an inventory calls a system is free text. A word that is none of KINDS tells nothing of what the
    system is, so it counts as every kind: calling a system something else leaves no question aside.
    """
    word = kind.strip().casefold()
    return "*" in wanted or word in wanted or (word not in KINDS and bool(wanted))


SYSTEMS = Table(
    name="systems",
    doc="Systems of the organisation; those that hold ePHI are the scope of the analysis.",
    place="inventory/systems.csv",
    canonical=True,
    key=("system_id",),
    ask="the inventory of systems: every archive, viewer, router, worklist, database and backup with ePHI",
    columns=(
        Column("system_id", required=True),
        Column("name", required=True),
        Column(
            "kind",
            doc="archive, viewer, router, worklist, modality, database or backup; any other word counts as "
            "all of them, so that every question is asked of the system",
            required=True,
        ),
        Column("location"),
        Column("owner"),
        Column("holds_ephi", "boolean", required=True),
        Column("criticality", values=("low", "moderate", "high")),
        Column("product"),
        Column("version"),
        Column("supported_until", "date"),
        Column("covered", "boolean", "evidence of this system is part of the pack; empty means yes"),
        Column("aliases", doc="hosts, AE titles and audit source ids of this system, joined by ;"),
        Column(
            "operated_by",
            doc="company that runs it for the organisation, as the contracts call it: its vendor or a host; "
            "empty means the organisation",
        ),
    ),
)

LEVELS = ("critical", "high", "medium", "low", "none")
"""Severities of weaknesses and updates, as CVSS version 3 and most scanners grade them."""

SOFTWARE = Table(
    name="software",
    doc="What is installed on a system: operating system, database, libraries, as a bill of materials "
    "(SBOM) or a list of packages shows it.",
    place="inventory/software/*.csv",
    canonical=True,
    key=("system_id", "name", "version", "purl"),
    ask="a bill of materials of each system: CycloneDX JSON of the maker or of `trivy`, `syft` or `cdxgen`",
    columns=(
        Column("system_id", doc="system of inventory/systems.csv, or one of its aliases", required=True),
        Column("name", doc="name of the component", required=True),
        Column("version"),
        Column("kind", doc="operating-system, application, framework, library, container, firmware ..."),
        Column("supplier"),
        Column("purl", doc="package URL"),
        Column("cpe", doc="name in the Common Platform Enumeration"),
        Column("observed_at", "instant", "when the list was made"),
    ),
)

VULNERABILITIES = Table(
    name="vulnerabilities",
    doc="Weaknesses that a scan found on a system. Rows of earlier scans stay: of each system and scanner "
    "the newest scan tells what is open, the earlier ones since when.",
    place="inventory/vulnerabilities/*.csv",
    canonical=True,
    key=("system_id", "vulnerability", "package", "port", "scanner", "observed_at"),
    ask="scans of each system that holds ePHI: Nessus (.nessus), Greenbone or OpenVAS (XML), Trivy or Grype "
    "(JSON); findings of a penetration test as rows",
    columns=(
        Column("system_id", doc="system of inventory/systems.csv, or one of its aliases", required=True),
        Column("vulnerability", doc="CVE where there is one, else the scanner's own id", required=True),
        Column("title"),
        Column("package", doc="software in which it is"),
        Column("installed", doc="version that is installed"),
        Column("fixed_in", doc="version that mends it; empty when none is told"),
        Column("fix_available", "boolean", "the maker offers an update; empty is unknown"),
        Column("severity", doc="empty is unknown", values=LEVELS),
        Column("cvss", "number", "base score, version 3 before version 2"),
        Column("published_on", "date"),
        Column("first_seen", "instant", "when the scanner saw it first, if it says so"),
        Column("port", "integer"),
        Column("scanner", required=True),
        Column("observed_at", "instant", "when it was looked for; evidence.csv may say so"),
    ),
)

VULNERABILITY_SCANS = Table(
    name="vulnerability_scans",
    doc="Scans for weaknesses that took place, one row for each system; one that found nothing is a row too.",
    place="inventory/vulnerabilities/scans.csv",
    canonical=True,
    key=("system_id", "scanner", "observed_at"),
    ask="the scanner's list of finished scans: system, scanner, when, with or without log-in",
    columns=(
        Column("system_id", doc="system of inventory/systems.csv, or one of its aliases", required=True),
        Column("scanner", required=True),
        Column("kind", doc="what kind of look it was", values=("network", "software", "penetration_test")),
        Column("logged_in", "boolean", "the scanner could log in; empty is unknown, and clears nothing"),
        Column(
            "found", "integer", "weaknesses of any severity but none; the rows of the scan must be as many"
        ),
        Column("observed_at", "instant"),
    ),
)

KNOWN_EXPLOITED = Table(
    name="known_exploited",
    doc="Weaknesses that are known to be exploited: the catalogue of the Cybersecurity and Infrastructure "
    "Security Agency (CISA KEV), as downloaded.",
    place="inventory/known_exploited.csv",
    canonical=True,
    alone=True,  # many lists have a column `cve`, and a list of something else would clear every weakness
    key=("cve",),
    ask="known_exploited_vulnerabilities.json of www.cisa.gov/known-exploited-vulnerabilities-catalog, "
    "downloaded after the last scan",
    columns=(
        Column("cve", required=True),
        Column("vendor"),
        Column("product"),
        Column("added_on", "date", "when the agency added it", required=True),
        Column("due_on", "date", "by when federal agencies must have acted; an orientation for others"),
        Column("ransomware", "boolean", "used in known ransomware campaigns; empty is unknown"),
        Column("catalog_version"),
        Column("released_on", "date", "when the agency released this state of the catalogue"),
    ),
)

UPDATES = Table(
    name="updates",
    doc="Security updates of a system: when the maker released each, and when it was installed.",
    place="inventory/updates/*.csv",
    canonical=True,
    key=("system_id", "update_id"),
    ask="the update history of each system: update, severity, released, installed, with those that wait",
    columns=(
        Column("system_id", doc="system of inventory/systems.csv, or one of its aliases", required=True),
        Column("update_id", doc="KB number, advisory or package and version", required=True),
        Column("severity", doc="empty is unknown", values=LEVELS),
        Column("released_on", "date", "when the maker offered it for this product"),
        Column("installed_on", "date", "empty while it waits"),
        Column("validated_on", "date", "when the maker of the medical product allowed it"),
    ),
)

MALWARE_PROTECTION = Table(
    name="malware_protection",
    doc="Machines with what protects them against malware, and how old its signatures are.",
    place="inventory/malware_protection/*.csv",
    canonical=True,
    key=("host", "product"),
    ask="the console's export of all machines: host, product, active, signatures of, last contact",
    columns=(
        Column("host", doc="system of inventory/systems.csv, or one of its aliases", required=True),
        Column("product"),
        Column("active", "boolean", "watches while files are opened or programs start", required=True),
        Column("signatures_at", "instant", "of when the signatures or the model are"),
        Column("last_contact", "instant", "when the console last heard of the machine"),
        Column("last_scan", "instant"),
    ),
)

COMPENSATING_CONTROLS = Table(
    name="compensating_controls",
    doc="What protects a system that cannot be updated, replaced or protected in the usual way: a measure "
    "with an approver and a last day. A finding that it covers stays a finding, and is told as covered.",
    place="inventory/compensating_controls.csv",
    canonical=True,
    key=("system_id", "covers", "measure"),
    ask="for each system that cannot be patched: what protects it instead, who approved it, until when",
    columns=(
        Column("system_id", doc="system of inventory/systems.csv, or one of its aliases", required=True),
        Column("covers", doc="a CVE, or unsupported, updates, malware_protection, segment", required=True),
        Column(
            "measure",
            doc="what is done instead: own segment, allow-list of programs ...",
            required=True,
            proof=True,
        ),
        Column("reason", doc="why the usual way is closed"),
        Column("approved_by", proof=True),
        Column("approved_on", "date"),
        Column("valid_until", "date", "last day on which it holds"),
    ),
)

NETWORK_SEGMENTS = Table(
    name="network_segments",
    doc="The segments of the hospital's network and what each is for.",
    place="network/segments.csv",
    canonical=True,
    key=("network",),
    ask="the plan of the network: each segment with its addresses, what it is for, and when its rules were "
    "last looked at",
    columns=(
        Column("network", doc="addresses, such as 10.20.7.0/24", required=True),
        Column("name"),
        Column("zone", doc="what it is for", required=True,
               values=("imaging", "server", "clinical", "management", "backup", "office", "guest",
                       "internet", "vendor")),
        Column("filtered", "boolean", "a firewall lets only listed connections in; empty is unknown"),
        Column("reviewed_on", "date", "when its rules were last looked at"),
    ),
)  # fmt: skip

TABLES = (
    SYSTEMS, SOFTWARE, VULNERABILITIES, VULNERABILITY_SCANS, KNOWN_EXPLOITED, UPDATES, MALWARE_PROTECTION,
    COMPENSATING_CONTROLS, NETWORK_SEGMENTS,
)  # fmt: skip
