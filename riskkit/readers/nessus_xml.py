"""Nessus, .nessus version 2: what plugins of severity 1 and more reported of each host."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from riskkit.declare import reader
from riskkit.model import Batch, Context, Member, Quarantined
from riskkit.readers.guarded_xml import Node, XmlError, parse
from riskkit.readers.listeners import instant
from riskkit.readers.weaknesses import CVE, SCANS, WEAKNESSES, day, port, score
from riskkit.tables import TABLES

SCANNER = "nessus"
_GRADES = {"0": "none", "1": "low", "2": "medium", "3": "high", "4": "critical"}
_LOGGED_IN = {"true": True, "false": False}


def _recognize(head: bytes, _name: str) -> bool:
    return re.search(rb"<NessusClientData_v2[\s>]", head) is not None


@dataclass
class Found:
    """Rows of weaknesses and of scans, and what became of the other records."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    records: int = 0
    accepted: int = 0
    ignored: Counter[str] = field(default_factory=Counter)
    quarantined: list[Quarantined] = field(default_factory=list)

    def refuse(self, reason: str, detail: str) -> None:
        """Set the present record aside."""
        self.quarantined.append(Quarantined(self.records, reason, detail))
        self.records += 1

    def ignore(self, reason: str) -> None:
        """The present record is none of the table's."""
        self.ignored[reason] += 1
        self.records += 1

    def accept(self, source: str, rows: list[dict[str, Any]]) -> None:
        """Keep the rows of the present record; there must be at least one."""
        self.rows += [{**row, "source": source, "offset": self.records, "n": n} for n, row in enumerate(rows)]
        self.accepted += 1
        self.records += 1

    def batch(self, table: str, at: datetime | None, notes: tuple[str, ...] = ()) -> Batch:
        """Everything so far."""
        rows, quarantined = TABLES[table].rows(self.rows), tuple(self.quarantined)
        return Batch(table, rows, self.records, self.accepted, quarantined, dict(self.ignored), at, notes)


@reader(
    id="nessus_xml",
    title="Nessus scan, .nessus version 2",
    version=1,
    tables=(WEAKNESSES, SCANS),
    recognize=_recognize,
    offset_unit="item",
)
def read(member: Member, _context: Context) -> Iterator[Batch]:
    """A record per ReportItem, a row per CVE of it (or one by its plugin); a record per host for the scan.

    Severity 0 is information and ignored. A host is dated by HOST_END_TIMESTAMP; HOST_END has no zone and
    is not read. Where the file breaks off, what is left is one record more.
    """
    root, problem = parse(member)
    weaknesses, scans = Found(), Found()
    times: list[datetime] = []
    for host in root.below("ReportHost"):
        told = {tag.get("name"): tag.text for tags in host.all("HostProperties") for tag in tags.all("tag")}
        at = instant(told.get("HOST_END_TIMESTAMP"))
        times += [at] if at else []
        before = weaknesses.accepted
        for item in host.all("ReportItem"):
            _item(member, weaknesses, host.get("name").strip(), at, item)
        _host(member, scans, host, told, at, weaknesses.accepted - before)
    latest = max(times, default=None)
    for table, found in ((WEAKNESSES, weaknesses), (SCANS, scans)):
        if problem:
            found.refuse(problem.reason, problem.detail)
        yield found.batch(table, latest, _notes(problem, latest))


def _notes(problem: XmlError | None, at: datetime | None) -> tuple[str, ...]:
    broken = ("the file breaks off before its end",) if problem else ()
    return broken if at else (*broken, "no host says when it was done: evidence.csv must")


def _host(
    member: Member, scans: Found, host: Node, told: dict[str, str], at: datetime | None, found: int
) -> None:
    if not host.whole:
        scans.refuse("truncated", "the file ends within this host")
    elif not host.get("name").strip():
        scans.refuse("missing_required", "a host without its name")
    else:
        row = {
            "system_id": host.get("name").strip(),
            "scanner": SCANNER,
            "kind": "network",
            "logged_in": _LOGGED_IN.get(told.get("Credentialed_Scan", "").casefold()),
            "found": found,
            "observed_at": at,
        }
        scans.accept(member.name, [row])


def _item(member: Member, found: Found, host: str, at: datetime | None, item: Node) -> None:
    grade = _GRADES.get(item.get("severity").strip())
    if not item.whole:
        found.refuse("truncated", "the file ends within this item")
    elif grade is None:
        found.refuse("bad_value", "a severity that is none")
    elif grade == "none":
        found.ignore("information, no weakness")
    elif not host or not item.get("pluginID").strip():
        found.refuse("missing_required", "no host, or no plugin")
    else:
        texts = {child.name: child.text for child in item.children}
        named = [one.text for one in item.all("cve") if CVE.fullmatch(one.text)]
        scores = (score(texts.get(key)) for key in ("cvss3_base_score", "cvss_base_score"))
        row = {
            "system_id": host,
            "title": item.get("pluginName").strip() or None,
            "fix_available": "patch_publication_date" in texts or None,
            "severity": grade,
            "cvss": next((value for value in scores if value is not None), None),
            "published_on": day(texts.get("vuln_publication_date")),
            "port": port(item.get("port")),
            "scanner": SCANNER,
            "observed_at": at,
        }
        names = dict.fromkeys(named) or {f"nessus {item.get('pluginID').strip()}": None}
        found.accept(member.name, [{**row, "vulnerability": name} for name in names])
