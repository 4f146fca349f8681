"""sslscan --xml: versions, suites, groups and the leaf of each listener. It writes no date.

A listener that accepted the connection and no version of TLS is `no_tls`, as with sslyze. Against
listeners that require a client certificate sslscan names versions without their suites.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from riskkit.declare import reader
from riskkit.model import Batch, Context, Member
from riskkit.readers.guarded_xml import Node, parse
from riskkit.readers.listeners import (
    CERTIFICATES,
    OBSERVATIONS,
    UNKNOWN,
    Books,
    Fact,
    Place,
    curve,
    observation,
    place_of,
    same,
    without_tls,
)
from riskkit.readers.presented import (
    alternative_names,
    fingerprint,
    key_bits,
    key_kind,
    matches,
    moment,
    printed_name,
    revocable_by,
    signature_hash,
)
from riskkit.readers.suites import iana
from riskkit.words import count

_START = re.compile(rb"""<document\s+title\s*=\s*["']SSLScan Results["']""")
_VERSIONS = {
    ("ssl", "2"): "ssl2_0", ("ssl", "3"): "ssl3_0", ("tls", "1.0"): "tls1_0", ("tls", "1.1"): "tls1_1",
    ("tls", "1.2"): "tls1_2", ("tls", "1.3"): "tls1_3",
}  # fmt: skip
_OFFERED = {
    "SSLv2": "ssl2_0", "SSLv3": "ssl3_0", "TLSv1.0": "tls1_0", "TLSv1.1": "tls1_1", "TLSv1.2": "tls1_2",
    "TLSv1.3": "tls1_3",
}  # fmt: skip
_YES_NO = {"1": "yes", "0": "no"}


def _recognize(head: bytes, _name: str) -> bool:
    return _START.search(head) is not None


@reader(
    id="sslscan_xml",
    title="sslscan --xml",
    version=1,
    tables=("channel_observations", "certificates"),
    recognize=_recognize,
    offset_unit="item",
)
def read(member: Member, _context: Context) -> Iterator[Batch]:
    """One record per tested listener; where the file breaks off, what is left is one more.

    Offsets count listeners from 0. Without a date in evidence.csv nothing dates these observations.
    """
    root, problem = parse(member)
    document = root.first("document") or root
    tests = list(document.all("ssltest"))
    version = document.get("version")[:40]
    broken = bool(tests) and not tests[-1].whole
    left = bool(problem) and not broken
    notes = (f"the file breaks off after {count(len(tests), 'listener')}",) if problem else ()
    for books, keep in (
        (Books(OBSERVATIONS, member.name), _observe),
        (Books(CERTIFICATES, member.name), _certify),
    ):
        for offset, test in enumerate(tests):
            place = place_of(test.get("host"), test.get("port"))
            if not test.whole:
                books.refuse(offset, "truncated", "the file ends within this listener")
            elif place is None:
                books.refuse(offset, "bad_value", "no host, or a port that is no number")
            elif same(place) in books.taken:
                books.refuse(offset, "duplicate", "host and port as in a record before")
            else:
                keep(books, offset, place, test, version)
        if problem and left:
            books.refuse(len(tests), problem.reason, problem.detail)
        yield books.batch(len(tests) + left, None, notes)


def _observe(books: Books, offset: int, place: Place, test: Node, version: str) -> None:
    books.accept(offset, place, None, [observation(fact, "sslscan", version) for fact in _facts(test)])


def _facts(test: Node) -> Iterator[Fact]:
    told = {
        _VERSIONS[key]: node.get("enabled")
        for node in test.all("protocol")
        if (key := (node.get("type"), node.get("version"))) in _VERSIONS
    }
    if test.first("error") or not told:
        yield Fact("connectivity", UNKNOWN, "sslscan could not connect")
        return
    if set(told.values()) == {"0"}:
        yield from without_tls("no version of TLS was accepted")
        return
    if "1" not in told.values():
        yield Fact("connectivity", UNKNOWN, "whether a version of TLS was accepted is not told")
        return
    yield Fact("connectivity", "tls")
    yield Fact("mtls.client_auth", UNKNOWN, "sslscan does not tell it")
    for version in _VERSIONS.values():
        value = {"1": "accepted", "0": "rejected"}.get(told.get(version, ""), UNKNOWN)
        yield Fact(f"protocol.{version}", value, "not in the file" if value == UNKNOWN else "")
    yield from _suites(test)
    groups = {curve(node.get("name").partition(" ")[0]) for node in test.all("group")}
    yield from sorted(filter(None, groups))
    yield from _flags(test)


def _suites(test: Node) -> Iterator[Fact]:
    suites: dict[str, list[str]] = {}
    strange: set[str] = set()
    for node in test.all("cipher"):
        version = _OFFERED.get(node.get("sslversion"), "")
        named = iana(node.get("cipher"))
        if named is None:
            strange.add(version)
        elif node.get("status") in {"preferred", "accepted"} and version not in suites.setdefault(named, []):
            suites[named].append(version)
    for suite, versions in suites.items():
        yield Fact(f"suite.{suite}", "accepted", detail="|".join(filter(None, sorted(versions))))
    for version in sorted(filter(None, strange)):
        yield Fact(f"suites.{version}", UNKNOWN, "a suite with a name of another kind")


def _flags(test: Node) -> Iterator[Fact]:
    bleeding = {node.get("vulnerable") for node in test.all("heartbleed")}
    if "1" in bleeding:
        yield Fact("heartbleed", "vulnerable")
    elif bleeding == {"0"}:
        yield Fact("heartbleed", "not_vulnerable")
    for element, attribute, key in (
        ("compression", "supported", "compression"),
        ("fallback", "supported", "fallback_scsv"),
    ):
        node = test.first(element)
        if node is not None and (value := _YES_NO.get(node.get(attribute))):
            yield Fact(key, value)
    again = test.first("renegotiation")
    # Where nothing was renegotiated nothing is known: TLS 1.3, or a certificate was missing.
    if again is not None and again.get("supported") == "1" and (value := _YES_NO.get(again.get("secure"))):
        yield Fact("secure_renegotiation", value)


def _certify(books: Books, offset: int, place: Place, test: Node, _version: str) -> None:
    # The same leaf may be printed short and in full: only the one has its names, only the other its PEM form.
    leaves = sorted(test.below("certificate"), key=lambda node: node.first("certificate-blob") is None)
    if not leaves:
        books.ignored["no certificate"] += 1
        return
    end_of = [next((one.text for one in node.all("not-valid-after")), "") for node in leaves]
    same_leaf = [node for node, end in zip(leaves, end_of, strict=True) if end == end_of[0]]
    leaf = {child.name: child for node in reversed(same_leaf) for child in node.children}
    text = {key: child.text for key, child in leaf.items()}
    begin, end = moment(text.get("not-valid-before", "")), moment(text.get("not-valid-after", ""))
    if begin is None or end is None:
        books.refuse(offset, "missing_required", "a certificate without its validity")
        return
    key = leaf.get("pk")
    kind = key_kind(key.get("type")) if key else None
    names = text.get("altnames")
    row = {
        "position": 0,
        "sha256": fingerprint(text.get("certificate-blob", "")),
        "subject": printed_name(text.get("subject", "")),
        "issuer": printed_name(text.get("issuer", "")),
        "not_before": begin,
        "not_after": end,
        "key_algorithm": kind,
        "key_bits": key_bits(_length(key), kind) if key else None,
        "signature_hash": signature_hash(text.get("signature-algorithm", "")),
        "self_signed": {"true": True, "false": False}.get(text.get("self-signed", "")),
        "matches_host": matches(alternative_names(names or ""), place[0]),
        "revocable_by": revocable_by(text.get("certificate-blob", "")),
    }
    books.accept(offset, place, None, [row])


def _length(key: Node) -> str:
    """The length of a key; of a curve sslscan prints its strength instead, but the curve's name tells."""
    if key.get("type") != "EC":
        return key.get("bits")
    found = re.search(r"\d{3}", key.get("curve_name"))
    return found[0] if found else ""
