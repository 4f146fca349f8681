"""sslyze: what listeners accept (`sslyze --json_out`), alone or in a scan of `riskkit collect tls`.

Written for sslyze 6, reads 5, 4 and 3 too; the last two wrote no date, which evidence.csv may give. What an
attempt did not answer is `unknown` with its reason, never a pass. Keys of `channel_observations` and values:

- `connectivity`: tls, no_tls, refused, timeout; of a riskkit scan also plaintext, not_tls, unresolved,
  skipped, error
- `protocol.ssl2_0` to `protocol.tls1_3`: accepted, rejected
- `suite.NAME` (its versions are the detail), `curve.NAME`: accepted
- `mtls.client_auth`: REQUIRED, OPTIONAL, ANY (one must be shown and nothing is checked on it), DISABLED
- `heartbleed`, `ccs`, `robot`: vulnerable, not_vulnerable
- `compression`, `early_data`, `fallback_scsv`, `ems`, `secure_renegotiation`, `client_renegotiation`,
  `hsts`: yes, no
- `resumption.session_id`, `resumption.ticket`: fully_supported, partially_supported, not_supported ...
- `exchange_keys`: DH-2048 ..., the shortest finite-field key exchange that was seen
- `chain.strict`, `chain.openssl`, `chain.public`: valid, invalid: the chain against the trust anchor by RFC
  5280, as OpenSSL sees it, and against public authorities; `stapled`: yes, no

A riskkit scan adds its own facts of each endpoint (`riskkit.collectors.tls` lists them), and results of a
second scan with a client certificate, of which only what the first could not tell counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from riskkit.declare import reader
from riskkit.model import Batch, Context, Member
from riskkit.readers.documents import DocumentError, load_json, refused
from riskkit.readers.listeners import (
    CERTIFICATES,
    LAST_PORT,
    OBSERVATIONS,
    UNKNOWN,
    Books,
    Fact,
    Place,
    observation,
    same,
)
from riskkit.readers.sslyze_json.chains import certificates
from riskkit.readers.sslyze_json.facts import attempt, connected, server_facts
from riskkit.readers.sslyze_json.older import is_older, modern
from riskkit.readers.sslyze_json.own import own_facts, vantage_of
from riskkit.readers.values import BadValueError, Remarks, converter

SCAN_FORMAT = 1
"""The version of riskkit's own scan file that is read."""

_START = re.compile(rb'(?:\xef\xbb\xbf)?\s*\{\s*"')
_KEYS = (b'"server_scan_results"', b'"riskkit_tls_scan"')
_SCANNED = "scanned"
_STATUS = re.compile(r"[a-z_]{1,40}")


@dataclass(frozen=True, slots=True)
class _Scan:
    """The parts of a file: sslyze's results, riskkit's endpoints, and when and with what they were made."""

    servers: list[Any]
    endpoints: list[Any]
    invalid: list[Any]
    again: list[Any]
    vantage: str | None
    at: datetime | None
    undated: bool
    sslyze: str
    riskkit: str
    notes: tuple[str, ...]


def _recognize(head: bytes, _name: str) -> bool:
    return _START.match(head) is not None and any(key in head for key in _KEYS)


