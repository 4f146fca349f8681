"""sslyze: what listeners accept (`sslyze --json_out`), alone or in a scan of `riskkit collect tls`.

Written for sslyze 6, reads 5 too; before that it wrote no date. What an attempt did not answer is
`unknown` with its reason, never a pass. Keys of `channel_observations` and their values:

- `connectivity`: tls, no_tls, refused, timeout; of a riskkit scan also plaintext, not_tls, unresolved,
  skipped, error
- `protocol.ssl2_0` to `protocol.tls1_3`: accepted, rejected
- `suite.NAME` (its versions are the detail), `curve.NAME`: accepted
- `mtls.client_auth`: REQUIRED, OPTIONAL, DISABLED
- `heartbleed`, `ccs`, `robot`: vulnerable, not_vulnerable
- `compression`, `early_data`, `fallback_scsv`, `ems`, `secure_renegotiation`, `client_renegotiation`,
  `hsts`: yes, no
- `resumption.session_id`, `resumption.ticket`: fully_supported, partially_supported, not_supported ...
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from riskkit.declare import reader
from riskkit.model import Batch, Context, Member, Quarantined
from riskkit.readers.documents import DocumentError, load_json, refused
from riskkit.readers.sslyze_json.chains import certificates
from riskkit.readers.sslyze_json.facts import UNKNOWN, Fact, attempt, connected, server_facts
from riskkit.readers.values import BadValueError, Remarks, converter
from riskkit.tables import TABLES, Table

OBSERVATIONS, CERTIFICATES = TABLES["channel_observations"], TABLES["certificates"]

SCAN_FORMAT = 1
"""The version of riskkit's own scan file that is read."""

_START = re.compile(rb'(?:\xef\xbb\xbf)?\s*\{\s*"')
_KEYS = (b'"server_scan_results"', b'"riskkit_tls_scan"')
_SCANNED = "scanned"
_LAST_PORT = 65_535
_STATUS = re.compile(r"[a-z_]{1,40}")

Place = tuple[str, int]


@dataclass(frozen=True, slots=True)
class _Scan:
    """The parts of a file: sslyze's results, riskkit's endpoints, and when and with what they were made."""

    servers: list[Any]
    endpoints: list[Any]
    invalid: list[Any]
    at: datetime | None
    sslyze: str
    riskkit: str
    notes: tuple[str, ...]


def _recognize(head: bytes, _name: str) -> bool:
    return _START.match(head) is not None and any(key in head for key in _KEYS)


@reader(
    id="sslyze_json",
    title="sslyze --json_out, and scans of riskkit collect tls",
    version=1,
    tables=("channel_observations", "certificates"),
    recognize=_recognize,
    offset_unit="item",
)
def read(member: Member, context: Context) -> Iterator[Batch]:
    """One record per server, per endpoint of a riskkit scan and per name that sslyze could not use.

    Offsets count them in this order from 0. `collected_at` is the end of the scans.
    """
    try:
        scan = _opened(load_json(member), context.zone)
    except DocumentError as error:
        yield refused(OBSERVATIONS.name, error, member)
        return
    yield _observations(scan, _Books(OBSERVATIONS, member.name))
    yield _certificates(scan, _Books(CERTIFICATES, member.name))


def _opened(document: Any, zone: ZoneInfo) -> _Scan:
    """Take a document apart; raises DocumentError."""
    if not isinstance(document, dict):
        raise DocumentError("json_malformed", "not an object")
    outer = document if "riskkit_tls_scan" in document else {}
    if outer and outer["riskkit_tls_scan"] != SCAN_FORMAT:
        raise DocumentError("unknown_format", "a scan of another version of riskkit")
    inner = outer.get("sslyze") if outer else document
    inner = inner if isinstance(inner, dict) else {}
    remarks = Remarks()
    at = _instant(outer.get("finished_at") or inner.get("date_scans_completed"), zone, remarks)
    return _Scan(
        _listed(inner, "server_scan_results"),
        _listed(outer, "endpoints"),
        _listed(inner, "invalid_server_strings") + _listed(inner, "server_connectivity_errors"),
        at,
        _version(inner.get("sslyze_version")),
        _version(outer.get("tool_version")),
        remarks.notes(),
    )


def _listed(document: Mapping[str, Any], key: str) -> list[Any]:
    value = document.get(key)
    if value is not None and not isinstance(value, list):
        raise DocumentError("json_malformed", f"{key} is no list")
    return value or []


def _instant(written: object, zone: ZoneInfo, remarks: Remarks) -> datetime | None:
    try:
        found = converter(OBSERVATIONS.by_name["observed_at"], zone, remarks)(str(written))
    except BadValueError:
        return None
    return found if isinstance(found, datetime) else None


def _version(written: object) -> str:
    return written if isinstance(written, str) else ""


