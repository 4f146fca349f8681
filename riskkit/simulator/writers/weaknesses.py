"""inventory/ and network/segments.csv: what the systems run, what scans found, and how they are kept up.

Planted: a viewer open to an exploited weakness, one that stays open for long on the second archive, a
database past its support, updates that wait, protection that is old or off, a measure that has ended, a
scanner in an office segment, and a router that nobody scanned for most of a year. The main archive's
weakness was mended between two scans.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.sax.saxutils import quoteattr

from riskkit.simulator.hospital import SYSTEMS
from riskkit.simulator.writers.pack import Custody, Pack

SCANS_BACK = (96, 12)
"""Days before the end on which the servers were scanned."""

RISKS = ("None", "Low", "Medium", "High", "Critical")


@dataclass(frozen=True, slots=True)
class Weakness:
    """What a plugin reports of a host; `mended` is not there any more in the last scan."""

    plugin: int
    title: str
    severity: int
    port: int
    cves: tuple[str, ...] = ()
    score: float = 0.0
    fixed: bool = True
    mended: bool = False


FOUND: Mapping[str, tuple[Weakness, ...]] = {
    "pacs1": (
        Weakness(84502, "HSTS Missing From HTTPS Server", 1, 443, score=3.1, fixed=False),
        Weakness(182252, "OpenSSL 3.0.x Vulnerability", 3, 443, ("CVE-2023-5363",), 7.5, mended=True),
    ),
    "viewer1": (
        Weakness(155999, "Apache Log4j Remote Code Execution", 4, 8443, ("CVE-2021-44228",), 10.0),
        Weakness(156183, "Apache Log4j Denial of Service", 2, 8443, ("CVE-2021-45105",), 5.9),
    ),
    "vna": (Weakness(136929, "Apache Tomcat Session Persistence", 3, 8080, ("CVE-2020-9484",), 7.0),),
    "ris1": (),
}
EXPLOITED = (
    ("CVE-2021-44228", "Apache", "Log4j2", "2021-12-10", "2021-12-24", "Known"),
    ("CVE-2017-0144", "Microsoft", "SMBv1", "2022-02-10", "2022-08-10", "Known"),
    ("CVE-2020-1472", "Microsoft", "Netlogon", "2021-11-03", "2020-09-21", "Known"),
)
"""Entries of CISA's catalogue, as published; the real one has more than a thousand."""

COMPONENTS = (
    ("operating-system", "Windows Server 2019", "10.0.17763", "Microsoft"),
    ("application", "PostgreSQL", "9.6.24", "The PostgreSQL Global Development Group"),
    ("library", "openssl", "3.5.4", "The OpenSSL Project"),
)
SEGMENTS = (
    ("10.20.1.0/24", "PACS servers", "server", True, 200),
    ("10.20.2.0/24", "Backup", "backup", True, 200),
    ("10.20.7.0/24", "Scanners", "imaging", True, 200),
    ("10.20.7.48/28", "Socket of the MR control room", "office", False, None),
    ("10.20.32.0/19", "Wards and reading rooms", "clinical", True, 410),
)


def write_weaknesses(pack: Pack) -> None:
    """Write scans, software, updates, protection, measures and segments."""
    for back in SCANS_BACK:
        _scan(pack, back)
    _penetration_test(pack)
    _software(pack)
    _exploited(pack)
    _updates(pack)
    _protection(pack)
    _measures(pack)
    custody = _custody(pack, "Infrastructure", 30, "firewall", "plan of the network")
    rows = (
        (network, name, zone, filtered, pack.span.back(seen) if seen else None)
        for network, name, zone, filtered, seen in SEGMENTS
    )
    pack.table("network/segments.csv", ("network", "name", "zone", "filtered", "reviewed_on"), rows, custody)


def _custody(pack: Pack, by: str, back: int, system: str, command: str) -> Custody:
    return Custody(by, pack.moment(back, 16), system, command, approved_by="Security Officer")


def _scan(pack: Pack, back: int) -> None:
    at = pack.moment(back, 2)
    last = back == min(SCANS_BACK)
    hosts = (
        line
        for n, (system, found) in enumerate(FOUND.items())
        for line in _host(system, [one for one in found if not (last and one.mended)], at, n)
    )
    lines = (
        '<?xml version="1.0" ?>', "<NessusClientData_v2>", '<Report name="PACS servers">', *hosts,
        "</Report>", "</NessusClientData_v2>", "",
    )  # fmt: skip
    custody = Custody(
        "Infrastructure", at + timedelta(hours=7), "scanner1", "export scan as .nessus",
        approved_by="Security Officer",
    )  # fmt: skip
    pack.text(f"inventory/vulnerabilities/servers-{at:%Y%m%d}.nessus", "\n".join(lines), custody)


def _host(system: str, found: Sequence[Weakness], at: datetime, n: int) -> Iterator[str]:
    end = int((at + timedelta(minutes=11 * (n + 1))).timestamp())
    yield f"<ReportHost name={quoteattr(SYSTEMS[system].ip)}><HostProperties>"
    yield '<tag name="Credentialed_Scan">true</tag>'
    yield f'<tag name="HOST_END_TIMESTAMP">{end}</tag></HostProperties>'
    information = Weakness(19506, "Nessus Scan Information", 0, 0, fixed=False)
    for one in (information, *found):
        yield (
            f'<ReportItem port="{one.port}" svc_name="www" protocol="tcp" severity="{one.severity}" '
            f'pluginID="{one.plugin}" pluginName={quoteattr(one.title)} pluginFamily="General">'
        )
        yield from (f"<cve>{cve}</cve>" for cve in one.cves)
        if one.score:
            yield f"<cvss3_base_score>{one.score}</cvss3_base_score>"
        if one.fixed:
            yield "<patch_publication_date>2023/11/01</patch_publication_date>"
        yield f"<risk_factor>{RISKS[one.severity]}</risk_factor></ReportItem>"
    yield "</ReportHost>"