@reader(
    id="sslyze_json",
    title="sslyze --json_out, and scans of riskkit collect tls",
    version=2,
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
    yield _observations(scan, Books(OBSERVATIONS, member.name))
    yield _certificates(scan, Books(CERTIFICATES, member.name))


def _opened(document: Any, zone: ZoneInfo) -> _Scan:
    """Take a document apart; raises DocumentError."""
    if not isinstance(document, dict):
        raise DocumentError("json_malformed", "not an object")
    outer = document if "riskkit_tls_scan" in document else {}
    if outer and outer["riskkit_tls_scan"] != SCAN_FORMAT:
        raise DocumentError("unknown_format", "a scan of another version of riskkit")
    inner = outer.get("sslyze") if outer else document
    inner = inner if isinstance(inner, dict) else {}
    again = outer.get("sslyze_with_certificate")
    remarks = Remarks()
    at = _instant(outer.get("finished_at") or inner.get("date_scans_completed"), zone, remarks)
    servers = _listed(inner, "server_scan_results")
    return _Scan(
        [modern(server) for server in servers],
        _listed(outer, "endpoints"),
        _listed(inner, "invalid_server_strings") + _listed(inner, "server_connectivity_errors"),
        _listed(again, "server_scan_results") if isinstance(again, dict) else [],
        vantage_of(outer),
        at,
        any(map(is_older, servers)) and "date_scans_completed" not in inner,
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


def _why_not(books: Books, scan: _Scan, place: Place | None) -> tuple[str, str] | None:
    """Why a record at this place cannot become rows (reason and detail)."""
    if place is None:
        return "bad_value", "host, port or another part is missing or of another type"
    if same(place) in books.taken:
        return "duplicate", "host and port as in a record before"
    if scan.at is None and not scan.undated:
        return "no_timestamp", "the file does not tell when the scans were completed"
    return None


def _observations(scan: _Scan, books: Books) -> Batch:
    placed = {same(place): item for item in scan.endpoints if (place := _endpoint(item))}
    vantages = {place: vantage_of(item, scan.vantage) for place, item in placed.items()}

    def row(fact: Fact, tool: str, version: str, place: Place) -> dict[str, object]:
        return observation(fact, tool, version) | {"vantage": vantages.get(same(place), scan.vantage)}

    for offset, server in enumerate(scan.servers):
        place = _server(server)
        if place and not connected(server) and not _scanned(placed.get(same(place), {"status": _SCANNED})):
            books.ignored["told_by_endpoint"] += 1
        elif problem := _why_not(books, scan, place):
            books.refuse(offset, *problem)
        elif place:
            rows = [row(fact, "sslyze", scan.sslyze, place) for fact in server_facts(server)]
            books.accept(offset, place, scan.at, rows)
    connected_places = set(books.taken)
    for offset, item in enumerate(scan.endpoints, len(scan.servers)):
        place = _endpoint(item)
        told = place is not None and same(place) in connected_places
        facts = _of_endpoint(item, told=told) if place else []
        if told and not facts:
            books.ignored["told_by_sslyze"] += 1
        elif not told and (problem := _why_not(books, scan, place)):
            books.refuse(offset, *problem)
        elif place:
            # Each of two endpoints at one place may say the same; the second is a record too many.
            connected_places.discard(same(place))
            books.accept(
                offset, place, scan.at, [row(fact, "riskkit", scan.riskkit, place) for fact in facts]
            )
    first = len(scan.servers) + len(scan.endpoints)
    for offset, _ in enumerate(scan.invalid, first):
        books.refuse(offset, "bad_value", "a server name that sslyze could not use")
    first += len(scan.invalid)
    _deeper(scan, books, first, row)
    return books.batch(first + len(scan.again), scan.at, scan.notes)


def _of_endpoint(item: Mapping[str, Any], *, told: bool) -> list[Fact]:
    own = list(own_facts(item))
    return own if told else [_endpoint_fact(item), *own]


def _deeper(scan: _Scan, books: Books, first: int, row: Callable[..., dict[str, object]]) -> None:
    """Results with a client certificate: what the scan without one left open, and nothing of mutual TLS."""
    left = {same(place): _open(server) for server in scan.servers if (place := _server(server))}
    for offset, server in enumerate(scan.again, first):
        place = _server(server)
        wanted = left.pop(same(place), set()) if place else set()
        facts = (
            [one for one in server_facts(server) if one.key in wanted and one.value != UNKNOWN]
            if place
            else []
        )
        if place is None:
            books.refuse(offset, "bad_value", "host, port or another part is missing or of another type")
        elif not facts:
            books.ignored["nothing more with a client certificate"] += 1
        else:
            told = [one._replace(detail=one.detail or "with a client certificate") for one in facts]
            books.accept(offset, place, scan.at, [row(one, "sslyze", scan.sslyze, place) for one in told])


def _open(server: Mapping[str, Any]) -> set[str]:
    return {one.key for one in server_facts(server) if one.value == UNKNOWN} - {
        "mtls.client_auth",
        "connectivity",
    }


def _certificates(scan: _Scan, books: Books) -> Batch:
    for offset, server in enumerate(scan.servers):
        place = _server(server)
        scans = server.get("scan_result") if isinstance(server, dict) else None
        found = attempt(scans.get("certificate_info") if isinstance(scans, dict) else None)
        if problem := _why_not(books, scan, place):
            books.refuse(offset, *problem)
        elif found.result is None:
            books.ignored["no_certificate"] += 1
        elif place:
            try:
                books.accept(offset, place, scan.at, list(certificates(found.result, place[0])))
            except (ValueError, KeyError, TypeError, AttributeError):
                books.refuse(offset, "bad_value", "a certificate is not described as sslyze does")
    return books.batch(len(scan.servers), scan.at, scan.notes)


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
    if not (isinstance(name, str) and name and type(port) is int and 0 <= port <= LAST_PORT):
        return None
    return name, port


def _scanned(item: Mapping[str, Any]) -> bool:
    return item.get("status") == _SCANNED


def _endpoint_fact(item: Mapping[str, Any]) -> Fact:
    if _scanned(item):
        return Fact("connectivity", UNKNOWN, "scanned, but the file holds no result")
    reason = item.get("reason")
    inferred = item.get("confidence") == "medium"
    return Fact(
        "connectivity",
        item["status"],
        reason if isinstance(reason, str) else "",
        confidence="medium" if inferred else "high",
    )
