"""Greenbone (GVM, OpenVAS): the XML report of a task, with the results and the hosts of a scan."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from riskkit.declare import reader
from riskkit.model import Batch, Context, Member
from riskkit.readers.guarded_xml import Node, XmlError, parse
from riskkit.readers.nessus_xml import Found
from riskkit.readers.weaknesses import CVE, SCANS, WEAKNESSES, graded, moment, port, score

SCANNER = "greenbone"
_START = re.compile(
    rb"<get_reports_response[\s>]|<report\s[^>]*\b(?:format_id|content_type|extension|config_id)=", re.DOTALL
)
_LOG_INS = ("SSH", "SMB", "ESXi")
_NO_FIX = frozenset({"WillNotFix", "NoneAvailable"})


def _recognize(head: bytes, _name: str) -> bool:
    return _START.search(head) is not None


@reader(
    id="gvm_xml",
    title="Greenbone or OpenVAS report, XML",
    version=2,
    tables=(WEAKNESSES, SCANS),
    recognize=_recognize,
    offset_unit="item",
)
def read(member: Member, _context: Context) -> Iterator[Batch]:
    """A record per result, a row per CVE of it (or one by its test); a record per host for the scan.

    Results of severity 0 or less are logs and false positives and ignored. The grade follows the score,
    in the bands of CVSS version 3.1. Where the file breaks off, what is left is one record more.
    """
    root, problem = parse(member)
    weaknesses, scans = Found(), Found()
    ends = [at for node in root.below("scan_end") if (at := moment(node.text))]
    end = max(ends, default=None)
    counted: dict[str, int] = {}
    finished: dict[str, datetime | None] = {}
    hosts = [node for report in root.below("report") for node in report.all("host")]
    for host in hosts:
        finished[_address(host)] = moment(_text(host, "end")) or end
    for results in root.below("results"):
        for result in results.all("result"):
            name = _text(result, "host")
            before = weaknesses.accepted
            _result(member, weaknesses, name, finished.get(name) or end, result)
            counted[name] = counted.get(name, 0) + weaknesses.accepted - before
    for host in hosts:
        _host(member, scans, host, finished, counted)
    times = [at for at in (end, *finished.values()) if at]
    latest = max(times, default=None)
    for table, found in ((WEAKNESSES, weaknesses), (SCANS, scans)):
        if problem:
            found.refuse(problem.reason, problem.detail)
        yield found.batch(table, latest, _notes(problem, latest))


def _notes(problem: XmlError | None, at: datetime | None) -> tuple[str, ...]:
    broken = ("the file breaks off before its end",) if problem else ()
    return broken if at else (*broken, "the report does not say when the scan ended: evidence.csv must")


def _address(host: Node) -> str:
    return _text(host, "ip") or host.text


def _host(
    member: Member,
    scans: Found,
    host: Node,
    finished: dict[str, datetime | None],
    counted: dict[str, int],
) -> None:
    name = _address(host)
    if not host.whole:
        scans.refuse("truncated", "the file ends within this host")
    elif not name:
        scans.refuse("missing_required", "a host without its address")
    else:
        row = {
            "system_id": name,
            "scanner": SCANNER,
            "kind": "network",
            "logged_in": _logged_in(host),
            "found": counted.get(name, 0),
            "observed_at": finished.get(name),
        }
        scans.accept(member.name, [row])


def _logged_in(host: Node) -> bool | None:
    """Whether a log-in that shows what is installed succeeded, as the details of the host tell."""
    said = {_text(detail, "name") for detail in host.all("detail")}
    if said & {f"Auth-{way}-Success" for way in _LOG_INS}:
        return True
    return False if said & {f"Auth-{way}-Failure" for way in _LOG_INS} else None


def _result(member: Member, found: Found, host: str, at: datetime | None, result: Node) -> None:
    test = result.first("nvt")
    said = _text(result, "severity")
    base = score(said)
    if not result.whole:
        found.refuse("truncated", "the file ends within this result")
    elif base is None and not re.fullmatch(r"-\d{1,2}(?:\.\d+)?", said, re.ASCII):
        found.refuse("bad_value", "a severity that is none")
    elif not base:
        found.ignore("a log or a false positive, no weakness")
    elif not host or test is None or not test.get("oid").strip():
        found.refuse("missing_required", "no host, or no test")
    else:
        solution = test.first("solution")
        kind = solution.get("type") if solution else ""
        row = {
            "system_id": host,
            "title": _text(result, "name") or _text(test, "name") or None,
            "fix_available": True if kind == "VendorFix" else False if kind in _NO_FIX else None,
            "severity": graded(base),
            "cvss": base,
            "port": port(_text(result, "port")),
            "scanner": SCANNER,
            "observed_at": at,
        }
        names = dict.fromkeys(_cves(test)) or {f"oid {test.get('oid').strip()}": None}
        found.accept(member.name, [{**row, "vulnerability": name} for name in names])


def _cves(test: Node) -> Iterator[str]:
    """The CVEs of a test: as references since GVM 10, as a list in one text before."""
    for one in test.below("ref"):
        if one.get("type").casefold() == "cve" and CVE.fullmatch(one.get("id")):
            yield one.get("id")
    yield from CVE.findall(_text(test, "cve"))


def _text(node: Node, name: str) -> str:
    found = node.first(name)
    return found.text if found else ""