def _penetration_test(pack: Pack) -> None:
    at = pack.moment(290, 15)
    custody = _custody(pack, "Security Officer", 280, "report of the testers", "typed from the report")
    columns = ("system_id", "scanner", "kind", "logged_in", "found", "observed_at")
    rows = [("router1", "penetration test", "penetration_test", False, 1, at)]
    pack.table("inventory/vulnerabilities/scans.csv", columns, rows, custody)
    weak_columns = (
        "system_id", "vulnerability", "title", "severity", "fix_available", "scanner", "observed_at",
    )  # fmt: skip
    weak = [("router1", "PT-07", "The web page of the router shows its version", "low", None,
             "penetration test", at)]  # fmt: skip
    pack.table("inventory/vulnerabilities/penetration_test.csv", weak_columns, weak, custody)


def _software(pack: Pack) -> None:
    at = pack.moment(40, 9)
    archive = SYSTEMS["pacs1"]
    bill: dict[str, Any] = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "timestamp": _utc(at),
            "component": {"type": "application", "name": archive.product, "version": archive.version},
        },
        "components": [
            {"type": kind, "name": name, "version": version, "supplier": {"name": supplier}}
            for kind, name, version, supplier in COMPONENTS
        ],
    }
    custody = _custody(pack, "Imaging Informatics", 40, "the maker's portal", "download of the SBOM")
    pack.text("inventory/software/sbom-pacs1.json", json.dumps(bill, indent=1) + "\n", custody)


def _exploited(pack: Pack) -> None:
    at = pack.moment(3, 10)
    catalogue = {
        "title": "CISA Catalog of Known Exploited Vulnerabilities (excerpt)",
        "catalogVersion": f"{at:%Y.%m.%d}",
        "dateReleased": _utc(at),
        "count": len(EXPLOITED),
        "vulnerabilities": [
            {
                "cveID": cve, "vendorProject": vendor, "product": product, "dateAdded": added,
                "dueDate": due, "knownRansomwareCampaignUse": ransom,
            }
            for cve, vendor, product, added, due, ransom in EXPLOITED
        ],
    }  # fmt: skip
    custody = _custody(pack, "Security Officer", 2, "www.cisa.gov", "download of the catalogue")
    text = json.dumps(catalogue, indent=1) + "\n"
    pack.text("inventory/known_exploited_vulnerabilities.json", text, custody)


def _updates(pack: Pack) -> None:
    day = pack.span.back
    rows = (
        ("pacs1", "KB5060010", "critical", day(40), day(29), day(33)),
        ("pacs1", "KB5060011", "high", day(40), day(29), day(33)),
        ("viewer1", "KB5060010", "critical", day(40), day(28), None),
        ("ris1", "KB5060010", "critical", day(40), day(12), day(35)),
        ("vna", "KB5060010", "critical", day(40), None, day(31)),
        ("vna", "KB5060090", "medium", day(20), None, None),
        ("backup1", "DSA-6001-1", "high", day(25), day(24), None),
    )
    columns = ("system_id", "update_id", "severity", "released_on", "installed_on", "validated_on")
    custody = _custody(pack, "Infrastructure", 1, "update server", "updates by machine, last 60 days")
    pack.table("inventory/updates/servers.csv", columns, rows, custody)


def _protection(pack: Pack) -> None:
    now, product = pack.moment(1, 6), "Marten Endpoint"
    rows = (
        (SYSTEMS["pacs1"].host, product, True, now, now),
        (SYSTEMS["viewer1"].host, product, True, now, now),
        (SYSTEMS["ris1"].host, product, True, now - timedelta(days=23), now),
        (SYSTEMS["backup1"].host, product, True, now, now),
        (SYSTEMS["router1"].host, product, True, now, now),
        (SYSTEMS["ct1"].host, "none, the maker forbids it", False, None, None),
        (SYSTEMS["mr1"].host, "none, the maker forbids it", False, None, None),
    )
    columns = ("host", "product", "active", "signatures_at", "last_contact")
    custody = _custody(pack, "Infrastructure", 1, "Marten console", "all machines, export to CSV")
    pack.table("inventory/malware_protection/console.csv", columns, rows, custody)


def _measures(pack: Pack) -> None:
    day, forbids = pack.span.back, "the maker forbids other software"
    rows = (
        ("ct1", "malware_protection", "own segment, no way to the internet", forbids, "Security Officer",
         day(200), day(-165)),
        ("mr1", "malware_protection", "own segment, no way to the internet", forbids, "Security Officer",
         day(405), day(40)),
        ("router1", "unsupported", "only listed senders and receivers may connect", "replaced next spring",
         "Security Officer", day(110), day(-180)),
    )  # fmt: skip
    columns = (
        "system_id", "covers", "measure", "reason", "approved_by", "approved_on", "valid_until",
    )  # fmt: skip
    custody = _custody(pack, "Security Officer", 20, "risk register", "measures in place of updates")
    pack.table("inventory/compensating_controls.csv", columns, rows, custody)


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