@dataclass
class _Books:
    """What became of the records of one table."""

    table: Table
    source: str
    rows: list[dict[str, object]] = field(default_factory=list)
    accepted: int = 0
    ignored: Counter[str] = field(default_factory=Counter)
    quarantined: list[Quarantined] = field(default_factory=list)
    taken: set[Place] = field(default_factory=set)

    def accept(self, offset: int, place: Place, at: datetime, rows: list[dict[str, object]]) -> None:
        self.accepted += 1
        self.taken.add(_key(place))
        common = {"host": place[0], "port": place[1], "observed_at": at, "source": self.source}
        self.rows += [{**row, **common, "offset": offset, "n": number} for number, row in enumerate(rows)]

    def refuse(self, offset: int, reason: str, detail: str) -> None:
        self.quarantined.append(Quarantined(offset, reason, detail))

    def batch(self, scan: _Scan, records: int) -> Batch:
        rows = self.table.rows(self.rows)
        quarantined, ignored = tuple(self.quarantined), dict(self.ignored)
        return Batch(self.table.name, rows, records, self.accepted, quarantined, ignored, scan.at, scan.notes)

    def why_not(self, scan: _Scan, place: Place | None) -> tuple[str, str] | None:
        """Why a record at this place cannot become rows (reason and detail)."""
        if place is None:
            return "bad_value", "host, port or another part is missing or of another type"
        if _key(place) in self.taken:
            return "duplicate", "host and port as in a record before"
        if scan.at is None:
            return "no_timestamp", "the file does not tell when the scans were completed"
        return None


def _observations(scan: _Scan, books: _Books) -> Batch:
    told = {_key(place) for item in scan.endpoints if (place := _endpoint(item)) and not _scanned(item)}
    for offset, server in enumerate(scan.servers):
        place = _server(server)
        if place and not connected(server) and _key(place) in told:
            books.ignored["told_by_endpoint"] += 1
        elif problem := books.why_not(scan, place):
            books.refuse(offset, *problem)
        elif place and scan.at:
            rows = [_row(fact, "sslyze", scan.sslyze) for fact in server_facts(server)]
            books.accept(offset, place, scan.at, rows)
    connected_places = set(books.taken)
    for offset, item in enumerate(scan.endpoints, len(scan.servers)):
        place = _endpoint(item)
        if place and _key(place) in connected_places:
            books.ignored["told_by_sslyze"] += 1
        elif problem := books.why_not(scan, place):
            books.refuse(offset, *problem)
        elif place and scan.at:
            books.accept(offset, place, scan.at, [_row(_endpoint_fact(item), "riskkit", scan.riskkit)])
    first = len(scan.servers) + len(scan.endpoints)
    for offset, _ in enumerate(scan.invalid, first):
        books.refuse(offset, "bad_value", "a server name that sslyze could not use")
    return books.batch(scan, first + len(scan.invalid))


def _certificates(scan: _Scan, books: _Books) -> Batch:
    for offset, server in enumerate(scan.servers):
        place = _server(server)
        scans = server.get("scan_result") if isinstance(server, dict) else None
        found = attempt(scans.get("certificate_info") if isinstance(scans, dict) else None)
        if problem := books.why_not(scan, place):
            books.refuse(offset, *problem)
        elif found.result is None:
            books.ignored["no_certificate"] += 1
        elif place and scan.at:
            try:
                books.accept(offset, place, scan.at, list(certificates(found.result, place[0])))
            except (ValueError, KeyError, TypeError, AttributeError):
                books.refuse(offset, "bad_value", "a certificate is not described as sslyze does")
    return books.batch(scan, len(scan.servers))


def _server(server: Any) -> Place | None:
    location = server.get("server_location") if isinstance(server, dict) else None
    return _place(location, "hostname")


def _endpoint(item: Any) -> Place | None:
    place = _place(item, "host")
    status = item.get("status") if place else None
    return place if isinstance(status, str) and _STATUS.fullmatch(status) else None


def _place(value: Any, host: str) -> Place | None:
    if not isinstance(value, dict):
        return None
    name, port = value.get(host), value.get("port")
    if not (isinstance(name, str) and name and type(port) is int and 0 <= port <= _LAST_PORT):
        return None
    return name, port


def _key(place: Place) -> Place:
    return place[0].casefold(), place[1]


def _scanned(item: Mapping[str, Any]) -> bool:
    return item.get("status") == _SCANNED


def _endpoint_fact(item: Mapping[str, Any]) -> Fact:
    if _scanned(item):
        return Fact("connectivity", UNKNOWN, "scanned, but the file holds no result")
    reason = item.get("reason")
    return Fact("connectivity", item["status"], reason if isinstance(reason, str) else "")


def _row(fact: Fact, tool: str, version: str) -> dict[str, object]:
    return {
        "key": fact.key,
        "value": fact.value,
        "reason": fact.reason or None,
        "detail": fact.detail or None,
        "tool": tool,
        "tool_version": version or None,
        "confidence": fact.confidence,
    }
