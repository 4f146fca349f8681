"""SSL Labs: hosts as its API (v2 to v4, with all=done) and ssllabs-scan write them. Grades are not used.

All addresses of a host are one listener here, and the worst of them counts. It looks from the internet.
Of a test that was not done what was found counts, and what was not found is unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from riskkit.declare import reader
from riskkit.model import Batch, Context, Member
from riskkit.readers.documents import DocumentError, load_json, refused
from riskkit.readers.listeners import (
    CERTIFICATES,
    OBSERVATIONS,
    UNKNOWN,
    VERSIONS,
    Books,
    Fact,
    curve,
    instant,
    observation,
    place_of,
    same,
    without_tls,
)
from riskkit.readers.presented import fingerprint, key_bits, key_kind, matches, signature_hash
from riskkit.readers.suites import iana
from riskkit.readers.worst_facts import worst_of_addresses

_START = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:\[\s*)?\{")
_KEYS = (b'"endpoints"', b'"engineVersion"', b'"criteriaVersion"')
_IDS = {2: "ssl2_0", 512: "ssl2_0", 768: "ssl3_0", 769: "tls1_0", 770: "tls1_1", 771: "tls1_2", 772: "tls1_3"}
_NO_TLS = "No secure protocols supported"
_NO_DETAILS = "the file holds no details of it"
_UNFINISHED = "the test was not done when the file was written"
_DONE, _READY, _WHOLE = "READY", "Ready", 100
_GOOD = frozenset({"rejected", "not_vulnerable", "yes", "no"})
"""Values that a test which goes on might still take back."""

_UNTOLD = "SSL Labs does not look for it"
_CCS = {1: "not_vulnerable", 2: "vulnerable", 3: "vulnerable"}
_ROBOT = {1: "not_vulnerable", 2: "vulnerable", 3: "vulnerable"}


def _recognize(head: bytes, _name: str) -> bool:
    return _START.match(head) is not None and all(key in head for key in _KEYS)


@reader(
    id="ssllabs_json",
    title="SSL Labs API and ssllabs-scan",
    version=2,
    tables=("channel_observations", "certificates"),
    recognize=_recognize,
    offset_unit="item",
)
def read(member: Member, _context: Context) -> Iterator[Batch]:
    """One record per host; offsets count them from 0. `collected_at` is when the last was tested."""
    try:
        document = load_json(member)
    except DocumentError as error:
        yield refused(OBSERVATIONS.name, error, member)
        return
    hosts = document if isinstance(document, list) else [document]
    seen, chains = Books(OBSERVATIONS, member.name), Books(CERTIFICATES, member.name)
    times = []
    for offset, host in enumerate(hosts):
        told = host if isinstance(host, dict) else {}
        place = place_of(told.get("host"), told.get("port"))
        at = _time(told.get("testTime"))
        details = [point for point in _listed(told.get("endpoints")) if isinstance(point, dict)]
        problem = None
        if place is None:
            problem = "bad_value", "host, port or another part is missing or of another type"
        elif same(place) in seen.taken:
            problem = "duplicate", "host and port as in a record before"
        elif at is None:
            problem = "no_timestamp", "the file does not tell when the host was tested"
        if problem or place is None:
            for books in (seen, chains):
                books.refuse(offset, *(problem or ("bad_value", "")))
            continue
        times.append(at)
        version = _text(told.get("engineVersion")) or ""
        facts = worst_of_addresses(
            [_so_far(point, _facts(point), told.get("status")) for point in details]
            or [[Fact("connectivity", UNKNOWN, _NO_DETAILS)]]
        )
        outside = [observation(fact, "ssllabs", version) | {"vantage": "external"} for fact in facts]
        seen.accept(offset, place, at, outside)
        rows = _certificates(told, details, place[0])
        if rows:
            chains.accept(offset, place, at, rows)
        else:
            chains.ignored["no certificate"] += 1
    last = max(filter(None, times), default=None)
    yield seen.batch(len(hosts), last)
    yield chains.batch(len(hosts), last)


def _so_far(point: Mapping[str, Any], facts: list[Fact], status: object) -> list[Fact]:
    """The facts of one address; of a test that is not done only what was found."""
    message, progress = point.get("statusMessage"), point.get("progress")
    done = status == _DONE if message is None else message == _READY and status in {_DONE, None}
    if facts[0].value != "tls" or (done and progress in {_WHOLE, None}):
        return facts
    kept = [one._replace(value=UNKNOWN, reason=_UNFINISHED) if one.value in _GOOD else one for one in facts]
    accepted = [one.key.partition(".")[2] for one in kept
                if one.key.startswith("protocol.") and one.value == "accepted"]  # fmt: skip
    told = {one.key for one in kept}
    missing = [f"suites.{version}" for version in accepted if f"suites.{version}" not in told]
    return kept + [Fact(key, UNKNOWN, _UNFINISHED) for key in missing]


def _facts(point: Mapping[str, Any]) -> list[Fact]:
    """What is known of one address of a host."""
    details = point.get("details")
    message = _text(point.get("statusMessage")) or ""
    if message.startswith(_NO_TLS):
        return without_tls("no secure protocol is supported")
    if not isinstance(details, dict) or not isinstance(details.get("protocols"), list):
        return [Fact("connectivity", UNKNOWN, _NO_DETAILS)]
    versions = {_IDS.get(_number(one, "id")) for one in details["protocols"]} - {None}
    if not versions:
        return [Fact("connectivity", UNKNOWN, "no protocol is named")]
    facts = [Fact("connectivity", "tls"), Fact("mtls.client_auth", UNKNOWN, _UNTOLD)]
    facts += [Fact(f"protocol.{one}", "accepted" if one in versions else "rejected") for one in VERSIONS]
    facts += _suites(details, versions)
    groups = details.get("namedGroups")
    named = _listed(groups.get("list")) if isinstance(groups, dict) else []
    names = [_text(one.get("name")) for one in named if isinstance(one, dict)]
    facts += filter(None, (curve(one) for one in names if one))
    return facts + list(_holes(details))


def _suites(details: Mapping[str, Any], versions: set[str | None]) -> Iterator[Fact]:
    """Version 2 of the API names suites without their versions."""
    told = details.get("suites")
    groups = told if isinstance(told, list) else [told]
    suites: dict[str, set[str]] = {}
    strange: set[str] = set()
    known: set[str] = set()
    for group in groups:
        version = _IDS.get(_number(group, "protocol"), "")
        for suite in _listed(group.get("list")) if isinstance(group, dict) else ():
            named = iana(_text(suite.get("name")) or "") if isinstance(suite, dict) else None
            if named:
                suites.setdefault(named, set()).add(version)
                known.add(version)
            else:
                strange.add(version)
    for suite, offered in sorted(suites.items()):
        yield Fact(f"suite.{suite}", "accepted", detail="|".join(filter(None, sorted(offered))))
    for version in sorted(filter(None, versions)):
        if strange & {version, ""} or not known & {version, ""}:
            yield Fact(f"suites.{version}", UNKNOWN, "not all suites of this version are told")


def _holes(details: Mapping[str, Any]) -> Iterator[Fact]:
    bleeding = details.get("heartbleed")
    heartbleed = (
        {True: "vulnerable", False: "not_vulnerable"}.get(bleeding, UNKNOWN)
        if isinstance(bleeding, bool)
        else UNKNOWN
    )
    yield _hole("heartbleed", heartbleed)
    yield _hole("ccs", _CCS.get(_number(details, "openSslCcs"), UNKNOWN))
    yield _hole("robot", _ROBOT.get(_number(details, "bleichenbacher"), UNKNOWN))
    packed, again = _number(details, "compressionMethods"), _number(details, "renegSupport")
    if packed >= 0:
        yield Fact("compression", "yes" if packed & 1 else "no")
    if again >= 0:
        yield Fact("secure_renegotiation", "yes" if again & 2 and not again & 1 else "no")
        yield Fact("client_renegotiation", "yes" if again & 5 else "no")
    if isinstance(details.get("fallbackScsv"), bool):
        yield Fact("fallback_scsv", "yes" if details["fallbackScsv"] else "no")
    policy = details.get("hstsPolicy")
    if isinstance(policy, dict) and policy.get("status") in {"present", "absent"}:
        yield Fact("hsts", "yes" if policy["status"] == "present" else "no")


def _hole(key: str, value: str) -> Fact:
    return Fact(key, value, "the attempt gave no answer" if value == UNKNOWN else "")


def _certificates(
    host: Mapping[str, Any], points: Sequence[Mapping[str, Any]], name: str
) -> list[dict[str, object]]:
    """The chains of all addresses, each certificate once."""
    known = {
        one.get("id"): one
        for one in _listed(host.get("certs"))
        if isinstance(one, dict) and _text(one.get("id"))
    }
    rows: dict[object, dict[str, object]] = {}
    for point in points:
        details = point.get("details")
        for chain in _listed(details.get("certChains")) if isinstance(details, dict) else ():
            for position, key in enumerate(_listed(chain.get("certIds")) if isinstance(chain, dict) else ()):
                if isinstance(key, str) and key in known and key not in rows:
                    rows[key] = _certificate(known[key], position, name)
    return [row for row in rows.values() if row["not_before"] and row["not_after"]]


def _certificate(told: Mapping[str, Any], position: int, host: str) -> dict[str, object]:
    printed = _text(told.get("sha256Hash")) or ""
    subject, issuer = _text(told.get("subject")), _text(told.get("issuerSubject"))
    kind = key_kind(_text(told.get("keyAlg")) or "")
    names = told.get("altNames")
    listed = {"dns_names": names, "ip_addresses": names} if isinstance(names, list) else None
    return {
        "position": position,
        "sha256": printed.lower()
        if re.fullmatch("[0-9A-Fa-f]{64}", printed)
        else fingerprint(_text(told.get("raw"), 1 << 16) or ""),
        "subject": subject,
        "issuer": issuer,
        "not_before": _time(told.get("notBefore")),
        "not_after": _time(told.get("notAfter")),
        "key_algorithm": kind,
        "key_bits": key_bits(str(told.get("keySize")), kind),
        "signature_hash": signature_hash(_text(told.get("sigAlg")) or ""),
        "self_signed": None if subject is None or issuer is None else subject == issuer,
        "matches_host": None if position else matches(listed, host),
    }


def _time(value: object) -> datetime | None:
    """Milliseconds since 1970 UTC, to the second."""
    return instant(value // 1000) if type(value) is int else None


def _number(value: object, key: str) -> int:
    found = value.get(key) if isinstance(value, dict) else None
    return found if type(found) is int else -1


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: object, most: int = 1000) -> str | None:
    return value if isinstance(value, str) and len(value) <= most else None
